"""Raw files of a dataset: found locally or downloaded, verified, and described in a manifest."""

import os
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dotbench.datasets.catalogue import load_dataset
from dotbench.errors import DotbenchError
from dotbench.files import atomic, digest, file_digest, read_json, write_json
from dotbench.settings.dataset import Dataset, Digests, Member


def local_data() -> Path | None:
    """The folder of local copies: the variable DOTBENCH_DATA; None if it is not set.

    Raises DotbenchError if it names no folder.
    """
    value = os.environ.get("DOTBENCH_DATA")
    if not value:
        return None
    folder = Path(value).expanduser()
    if not folder.is_dir():
        raise DotbenchError(f"local copies (DOTBENCH_DATA or 'data_dir'): found no folder '{value}'")
    return folder


def accepts_unverified(dataset: Dataset) -> bool:
    """Whether the definition, or the variable DOTBENCH_ACCEPT_UNVERIFIED (names separated by commas), says so."""
    named = os.environ.get("DOTBENCH_ACCEPT_UNVERIFIED", "").replace(",", " ").split()
    return dataset.accept_unverified or dataset.name in named


@dataclass(frozen=True)
class Found:
    """Raw files, and where they are from. ``verified``: None where there is no official copy to compare with."""

    paths: list[Path]
    verified: bool | None
    origin: str


def fetch(name: str, folder: Path, say: Callable[[str], None] = print) -> dict[str, Any]:
    """Make the raw files of a dataset available and write ``folder/manifest.json``; return its content.

    Looked for in turn: the user's own files, a local copy (the archive or the unpacked files), the addresses.
    A manifest is written only when every known digest agrees, or a difference has been accepted.
    Raises DotbenchError otherwise.
    """
    dataset = load_dataset(name)
    if dataset.generated:
        raise DotbenchError(f"{name}: the data are generated; there is nothing to fetch")
    if dataset.source.own_files():
        found = _own_files(dataset)
    else:
        found = _local_copy(dataset, folder) or _downloaded(dataset, folder, say)
    manifest = {
        "dataset": name,
        "origin": found.origin,
        "source": digest(dataset.source.model_dump(mode="json")),
        "verified": found.verified,
        "files": [
            {"path": str(path), "role": role, "bytes": path.stat().st_size, "sha256": file_digest(path)}
            for path, role in zip(found.paths, _roles(dataset, found.paths), strict=True)
        ],
        "licence": dataset.licence,
        "citation": dataset.citation,
    }
    write_json(folder / "manifest.json", manifest)
    return manifest


def raw_files(manifest_path: Path, role: str = "ratings") -> list[Path]:
    """The files of a role that a manifest names; a DotbenchError if one is gone or has another size."""
    files = []
    for entry in read_json(manifest_path)["files"]:
        path = Path(entry["path"])
        if not path.is_file() or path.stat().st_size != entry["bytes"]:
            raise DotbenchError(
                f"{path}: is not the file of {entry['bytes']} bytes that {manifest_path} names; "
                "delete the manifest to fetch it again"
            )
        if entry["role"] == role:
            files.append(path)
    return files


def _roles(dataset: Dataset, paths: list[Path]) -> list[str]:
    """What each file holds; an archive that is not unpacked holds the ratings."""
    members = dataset.source.members
    return [member.role for member in members] if len(members) == len(paths) else ["ratings"] * len(paths)


def _own_files(dataset: Dataset) -> Found:
    source = dataset.source
    paths = [Path(path) for path in source.own_files()]
    for path in paths:
        if not path.is_file():
            raise DotbenchError(f"{dataset.name}: key 'source': found no file '{path}' in {Path.cwd()}")
    verified = [_verify(dataset, path, source if len(paths) == 1 else Digests()) for path in paths]
    return Found(paths, all(verified) if source.known() else None, "own files")


def _local_copy(dataset: Dataset, folder: Path) -> Found | None:
    archive = _local_archive(dataset)
    if archive is not None:
        return _unpacked(dataset, archive, folder, "local copy")
    paths = _local_members(dataset)
    if paths is None:
        return None
    verified = [_verify(dataset, *pair) for pair in zip(paths, dataset.source.members, strict=True)]
    return Found(paths, all(verified), "local copy")


def _downloaded(dataset: Dataset, folder: Path, say: Callable[[str], None]) -> Found:
    if local_data() is not None:
        say(f"{dataset.name}: no copy in {local_data()}")
    archive, url = _download(dataset, folder, say)
    return _unpacked(dataset, archive, folder, url)


def _unpacked(dataset: Dataset, archive: Path, folder: Path, origin: str) -> Found:
    """The members of an archive, or the one file that it is; verified as a whole, by member, or both."""
    source = dataset.source
    verified = [_verify(dataset, archive, source)] if source.known() else []
    paths = []
    for member in source.members:
        path = _extract(archive, member, folder / "raw")
        paths.append(path)
        if member.known():
            try:
                verified.append(_verify(dataset, path, member, f"{archive}, member {member.path}"))
            except DotbenchError:
                path.unlink()
                raise
    return Found(paths or [archive], bool(verified) and all(verified), origin)


def _verify(dataset: Dataset, path: Path, digests: Digests, named: str | None = None) -> bool:
    """True if every known digest agrees, False if none is known or a difference is accepted."""
    for algorithm, expected in digests.known().items():
        found = file_digest(path, algorithm)
        if found != expected:
            if accepts_unverified(dataset):
                return False
            raise DotbenchError(
                f"{named or path}: {algorithm} is {found}; allowed is {expected}. "
                f"If you trust this copy of '{dataset.name}', set DOTBENCH_ACCEPT_UNVERIFIED={dataset.name} "
                "or 'accept_unverified: true'; every table made from it will say so"
            )
    return bool(digests.known())


def _archive_name(dataset: Dataset) -> str:
    return dataset.source.urls[0].rsplit("/", 1)[-1]


def _local_archive(dataset: Dataset) -> Path | None:
    folder = local_data()
    if folder is None:
        return None
    name = _archive_name(dataset)
    return next((path for path in (folder / name, folder / dataset.name / name) if path.is_file()), None)


def _local_members(dataset: Dataset) -> list[Path] | None:
    folder = local_data()
    if folder is None or not dataset.source.members:
        return None
    for unpacked in (folder, folder / dataset.name):
        for short in (False, True):
            members = [Path(member.path) for member in dataset.source.members]
            paths = [unpacked / (member.name if short else member) for member in members]
            if all(path.is_file() for path in paths):
                return paths
    return None


def _download(dataset: Dataset, folder: Path, say: Callable[[str], None]) -> tuple[Path, str]:
    import pooch

    from dotbench.datasets._progress import DownloadBar

    name = _archive_name(dataset)
    if dataset.licence:
        say(f"{dataset.name}: {dataset.licence}")
    if dataset.citation:
        say(f"{dataset.name}: please cite {dataset.citation}")
    known = dataset.source.known()
    algorithm = next((a for a in ("sha256", "md5") if a in known), None)
    failures = []
    if algorithm is None:
        (folder / name).unlink(missing_ok=True)  # nothing tells whether it is the right one
    for url in dataset.source.urls:
        say(f"{dataset.name}: downloading {url}")
        try:
            with DownloadBar(name) as bar:
                found = pooch.retrieve(
                    url,
                    known_hash=f"{algorithm}:{known[algorithm]}" if algorithm else None,
                    fname=name,
                    path=folder,
                    downloader=pooch.HTTPDownloader(progressbar=bar, timeout=30),
                )
            return Path(found), url
        except (OSError, ValueError) as error:  # as requests' errors are, and pooch's of a digest
            failures.append(f"  {url}: {_reason(error)}")
    raise DotbenchError(
        "\n".join([f"{dataset.name}: no address gave the file:", *failures])
        + f"\nA local copy will do: set DOTBENCH_DATA to a folder that holds {name}"
        + (f" or {dataset.source.members[0].path}" if dataset.source.members else "")
    )


def _reason(error: Exception) -> str:
    import requests

    if isinstance(error, requests.ConnectionError):
        return "no connection to the server"
    return " ".join(str(error).split())[:300]


def _extract(archive: Path, member: Member, folder: Path) -> Path:
    target = folder / member.path
    try:
        with (
            zipfile.ZipFile(archive) as bundle,
            bundle.open(member.path) as stream,
            atomic(target) as temporary,
            temporary.open("wb") as out,
        ):
            while block := stream.read(1 << 20):
                out.write(block)
    except (zipfile.BadZipFile, EOFError, zlib.error) as error:
        raise DotbenchError(f"{archive}: not a complete zip archive: {error}") from None
    except KeyError:
        raise DotbenchError(f"{archive}: holds no file '{member.path}'") from None
    return target
