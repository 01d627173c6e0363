"""A note that there was nothing to do. If nothing has changed since, there is nothing to do now. Snakemake would take
seconds to find that.

A note is kept of everything that this depends on: the question, the project's own files (package, rules, profiles),
configurations, definitions and own data, every file below results/ and resources/, and what Snakemake remembers of
them. For each file, the note has its size, the times of its content and of its inode, and the inode's number. A changed
byte changes one of these, and so do a touch, a copy and a deletion. If the note does not fit, Snakemake is asked.
"""

import hashlib
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from dotbench import paths
from dotbench.errors import TOLD
from dotbench.files import digest, read_json_if_whole, write_json

NOTES = Path(".snakemake/dotbench")
OWN = [paths.PROJECT / part for part in ("Snakefile", "config", "envs", "profiles", "rules", "workflow")]
TREES = [Path(part) for part in ("config", "profiles", ".snakemake/metadata", ".snakemake/incomplete")]
CODE = "code"  # its key, which a plan may change: the digests of code follow the code


class Note:
    """The note for targets under configurations."""

    def __init__(self, targets: Sequence[str], config: Sequence[Path] | None) -> None:
        self._targets, self._config = list(targets), list(map(str, config or ()))
        self._path = NOTES / f"{digest([self._targets, self._config])}.json"
        self._files: list[str] = []
        self._before: dict[str, Any] = {}

    def holds(self) -> bool:
        """Whether everything is as it was when nothing was to be done."""
        content = read_json_if_whole(self._path)
        if not isinstance(content, dict) or content.keys() != {"files", "state"}:
            return False
        self._files = content["files"]
        return bool(content["state"] == self._state())

    def watch(self, files: Sequence[str]) -> None:
        """Begin to look whether there is anything to do. ``files``: the user's own data."""
        self._files = list(files)
        self._before = self._state()

    def keep(self) -> None:
        """There is nothing to do: keep a note, unless something has changed meanwhile, or there was a warning, which
        must come again."""
        if not self._before:  # it held
            return
        state = self._state()
        if state | {CODE: 0} == self._before | {CODE: 0} and not os.environ.get(TOLD):
            write_json(self._path, {"files": self._files, "state": state})

    def _state(self) -> dict[str, Any]:
        ours = {key: value for key, value in os.environ.items() if key.startswith(("DOTBENCH_", "SNAKEMAKE_"))}
        question = [self._targets, self._config, ours, sys.version, sys.prefix, metadata.version("snakemake")]
        return {
            "question": digest(question),
            "files": _digest([_facts(Path(file)) for file in (*self._config, *self._files)]),
            "project": _digest(line for part in OWN for line in _tree(part)),
            "here": _digest(line for part in (*TREES, paths.RESOURCES) for line in _tree(part)),
            "results": _digest(_tree(paths.RESULTS)),
            CODE: _digest(_tree(paths.CODE)),
        }


def _tree(path: Path) -> Iterator[str]:
    """The facts of a file, or of every file below a folder. Files that nothing is made from are left out."""
    if not path.is_dir():
        yield _facts(path)
        return
    with os.scandir(path) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            below = Path(entry.path)
            if entry.name == "__pycache__" or below == paths.CODE or _is_beside(below):
                continue
            if entry.is_dir():
                yield from _tree(below)
            else:
                yield _facts(below)


def _is_beside(path: Path) -> bool:
    """The index of all runs, and reports: they follow a run."""
    if path.parent == paths.RUNS:
        return path.name == "index.csv"
    return path.suffix == ".html" and path.name.startswith("report") and path.parent.parent == paths.RESULTS


def _facts(path: Path) -> str:
    try:
        found = path.stat()
    except OSError:
        return f"{path}: none"
    return f"{path} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns} {found.st_ino}"


def _digest(lines: Iterable[str]) -> str:
    running = hashlib.sha256()
    for line in lines:
        running.update(line.encode("utf-8", "surrogateescape") + b"\n")
    return running.hexdigest()
