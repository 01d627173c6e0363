"""Recovery maps of NIMC: how often random starts find the truth, against the number of rows and of observed entries."""

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from dotbench.files import digest
from dotbench.papers.nimc.recovery.activations import Activation
from dotbench.papers.nimc.recovery.methods import METHODS, MethodName
from dotbench.papers.nimc.simulations._recovery import RecoverySettings, RecoverySimulation, Trial, run_trials
from dotbench.settings import Settings
from dotbench.simulations.base import Job, Row, seed_packs

if TYPE_CHECKING:
    from dotbench.execution.checkpoint import Checkpoint
    from dotbench.execution.hardware import Execution

Count = Annotated[int, Field(ge=1)]


class Axes(Settings):
    """A map: the activation and the cells along both axes."""

    activation: Activation = Field(description="φ")
    users: list[Count] = Field(min_length=1, description="n: rows of X, and of Y")
    observations: list[Count] = Field(min_length=1, description="m: observed entries")


SIGMOID = Axes(activation="sigmoid", users=list(range(10, 101, 10)), observations=list(range(100, 1001, 100)))
RELU = Axes(activation="relu", users=list(range(20, 201, 20)), observations=list(range(200, 2001, 200)))


class NIMCMapsSettings(RecoverySettings):
    """Settings of the simulation `nimc-maps`."""

    maps: list[Axes] = Field([SIGMOID, RELU], min_length=1, description="activations, each with its n and m")
    methods: list[MethodName] = Field(["gd", "lm"], min_length=1, description="minimisers: " + ", ".join(METHODS))
    distance: float = Field(1.0, ge=0, le=1, description="α: the start is (1 − α) W* + α W^r")


class NIMCMaps(RecoverySimulation):
    """Share of trials in which φ(XU) φ(YV)ᵀ is recovered from m observed entries of an n × n matrix, random starts.

    Zhong et al., Provable Non-linear Inductive Matrix Completion, NeurIPS 2019, Section 4, Figure 1 (c) and (d), by the
    corrected criterion, ‖M(U, V) − M(U*, V*)‖ ≤ 1e-3 ‖M(U*, V*)‖ at fresh rows. The printed one is recorded beside it.
    The paper has 5 trials. A job is one activation, method and m, of all n at once.
    """

    name = "nimc-maps"
    title = "Recovery maps of NIMC"
    Settings = NIMCMapsSettings
    settings: NIMCMapsSettings
    lists = ("maps", "methods", "replications", "first", "pack")

    def jobs(self) -> list[Job]:
        return list(self._jobs())

    def _jobs(self) -> Iterator[Job]:
        s = self.settings
        packs = seed_packs(s.first, s.replications, s.pack)
        for axes, method in itertools.product(s.maps, s.methods):
            for m, pack in itertools.product(axes.observations, packs):
                own = {"activation": axes.activation, "method": method, "users": axes.users, "observations": m}
                label = f"{axes.activation}-{method}-m{m}-r{pack[0]}to{pack[-1]}-{digest(axes.users, 6)}"
                yield Job(label, {**own, "seeds": pack}, gpu=True)

    def run(self, job: dict[str, Any], execution: "Execution", checkpoint: "Checkpoint") -> list[Row]:
        cells = itertools.product(job["users"], job["seeds"])
        trials = [Trial(n, self.settings.distance, seed) for n, seed in cells]
        return run_trials(self.settings, job["activation"], job["observations"], job["method"], trials, execution)

    def notes(self) -> list[str]:
        s = self.settings
        return [*s.law(), *s.ends(), f"α = {s.distance:g}."]
