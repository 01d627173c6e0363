"""How fast gradient descent with fresh samples contracts to NIMC's truth."""

import itertools
import time
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from dotbench.files import digest
from dotbench.lazy import np, torch
from dotbench.numerics.denormals import flushed
from dotbench.papers.nimc.recovery.fresh import Population, descend
from dotbench.papers.nimc.simulations._recovery import check_rank
from dotbench.papers.nimc.simulations.curvature import MODELS, NULL, orthogonal, with_least_entry
from dotbench.settings import FirstSeed, Settings
from dotbench.simulations.base import FIT_COLUMNS, Column, Job, Row, Simulation, Trend, seed_packs

if TYPE_CHECKING:
    from dotbench.execution.checkpoint import Checkpoint
    from dotbench.execution.hardware import Execution

Contracting = Literal["sigmoid", "tanh", "relu-fixed"]
STREAMS = 7, 8, 9, 10  # of randomness: of truth, start, Hessian and fresh pairs
DONE = 1e-12  # of the distance at the start, below which rounding is seen
STAYS, DIVERGED = "the distance does not fall", "diverged"
MEASURED = 0.5  # share of the iterations, the last, over which the factor is measured


class NIMCContractionSettings(Settings):
    """Settings of the simulation `nimc-contraction`."""

    models: list[Contracting] = Field(
        ["sigmoid", "tanh", "relu-fixed"], min_length=1, description="φ; `relu-fixed`: first row of U held"
    )
    observations: list[Annotated[int, Field(ge=1)]] = Field(
        [10, 30, 100, 300, 1000], min_length=1, description="m: fresh pairs at every step"
    )
    distances: list[Annotated[float, Field(gt=0)]] = Field(
        [0.01, 0.1], min_length=1, description="‖W₀ − W*‖ / ‖W*‖, in a random direction"
    )
    replications: int = Field(5, ge=1, description="instances")
    first: FirstSeed = Field(0, description="seed of the first instance; the others follow it")
    pack: int = Field(5, ge=1, description="instances of one job")
    dimension: int = Field(10, ge=1, description="d")
    components: int = Field(5, ge=1, description="k")
    iterations: int = Field(2000, ge=10, description="steps")
    entry: float = Field(0.1, gt=0, description="u₀ of `relu-fixed`, least entry of the first row of U*; k > 1")
    pairs: int = Field(2_000_000, ge=1, description="number of pairs with which the Hessian at the truth is measured")

    @model_validator(mode="after")
    def _possible(self) -> "NIMCContractionSettings":
        check_rank(self.components, self.dimension)
        return self


class NIMCContraction(Simulation):
    """Number of gradient steps in which the distance to the truth halves, each step with m fresh pairs (x, y).

    Zhong et al., Provable Non-linear Inductive Matrix Completion, NeurIPS 2019, Theorem 3.3: with enough fresh samples
    at every step and η = 1/M, M the greatest eigenvalue, the squared distance contracts by 1 − μ/M or more, μ the least
    one. Near the truth f is a quadratic, whose slowest direction contracts by exactly 1 − μ/M, so that the distance
    halves every log 2 / −log(1 − μ/M) steps: ``predicted``. ReLU with a fixed row of U is treated in the same way. Not
    only the observed entries are fresh, x and y are too: every pair has rows of its own. U* and V* have orthonormal
    columns.
    """

    name = "nimc-contraction"
    title = "Contraction of NIMC with fresh samples"
    study = "nimc"
    Settings = NIMCContractionSettings
    settings: NIMCContractionSettings
    lists = ("models", "observations", "distances", "replications", "first", "pack")
    marks_best = False
    expected_failures = frozenset({STAYS, DIVERGED})  # with too few pairs
    keys = {"distance": "‖W₀ − W*‖ / ‖W*‖", "observations": "m"}
    compared = "model"
    compared_title = "φ"
    metrics = ("half_life", "predicted", "ratio")
    trend = Trend("observations", "m, fresh pairs at every step", "steps that halve the distance", "xy")
    columns = {
        "distance": Column("float64", "‖W₀ − W*‖ / ‖W*‖"),
        "observations": Column("int64", "m: fresh pairs at every step"),
        "model": Column("str", "φ; `relu-fixed`: the first row of U is known"),
        "title": Column("str", "its name in tables"),
        "replication": Column("int64", "seed of truth, start and pairs"),
        **FIT_COLUMNS,
        "half_life": Column(
            "float64", "number of steps in which ‖W − W*‖ halves, over the last half before rounding dominates"
        ),
        "predicted": Column("float64", "the same for the quadratic with the Hessian at the truth"),
        "ratio": Column("float64", "half_life / predicted"),
        "step": Column("float64", "η, one over the greatest eigenvalue of that Hessian"),
        "final": Column("float64", "‖W − W*‖ at the end, divided by that at the start"),
    }

    def jobs(self) -> list[Job]:
        return list(self._jobs())

    def _jobs(self) -> Iterator[Job]:
        s = self.settings
        scans = {"observations": s.observations, "distances": s.distances}
        for model, pack in itertools.product(s.models, seed_packs(s.first, s.replications, s.pack)):
            label = f"{model}-r{pack[0]}to{pack[-1]}-{digest(scans, 6)}"
            yield Job(label, {"model": model, **scans, "seeds": pack})

    def run(self, job: dict[str, Any], execution: "Execution", checkpoint: "Checkpoint") -> list[Row]:
        torch.set_num_threads(execution.threads)
        activation, title = MODELS[job["model"]]
        held = int(job["model"] == "relu-fixed")
        population = Population(activation, self._truths(job["seeds"], held), held)
        measured = checkpoint.once("hessian", lambda: self._ends(population, job["seeds"]))
        all_rows: list[Row] = []
        for m, distance in itertools.product(job["observations"], job["distances"]):
            execution.say(f"m = {m:,}, distance {distance:g}")
            rows = partial(self._rows, population, job["seeds"], m, distance, measured)
            all_rows += checkpoint.once(f"m{m}-a{distance:g}", rows)
        return [{"model": job["model"], "title": title, **row} for row in all_rows]

    def _rows(
        self, population: Population, seeds: list[int], m: int, distance: float, measured: list[Row]
    ) -> list[Row]:
        """A row of every instance."""
        start = self._start(population, distance, seeds)
        clock = time.perf_counter(), time.process_time()
        with flushed():
            rngs = [np.random.default_rng([seed, STREAMS[3]]) for seed in seeds]
            steps = population.truth.new_tensor([row["step"] for row in measured])
            distances = descend(population, start, steps, m, self.settings.iterations, rngs)
        seconds, cpu_seconds = time.perf_counter() - clock[0], time.process_time() - clock[1]
        common_facts: Row = {"distance": distance, "observations": m}
        common_facts |= {"seconds": seconds / len(seeds), "cpu_seconds": cpu_seconds / len(seeds)}
        rows = []
        for r, hessian in enumerate(measured):
            row: Row = common_facts | hessian | contraction(distances[:, r])
            both = row["half_life"] is not None and row["predicted"] is not None
            rows.append(row | {"ratio": row["half_life"] / row["predicted"] if both else None})
        return rows

    def _ends(self, population: Population, seeds: list[int]) -> list[Row]:
        """Of every instance the step and the half-life that the ends of the Hessian's spectrum give."""
        rows = []
        for r, seed in enumerate(seeds):
            rng = np.random.default_rng([seed, STREAMS[2]])
            eigenvalues = torch.linalg.eigvalsh(population.hessian(r, self.settings.pairs, rng))
            least, greatest = float(eigenvalues[0]), float(eigenvalues[-1])
            predicted = float(-1 / np.log2(1 - least / greatest)) if least > NULL * greatest else None
            rows.append({"replication": seed, "step": 1 / greatest, "predicted": predicted})
        return rows

    def _truths(self, seeds: list[int], held: int) -> "torch.Tensor":
        d, ones = self.settings.dimension, np.ones(self.settings.components)
        rngs = [np.random.default_rng([seed, STREAMS[0]]) for seed in seeds]
        truths = np.stack([[orthogonal(d, ones, rng) for _ in "uv"] for rng in rngs])
        if held and len(ones) > 1:
            truths[:, 0] = [with_least_entry(u, self.settings.entry) for u in truths[:, 0]]
        return torch.from_numpy(truths)

    def _start(self, population: Population, distance: float, seeds: list[int]) -> "torch.Tensor":
        truth = population.truth
        drawn = [np.random.default_rng([seed, STREAMS[1]]).standard_normal(truth.shape[1:]) for seed in seeds]
        away = torch.from_numpy(np.stack(drawn))
        away[:, 0, : population.held] = 0
        lengths = truth.flatten(1).norm(dim=1) / away.flatten(1).norm(dim=1)
        start: torch.Tensor = truth + distance * lengths[:, None, None, None] * away
        return start

    def guides(self, lines: list[Row]) -> dict[str, list[tuple[float, float]]]:
        """What the Hessian at the truth predicts for each φ."""
        ends = sorted({line["observations"] for line in lines})
        predictions = {line["title"]: line["predicted_mean"] for line in lines if line["predicted_mean"] is not None}
        return {f"{title}, by the Hessian": [(m, value) for m in ends] for title, value in predictions.items()}

    def notes(self) -> list[str]:
        s = self.settings
        held = s.components > 1 and "relu-fixed" in s.models
        entry = f", for ReLU a first row of U* whose least entry is {s.entry:g} and the others equal" if held else ""
        return [
            f"k = {s.components}, d = {s.dimension}; U* and V* with orthonormal columns{entry}; x and y normal. "
            f"{s.iterations:,} steps W − η ∇f with m fresh pairs each, η one over the greatest eigenvalue of the "
            f"Hessian at the truth, measured with {s.pairs:,} pairs. Shown: steps in which ‖W − W*‖ halves, by least "
            f"squares on its logarithm over the last half of the steps before it has fallen to {DONE:g} of its start. "
            "Failed: it does not fall, or diverges.",
        ]


def contraction(distances: "np.ndarray") -> Row:
    """What is told of ‖W_t − W*‖, t = 0, 1, …"""
    relative = distances / distances[0]
    if not np.isfinite(relative[1]):
        return {"status": "failed", "reason": "the first step is not finite", "half_life": None, "final": None}
    if not np.isfinite(relative[-1]):
        return {"status": "failed", "reason": DIVERGED, "half_life": None, "final": None}
    last = int(np.argmax(relative < DONE)) if (relative < DONE).any() else len(relative)
    at = np.arange(int(last * (1 - MEASURED)), last)
    slope = np.polyfit(at, np.log2(relative[at]), 1)[0]
    facts: Row = {"status": "ok", "reason": None, "half_life": float(-1 / slope), "final": float(relative[-1])}
    if slope >= 0:
        facts |= {"status": "failed", "reason": STAYS, "half_life": None}
    return facts
