"""A packed experiment as a configuration sets it, and the files of its parts."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from dotbench.errors import DotbenchError
from dotbench.experiments.base import Experiment, Part, experiments
from dotbench.runs import paths
from dotbench.settings.base import validate


@dataclass(frozen=True)
class Packed:
    """An experiment with its settings; ``label``: its name in tables and figures."""

    label: str
    experiment: Experiment

    @property
    def setting(self) -> str:
        """The label where the configuration gives one, else nothing."""
        return "" if self.label == self.experiment.title else self.label

    @cached_property
    def folder(self) -> str:
        """Name of the folder of the parts: ``<experiment>-<digest>``."""
        return self.experiment.folder

    @cached_property
    def parts(self) -> dict[str, Part]:
        """Label → part."""
        parts = self.experiment.parts()
        twice = [label for label, count in Counter(part.label for part in parts).items() if count > 1]
        if twice:
            raise DotbenchError(f"experiment '{self.experiment.name}': a value is there twice, for part '{twice[0]}'")
        return {part.label: part for part in parts}

    def rows(self, label: str) -> Path:
        """File of a part's rows; its record lies beside it."""
        return paths.part(self.experiment.study, self.folder, label)

    def described(self) -> dict[str, Any]:
        """In plain types, for a stage; `from_description` is the inverse."""
        settings = self.experiment.settings.model_dump(mode="json")
        return {"experiment": self.experiment.name, "label": self.label, "settings": settings}


def from_description(described: dict[str, Any]) -> Packed:
    cls = experiments()[described["experiment"]]
    return Packed(described["label"], cls(validate(cls.Settings, described["settings"], f"experiment '{cls.name}'")))
