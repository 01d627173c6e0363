"""Heavy libraries, imported at their first use.

The workflow's parser imports every component to know its name and settings, on a cluster once
for every job. It must not pay for torch or pandas. Import them from here: ``from dotbench.lazy import torch``.
"""

import importlib
from typing import TYPE_CHECKING, Any


class LazyModule:
    """Stands for a module until one of its names is asked for.

    Unlike the standard library's lazy loader it leaves ``sys.modules`` alone: torch walks through all modules
    there while it is imported, and would import every lazy one.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(importlib.import_module(self._name), attribute)


if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import surprise
    import torch
else:
    np = LazyModule("numpy")
    pd = LazyModule("pandas")
    surprise = LazyModule("surprise")
    torch = LazyModule("torch")

__all__ = ["np", "pd", "surprise", "torch"]
