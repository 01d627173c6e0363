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
        self._module: Any = None

    def __getattr__(self, attribute: str) -> Any:
        if self._module is None:
            module: Any = importlib.import_module(self._name)
            if module is self:  # it stands in ``sys.modules``, for a package that need not be imported
                raise AttributeError(f"{self._name} is not imported here")
            self._module = module
        return getattr(self._module, attribute)


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
