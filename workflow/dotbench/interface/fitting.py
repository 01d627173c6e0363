"""One fit: split, train, evaluate, and everything written into a folder."""

import operator
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dotbench import paths
from dotbench.datasets.splits.base import DEFAULT, Splitter
from dotbench.datasets.splitting import make_split, write_split
from dotbench.errors import DotbenchError
from dotbench.execution.hardware import Execution, prepare_execution
from dotbench.features.base import from_label
from dotbench.features.writing import write_features
from dotbench.files import write_npy, write_npz
from dotbench.interface.data import Dataset, quiet
from dotbench.interface.ids import write_ids
from dotbench.interface.methods import choose_method, choose_split, explained
from dotbench.interface.result import FILES, Fit
from dotbench.lazy import torch
from dotbench.runs.evaluating import evaluate
from dotbench.runs.fitting import Inputs, Seeds
from dotbench.runs.fitting import fit as train
from dotbench.runs.method import Method, WrongChoice
from dotbench.settings import LARGEST_SEED


def fit(
    data: Dataset,
    model: str = "mf",
    loss: str | None = None,
    *,
    solver: str | None = None,
    seed: int = 0,
    split_seed: int | None = None,
    init_seed: int | None = None,
    split: str | dict[str, Any] = DEFAULT,
    device: str = "auto",
    threads: int = 1,
    verbose: bool = False,
    **settings: Any,
) -> Fit:
    """Split the data, fit one method and evaluate it. Nothing is tuned.

    On one machine the numbers are equal to those of ``dotbench fit``, and of a run of the workflow, with the same
    settings and seeds. ``model``, ``loss``, ``solver``: names of ``dotbench list``. A baseline has no loss.
    ``settings``: hyperparameters, e.g. ``embedding_size=64``. Those that are not given have the loss's default for
    the solver, or the component's. ``seed`` determines the split and the initialisation. ``split_seed`` and
    ``init_seed`` set them separately. ``split``: a name of ``dotbench list splits``, or e.g. ``{"kind": "k-fold",
    "folds": 10}``. ``device``: auto, cpu or cuda. ``threads``: number of threads of the fit. Results are bit-equal
    only for the same number. Raises DotbenchError for a name or value that is not allowed, and for a fit that
    diverges.

    >>> import dotbench as db
    >>> data = db.load("sim-tiny", say=lambda text: None)
    >>> fit = db.fit(data, model="mf", loss="rg2", solver="spectral", embedding_size=8)
    >>> sorted(fit.metrics["test"])
    ['mrr@10', 'ndcg@10', 'recall@10']
    >>> fit.user_vectors.shape
    (120, 8)
    """
    check_data(data)
    try:
        method = choose_method(model, loss, solver, settings)
    except WrongChoice as error:
        raise explained(error) from None
    splitter = split_of(split, method)
    chosen = [
        check_seed(name, seed if given is None else given)
        for name, given in (("split_seed", split_seed), ("init_seed", init_seed))
    ]
    temporary = tempfile.TemporaryDirectory(prefix="dotbench-", ignore_cleanup_errors=True)
    folder = Path(temporary.name)
    with execution_of(method, device, threads, verbose) as execution:
        result = make_fit(method, data, Seeds(*chosen), splitter, execution, folder)
    if result["status"] != "ok":
        raise DotbenchError(f"the fit failed: {result['reason']}")
    return Fit(folder, temporary)


def make_fit(
    method: Method, data: Dataset, seeds: Seeds, splitter: Splitter, execution: Execution, folder: Path
) -> dict[str, Any]:
    """Split, fit, evaluate, and write everything into ``folder``: see `FILES`. An interrupted fit continues there.

    Returns the content of ``metrics.json``. Its status may be ``failed``.
    """
    split = make_split(data.folder, method.task, seeds.split, splitter)
    for name in FILES:  # of an earlier fit: files of two fits must not lie side by side
        (folder / name).unlink(missing_ok=True)
    write_split(split, data.name, method.task, seeds.split, splitter, folder)
    write_ids(folder, {"users": data.users[: split.n_users], "items": data.items[: split.n_items]}, data.id_types)
    result = train(
        method,
        method.settings,
        Inputs(data.name, split, features=_features(method, data, folder)),
        seeds,
        execution,
        checkpoint=folder / "checkpoint.pt",
    ).on_split(None if splitter.is_default else splitter.identity())
    if method.task == "ranking":
        for name, vectors in result.arrays.items():
            write_npy(folder / f"{name}.npy", vectors)
    else:
        write_npz(folder / "predictions.npz", **result.arrays)
    result.save_facts(folder)
    return evaluate(result.record, result.arrays, split, folder)


def _features(method: Method, data: Dataset, folder: Path) -> list[Path]:
    """The features that the method's model reads, computed for the split that lies in ``folder``."""
    for chosen in map(from_label, method.features):
        settings = chosen.settings.model_dump()
        write_features(chosen.name, settings, data.folder, folder / "split.npz", folder / "features", data.side)
    return [paths.features(folder, label) for label in method.features]


@contextmanager
def execution_of(method: Method, device: str, threads: int, verbose: bool) -> Iterator[Execution]:
    """Where fits of a method run. Torch has its number of threads back afterwards."""
    if not _is_whole(threads) or threads < 1:
        raise DotbenchError(f"threads: found {threads!r}; allowed is a whole number from 1")
    say, uses_torch = print if verbose else quiet, method.solver is not None
    before = torch.get_num_threads() if uses_torch else 0
    try:
        yield prepare_execution(device, operator.index(threads), None, say, uses_torch)
    finally:
        if uses_torch:
            torch.set_num_threads(before)


def check_data(data: Any) -> None:
    """Raises DotbenchError if this is no dataset."""
    if not isinstance(data, Dataset):
        found = repr(data) if isinstance(data, str) else type(data).__name__
        raise DotbenchError(
            f"data: found {found}; allowed is what dotbench.load or dotbench.Dataset.from_frame returns"
        )


def check_seed(name: str, seed: Any) -> int:
    """The seed. Raises DotbenchError if it is none."""
    if not _is_whole(seed) or not 0 <= seed <= LARGEST_SEED:
        raise DotbenchError(f"{name}: found {seed!r}; allowed is a whole number from 0 to {LARGEST_SEED}")
    return operator.index(seed)


def _is_whole(value: Any) -> bool:
    return hasattr(value, "__index__") and not isinstance(value, bool)


def split_of(split: str | dict[str, Any], method: Method) -> Splitter:
    """The split of a name or a mapping. Raises DotbenchError."""
    if not isinstance(split, str | Mapping):
        raise DotbenchError(f"split: found {split!r}; allowed is a name, or a mapping of 'kind' and its settings")
    try:
        return choose_split(split if isinstance(split, str) else dict(split), method)
    except WrongChoice as error:
        raise explained(error, "split") from None
