"""A simulation as a configuration sets it, and the files of its jobs."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from dotbench import paths
from dotbench.errors import DotbenchError
from dotbench.settings import validate
from dotbench.simulations.base import Job, Simulation, simulations


@dataclass(frozen=True)
class SimulationEntry:
    """A simulation with its settings. ``label``: its name in tables and figures."""

    label: str
    simulation: Simulation

    @property
    def setting(self) -> str:
        """The label where the configuration gives one, else nothing."""
        return "" if self.label == self.simulation.title else self.label

    @cached_property
    def folder(self) -> str:
        """Name of the folder of the jobs: ``<simulation>-<digest>``."""
        return self.simulation.folder

    @cached_property
    def jobs(self) -> dict[str, Job]:
        """Label → job."""
        jobs = self.simulation.jobs()
        twice = [label for label, count in Counter(job.label for job in jobs).items() if count > 1]
        if twice:
            raise DotbenchError(f"simulation '{self.simulation.name}': a value is there twice, for job '{twice[0]}'")
        return {job.label: job for job in jobs}

    def rows(self, label: str) -> Path:
        """File of a job's rows. Its record lies beside it."""
        return paths.job(self.simulation.study, self.folder, label)

    def described(self) -> dict[str, Any]:
        """In plain types, for a stage. `from_description` is the inverse."""
        settings = self.simulation.settings.model_dump(mode="json")
        return {"simulation": self.simulation.name, "label": self.label, "settings": settings}


def from_description(described: dict[str, Any]) -> SimulationEntry:
    cls = simulations()[described["simulation"]]
    return SimulationEntry(
        described["label"], cls(validate(cls.Settings, described["settings"], f"simulation '{cls.name}'"))
    )
