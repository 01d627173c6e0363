"""What a parser is."""

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from dotbench.lazy import pd
from dotbench.registry import Component, discover
from dotbench.settings.base import Settings


class Parser(Component):
    """Reads raw files of one format."""

    Settings: ClassVar[type[Any]] = Settings

    def __init__(self, settings: Any) -> None:
        self.settings = settings

    @property
    def has_ratings(self) -> bool:
        """Whether the format has a rating column."""
        return True

    @abstractmethod
    def read(self, files: Sequence[Path]) -> "pd.DataFrame":
        """All rows of the files, in order.

        Columns: ``user``, ``item`` (text, exactly as in the file) and, where the format has them,
        ``rating`` (float32, finite) and ``timestamp`` (int64, seconds since 1970).
        Raises DotbenchError with file, line, what was found and what is allowed.
        """


def parsers() -> dict[str, type[Any]]:
    """Parsers by name."""
    return discover("dotbench.datasets.parsers", Parser)
