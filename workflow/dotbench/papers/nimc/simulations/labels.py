"""Starts of NIMC at equal numbers of labels."""

import itertools
import time
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from dotbench.lazy import np, torch
from dotbench.papers.nimc.recovery.methods import METHODS, MethodName
from dotbench.papers.nimc.recovery.moments import Pairs
from dotbench.papers.nimc.recovery.observed import Entries, with_norms
from dotbench.papers.nimc.recovery.problems import Instance, Law, Problems, draw, random_start
from dotbench.papers.nimc.recovery.tensor import component_errors, tensor_start
from dotbench.papers.nimc.simulations._recovery import COLUMNS as RECOVERY
from dotbench.papers.nimc.simulations._recovery import RecoverySettings, check_rank, recovered
from dotbench.simulations.base import Column, Job, Row, Simulation, seed_packs

if TYPE_CHECKING:
    from dotbench.execution.checkpoint import Checkpoint
    from dotbench.execution.hardware import Execution

Start = Literal["random", "small", "restarts", "budget", "entries", "entries-norms", "half"]
SMALL = 0.1  # size of a small random start, in that of a random one
STARTS: dict[Start, str] = {
    "random": "one random start",
    "small": "one random start, a tenth as large",
    "restarts": "best of the random starts",
    "budget": "best of the random starts that cost one fit's budget",
    "entries": "moments of the m entries",
    "entries-norms": "moments of the m entries, norms fitted to them",
    "half": "moments of m / 2 fresh pairs, fit to m / 2 entries",
}
Moments = Literal["sigmoid", "relu", "tanh"]


class NIMCLabelsSettings(RecoverySettings):
    """Settings of the simulation `nimc-labels`."""

    activations: list[Moments] = Field(["sigmoid", "relu"], min_length=1, description="φ")
    observations: list[Annotated[int, Field(ge=2)]] = Field(
        [1000, 3000, 10_000, 30_000], min_length=1, description="m: all labels that a start and its fit may use"
    )
    kinds: list[Start] = Field(list(STARTS), min_length=1, description="starts: " + ", ".join(STARTS))
    truths: Law = Field("gaussian", description="of U* and V*")
    method: MethodName = Field("l-bfgs", description="minimiser: " + ", ".join(METHODS))
    restarts: int = Field(5, ge=2, description="random starts of `restarts`, at most")
    replications: int = Field(10, ge=1, description="trials")
    pack: int = Field(10, ge=1, description="trials of one job")
    users: int = Field(200, ge=1, description="n: rows of X, and of Y")
    iterations: int = Field(2000, ge=10, description="evaluations of objective and gradient of a fit")

    @model_validator(mode="after")
    def _possible(self) -> "NIMCLabelsSettings":
        check_rank(self.components, self.dimension)
        return self


class NIMCLabels(Simulation):
    """How often fits from moments and from random starts recover the truth when all use the same number of labels, m.

    Zhong et al., Provable Non-linear Inductive Matrix Completion, NeurIPS 2019, Section 3.4. There the entries of an
    n × n matrix are observed, so that pairs share rows. The moments are those of these m entries, or of m / 2 fresh
    pairs, when half of the entries are left to fit. Beside them: one random start, a small one, which does not saturate
    φ, and the best of some by the training error: of a number of them, or of as many as use up the evaluations that one
    fit may use, so that fits from moments cost no more. A job is one activation and m.
    """

    name = "nimc-labels"
    title = "Starts of NIMC at equal numbers of labels"
    study = "nimc"
    Settings = NIMCLabelsSettings
    settings: NIMCLabelsSettings
    lists = ("activations", "observations", "kinds", "replications", "first", "pack")
    keys = {"activation": "φ", "observations": "m"}
    compared = "kind"
    titled = "start"
    compared_title = "Start"
    metrics = ("test_error",)
    columns = {
        "activation": Column("str", "φ"),
        "observations": Column("int64", "m: labels of start and fit together"),
        "replication": Column("int64", "seed of data, truth and starts"),
        "kind": Column("str", "start: " + ", ".join(STARTS)),
        "start": Column("str", "the start in tables"),
        "direction_error": Column("float64", "of the start: mean over components of (‖ū − ū*‖ + ‖v̄ − v̄*‖) / 2"),
        "norm_error": Column("float64", "of the start: mean over components of | |u||v| / |u*||v*| − 1 |"),
        "start_seconds": Column("float64", "CPU seconds of the start"),
        **{name: column for name, column in RECOVERY.items() if name not in ("users", "ratio", "distance")},
    }

    def jobs(self) -> list[Job]:
        return list(self._jobs())

    def _jobs(self) -> Iterator[Job]:
        s = self.settings
        for phi, m, pack in itertools.product(
            s.activations, s.observations, seed_packs(s.first, s.replications, s.pack)
        ):
            own = {"activation": phi, "observations": m, "kinds": s.kinds, "seeds": pack}
            yield Job(f"{phi}-m{m}-r{pack[0]}to{pack[-1]}-{len(s.kinds)}", own)

    def run(self, job: dict[str, Any], execution: "Execution", checkpoint: "Checkpoint") -> list[Row]:
        torch.set_num_threads(execution.threads)
        rows: list[Row] = []
        for kind in job["kinds"]:
            execution.say(STARTS[kind])
            make = partial(self._rows, kind, job["activation"], job["observations"], job["seeds"], execution)
            rows += checkpoint.once(kind, make)
        return rows

    def _rows(self, kind: Start, activation: Moments, m: int, seeds: list[int], execution: "Execution") -> list[Row]:
        """A row of every trial from one kind of start."""
        s = self.settings
        of_fit = m // 2 if kind == "half" else m
        drawn = [draw(s.users, of_fit, s.dimension, s.components, seed, s.deviation, s.truths) for seed in seeds]
        if kind in ("restarts", "budget"):
            return self._restarted(kind, activation, m, drawn, seeds, execution)
        weights, facts = [], []
        for seed, instance in zip(seeds, drawn, strict=True):
            clock = time.process_time()
            weights.append(self._start(kind, activation, m, instance, seed))
            start_facts: Row = {"start_seconds": time.process_time() - clock}
            errors, norms = component_errors(weights[-1], instance.truth, activation)
            known = kind not in ("random", "small")
            start_facts |= {"direction_error": errors.mean() if known else None}
            facts.append(start_facts | {"norm_error": norms.mean() if known else None})
        data = Problems(drawn, activation)
        rows = recovered(s, data, torch.from_numpy(np.stack(weights)), s.method, seeds, execution)
        return [
            _common(activation, m, kind, seed) | start_facts | row
            for seed, start_facts, row in zip(seeds, facts, rows, strict=True)
        ]

    def _start(self, kind: Start, activation: Moments, m: int, instance: Instance, seed: int) -> "np.ndarray":
        s = self.settings
        if kind in ("random", "small"):
            return (SMALL if kind == "small" else 1) * random_start(s.dimension, s.components, seed, s.deviation)
        if kind == "half":
            return tensor_start(Pairs(instance.truth, activation, m - m // 2, seed), s.components, seed)
        entries = Entries.of(instance, activation)
        start = tensor_start(entries, s.components, seed)
        return with_norms(start, entries) if kind == "entries-norms" else start

    def _restarted(
        self, kind: Start, activation: Moments, m: int, drawn: list[Instance], seeds: list[int], execution: "Execution"
    ) -> list[Row]:
        """Of every trial the random start with the least training error, until one fits the entries, or until their
        number or their evaluations are used up."""
        s = self.settings
        best: dict[int, Row] = {}
        left = list(range(len(seeds)))
        for number in itertools.count() if kind == "budget" else range(s.restarts):
            starts = [random_start(s.dimension, s.components, seeds[r] + FAR * number, s.deviation) for r in left]
            data = Problems([drawn[r] for r in left], activation)
            weights = torch.from_numpy(np.stack(starts))
            rows = recovered(s, data, weights, s.method, [seeds[r] for r in left], execution)
            for r, row in zip(left, rows, strict=True):
                best[r] = _least(best.get(r), row)
            left = [r for r in left if not best[r]["fitted"]]
            if kind == "budget":
                left = [r for r in left if best[r]["iterations"] < s.iterations]
            if not left:
                break
        nothing: Row = {"start_seconds": 0.0, "direction_error": None, "norm_error": None}
        return [_common(activation, m, kind, seed) | nothing | best[r] for r, seed in enumerate(seeds)]

    def notes(self) -> list[str]:
        s = self.settings
        return [
            f"k = {s.components}, d = {s.dimension}, n = {s.users}; minimised by: "
            f"{METHODS[s.method](s.iterations).title}.",
            f"x and y normal; W*: {s.truths}, of deviation {s.deviation:g}; random starts of such entries, up to "
            f"{s.restarts} until one fits the entries, or until {s.iterations:,} evaluations are spent (one fit's "
            "budget); m entries drawn uniformly with replacement.",
            *s.ends(),
            "All starts of a line use m labels. Sigmoid: the paper's third moment. ReLU: E[A (xxᵀ − I) ⊗ y], tanh: "
            "E[A He₃(x) ⊗ y], as the paper's vanishes for both.",
        ]


FAR = 1_000_003  # between the seeds of a trial's random starts


def _common(activation: Moments, m: int, kind: Start, seed: int) -> Row:
    return {"activation": activation, "observations": m, "replication": seed, "kind": kind, "start": STARTS[kind]}


def _least(known: Row | None, new: Row) -> Row:
    """The fit of the two with the lesser training error, with the iterations and the seconds of both."""
    if known is None:
        return new
    errors = [np.inf if row["train_error"] is None else row["train_error"] for row in (known, new)]
    spent = {name: known[name] + new[name] for name in ("iterations", "seconds", "cpu_seconds")}
    return (new if errors[1] < errors[0] else known) | spent
