"""Where everything lies. Paths of what is made are relative to the working directory. The rules write the same paths as
patterns. The project's own folder is here too."""

import os
from collections.abc import Sequence
from pathlib import Path

from dotbench.files import digest

PACKAGES = Path(__file__).parents[1]  # the folder that the package is imported from
PROJECT = PACKAGES.parent  # of a checkout installed with `pip install -e`

RESOURCES = Path("resources")
RESULTS = Path("results")
DATA = RESULTS / "data"
RUNS = RESULTS / "runs"
CHECKPOINTS = RESULTS / "checkpoints"
STUDIES = RESULTS / "studies"
CODE = RESULTS / "code"  # digests of the package's modules
FITTED = "fitted.npz"  # of a fit: what scoring needs
FURTHER = "further-"  # begins the names of a fit's metrics beyond those that every run has


def python_path() -> str:
    """PYTHONPATH for processes that need the package: its folder comes first."""
    return os.pathsep.join(filter(None, [str(PACKAGES), os.environ.get("PYTHONPATH", "")]))


def manifest(dataset: str) -> Path:
    return RESOURCES / dataset / "manifest.json"


def data(dataset: str) -> Path:
    return DATA / dataset


def split(dataset: str, task: str, seed: int | str, variant: str = "") -> Path:
    """The split's folder: ``split.npz`` and its manifest ``split.json``. ``variant`` as ``Splitter.variant``."""
    return DATA / dataset / f"split{seed}{variant}" / task


def spectrum(dataset: str, seed: int | str, artefact: str, variant: str = "") -> Path:
    return DATA / dataset / f"split{seed}{variant}" / "spectra" / f"{artefact}.npz"


def features(split_folder: Path, label: str) -> Path:
    """Features computed for a split. The manifest beside them ends in ``.json``."""
    return split_folder / "features" / f"{label}.npz"


def run(dataset: str, method: str) -> Path:
    """The folder of a method's runs. ``method`` is ``<model>-<loss>-<solver>-<digest>``."""
    return RUNS / dataset / method


def fit(dataset: str, method: str, split_seed: int | str, init_seed: int | str) -> Path:
    return run(dataset, method) / f"split{split_seed}-init{init_seed}"


def is_imported(fit_folder: Path) -> bool:
    """Whether a fit is here without its vectors or predictions, which a file of runs does not hold."""
    return (fit_folder / "fit.json").is_file() and not (fit_folder / FITTED).is_file()


def further(fit_folder: Path, metrics: Sequence[str]) -> Path:
    """Metrics of a fit beyond those of ``metrics.json``. The per-user table beside them ends in ``.parquet``."""
    return fit_folder / f"{FURTHER}{digest(sorted(metrics))}.json"


def job(study: str, simulation: str, label: str) -> Path:
    """Rows of a job of a simulation, ``<simulation>-<digest>``. Its record beside them ends in ``.json``."""
    return STUDIES / study / simulation / f"part-{label}.parquet"


def study(name: str, study: str) -> Path:
    return RESULTS / name / study


def tables(name: str, study: str) -> Path:
    return RESULTS / name / study / "tables"


def figures(name: str, study: str) -> Path:
    return RESULTS / name / study / "figures"
