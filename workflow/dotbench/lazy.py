"""Heavy libraries, imported at their first use.

The workflow's parser imports every component to know its name and settings, on a cluster once
for every job; it must not pay for torch or pandas. Import them from here: ``from dotbench.lazy import torch``.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import scipy as sp
    import surprise
    import torch
else:
    import lazy_loader

    np = lazy_loader.load("numpy")
    pd = lazy_loader.load("pandas")
    sp = lazy_loader.load("scipy")
    surprise = lazy_loader.load("surprise")
    torch = lazy_loader.load("torch")

__all__ = ["np", "pd", "sp", "surprise", "torch"]
