"""Starts of NIMC from moments, beside random ones."""

import itertools
import time
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from dotbench.lazy import np, torch
from dotbench.papers.nimc.recovery.activations import Activation
from dotbench.papers.nimc.recovery.methods import METHODS, MethodName
from dotbench.papers.nimc.recovery.moments import Pairs
from dotbench.papers.nimc.recovery.problems import Law, Problems, draw, random_start
from dotbench.papers.nimc.recovery.tensor import component_errors, tensor_start
from dotbench.papers.nimc.simulations._recovery import COLUMNS as RECOVERY
from dotbench.papers.nimc.simulations._recovery import RecoverySettings, check_rank, recovered
from dotbench.simulations.base import Column, Job, Row, Simulation, seed_packs

if TYPE_CHECKING:
    from dotbench.execution.checkpoint import Checkpoint
    from dotbench.execution.hardware import Execution


class NIMCTensorSettings(RecoverySettings):
    """Settings of the simulation `nimc-tensor`."""

    activations: list[Literal["sigmoid", "relu", "tanh"]] = Field(
        ["sigmoid", "relu", "tanh"], min_length=1, description="φ"
    )
    laws: list[Law] = Field(["orthogonal", "gaussian"], min_length=1, description="of U* and V*")
    pairs: list[Annotated[int, Field(ge=1)]] = Field(
        [10_000, 100_000, 1_000_000], min_length=1, description="N: fresh pairs that the moments are taken over"
    )
    observations: list[Annotated[int, Field(ge=1)]] = Field([2000], min_length=1, description="m")
    method: MethodName = Field("gd", description="minimiser: " + ", ".join(METHODS))
    replications: int = Field(10, ge=1, description="trials")
    pack: int = Field(10, ge=1, description="trials of one job")
    users: int = Field(200, ge=1, description="n: rows of X, and of Y")

    @model_validator(mode="after")
    def _possible(self) -> "NIMCTensorSettings":
        check_rank(self.components, self.dimension)
        return self


class NIMCTensor(Simulation):
    """How near to the truth starts from moments of N fresh pairs are, and how fits from these and random starts end.

    Zhong et al., Provable Non-linear Inductive Matrix Completion, NeurIPS 2019, Section 3.4, completed
    (`dotbench.papers.nimc.recovery.tensor`). A job is one activation, law and m.
    """

    name = "nimc-tensor"
    title = "Tensor initialisation of NIMC"
    study = "nimc"
    Settings = NIMCTensorSettings
    settings: NIMCTensorSettings
    lists = ("activations", "laws", "observations", "replications", "first", "pack")
    keys = {"activation": "φ", "law": "W*", "observations": "m"}
    compared = "pairs"
    compared_title = "Start"
    metrics = ("test_error",)
    columns = {
        "activation": Column("str", "φ"),
        "law": Column("str", "of U* and V*: `gaussian`, or `orthogonal` columns of norm √d"),
        "observations": Column("int64", "m: observed entries of the problem"),
        "replication": Column("int64", "seed of data, truth, pairs and random start"),
        "pairs": Column("int64", "N: fresh pairs of the moments; 0: a random start"),
        "start": Column("str", "the start in tables"),
        "direction_error": Column("float64", "mean over components of (‖ū − ū*‖ + ‖v̄ − v̄*‖) / 2; null at random"),
        "greatest_direction_error": Column("float64", "the greatest of these distances"),
        "norm_error": Column("float64", "mean over components of | |u||v| / |u*||v*| − 1 |"),
        "moment_seconds": Column("float64", "CPU seconds of the start"),
        **{name: column for name, column in RECOVERY.items() if name not in ("users", "ratio", "distance")},
    }
    titled = "start"

    def jobs(self) -> list[Job]:
        return list(self._jobs())

    def _jobs(self) -> Iterator[Job]:
        s = self.settings
        packs = seed_packs(s.first, s.replications, s.pack)
        for phi, law, m, pack in itertools.product(s.activations, s.laws, s.observations, packs):
            own = {"activation": phi, "law": law, "observations": m, "seeds": pack}
            yield Job(f"{phi}-{law}-m{m}-r{pack[0]}to{pack[-1]}", own)

    def run(self, job: dict[str, Any], execution: "Execution", checkpoint: "Checkpoint") -> list[Row]:
        torch.set_num_threads(execution.threads)
        rows = partial(self._rows, job["activation"], job["law"], job["observations"], job["seeds"], execution)
        return [row for count in (0, *self.settings.pairs) for row in checkpoint.once(f"{count}", partial(rows, count))]

    def _rows(
        self, activation: Activation, law: Law, m: int, seeds: list[int], execution: "Execution", count: int
    ) -> list[Row]:
        """A row of every trial from one kind of start."""
        s = self.settings
        d, k = s.dimension, s.components
        drawn = [draw(s.users, m, d, k, seed, s.deviation, law) for seed in seeds]
        start_weights, facts = [], []
        for seed, instance in zip(seeds, drawn, strict=True):
            clock = time.process_time()
            if count:
                execution.say(f"moments of {count:,} pairs, trial {seed}")
                start_weights.append(tensor_start(Pairs(instance.truth, activation, count, seed), k, seed))
                seconds = time.process_time() - clock
                errors, norms = component_errors(start_weights[-1], instance.truth, activation)
                start_facts: Row = {"direction_error": errors.mean(), "greatest_direction_error": errors.max()}
                start_facts |= {"norm_error": norms.mean(), "start": f"moments, N = {count:,}"}
            else:
                start_weights.append(random_start(d, k, seed, s.deviation))
                start_facts = dict.fromkeys(("direction_error", "greatest_direction_error", "norm_error"))
                start_facts |= {"start": "random"}
                seconds = time.process_time() - clock
            facts.append(start_facts | {"moment_seconds": seconds})
        data = Problems(drawn, activation)
        rows = recovered(s, data, torch.from_numpy(np.stack(start_weights)), s.method, seeds, execution)
        common_facts: Row = {"activation": activation, "law": law, "observations": m, "pairs": count}
        return [
            common_facts | {"replication": seed} | start_facts | row
            for seed, start_facts, row in zip(seeds, facts, rows, strict=True)
        ]

    def notes(self) -> list[str]:
        s = self.settings
        return [
            f"k = {s.components}, d = {s.dimension}, n = {s.users}; minimised by: "
            f"{METHODS[s.method](s.iterations).title}.",
            f"x and y normal; W* of independent normal entries of deviation {s.deviation:g}, or orthogonal columns of "
            "the norm that such have on average; random starts of such entries; m entries drawn uniformly with "
            "replacement.",
            *s.ends(),
            "Starts from moments of N fresh pairs, whose labels are needed in addition to the m entries. Sigmoid: "
            "the paper's third moment. ReLU: E[A (xxᵀ − I) ⊗ y], tanh: E[A He₃(x) ⊗ y], as the paper's vanishes for "
            "both.",
        ]
