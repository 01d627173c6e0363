"""Recovery of NIMC against the distance of the start from the truth."""

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from dotbench.files import digest
from dotbench.papers.nimc.recovery.activations import Activation
from dotbench.papers.nimc.recovery.methods import METHODS, MethodName
from dotbench.papers.nimc.simulations._recovery import RecoverySettings, RecoverySimulation, Trial, run_trials
from dotbench.simulations.base import Job, Row, seed_packs

if TYPE_CHECKING:
    from dotbench.execution.checkpoint import Checkpoint
    from dotbench.execution.hardware import Execution


class NIMCDistanceSettings(RecoverySettings):
    """Settings of the simulation `nimc-distance`."""

    activations: list[Activation] = Field(["sigmoid", "relu"], min_length=1, description="φ")
    observations: list[Annotated[int, Field(ge=1)]] = Field([8000, 20_000], min_length=1, description="m; 2kd is 2,000")
    distances: list[Annotated[float, Field(ge=0, le=1)]] = Field(
        [0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 1.0], min_length=1, description="α"
    )
    methods: list[MethodName] = Field(["gd", "l-bfgs"], min_length=1, description="minimisers: " + ", ".join(METHODS))
    replications: int = Field(10, ge=1, description="trials of a cell")
    pack: int = Field(10, ge=1, description="trials of one job")
    users: int = Field(500, ge=1, description="n: rows of X, and of Y")
    dimension: int = Field(100, ge=1, description="d")
    components: int = Field(10, ge=1, description="k")


class NIMCDistance(RecoverySimulation):
    """Share of trials that recover the truth, and the error that is left, from starts (1 − α) W* + α W^r.

    Zhong et al., Provable Non-linear Inductive Matrix Completion, NeurIPS 2019, Section 4, Figure 1 (b), whose
    activation and m are not stated. A job is one activation, m and method, of all α at once.
    """

    name = "nimc-distance"
    title = "Recovery of NIMC against the distance of the start"
    Settings = NIMCDistanceSettings
    settings: NIMCDistanceSettings
    lists = ("activations", "observations", "distances", "methods", "replications", "first", "pack")

    def jobs(self) -> list[Job]:
        return list(self._jobs())

    def _jobs(self) -> Iterator[Job]:
        s = self.settings
        packs = seed_packs(s.first, s.replications, s.pack)
        for phi, m, method, pack in itertools.product(s.activations, s.observations, s.methods, packs):
            own = {"activation": phi, "observations": m, "method": method, "distances": s.distances, "seeds": pack}
            yield Job(f"{phi}-{method}-m{m}-r{pack[0]}to{pack[-1]}-{digest(s.distances, 6)}", own, gpu=True)

    def run(self, job: dict[str, Any], execution: "Execution", checkpoint: "Checkpoint") -> list[Row]:
        cells = itertools.product(job["distances"], job["seeds"])
        trials = [Trial(self.settings.users, alpha, seed) for alpha, seed in cells]
        return run_trials(self.settings, job["activation"], job["observations"], job["method"], trials, execution)

    def notes(self) -> list[str]:
        return [*self.settings.law(), *self.settings.ends(), f"n = {self.settings.users}."]
