"""What a generator is."""

from abc import abstractmethod
from typing import Any, ClassVar

from dotbench.lazy import pd
from dotbench.registry import Component, discover
from dotbench.settings import Settings, SettingsBase


class Generator(Component):
    """Makes a table of ratings from settings that include the seed."""

    Settings: ClassVar[type[SettingsBase]] = Settings
    settings: SettingsBase

    def __init__(self, settings: SettingsBase) -> None:
        self.settings = settings

    @property
    def has_ratings(self) -> bool:
        """Whether the table has a column ``rating``."""
        return True

    @abstractmethod
    def generate(self) -> "pd.DataFrame":
        """A table as a parser gives it: ``user``, ``item`` (text), ``rating`` (float32), ``timestamp`` (int64)."""


def generators() -> dict[str, type[Any]]:
    """Generators by name."""
    return discover("datasets.generators", Generator)
