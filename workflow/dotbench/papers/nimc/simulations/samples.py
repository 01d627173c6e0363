"""How many observed entries the recovery of NIMC needs, against whatever the theorems name."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, ValidationInfo, model_validator

from dotbench.files import digest
from dotbench.lazy import np, torch
from dotbench.numerics.denormals import flushed
from dotbench.papers.nimc.recovery.activations import Activation
from dotbench.papers.nimc.recovery.criterion import FRESH, recovery_errors
from dotbench.papers.nimc.recovery.features import EXCESS, LAWS, STREAM, Features
from dotbench.papers.nimc.recovery.methods import LevenbergMarquardt
from dotbench.papers.nimc.recovery.minimise import Outcome, Rules, minimise
from dotbench.papers.nimc.recovery.problems import Instance, Problems, draw
from dotbench.papers.nimc.simulations._recovery import check_rank
from dotbench.papers.nimc.simulations.curvature import orthogonal
from dotbench.settings import FirstSeed, Settings
from dotbench.simulations.base import FIT_COLUMNS, Column, Job, Row, Simulation, knows_lists, seed_packs

if TYPE_CHECKING:
    from dotbench.execution.checkpoint import Checkpoint
    from dotbench.execution.hardware import Execution

Scan = Literal["dimension", "components", "rows", "scale", "largest", "least", "features", "noise", "extra"]
SCANS: dict[Scan, str] = {
    "dimension": "d",
    "components": "k",
    "rows": "n / d",
    "scale": "norm of the columns of U* and V*",
    "largest": "κ, by one singular value (λ = κᵏ⁻¹)",
    "least": "κ, by all singular values but one (λ = κ)",
    "features": "excess kurtosis of the entries of x and y",
    "noise": "noise, of the root mean square of the entries",
    "extra": "components fitted beyond the k of the truth",
}
NEAR, FIRST, BEST = "near", "first", "best"
STARTS = {NEAR: "near the truth", FIRST: "one random start", BEST: "best of the random starts"}
DIVERGED, ALL_ZERO = "diverged", "every observed entry is 0"
TRUTHS, RANDOM, NOISE = 12, 13, 14  # streams of randomness
Count = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0)]
AtLeastOne = Annotated[float, Field(ge=1)]


class NIMCSamplesSettings(Settings):
    """Settings of the simulation `nimc-samples`."""

    activations: list[Activation] = Field(["sigmoid", "relu"], min_length=1, description="φ")
    dimension: list[Count] = Field([8, 12, 16, 24, 32, 48], description="d")
    components: list[Count] = Field([1, 2, 3, 4, 6], description="k")
    rows: list[Positive] = Field([2.0, 3.0, 5.0, 10.0, 20.0], description="n / d")
    scale: list[Positive] = Field([1.0, 2.0, 4.0, 8.0], description="norm of the columns of U* and V*")
    largest: list[AtLeastOne] = Field([1.0, 2.0, 4.0], description="κ: singular values κ, 1, …, 1")
    least: list[AtLeastOne] = Field([1.0, 2.0, 4.0], description="κ: singular values κ, …, κ, 1")
    features: list[Features] = Field(list(LAWS), description="law of the entries of x and y, of variance 1")
    noise: list[Annotated[float, Field(ge=0)]] = Field(
        [0.01, 0.1], description="standard deviation of the noise over the root mean square of the observed entries"
    )
    extra: list[int] = Field([-1, 0, 1], description="components of the fit, less those of the truth")
    ratios: list[Positive] = Field(
        [1.0, 1.1, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 6.0, 8.0], min_length=2, description="m / 2kd, increasing"
    )
    replications: int = Field(20, ge=1, description="trials of a cell")
    first: FirstSeed = Field(0, description="seed of the first trial; the others follow it")
    pack: int = Field(20, ge=1, description="trials of one job")
    d: int = Field(12, ge=1, description="d where it is not varied")
    k: int = Field(2, ge=1, description="k where it is not varied")
    rows_per_dimension: float = Field(10.0, gt=0, description="n / d where it is not varied")
    starts: int = Field(10, ge=1, description="random starts of a trial, at most")
    near: float = Field(0.1, gt=0, lt=1, description="α of the start near the truth")
    iterations: int = Field(200, ge=10, description="evaluations of objective and Jacobian of a fit")
    fitted: float = Field(1e-7, gt=0, description="relative training error at which a fit ends")
    recovered: float = Field(1e-3, gt=0, description="relative error at fresh rows up to which the truth is recovered")

    @model_validator(mode="after")
    def _possible(self, info: ValidationInfo) -> "NIMCSamplesSettings":
        if knows_lists(info):
            check_rank(max([self.k, *self.components]), min([self.d, *self.dimension]))
        if sorted(set(self.ratios)) != self.ratios:
            raise ValueError(f"'ratios': found {self.ratios}; allowed are increasing numbers")
        if knows_lists(info) and self.k + min(self.extra, default=0) < 1:
            raise ValueError(f"'extra': found {min(self.extra)}; allowed is a fit of one component or more")
        return self


@dataclass(frozen=True)
class Setup:
    """A problem's law. ``singular``: values of U* and of V*, k of them. ``fitted``: components of the fit."""

    d: int
    n: int
    singular: tuple[float, ...]
    features: Features
    noise: float
    fitted: int

    @property
    def k(self) -> int:
        return len(self.singular)

    def instance(self, m: int, seed: int) -> Instance:
        drawn = draw(self.n, m, self.d, self.k, seed)
        rng = np.random.default_rng([seed, TRUTHS])
        drawn = replace(drawn, truth=np.stack([orthogonal(self.d, np.array(self.singular), rng) for _ in "uv"]))
        if self.features == "normal":
            return drawn
        rng, law = np.random.default_rng([seed, STREAM]), LAWS[self.features]
        return replace(drawn, x=law(rng, (self.n, self.d)), y=law(rng, (self.n, self.d)))

    def random_start(self, seed: int, number: int) -> "np.ndarray":
        """Normal entries whose mean square is that of the truth's, (2, d, fitted)."""
        deviation = (sum(value**2 for value in self.singular) / (self.k * self.d)) ** 0.5
        normal = np.random.default_rng([seed, RANDOM, number]).standard_normal((2, self.d, self.fitted))
        start: np.ndarray = deviation * normal
        return start

    def near(self, truth: "np.ndarray", seed: int, alpha: float) -> "np.ndarray":
        """(1 − α) W* + α W^r, (2, d, fitted). Components beyond those of the truth start at α W^r."""
        common = min(self.k, self.fitted)
        start = alpha * self.random_start(seed, 0)
        start[:, :, :common] += (1 - alpha) * truth[:, :, :common]
        return start


class NIMCSamples(Simulation):
    """The m from which the truth is recovered: from a start near it, from one random start, and from the best of some.

    Zhong et al., Provable Non-linear Inductive Matrix Completion, NeurIPS 2019: the number of entries is nearly linear
    in d (Theorem 3.2: λ⁴ κ² d log² d). A start near the truth tells whether the entries determine it. Random starts
    need more entries, as the minimiser gets stuck. U* and V* are orthonormal bases but for what is varied, so that
    λ = κ = 1. A job is one activation and one value of what is varied; a row is a trial by one kind of start.
    """

    name = "nimc-samples"
    title = "Entries that recovery needs"
    study = "nimc"
    Settings = NIMCSamplesSettings
    settings: NIMCSamplesSettings
    lists = ("activations", *SCANS, "replications", "first", "pack")
    keys = {"scan": "against", "value": "at", "activation": "φ", "ratio": "m / 2kd"}
    compared = "start"
    compared_title = "Start"
    metrics = ("test_error",)
    marks_best = False
    expected_failures = frozenset({DIVERGED, ALL_ZERO})  # with few entries
    columns = {
        "scan": Column("str", "what is varied: " + ", ".join(SCANS)),
        "value": Column("float64", "its value; of features: the excess kurtosis"),
        "activation": Column("str", "φ"),
        "dimension": Column("int64", "d"),
        "components": Column("int64", "k of the truth"),
        "users": Column("int64", "n: rows of X, and of Y"),
        "observations": Column("int64", "m: observed entries, drawn with replacement"),
        "ratio": Column("float64", "m / 2kd, as it was asked for; m is rounded"),
        "replication": Column("int64", "seed of data, truth and starts"),
        "start": Column("str", "near, first or best"),
        "title": Column("str", "the start in tables"),
        **FIT_COLUMNS,
        "recovered": Column("int64", "1 if `test_error` is at most the threshold (with noise: the noise), else 0"),
        "test_error": Column("float64", "‖M(U, V) − M(U*, V*)‖ / ‖M(U*, V*)‖ at fresh rows"),
        "train_error": Column("float64", "root of the sum of squared residuals over that of squared entries"),
        "starts": Column("int64", "how many random starts were made; 0: none, as the start near the truth failed"),
        "iterations": Column("int64", "evaluations of objective and Jacobian, in twenties, of all starts"),
        "ended": Column("str", "of the best start: `converged`, `stalled`, `cap` or `diverged`; `not run`"),
    }

    def jobs(self) -> list[Job]:
        return list(self._jobs())

    def _jobs(self) -> Iterator[Job]:
        s = self.settings
        for scan in SCANS:
            for value in getattr(s, scan):
                number = EXCESS[value] if scan == "features" else float(value)
                for activation in s.activations:
                    for pack in seed_packs(s.first, s.replications, s.pack):
                        own = {"scan": scan, "value": number, "activation": activation, "seeds": pack}
                        label = f"{scan}-{activation}-{digest(number, 6)}-r{pack[0]}to{pack[-1]}"
                        yield Job(label, own)

    def run(self, job: dict[str, Any], execution: "Execution", checkpoint: "Checkpoint") -> list[Row]:
        torch.set_num_threads(execution.threads)
        scan, value, seeds = job["scan"], job["value"], job["seeds"]
        setup = self.setup(scan, value)
        common_facts: Row = {"scan": scan, "value": value, "activation": job["activation"], "dimension": setup.d}
        common_facts |= {"components": setup.k, "users": setup.n}
        rows: list[Row] = []
        for ratio in self.settings.ratios:
            execution.say(f"m = {ratio:g} times 2kd")
            cell = partial(self._cell, setup, job["activation"], ratio, seeds)
            rows += [common_facts | row for row in checkpoint.once(f"{ratio:g}", cell)]
        return rows

    def setup(self, scan: Scan, value: float) -> Setup:
        s = self.settings
        d = int(value) if scan == "dimension" else s.d
        k = int(value) if scan == "components" else s.k
        n = round((value if scan == "rows" else s.rows_per_dimension) * d)
        singular = np.ones(k)
        if scan == "scale":
            singular[:] = value
        if scan == "largest":
            singular[0] = value
        if scan == "least":
            singular[:-1] = value
        law: Features = next(name for name, excess in EXCESS.items() if excess == (value if scan == "features" else 0))
        noise = value if scan == "noise" else 0.0
        fitted = k + (int(value) if scan == "extra" else 0)
        return Setup(d, n, tuple(map(float, singular)), law, noise, fitted)

    def _cell(self, setup: Setup, activation: Activation, ratio: float, seeds: list[int]) -> list[Row]:
        """Three rows of every trial: from near the truth, from the first random start, and from the best of all.

        Random starts are made where the start near the truth succeeds, and until one fits the observed entries.
        """
        s = self.settings
        m = max(1, round(ratio * 2 * setup.k * setup.d))
        trials = _Trials(s, setup, activation, [setup.instance(m, seed) for seed in seeds], seeds)
        near = trials.fitted(list(range(len(seeds))), 0, s.near)
        first: dict[int, Row] = {}
        best: dict[int, Row] = {}
        left = [r for r, row in near.items() if row["recovered"]]
        for number in range(1, s.starts + 1):
            for r, row in (trials.fitted(left, number) if left else {}).items():
                first.setdefault(r, row)
                best[r] = _better(best.get(r), row)
            left = [r for r in left if best[r]["ended"] != "converged" and not _fits(best[r], setup.noise)]
        lost: Row = {"recovered": 0, "test_error": None, "train_error": None, "starts": 0, "iterations": 0}
        lost |= {"ended": "not run", "status": "ok", "reason": None, "seconds": 0.0, "cpu_seconds": 0.0}
        return [
            {"observations": m, "ratio": ratio, "replication": seed, "start": start, "title": STARTS[start]}
            | rows.get(r, lost)
            for r, seed in enumerate(seeds)
            for start, rows in ((NEAR, near), (FIRST, first), (BEST, best))
        ]

    def notes(self) -> list[str]:
        s = self.settings
        return [
            f"d = {s.d}, k = {s.k}, n = {s.rows_per_dimension:g} d where they are not varied; x and y normal, U* and "
            "V* uniformly drawn orthonormal bases but for what is varied; m entries drawn uniformly with replacement.",
            f"Levenberg–Marquardt, {s.iterations} evaluations of objective and Jacobian a fit. A fit ends earlier at a "
            f"relative training error of {s.fitted:g}, or when a tenth of the budget lowers the objective by less than "
            f"0.1 %. Starts near the truth: (1 − α) W* + α W^r with α = {s.near:g}. Random starts have normal entries "
            f"of the truth's mean square, up to {s.starts} of them until one fits the observed entries; the fit with "
            "the least training error counts. No random start is made if the one near the truth fails: then the trial "
            "counts as lost.",
            f"A trial recovers the truth if ‖M(U, V) − M(U*, V*)‖ ≤ {s.recovered:g} ‖M(U*, V*)‖ at {FRESH} fresh rows "
            "of each side (with noise: at most the noise, if that is more).",
        ]


@dataclass(frozen=True)
class _Trials:
    """The trials of a cell, each with an instance."""

    settings: NIMCSamplesSettings
    setup: Setup
    activation: Activation
    instances: list[Instance]
    seeds: list[int]

    def fitted(self, which: list[int], number: int, alpha: float | None = None) -> dict[int, Row]:
        """What comes of some trials from their random start of a number, or from near the truth: trial → facts."""
        s, setup = self.settings, self.setup
        problems = Problems([self.instances[r] for r in which], self.activation)
        truths, energy = problems.truth.clone(), problems.values.square().mean(1)
        if setup.noise:
            noise = [np.random.default_rng([self.seeds[r], NOISE]).standard_normal(problems.m) for r in which]
            problems.values += setup.noise * energy.sqrt()[:, None] * torch.from_numpy(np.stack(noise))
        starts = [
            setup.random_start(self.seeds[r], number)
            if alpha is None
            else setup.near(self.instances[r].truth, self.seeds[r], alpha)
            for r in which
        ]
        with flushed():
            outcome = minimise(
                problems,
                torch.from_numpy(np.stack(starts)),
                LevenbergMarquardt(),
                Rules(s.iterations, s.iterations // 10, s.fitted),
                lambda text: None,
            )
        return {r: self._facts(outcome, k, truths[k], float(energy[k]), r, number) for k, r in enumerate(which)}

    def _facts(self, outcome: Outcome, at: int, truth: "torch.Tensor", energy: float, trial: int, number: int) -> Row:
        """``at``: place of the trial in the outcome. ``energy``: mean square of its observed entries, without noise."""
        count = len(outcome.ended)
        facts: Row = {"iterations": int(outcome.iterations[at]), "ended": str(outcome.ended[at]), "starts": number}
        facts |= {"seconds": outcome.seconds / count, "cpu_seconds": outcome.cpu_seconds / count}
        if outcome.ended[at] == "diverged" or energy == 0:
            why = DIVERGED if outcome.ended[at] == "diverged" else ALL_ZERO
            return facts | {"status": "failed", "reason": why, "recovered": 0, "test_error": None, "train_error": None}
        features, seed = self.setup.features, self.seeds[trial]
        test, _ = recovery_errors(outcome.w[at], truth, self.activation, seed, features=features)
        goal = max(self.settings.recovered, self.setup.noise)
        facts |= {"status": "ok", "reason": None, "recovered": int(test <= goal)}
        return facts | {"test_error": test, "train_error": (2 * float(outcome.f[at]) / energy) ** 0.5}


def _better(known: Row | None, new: Row) -> Row:
    """The fit of the two with the lesser training error. Starts, iterations and seconds are those of both."""
    if known is None:
        return new
    errors = [np.inf if row["train_error"] is None else row["train_error"] for row in (known, new)]
    spent = {name: known[name] + new[name] for name in ("iterations", "seconds", "cpu_seconds")}
    return (new if errors[1] < errors[0] else known) | spent | {"starts": new["starts"]}


def _fits(row: Row, noise: float) -> bool:
    """Whether a fit explains the observed entries up to the noise."""
    return row["train_error"] is not None and row["train_error"] <= noise
