"""dotbench: a reproducible benchmark of dot-product recommenders.

From Python::

    import dotbench as db

    data = db.load("ml-100k")
    fit = db.fit(data, model="mf", loss="rg2", seed=0)
    fit.metrics["test"]["ndcg@10"]
    fit.recommend("196", k=10)

Each name below is imported at its first use: ``import dotbench`` alone costs nothing.
"""

TYPE_CHECKING = False  # as type checkers read it; the import of `typing` takes half the time of `dotbench.cli.job`
if TYPE_CHECKING:
    from dotbench.errors import DotbenchError
    from dotbench.interface.comparing import compare
    from dotbench.interface.data import Dataset, load
    from dotbench.interface.fitting import fit
    from dotbench.interface.result import Fit

__version__ = "0.1.0"
__all__ = ["Dataset", "DotbenchError", "Fit", "__version__", "compare", "fit", "load"]

_HOMES = {
    "Dataset": "dotbench.interface.data",
    "DotbenchError": "dotbench.errors",
    "Fit": "dotbench.interface.result",
    "compare": "dotbench.interface.comparing",
    "fit": "dotbench.interface.fitting",
    "load": "dotbench.interface.data",
}


def __getattr__(name: str) -> object:
    import importlib

    if name not in _HOMES:
        raise AttributeError(f"module 'dotbench' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
