"""What an interrupted job of a simulation has finished."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dotbench.files import read_json_if_whole, write_json

Rows = list[dict[str, Any]]


class Checkpoint:
    """Rows of the fits that are done, by name, in ``folder/rows.json``.

    ``key`` covers all that they depend on, code included. Rows under another key are dropped.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self.folder, self.key = folder, key
        self._path = folder / "rows.json"
        self.rows: dict[str, Rows] = {}
        content: dict[str, Any] = read_json_if_whole(self._path) or {"key": None}
        if content["key"] == key:
            self.rows = content["rows"]
        else:
            self.drop()

    def __contains__(self, name: str) -> bool:
        return name in self.rows

    def add(self, name: str, rows: Rows) -> Rows:
        """Keep the rows of a finished fit: at once, and for good until the job is done."""
        self.rows[name] = rows
        self._write()
        return rows

    def once(self, name: str, make: Callable[[], Rows]) -> Rows:
        """The rows that are kept under the name, or those that ``make`` gives, which are kept."""
        return self.rows[name] if name in self.rows else self.add(name, make())

    def file(self, name: str) -> Path:
        """Where a fit may keep the state of its own training. Dropped with the rest.

        The key is written first: a state beside no key counts as another's, and would be lost before any fit is done.
        """
        if not self._path.is_file():
            self._write()
        return self.folder / f"{name}.pt"

    def drop(self) -> None:
        """Forget everything: the job is done, or something that it depends on has changed."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.rows = {}

    def _write(self) -> None:
        write_json(self._path, {"key": self.key, "rows": self.rows})
