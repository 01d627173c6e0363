"""Adjacency lists: a user and all its items on one line (NGCF, LightGCN)."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from dotbench.datasets.parsers._formats import is_another, suggestion
from dotbench.datasets.parsers.base import Parser, RawFiles
from dotbench.errors import DotbenchError

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK = 200_000  # pairs held at a time
ALLOWED = "allowed is a user and its items on each line, separated by blanks, each user once"


class Adjacency(Parser):
    """``user item item …`` on each line, separated by blanks, each user once. A file that ends in .gz is decompressed.

    A user without items is allowed and gives no pair. There are no ratings and no times.
    """

    name = "adjacency"
    title = "adjacency list"

    @property
    def has_ratings(self) -> bool:
        return False

    def tables(self, raw: RawFiles) -> "Iterator[pa.Table]":
        import pyarrow as pa

        for path in raw.ratings:
            pairs = ((user, item) for user, items in self._users(raw, path) for item in items)
            empty = True
            while block := list(islice(pairs, BLOCK)):
                empty = False
                columns = zip(("user", "item"), zip(*block, strict=True), strict=True)
                yield pa.table({key: pa.array(values, pa.string()) for key, values in columns})
            if empty:
                raise DotbenchError(f"{path}: found no item of any user; {ALLOWED}{suggestion(path, self.name)}")

    def _users(self, raw: RawFiles, path: Path) -> Iterator[tuple[str, list[str]]]:
        """(user, items) of every line that is not blank."""
        if is_another(path, self.name):
            raise DotbenchError(f"{path}: is no {self.title}; {ALLOWED}{suggestion(path, self.name)}")
        lines_of: dict[str, int] = {}
        with raw.lines(path) as lines:
            for number, line in enumerate(lines, 1):
                if number % 10_000 == 0:
                    raw.at_line(path, number)
                user, *items = line.split() or [""]
                if not user:
                    continue
                if user in lines_of:
                    raise DotbenchError(
                        f"{path}, line {number}: found user '{user}' again, after line {lines_of[user]}; "
                        f"{ALLOWED}{suggestion(path, self.name)}"
                    )
                lines_of[user] = number
                yield user, items
