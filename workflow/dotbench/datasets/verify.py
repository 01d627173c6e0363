"""Whether a file is the one that a definition means."""

from pathlib import Path

from dotbench.datasets.accepted import accepts_unverified
from dotbench.datasets.definition import Dataset, Digests
from dotbench.errors import DotbenchError
from dotbench.files import file_digest


class WrongContent(DotbenchError):
    """A file is there, but its bytes are not the dataset's."""


def difference(path: Path, expected: Digests) -> str | None:
    """Where a file differs in size or digest, the found and the allowed value. None if all that are known agree."""
    size = path.stat().st_size
    if expected.bytes not in (None, size):
        return f"size is {size} bytes; allowed is {expected.bytes}"
    for algorithm, allowed in expected.known().items():
        digest = file_digest(path, algorithm)
        if digest != allowed:
            return f"{algorithm} is {digest}; allowed is {allowed}"
    return None


def verify(dataset: Dataset, path: Path, expected: Digests, named: str | None = None) -> bool:
    """True if every known digest agrees, False if none is known or a difference is accepted.

    Raises WrongContent for any other difference, in size or digest. ``named`` is what it calls the file.
    """
    wrong = difference(path, expected)
    if wrong is None:
        return bool(expected.known())
    if accepts_unverified(dataset):
        return False
    raise WrongContent(
        f"{named or path}: {wrong}. "
        f"If you trust this copy of '{dataset.name}', set DOTBENCH_ACCEPT_UNVERIFIED={dataset.name} "
        "or 'accept_unverified: true'; every table made from it will say so"
    )
