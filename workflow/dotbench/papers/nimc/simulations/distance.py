"""Recovery of NIMC against the distance of the start from the truth."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, ValidationInfo, model_validator

from dotbench.files import digest
from dotbench.lazy import torch
from dotbench.papers.nimc.recovery.activations import Activation
from dotbench.papers.nimc.recovery.directions import worst_direction
from dotbench.papers.nimc.recovery.methods import METHODS, MethodName
from dotbench.papers.nimc.recovery.problems import Law, Problems, draw, random_start
from dotbench.papers.nimc.simulations._recovery import (
    RecoverySettings,
    RecoverySimulation,
    Trial,
    problems,
    starts,
    trial_rows,
)
from dotbench.papers.nimc.simulations.curvature import OF_SPECTRUM, Spectrum, listed, singular_values, truths
from dotbench.settings import LATER
from dotbench.simulations.base import Job, Row, knows_lists, seed_packs

if TYPE_CHECKING:
    from dotbench.execution.checkpoint import Checkpoint
    from dotbench.execution.hardware import Execution

Direction = Literal["random", "worst"]
FLAT: tuple[Activation, ...] = ("relu", "linear")  # whose Hessian is singular at the truth, if nothing is held
WAYS: dict[Direction, str] = {
    "random": "a random direction",
    "worst": "the direction in which the least eigenvalue of the Hessian falls most at the truth",
}
TRUTHS: dict[Law, str] = {
    "gaussian": "W* and W^r of",
    "orthogonal": "W* with orthogonal columns of the mean square of",
}


class NIMCDistanceSettings(RecoverySettings):
    """Settings of the simulation `nimc-distance`."""

    activations: list[Activation] = Field(["sigmoid", "relu"], min_length=1, description="φ")
    observations: list[Annotated[int, Field(ge=1)]] = Field([8000, 20_000], min_length=1, description="m; 2kd is 2,000")
    distances: list[Annotated[float, Field(ge=0)]] = Field(
        [0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 1.0], min_length=1, description="α, at most 1 without a `direction`"
    )
    direction: Direction | None = Field(
        None,
        json_schema_extra=LATER,
        description="v, of starts W* + α ‖W*‖ v: random, or that in which the least eigenvalue of the Hessian falls "
        "most at the truth; absent: starts are (1 − α) W* + α W^r",
    )
    truths: Law = Field("gaussian", json_schema_extra=LATER, description="of U* and V*")
    spectrum: Spectrum | None = Field(
        None,
        json_schema_extra=LATER,
        description=f"{OF_SPECTRUM}; with a `direction`: the truths of `nimc-curvature`, whatever `truths` and "
        "`deviation` say; absent: as these say",
    )
    condition: float = Field(1.0, ge=1, json_schema_extra=LATER, description="κ, with a `spectrum`")
    hold_row: bool = Field(
        False,
        json_schema_extra=LATER,
        description="the first row of U is known and held, with a `direction`: Theorem 3.4",
    )
    methods: list[MethodName] = Field(["gd", "l-bfgs"], min_length=1, description="minimisers: " + ", ".join(METHODS))
    replications: int = Field(10, ge=1, description="trials of a cell")
    pack: int = Field(10, ge=1, description="trials of one job")
    users: int = Field(500, ge=1, description="n: rows of X, and of Y")
    dimension: int = Field(100, ge=1, description="d")
    components: int = Field(10, ge=1, description="k")

    @model_validator(mode="after")
    def _possible(self, info: ValidationInfo) -> "NIMCDistanceSettings":
        if knows_lists(info) and self.direction is None and max(self.distances) > 1:
            raise ValueError(f"'distances': found {max(self.distances):g}; allowed without a 'direction' is up to 1")
        if self.direction is None and (self.spectrum or self.hold_row):
            raise ValueError("'spectrum', 'hold_row': found one of them; allowed with a 'direction' alone")
        flat = [name for name in FLAT if knows_lists(info) and name in self.activations]
        if self.direction == "worst" and flat and not self.hold_row:
            raise ValueError(
                f"'direction': found 'worst' with {flat[0]}, whose Hessian has null directions at the truth; allowed "
                "with 'hold_row: true'"
            )
        return self


class NIMCDistance(RecoverySimulation):
    """Share of trials that recover the truth, and the error that is left, from starts at a distance α of it.

    Zhong et al., Provable Non-linear Inductive Matrix Completion, NeurIPS 2019, Section 4, Figure 1 (b), whose
    activation and m are not stated: starts (1 − α) W* + α W^r. Starts W* + α ‖W*‖ v tell how far the truth is found
    from in random directions and in the worst one. A job is one activation, m and method, of all α at once.
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
        s = self.settings
        trials = [Trial(s.users, alpha, seed) for alpha, seed in itertools.product(job["distances"], job["seeds"])]
        data = self._problems(job["activation"], job["observations"], trials, execution)
        start = self._away(data, trials, execution) if s.direction else starts(s, trials, data.truth)
        return trial_rows(s, data, start, job["method"], trials, execution)

    def _problems(self, activation: Activation, m: int, trials: list[Trial], execution: "Execution") -> Problems:
        s = self.settings
        if s.spectrum is None:
            return problems(s, activation, m, trials, execution, s.truths, int(s.hold_row))
        singular = singular_values(s.spectrum, s.condition, s.components)
        drawn = [
            replace(
                draw(trial.users, m, s.dimension, s.components, trial.seed),
                truth=truths(s.dimension, singular, trial.seed),
            )
            for trial in trials
        ]
        return Problems(drawn, activation, execution.device, int(s.hold_row))

    def _away(self, data: Problems, trials: list[Trial], execution: "Execution") -> "torch.Tensor":
        """W* + α ‖W*‖ v of every trial, (R, 2, d, k), v of length 1, 0 in what is held and the same at every α."""
        s = self.settings
        ways: dict[int, torch.Tensor] = {}
        for trial in trials:
            if trial.seed not in ways and s.direction == "worst":
                own = self._problems(data.activation, data.m, [trial], execution)
                ways[trial.seed] = worst_direction(own, s.hold_row * s.components)[0]
            elif trial.seed not in ways:
                way = torch.from_numpy(random_start(s.dimension, s.components, trial.seed)).to(data.truth)
                way[0, : int(s.hold_row)] = 0
                ways[trial.seed] = way / way.norm()
        lengths = [trial.distance * truth.norm() for trial, truth in zip(trials, data.truth, strict=True)]
        away = [length * ways[trial.seed] for length, trial in zip(lengths, trials, strict=True)]
        return data.truth + torch.stack(away)

    def notes(self) -> list[str]:
        s = self.settings
        if s.direction is None:
            return [*s.law(TRUTHS[s.truths]), *s.ends(), f"n = {s.users}."]
        law = s.law(TRUTHS[s.truths], "W* + α ‖W*‖ v")
        own = [f"v is {WAYS[s.direction]}"]
        if s.spectrum:
            law = [
                f"k = {s.components}, d = {s.dimension}; x and y normal, U* and V* uniformly drawn but for singular "
                "values; m entries drawn uniformly with replacement; starts W* + α ‖W*‖ v."
            ]
            own.append(f"singular values {listed(s.spectrum, s.condition, s.components)}")
        if s.hold_row:
            own.append("the first row of U is known and held")
        return [*law, "; ".join(own) + ".", *s.ends(), f"n = {s.users}."]
