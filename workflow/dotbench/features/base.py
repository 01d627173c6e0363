"""What a feature set is."""

from abc import abstractmethod
from typing import Any, ClassVar

from pydantic import Field

from dotbench.errors import DotbenchError
from dotbench.features.arrays import Features
from dotbench.features.source import Source
from dotbench.registry import Component, discover, unknown
from dotbench.settings import Settings, SettingsBase


class TrainingSettings(Settings):
    """Of features that ratings, reviews or votes enter: honest, or leaky as in the papers."""

    leaky: bool = Field(False, description="compute from all rows including the test rows, as the papers do")


class FeatureSet(Component):
    """Computes features of a dataset's users and items.

    Whatever depends on ratings, reviews or votes is computed from training pairs only, unless the settings say
    ``leaky``. Then the label has this word too, and everything that is written is named by the label.
    """

    Settings: ClassVar[type[SettingsBase]] = Settings
    settings: SettingsBase

    def __init__(self, settings: SettingsBase) -> None:
        self.settings = settings

    @property
    def label(self) -> str:
        return f"{self.name}-leaky" if getattr(self.settings, "leaky", False) else self.name

    @abstractmethod
    def compute(self, source: Source) -> Features:
        """The features of the source's users and items."""


def feature_sets() -> dict[str, type[Any]]:
    """Feature sets by name."""
    return discover("features", FeatureSet)


def from_label(label: str) -> FeatureSet:
    """The feature set of a label: a name, or ``<name>-leaky``. Raises DotbenchError for another one."""
    name = label.removesuffix("-leaky")
    if name not in feature_sets():
        raise unknown("feature set", name, feature_sets())
    cls: type[FeatureSet] = feature_sets()[name]
    if name != label and "leaky" not in cls.Settings.model_fields:
        raise DotbenchError(
            f"features '{label}': '{name}' is never computed from test rows, so it has no leaky variant; allowed is "
            f"'{name}'"
        )
    return cls(cls.Settings.model_validate({"leaky": True} if name != label else {}))
