"""Whether an archive is as it was when it was written. Nothing but the archive is needed."""

import json
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from dotbench.archive.crate import METADATA, SUMS, sha256
from dotbench.errors import DotbenchError
from dotbench.seals import listed

BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError)  # a file that cannot be read


def check_crate(path: Path) -> list[str]:
    """What is wrong with an archive, or with the folder that it was unpacked into: a line for each file that is
    damaged, missing or not listed.

    Raises DotbenchError for what is no archive of `dotbench.archive.crate.export_crate`, or has lost its digests.
    """
    files = list(_files(path))
    found = dict(files)
    digests = listed((found.get(SUMS) or b"\n").decode(errors="replace"))
    if digests is None:
        raise DotbenchError(
            f"{path}: {SUMS} is missing or damaged; needed is a file that `dotbench export --archive` wrote, or the "
            "folder that it was unpacked into"
        )
    wrong = [
        f"{name}: is there {count} times" for name, count in Counter(name for name, _ in files).items() if count > 1
    ]
    wrong += [f"{name}: not listed in {SUMS}" for name in found if name not in {SUMS, *digests}]
    for name, digest in digests.items():
        if name not in found:
            wrong.append(f"{name}: missing")
        elif (content := found[name]) is None or sha256(content) != digest:
            wrong.append(f"{name}: damaged: its digest is not the one in {SUMS}")
    described = _described(found.get(METADATA))
    differ = [name for name in described if name in digests and described[name] != digests[name]]
    return wrong + [f"{name}: {METADATA} and {SUMS} have different digests of it" for name in differ]


def _files(path: Path) -> Iterator[tuple[str, bytes | None]]:
    """(name, content) of every file. None for one that cannot be read."""
    if path.is_dir():
        for file in sorted(file for file in path.rglob("*") if not file.is_dir()):
            yield file.relative_to(path).as_posix(), _content(file.read_bytes)
        return
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                if not entry.is_dir():
                    yield entry.filename, _content(partial(archive.read, entry))
    except zipfile.BadZipFile:
        raise DotbenchError(f"{path}: no zip archive, or one that was cut short") from None
    except OSError as error:
        raise DotbenchError(f"{path}: cannot be read: {error.strerror or error}") from error


def _content(read: Callable[[], bytes]) -> bytes | None:
    try:
        return read()
    except BROKEN:
        return None


def _described(metadata: bytes | None) -> dict[str, str]:
    """File → digest, as the description of the archive says. Nothing if it cannot be read."""
    try:
        entities = json.loads(metadata or b"{}").get("@graph", [])
        return {entity["@id"]: entity["sha256"] for entity in entities if "sha256" in entity}
    except (ValueError, AttributeError, TypeError, KeyError):
        return {}
