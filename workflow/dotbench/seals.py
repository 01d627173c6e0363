"""Digests of a record and of what belongs to it, by which damage and change are noticed later.

They lie beside the record, ``fit.sha256`` beside ``fit.json``, in the form of ``sha256sum``, with paths relative to the
working directory: ``sha256sum -c results/runs/*/*/*/fit.sha256`` checks them without this package.
"""

import json
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from dotbench.errors import DotbenchError
from dotbench.files import file_digest, read_text, write_text

SUFFIX = ".sha256"
SMALL = 1 << 20  # bytes; of a larger file a quick check reads the end alone
ENDS = {".parquet": b"PAR1"}


def seal(record: Path, files: Iterable[Path]) -> None:
    """Write down the digests of a finished record and of the files that belong to it."""
    named = {str(file): file_digest(file) for file in sorted({record, *files})}
    write_text(record.with_suffix(SUFFIX), as_list(named))


def sealed(record: Path) -> dict[Path, str]:
    """File → its digest when the record was finished. Empty where none were written down."""
    path = record.with_suffix(SUFFIX)
    if not path.is_file():
        return {}
    digests = listed(read_text(path))
    if digests is None:
        raise DotbenchError(f"{path}: not a list of digests as sha256sum writes it; delete it, or restore it")
    return {Path(name): digest for name, digest in digests.items()}


def listed(text: str) -> dict[str, str] | None:
    """File → digest, of a list as sha256sum writes it. None for any other text."""
    lines = [line.split("  ", 1) for line in text.splitlines()]
    if any(len(line) != 2 or len(line[0]) != 64 for line in lines):
        return None
    return {name: digest for digest, name in lines}


def as_list(digests: Mapping[str, str]) -> str:
    """The inverse of `listed`."""
    return "".join(f"{digest}  {name}\n" for name, digest in digests.items())


def damage(record: Path, thorough: bool = False) -> str | None:
    """What is wrong with a record, or with a file that belongs to it. None if nothing is.

    A file that is not there is no damage: an imported run has fewer, and the workflow makes again what it needs.
    Without ``thorough``, a file above 1 MB is looked at only at its end, which a file that was cut short lacks.
    """
    if record.suffix == ".json" and not _is_json(record):
        return f"{record}: no complete JSON"
    try:
        digests = sealed(record)
    except DotbenchError as error:
        return str(error)
    for file, digest in digests.items():
        if file.is_file() and not _is_whole(file, digest, thorough):
            return f"{file}: is not as it was when {record.name} was written"
    return None


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_bytes())
    except (OSError, ValueError):
        return False
    return True


def _is_whole(file: Path, digest: str, thorough: bool) -> bool:
    if thorough or file.stat().st_size <= SMALL:
        return file_digest(file) == digest
    if file.suffix == ".npz":
        return zipfile.is_zipfile(file)
    with file.open("rb") as stream:
        end = ENDS.get(file.suffix, b"")
        stream.seek(-len(end), 2)
        return stream.read() == end
