"""How fast gradient descent with fresh samples contracts to NIMC's truth."""

import itertools
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from dotbench.denormals import flushed
from dotbench.experiments._recovery import check_rank
from dotbench.experiments.base import FIT_COLUMNS, Column, Experiment, Part, Row, Trend, seed_packs
from dotbench.experiments.nimc_curvature import MODELS, orthogonal, with_least_entry
from dotbench.lazy import np, torch
from dotbench.recovery.fresh import Population, descend
from dotbench.settings.base import Settings

if TYPE_CHECKING:
    from dotbench.runs.hardware import Place
    from dotbench.runs.kept import Kept

Contracting = Literal["sigmoid", "tanh", "relu-fixed"]
STREAMS = 7, 8, 9, 10  # of randomness: of truth, start, Hessian and fresh pairs
DONE = 1e-12  # of the distance at the start, below which rounding is seen
ENTRY = 0.1  # u₀, least entry of the first row of U* where that is held
MEASURED = 0.5  # share of the iterations, the last, over which the factor is measured


class NIMCContractionSettings(Settings):
    """Settings of the experiment `nimc-contraction`."""

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
    first: int = Field(0, ge=0, description="seed of the first instance; the others follow it")
    pack: int = Field(5, ge=1, description="instances of one job")
    dimension: int = Field(10, ge=1, description="d")
    components: int = Field(5, ge=1, description="k")
    iterations: int = Field(2000, ge=10, description="steps")
    pairs: int = Field(200_000, ge=1, description="pairs that the Hessian at the truth is measured by")

    @model_validator(mode="after")
    def _possible(self) -> "NIMCContractionSettings":
        check_rank(self.components, self.dimension)
        return self


class NIMCContraction(Experiment):
    """Steps of gradient descent in which the distance to the truth halves, each step with m fresh pairs (x, y).

    Zhong et al., Provable Non-linear Inductive Matrix Completion, NeurIPS 2019, Theorem 3.3: with enough fresh samples
    at every step and η = 1/M, M the greatest eigenvalue, the squared distance contracts by 1 − μ/M or more, μ the least
    one. On the quadratic that f is near the truth the slowest direction contracts by 1 − μ/M itself, and the distance
    halves every log 2 / −log(1 − μ/M) steps: ``predicted``. U* and V* have orthonormal columns.
    """

    name = "nimc-contraction"
    title = "Contraction of NIMC with fresh samples"
    study = "nimc"
    Settings = NIMCContractionSettings
    settings: NIMCContractionSettings
    lists = ("models", "observations", "distances", "replications", "first", "pack")
    keys = {"distance": "‖W₀ − W*‖ / ‖W*‖", "observations": "m"}
    compared = "model"
    compared_title = "φ"
    metrics = ("half_life", "predicted")
    trend = Trend("observations", "m, fresh pairs at every step", "steps that halve the distance", "xy")
    columns = {
        "distance": Column("float64", "‖W₀ − W*‖ / ‖W*‖"),
        "observations": Column("int64", "m: fresh pairs at every step"),
        "model": Column("str", "φ; `relu-fixed`: the first row of U is known"),
        "title": Column("str", "the same in tables"),
        "replication": Column("int64", "seed of truth, start and pairs"),
        **FIT_COLUMNS,
        "half_life": Column("float64", "steps in which ‖W − W*‖ halves, over the last half of them"),
        "predicted": Column("float64", "the same of the quadratic with the Hessian at the truth"),
        "step": Column("float64", "η, one over the greatest eigenvalue of that Hessian"),
        "final": Column("float64", "‖W − W*‖ at the end, of that at the start"),
    }

    def parts(self) -> list[Part]:
        return list(self._parts())

    def _parts(self) -> Iterator[Part]:
        s = self.settings
        packs = seed_packs(s.first, s.replications, s.pack)
        for model, m, distance, pack in itertools.product(s.models, s.observations, s.distances, packs):
            own = {"model": model, "observations": m, "distance": distance, "seeds": pack}
            yield Part(f"{model}-m{m}-a{distance:g}-r{pack[0]}to{pack[-1]}".replace(".", "-"), own)

    def run(self, part: dict[str, Any], place: "Place", kept: "Kept") -> list[Row]:
        s, seeds = self.settings, part["seeds"]
        torch.set_num_threads(place.threads)
        activation, title = MODELS[part["model"]]
        held = int(part["model"] == "relu-fixed")
        population = Population(activation, self._truths(seeds, held), held)
        ends = [self._ends(population, r, seed) for r, seed in enumerate(seeds)]
        start = self._start(population, part["distance"], seeds)
        clock = time.perf_counter(), time.process_time()
        with flushed():
            rngs = [np.random.default_rng([seed, STREAMS[3]]) for seed in seeds]
            steps = population.truth.new_tensor([1 / greatest for _, greatest in ends])
            found = descend(population, start, steps, part["observations"], s.iterations, rngs)
        seconds, cpu_seconds = time.perf_counter() - clock[0], time.process_time() - clock[1]
        same: Row = {key: part[key] for key in ("distance", "observations", "model")} | {"title": title}
        same |= {"seconds": seconds / len(seeds), "cpu_seconds": cpu_seconds / len(seeds)}
        return [
            same
            | {"replication": seed, "predicted": -1 / np.log2(1 - least / greatest), "step": 1 / greatest}
            | contraction(found[:, r])
            for r, (seed, (least, greatest)) in enumerate(zip(seeds, ends, strict=True))
        ]

    def _truths(self, seeds: list[int], held: int) -> "torch.Tensor":
        d, ones = self.settings.dimension, np.ones(self.settings.components)
        rngs = [np.random.default_rng([seed, STREAMS[0]]) for seed in seeds]
        found = np.stack([[orthogonal(d, ones, rng) for _ in "uv"] for rng in rngs])
        if held and len(ones) > 1:
            found[:, 0] = [with_least_entry(u, ENTRY) for u in found[:, 0]]
        return torch.from_numpy(found)

    def _ends(self, population: Population, r: int, seed: int) -> tuple[float, float]:
        """Least and greatest eigenvalue of the Hessian at the truth."""
        hessian = population.hessian(r, self.settings.pairs, np.random.default_rng([seed, STREAMS[2]]))
        found = torch.linalg.eigvalsh(hessian)
        return float(found[0]), float(found[-1])

    def _start(self, population: Population, distance: float, seeds: list[int]) -> "torch.Tensor":
        truth = population.truth
        drawn = [np.random.default_rng([seed, STREAMS[1]]).standard_normal(truth.shape[1:]) for seed in seeds]
        away = torch.from_numpy(np.stack(drawn))
        away[:, 0, : population.held] = 0
        lengths = truth.flatten(1).norm(dim=1) / away.flatten(1).norm(dim=1)
        return truth + distance * lengths[:, None, None, None] * away

    def guides(self, lines: list[Row]) -> dict[str, list[tuple[float, float]]]:
        """What the Hessian at the truth predicts for each φ."""
        ends = sorted({line["observations"] for line in lines})
        known = {line["title"]: line["predicted_mean"] for line in lines if line["predicted_mean"] is not None}
        return {f"{title}, by the Hessian": [(m, value) for m in ends] for title, value in known.items()}

    def notes(self) -> list[str]:
        s = self.settings
        return [
            f"k = {s.components}, d = {s.dimension}; U* and V* with orthonormal columns, for ReLU a first row of U* "
            f"whose least entry is {ENTRY:g} and the others equal; x and y normal. {s.iterations:,} steps W − η ∇f "
            "with m fresh pairs each, η one over the greatest eigenvalue of the Hessian at the truth, which "
            f"{s.pairs:,} pairs tell. Shown: steps in which ‖W − W*‖ halves, by least squares of its logarithm over "
            "the last half of the steps; failed: it does not fall.",
        ]


def contraction(distances: "np.ndarray") -> Row:
    """What is told of ‖W_t − W*‖, t = 0, 1, …"""
    relative = distances / distances[0]
    if not np.isfinite(relative[-1]):
        return {"status": "failed", "reason": "diverged", "half_life": None, "final": None}
    last = int(np.argmax(relative < DONE)) if (relative < DONE).any() else len(relative)
    at = np.arange(int(last * (1 - MEASURED)), last)
    slope = np.polyfit(at, np.log2(relative[at]), 1)[0]
    facts: Row = {"status": "ok", "reason": None, "half_life": float(-1 / slope), "final": float(relative[-1])}
    if slope >= 0:
        facts |= {"status": "failed", "reason": "the distance does not fall", "half_life": None}
    return facts
