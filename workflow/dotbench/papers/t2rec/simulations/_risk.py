"""What the simulations of the theorem share: excess risk at fresh users and items against the number of ratings."""

import itertools
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import log
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from dotbench.datasets.generators.covariates import CovariateGenerator
from dotbench.datasets.generators.sim_manifold import SimManifold, SimManifoldSettings
from dotbench.execution.attempt import attempt
from dotbench.lazy import np
from dotbench.papers.t2rec.towers.sample import Sample
from dotbench.papers.t2rec.towers.settings import Architecture, Training
from dotbench.papers.t2rec.towers.sizing import parameters, with_parameters
from dotbench.papers.t2rec.towers.training import Fit, train
from dotbench.settings import FirstSeed, Settings, validate
from dotbench.simulations.base import FIT_COLUMNS, Column, Job, Row, Simulation, Trend, seed_packs

if TYPE_CHECKING:
    from dotbench.execution.checkpoint import Checkpoint
    from dotbench.execution.hardware import Execution
    from dotbench.papers.t2rec.towers.fitted import Result

Whole = Annotated[int, Field(ge=1)]
Smoothness = float | Literal["analytic"]
Rule = Literal["fixed", "growing", "theorem"]
SMALLEST = 512  # |Ω| at which a growing network has the size that is set
COVARIATES, PAIRS, NOISE, FRESH, SEEN = 0, 1, 2, 5, 9  # streams of randomness; generators have 0 to 4 and 6 to 8
RISKS = ("excess_risk", "null_risk", "excess_train_mse")


class RiskSettings(Settings):
    """Data, networks and training that the simulations of the theorem have in common."""

    ratings: list[Annotated[int, Field(ge=10)]] = Field(
        [512, 1024, 2048, 4096, 8192, 16384, 32768], min_length=2, description="|Ω|, the held-out fifth among them"
    )
    replications: int = Field(5, ge=1, description="truths and data of each scenario")
    first: FirstSeed = Field(0, description="seed of the first replication; the others follow it")
    pack: int = Field(5, ge=1, description="replications of one job")
    functions: int = Field(4, ge=1, description="p, of the truth and of the towers")
    variance: float = Field(1.0, gt=0, description="of the noiseless ratings")
    noise: float = Field(0.25, gt=0, description="σ², of Gaussian noise")
    depth: int = Field(4, ge=2, description="layers of weights of a tower")
    width: int = Field(32, ge=1, description="units of a hidden layer, where it is fixed")
    parameters: int = Field(600, ge=1, description=f"of a tower at |Ω| = {SMALLEST}, where the width grows")
    learning_rate: float = Field(1e-2, gt=0, description="highest of Adam's half cosine")
    batch_size: int = Field(256, ge=1)
    updates: int = Field(4000, ge=1, description="cap of a training, and the length of the half cosine")
    epochs: int = Field(120, ge=1, description="another cap, which counts at few ratings")
    patience: float = Field(0.5, gt=0, le=1, description="share of the cap without a lower validation error")
    holdout: float = Field(0.2, gt=0, lt=1, description="share of the ratings that training is stopped by")
    fresh: int = Field(20_000, ge=1, description="fresh users and items at which the excess risk is measured")

    def fixed(self) -> Architecture:
        """The towers of one width for all |Ω|."""
        return Architecture(depth=self.depth, width=self.width, embedding_size=self.functions)

    def growing(self, share: float, inputs: int, ratings: int) -> Architecture:
        """Towers on ``inputs`` covariates of about P (|Ω|/512)^``share`` parameters, P as set.

        W parameters approximate a truth to a squared error of order W^{−2β/d} and are estimated to one of order
        W/|Ω|, up to powers of log |Ω|: the theorem's rate is where both are equal, at W of order |Ω|^{d/(2β+d)}."""
        return with_parameters(self.fixed(), inputs, self.parameters * (ratings / SMALLEST) ** share)

    def training(self, pairs: int) -> Training:
        """How ``pairs`` are trained on."""
        steps = -(-pairs // self.batch_size)
        epochs = max(1, min(self.epochs, self.updates // steps))
        patience = max(1, round(self.patience * epochs))
        shape = {"batch_size": self.batch_size, "epochs": epochs, "patience": patience}
        return Training(optimizer="adam", learning_rate=self.learning_rate, schedule="cosine", **shape)


class ManifoldSettings(RiskSettings):
    """What every simulation on a manifold has."""

    smoothness: Smoothness = Field(1.5, description="β where it is not varied, or `analytic`")
    dimension: int = Field(2, ge=1, le=10, description="d, dimension of the manifold, where it is not varied")
    covariates: int = Field(16, ge=1, description="D, coordinates of the space, where they are not varied")
    starting_width: int = Field(10, ge=1, description=f"units at |Ω| = {SMALLEST}, where they grow as the theorem says")


@dataclass(frozen=True)
class Case:
    """What is measured at every |Ω|. ``title``: in tables. ``facts``: further columns of the rows. ``truth``: what of
    the generator is not as in the settings. ``users``: users, and as many items, that share the ratings; None: each
    rating has a user and an item of its own."""

    label: str
    title: str
    facts: Row = field(default_factory=dict)
    truth: dict[str, Any] = field(default_factory=dict)
    users: int | None = None
    rule: Rule = "fixed"


class Manifold(Simulation):
    """Excess risk E (R̂ − R*)² at fresh users and items against |Ω|, for covariates on a manifold (`sim-manifold`).

    A job is one case and |Ω|, ``pack`` replications trained as one program. Within a replication, larger data contain
    the smaller ones. A subclass says its cases, and adds the columns of what it varies.

    Jaiswal, Towards a Theoretical Understanding of Two-Stage Recommender Systems, arXiv 2403.00802, Theorem 5.5:
    the squared error is at most of order |Ω|^{−2β/(2β+d)} log² |Ω|, whatever the number D of covariates.
    """

    study = "t2rec"
    Settings: ClassVar[type[Any]] = ManifoldSettings
    settings: ManifoldSettings
    lists: ClassVar[tuple[str, ...]] = ("ratings", "replications", "first", "pack")
    keys: ClassVar[dict[str, str]] = {"ratings": "N"}
    metrics = ("excess_risk", "excess_train_mse", "null_risk")
    trend = Trend("ratings", "ratings |Ω|", "excess risk E (R̂ − R*)²", logarithmic="xy")
    marks_best = False
    columns = {
        "ratings": Column("int64", "|Ω|: observed ratings, those that training was stopped by among them"),
        "replication": Column("int64", "seed of truth, data and training"),
        "smoothness": Column("str", "β, Hölder exponent of the truth, or `analytic`"),
        "dimension": Column("int64", "d, dimension of the manifold"),
        "covariates": Column("int64", "D, coordinates of a user and of an item that are not binary"),
        "title": Column("str", "what is compared, in tables"),
        "width": Column("int64", "units of a hidden layer"),
        "parameters": Column("int64", "of one tower"),
        **FIT_COLUMNS,
        "excess_risk": Column("float64", "mean of (R̂ − R*)² at fresh users and items, R* without noise"),
        "null_risk": Column("float64", "mean of R*² there: the excess risk of predicting 0"),
        "seen_risk": Column("float64", "mean of (R̂ − R*)² at random pairs of the data's own users and items"),
        "excess_train_mse": Column("float64", "mean squared training error of the towers that were kept, less σ²"),
        "epochs": Column("int64", "that were made"),
        "best_epoch": Column("int64", "whose towers were kept, by validation error"),
        "ended": Column("str", "`converged`, `cap` or `diverged`"),
    }

    @abstractmethod
    def cases(self) -> Iterator[Case]:
        """What is measured at every number of ratings."""

    def jobs(self) -> list[Job]:
        return list(self._jobs())

    def _jobs(self) -> Iterator[Job]:
        s = self.settings
        packs = seed_packs(s.first, s.replications, s.pack)
        for case, n, pack in itertools.product(self.cases(), s.ratings, packs):
            label = f"{case.label}-n{n}-r{pack[0]}to{pack[-1]}".replace(".", "-")
            yield Job(label, {"case": vars(case), "ratings": n, "seeds": pack}, gpu=True)

    def truth(self, case: Case, seed: int) -> SimManifold:
        """The manifold and the true functions of a replication."""
        s = self.settings
        own = {name: getattr(s, name) for name in ("smoothness", "dimension", "covariates", "functions", "variance")}
        own |= {"noise": {"variance": s.noise}, "users": 1, "items": 1, "ratings": 1, "seed": seed, **case.truth}
        return SimManifold(validate(SimManifoldSettings, own, f"simulation '{self.name}'"))

    def architecture(self, rule: Rule, truth: SimManifoldSettings, ratings: int) -> Architecture:
        """``growing``: parameters of order |Ω|^{d/(2β+d)}. ``theorem``: units of order |Ω|^{d/(2β+d)} log |Ω|, as is
        said after Theorem 5.5."""
        s, share = self.settings, 1 - exponent(truth.smoothness, truth.dimension)
        if rule == "growing":
            return s.growing(share, truth.covariates + truth.binary, ratings)
        if rule == "fixed":
            return s.fixed()
        grown = s.starting_width * (ratings / SMALLEST) ** share * log(ratings) / log(SMALLEST)
        return s.fixed().model_copy(update={"width": max(1, round(grown))})

    def run(self, job: dict[str, Any], execution: "Execution", checkpoint: "Checkpoint") -> list[Row]:
        s, case, n = self.settings, Case(**job["case"]), job["ratings"]
        held = round(s.holdout * n)
        truths = {seed: self.truth(case, seed) for seed in job["seeds"]}
        samples = {seed: sample(truth, n, held, case.users) for seed, truth in truths.items()}
        shape = next(iter(truths.values())).settings
        architecture, training = self.architecture(case.rule, shape, n), s.training(n - held)
        facts: Row = {"ratings": n, "title": case.title, "smoothness": str(shape.smoothness)}
        facts |= {"dimension": shape.dimension, "covariates": shape.covariates, "width": architecture.width}
        facts |= {"parameters": parameters(architecture, shape.covariates + shape.binary), **case.facts}

        def trained() -> list[Row]:
            fits = [Fit(data, architecture, training, seed) for seed, data in samples.items()]
            done = attempt(lambda: train(fits, execution.device, checkpoint.file("fits"), execution.say), execution.say)
            results: Sequence[Result | None] = done.result or [None] * len(fits)
            return [
                {**facts, "replication": seed, **self._outcome(result, truths[seed], data, done.reason)}
                for result, (seed, data) in zip(results, samples.items(), strict=True)
            ]

        return checkpoint.once("rows", trained)

    def _outcome(self, result: "Result | None", truth: SimManifold, data: Sample, reason: str | None) -> Row:
        row = outcome(result, truth, self.settings, reason) | {"seen_risk": None}
        if result is not None and row["status"] == "ok":
            rng = truth.stream(SEEN)
            pairs = rng.integers(0, len(data.users), (self.settings.fresh, 2))
            x, y = data.users[pairs[:, 0]], data.items[pairs[:, 1]]
            row["seen_risk"], _ = risks(result, truth, x, y)
        return row

    def guides(self, lines: list[Row]) -> dict[str, list[tuple[float, float]]]:
        """The theorem's order of magnitude, where all lines have the same."""
        s = self.settings
        shapes = {(line.get("smoothness", s.smoothness), line.get("dimension", s.dimension)) for line in lines}
        return bound(exponent(*shapes.pop()), lines) if len(shapes) == 1 else {}

    def notes(self) -> list[str]:
        s = self.settings
        return [
            f"Covariates on a curved manifold of dimension d in D dimensions (`sim-manifold`, p = {s.functions}, "
            f"variance {s.variance:g}), Gaussian noise of variance {s.noise:g}. Where n is not said, every rating has "
            f"a user and an item of its own. N = |Ω| ratings, {s.holdout:.0%} of them held out to stop training by. "
            f"Excess risk: mean of (R̂ − R*)² at {s.fresh:,} fresh users and items, without noise.",
            f"Towers of {s.depth} layers of {s.width} units where nothing else is said. Adam, {s.learning_rate:g} down "
            f"a half cosine, {s.batch_size} pairs a batch, at most {s.updates:,} updates and {s.epochs} epochs, ended "
            f"after {s.patience:.0%} of them without a lower validation error: as in `t2rec-rate`.",
        ]


def exponent(smoothness: Smoothness | str, dimension: int) -> float:
    """2β/(2β+d), and its limit 1 for an analytic truth."""
    if smoothness == "analytic":
        return 1.0
    beta = float(smoothness)
    return 2 * beta / (2 * beta + dimension)


def bound(order: float, lines: list[Row]) -> dict[str, list[tuple[float, float]]]:
    """The theorem's order of magnitude |Ω|^−``order``, with and without log² |Ω|, through the first point."""
    measured = [line for line in lines if line["excess_risk_mean"] is not None]
    sizes = sorted({line["ratings"] for line in lines})
    if not measured:
        return {}
    start, height = measured[0]["ratings"], measured[0]["excess_risk_mean"]
    power = {n: (n / start) ** -order for n in sizes}
    return {
        "|Ω|^(−2β/(2β+d))": [(n, height * power[n]) for n in sizes],
        "|Ω|^(−2β/(2β+d)) log² |Ω|": [(n, height * power[n] * (log(n) / log(start)) ** 2) for n in sizes],
    }


def sample(truth: CovariateGenerator, ratings: int, held: int, users: int | None = None) -> Sample:
    """The first ``ratings`` of the pairs that the truth's seed gives, the first ``held`` of them to stop by.

    Pair k is user k and item k: x_k, y_k fresh, r_k = ⟨f(x_k), g(y_k)⟩ + ε_k. With ``users``, as many items are drawn
    beside them, and the pairs are drawn from all of theirs, one after the other without replacement.
    """
    n = users or ratings
    drawn = truth.covariates(2 * n, truth.stream(COVARIATES))
    x, y = drawn[::2], drawn[1::2]
    cells = truth.stream(PAIRS).permutation(n * n)[:ratings] if users else np.arange(n) * (n + 1)
    pairs = np.stack(np.divmod(cells, n), axis=1)
    values = noiseless(truth, x, y, pairs)
    values += truth.settings.noise.draw(values, truth.stream(NOISE))
    return Sample(x, y, pairs[held:], values[held:], pairs[:held], values[:held])


def noiseless(
    truth: CovariateGenerator, x: "np.ndarray", y: "np.ndarray", pairs: "np.ndarray | None" = None
) -> "np.ndarray":
    """R* of ``pairs`` (N, 2) of rows of ``x`` (n, D) and ``y`` (m, D), or row by row: shape (N,)."""
    f, g = truth.user_vectors(x), truth.item_vectors(y)
    if pairs is not None:
        f, g = f[pairs[:, 0]], g[pairs[:, 1]]
    ratings: np.ndarray = np.einsum("np,np->n", f, g)
    return ratings


def risks(result: "Result", truth: CovariateGenerator, x: "np.ndarray", y: "np.ndarray") -> tuple[float, float]:
    """Means of (R̂ − R*)² and of R*² over the rows of ``x`` and ``y``."""
    predictions = result.towers.predict(x, y, np.stack([np.arange(len(x))] * 2, axis=1))
    true = noiseless(truth, x, y)
    return float(np.mean((predictions - true) ** 2)), float(np.mean(true**2))


def outcome(result: "Result | None", truth: CovariateGenerator, settings: RiskSettings, reason: str | None) -> Row:
    """What a row says of a training: its risk at fresh users and items, and how it ended."""
    names = (*RISKS, "epochs", "best_epoch", "ended")
    if result is None:
        return dict.fromkeys(names) | {"status": "failed", "reason": reason, "seconds": 0.0, "cpu_seconds": 0.0}
    facts: Row = {"seconds": result.seconds, "cpu_seconds": result.cpu_seconds, "ended": result.ended}
    facts |= {"epochs": len(result.curve), "best_epoch": result.best_epoch}
    if result.failure:
        return dict.fromkeys(names) | facts | {"status": "failed", "reason": result.failure}
    rng = truth.stream(FRESH)
    x, y = (truth.covariates(settings.fresh, rng) for _ in "xy")
    excess, null = risks(result, truth, x, y)
    return facts | {
        "status": "ok",
        "reason": None,
        "excess_risk": excess,
        "null_risk": null,
        "excess_train_mse": result.train_rmse**2 - settings.noise,
    }
