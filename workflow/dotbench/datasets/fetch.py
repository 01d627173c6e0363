"""Raw files of a dataset: found locally or downloaded, verified, and described in a manifest."""

import os
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from dotbench.datasets.accepted import accepts_unverified
from dotbench.datasets.catalogue import load_dataset
from dotbench.datasets.definition import Dataset, Digests
from dotbench.datasets.turns import in_turn
from dotbench.datasets.unpack import unpack
from dotbench.datasets.verify import WrongContent, verify
from dotbench.errors import DotbenchError
from dotbench.files import digest, file_digest, read_json, write_json


def local_data() -> Path | None:
    """The folder of local copies: the variable DOTBENCH_DATA. None if it is not set.

    Raises DotbenchError if it names no folder.
    """
    value = os.environ.get("DOTBENCH_DATA")
    if not value:
        return None
    folder = Path(value).expanduser()
    if not folder.is_dir():
        raise DotbenchError(f"local copies (DOTBENCH_DATA or 'data_dir'): found no folder '{value}'")
    return folder


@dataclass(frozen=True)
class Found:
    """Raw files, and where they are from. ``verified``: None where there is no official copy to compare with."""

    paths: list[Path]
    verified: bool | None
    origin: str


def fetch(name: str, folder: Path, say: Callable[[str], None] = print) -> dict[str, Any]:
    """Make the raw files of a dataset available, write ``folder/manifest.json``, and return its content.

    Looked for in turn: the user's own files, a local copy (the archive or the unpacked files), the addresses.
    A manifest is written only when every known digest agrees, or a difference has been accepted.
    Raises DotbenchError otherwise.
    """
    dataset = load_dataset(name)
    if dataset.generated:
        raise DotbenchError(f"{name}: the data are generated; there is nothing to fetch")
    if dataset.source.own_files():
        files = _own_files(dataset)
    else:
        files = _local_copy(dataset, folder, say) or _downloaded(dataset, folder, say)
    manifest = {
        "dataset": name,
        "origin": files.origin,
        "source": digest(dataset.source.model_dump(mode="json")),
        "verified": files.verified,
        "files": [
            {"path": str(path), "role": role, "bytes": path.stat().st_size, "sha256": file_digest(path)}
            for path, role in zip(files.paths, dataset.source.roles() or ["ratings"], strict=True)
        ],
        "licence": dataset.licence,
        "citation": dataset.citation,
    }
    path = folder / "manifest.json"
    if not path.is_file() or read_json(path) != manifest:  # an equal one stays, with its time: nothing has to follow
        write_json(path, manifest)
    return manifest


def has_local_copy(dataset: Dataset) -> bool:
    """Whether the folder of local copies holds the dataset, right or wrong."""
    return _local_archive(dataset) is not None or _local_members(dataset) is not None


def _own_files(dataset: Dataset) -> Found:
    source = dataset.source
    paths = [Path(path) for path in source.own_files()]
    for path in paths:
        if not path.is_file():
            raise DotbenchError(f"{dataset.name}: key 'source': found no file '{path}' in {Path.cwd()}")
    verified = [verify(dataset, path, source if len(paths) == 1 else Digests()) for path in paths]
    return Found(paths, all(verified) if source.known() else None, "own files")


def _local_copy(dataset: Dataset, folder: Path, say: Callable[[str], None]) -> Found | None:
    archive = _local_archive(dataset)
    if archive is not None:
        with _alone(dataset.name, folder, say):
            return _unpacked(dataset, archive, folder, "local copy")
    paths = _local_members(dataset)
    if paths is None:
        return None
    verified = [verify(dataset, *pair) for pair in zip(paths, dataset.source.members, strict=True)]
    return Found(paths, all(verified), "local copy")


def _downloaded(dataset: Dataset, folder: Path, say: Callable[[str], None]) -> Found:
    from dotbench.datasets.download import DownloadFailed, discard, download, finished, origin

    source = dataset.source
    if not source.urls:
        names = ", ".join(member.path for member in source.members)
        raise DotbenchError(
            f"{dataset.name}: cannot be downloaded: {source.obtain}. Needed are {names}: set DOTBENCH_DATA to the "
            f"folder with these files, or to one whose subfolder '{source.folder or dataset.name}' has them"
        )
    archive = folder / _archive_name(dataset)
    expected = Digests() if accepts_unverified(dataset) else source
    failures = []
    with _alone(dataset.name, folder, say):
        finished_url = finished(archive, source.urls, expected)
        if finished_url is None:
            if local_data() is not None:
                say(f"{dataset.name}: no copy in {local_data()}")
            begun = origin(archive).get("url")
            if begun not in source.urls:
                _show_terms(dataset, say)
        # what an address has begun is best continued from there
        for url in [finished_url] if finished_url else sorted(source.urls, key=lambda url: url != begun):
            try:
                if finished_url is None:
                    say(f"{dataset.name}: downloading {url}")
                    download(url, archive, expected, say)
                return _unpacked(dataset, archive, folder, url)
            except DownloadFailed as error:
                failures.append(f"  {url}: {error}")
            except WrongContent as error:
                if expected.known():
                    raise  # the archive is right: no other address would help
                failures.append(f"  {url}: {error}")
                discard(archive)
    raise DotbenchError(
        "\n".join([f"{dataset.name}: no address delivered the file:", *failures])
        + f"\nA local copy will do: set DOTBENCH_DATA to a folder that holds {archive.name}"
        + (f" or {source.members[0].path}" if source.members else "")
    )


def _show_terms(dataset: Dataset, say: Callable[[str], None]) -> None:
    if dataset.licence:
        say(f"{dataset.name}: {dataset.licence}")
    if dataset.citation:
        say(f"{dataset.name}: please cite {dataset.citation}")


def _alone(name: str, folder: Path, say: Callable[[str], None]) -> AbstractContextManager[None]:
    """Hold the lock of a dataset's folder."""
    return in_turn(folder / ".lock", f"{name}: waiting for another process that fetches it", say)


def _unpacked(dataset: Dataset, archive: Path, folder: Path, origin: str) -> Found:
    """The members of an archive, or the one file that it is. Verified as a whole, by member, or both.

    A .gz is read as it is, unless its content has a digest of its own.
    """
    source = dataset.source
    whole = verify(dataset, archive, source)
    paths, verified = [], []
    for member in source.members:
        if archive.suffix == ".gz" and not member.known():
            continue
        named = f"{archive}, member {member.path}"
        paths.append(folder / "raw" / member.path)
        right = unpack(archive, member, paths[-1], partial(verify, dataset, expected=member, named=named))
        verified.append(right or (whole and not member.known()))
    accepted = bool(source.known()) and not whole
    return Found(paths or [archive], not accepted and all(verified or [whole]), origin)


def _archive_name(dataset: Dataset) -> str:
    name = Path(unquote(urlsplit(dataset.source.urls[0]).path)).name
    return name if re.fullmatch(r"[\w(+][\w.() +-]*", name) else dataset.name


def _local_folders(dataset: Dataset) -> list[Path]:
    folder = local_data()
    return [folder, folder / (dataset.source.folder or dataset.name)] if folder else []


def _local_archive(dataset: Dataset) -> Path | None:
    if not dataset.source.urls:
        return None
    name = _archive_name(dataset)
    return next((folder / name for folder in _local_folders(dataset) if (folder / name).is_file()), None)


def _local_members(dataset: Dataset) -> list[Path] | None:
    if not dataset.source.members:
        return None
    for unpacked in _local_folders(dataset):
        for short in (False, True):
            members = [Path(member.path) for member in dataset.source.members]
            paths = [unpacked / (member.name if short else member) for member in members]
            if all(path.is_file() for path in paths):
                return paths
    return None
