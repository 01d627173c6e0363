"""The rate of T2Rec's Theorem 5.5: excess risk at fresh users and items against the number of ratings."""

import itertools
from collections.abc import Iterator, Sequence
from functools import partial
from math import log
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from dotbench.datasets.generators.sim_smooth import SimSmooth, SimSmoothSettings
from dotbench.execution.attempt import attempt
from dotbench.lazy import np
from dotbench.papers.t2rec.towers.sample import Sample
from dotbench.papers.t2rec.towers.settings import Architecture, Training
from dotbench.papers.t2rec.towers.sizing import parameters, with_parameters
from dotbench.papers.t2rec.towers.training import Fit, train
from dotbench.settings import FirstSeed, Settings
from dotbench.simulations.base import FIT_COLUMNS, Column, Job, Row, Simulation, Trend, seed_packs

if TYPE_CHECKING:
    from dotbench.execution.checkpoint import Checkpoint
    from dotbench.execution.hardware import Execution
    from dotbench.papers.t2rec.towers.fitted import Result

Rule = Literal["fixed", "growing"]
RULES: tuple[Rule, ...] = ("fixed", "growing")
SMALLEST = 512  # |Ω| at which a growing network has the parameters that are set
COVARIATES, NOISE, FRESH = 0, 2, 5  # streams of randomness; the generator has 0 to 4


class T2RecRateSettings(Settings):
    """Settings of the simulation `t2rec-rate`."""

    smoothness: list[Annotated[float, Field(gt=0, lt=3)]] = Field([0.5, 1.5, 2.5], min_length=1, description="β")
    dimensions: list[Annotated[int, Field(ge=1, le=10)]] = Field([1, 2, 4], min_length=1, description="d, and D = d")
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

    def truth(self, smoothness: float, dimension: int, seed: int) -> SimSmooth:
        """The true functions of a replication."""
        functions = {"functions": self.functions, "variance": self.variance, "noise": {"variance": self.noise}}
        shape = {"smoothness": smoothness, "dimension": dimension, "covariates": dimension}
        return SimSmooth(SimSmoothSettings(users=1, items=1, ratings=1, seed=seed, **shape, **functions))

    def architecture(self, rule: Rule, smoothness: float, dimension: int, ratings: int) -> Architecture:
        """``fixed``: one width for all. ``growing``: about P (|Ω|/512)^{d/(2β+d)} parameters a tower, P as set.

        W parameters approximate a truth to a squared error of order W^{−2β/d} and are estimated to one of order
        W/|Ω|, up to powers of log |Ω|: the theorem's rate is where both are equal, at W of order |Ω|^{d/(2β+d)}."""
        fixed = Architecture(depth=self.depth, width=self.width, embedding_size=self.functions)
        if rule == "fixed":
            return fixed
        share = dimension / (2 * smoothness + dimension)
        return with_parameters(fixed, dimension, self.parameters * (ratings / SMALLEST) ** share)

    def training(self, pairs: int) -> Training:
        """How ``pairs`` are trained on."""
        steps = -(-pairs // self.batch_size)
        epochs = max(1, min(self.epochs, self.updates // steps))
        patience = max(1, round(self.patience * epochs))
        shape = {"batch_size": self.batch_size, "epochs": epochs, "patience": patience}
        return Training(optimizer="adam", learning_rate=self.learning_rate, schedule="cosine", **shape)


class T2RecRate(Simulation):
    """Excess risk E (R̂ − R*)² at fresh users and items against |Ω|, for truths of known smoothness and dimension.

    Every rating has a user and an item of its own, so that pairs are independent, as the theorem assumes. Within a
    replication, larger data contain the smaller ones. A job is one β, d and |Ω| with both rules of the width,
    ``pack`` replications of each trained as one program.

    Jaiswal, Towards a Theoretical Understanding of Two-Stage Recommender Systems, arXiv 2403.00802, Theorem 5.5:
    the squared error is at most of order |Ω|^{−2β/(2β+d)} log² |Ω|.
    """

    name = "t2rec-rate"
    title = "The rate of T2Rec's theorem"
    study = "t2rec"
    Settings = T2RecRateSettings
    settings: T2RecRateSettings
    lists = ("smoothness", "dimensions", "ratings", "replications", "first", "pack")
    keys = {"smoothness": "β", "dimension": "d", "ratings": "N"}
    compared = "rule"
    compared_title = "Network"
    metrics = ("excess_risk", "excess_train_mse", "null_risk")
    trend = Trend("ratings", "ratings |Ω|", "excess risk E (R̂ − R*)²", logarithmic="xy")
    columns = {
        "smoothness": Column("float64", "β, Hölder exponent of the truth"),
        "dimension": Column("int64", "d, covariates of a user and of an item"),
        "ratings": Column("int64", "|Ω|: observed ratings, those that training was stopped by among them"),
        "replication": Column("int64", "seed of truth, data and training"),
        "rule": Column("str", "`fixed` or `growing`: the width"),
        "title": Column("str", "the rule in tables"),
        "width": Column("int64", "units of a hidden layer"),
        "parameters": Column("int64", "of one tower"),
        **FIT_COLUMNS,
        "excess_risk": Column("float64", "mean of (R̂ − R*)² at fresh users and items, R* without noise"),
        "null_risk": Column("float64", "mean of R*² there: the excess risk of predicting 0"),
        "excess_train_mse": Column(
            "float64", "mean squared training error of the towers that were checkpoint, less σ²"
        ),
        "epochs": Column("int64", "that were made"),
        "best_epoch": Column("int64", "whose towers were checkpoint, by validation error"),
        "ended": Column("str", "`converged`, `cap` or `diverged`"),
    }

    def jobs(self) -> list[Job]:
        return list(self._jobs())

    def _jobs(self) -> Iterator[Job]:
        s = self.settings
        packs = seed_packs(s.first, s.replications, s.pack)
        for beta, d, n, pack in itertools.product(s.smoothness, s.dimensions, s.ratings, packs):
            label = f"b{beta:g}-d{d}-n{n}-r{pack[0]}to{pack[-1]}".replace(".", "-")
            own = {"smoothness": beta, "dimension": d, "ratings": n, "seeds": pack}
            yield Job(label, own, gpu=True)

    def run(self, job: dict[str, Any], execution: "Execution", checkpoint: "Checkpoint") -> list[Row]:
        s = self.settings
        scenario = {key: job[key] for key in self.keys}
        beta, d, n = scenario.values()
        held = round(s.holdout * n)
        truths = {seed: s.truth(beta, d, seed) for seed in job["seeds"]}
        samples = {seed: sample(truth, n, held) for seed, truth in truths.items()}

        def trained(rule: Rule) -> list[Row]:
            architecture, training = s.architecture(rule, beta, d, n), s.training(n - held)
            fits = [Fit(data, architecture, training, seed) for seed, data in samples.items()]
            done = attempt(lambda: train(fits, execution.device, checkpoint.file(rule), execution.say), execution.say)
            results: Sequence[Result | None] = done.result or [None] * len(fits)
            facts = {"rule": rule, "title": f"{rule} width", "width": architecture.width}
            facts |= {"parameters": parameters(architecture, d), **scenario}
            return [
                {**facts, "replication": seed, **self._outcome(result, truths[seed], done.reason)}
                for seed, result in zip(samples, results, strict=True)
            ]

        return [row for rule in RULES for row in checkpoint.once(rule, partial(trained, rule))]

    def _outcome(self, result: "Result | None", truth: SimSmooth, reason: str | None) -> Row:
        names = ("excess_risk", "null_risk", "excess_train_mse", "epochs", "best_epoch", "ended")
        if result is None:
            return dict.fromkeys(names) | {"status": "failed", "reason": reason, "seconds": 0.0, "cpu_seconds": 0.0}
        facts: Row = {"seconds": result.seconds, "cpu_seconds": result.cpu_seconds, "ended": result.ended}
        facts |= {"epochs": len(result.curve), "best_epoch": result.best_epoch}
        if result.failure:
            return dict.fromkeys(names) | facts | {"status": "failed", "reason": result.failure}
        rng = truth.stream(FRESH)
        x, y = (truth.covariates(self.settings.fresh, rng) for _ in "xy")
        predictions = result.towers.predict(x, y, np.stack([np.arange(len(x))] * 2, axis=1))
        true = noiseless(truth, x, y)
        return facts | {
            "status": "ok",
            "reason": None,
            "excess_risk": float(np.mean((predictions - true) ** 2)),
            "null_risk": float(np.mean(true**2)),
            "excess_train_mse": result.train_rmse**2 - self.settings.noise,
        }

    def guides(self, lines: list[Row]) -> dict[str, list[tuple[float, float]]]:
        """The theorem's order of magnitude, with and without log² |Ω|, through the first point of the panel."""
        beta, d = lines[0]["smoothness"], lines[0]["dimension"]
        measured_lines = [line for line in lines if line["excess_risk_mean"] is not None]
        sizes = sorted({line["ratings"] for line in lines})
        if not measured_lines:
            return {}
        start, height = measured_lines[0]["ratings"], measured_lines[0]["excess_risk_mean"]
        power = {n: (n / start) ** (-2 * beta / (2 * beta + d)) for n in sizes}
        return {
            "|Ω|^(−2β/(2β+d))": [(n, height * power[n]) for n in sizes],
            "|Ω|^(−2β/(2β+d)) log² |Ω|": [(n, height * power[n] * (log(n) / log(start)) ** 2) for n in sizes],
        }

    def notes(self) -> list[str]:
        s = self.settings
        growing = f"about {s.parameters:,} (N/{SMALLEST})^(d/(2β+d)) parameters a tower"
        return [
            f"Truths of given Hölder exponent β in d covariates (`sim-smooth`, p = {s.functions}, variance "
            f"{s.variance:g}), Gaussian noise of variance {s.noise:g}; every rating has a user and an item of its own. "
            f"N = |Ω| ratings, {s.holdout:.0%} of them held out to stop training by. Excess risk: mean of (R̂ − R*)² "
            f"at {s.fresh:,} fresh users and items, without noise.",
            f"Towers of {s.depth} layers; fixed width: {s.width}; growing: {growing}. Adam, {s.learning_rate:g} down a "
            f"half cosine, {s.batch_size} pairs a batch, at most {s.updates:,} updates and {s.epochs} epochs, stopped "
            f"after {s.patience:.0%} of them without a lower validation error: chosen on seeds that are not reported.",
        ]


def sample(truth: SimSmooth, ratings: int, held: int) -> Sample:
    """The first ``ratings`` of the pairs that the truth's seed gives, the first ``held`` of them to stop by.

    Pair k is user k and item k: x_k, y_k fresh, r_k = ⟨f(x_k), g(y_k)⟩ + ε_k.
    """
    drawn = truth.covariates(2 * ratings, truth.stream(COVARIATES))
    x, y = drawn[::2], drawn[1::2]
    values = noiseless(truth, x, y)
    values += truth.settings.noise.draw(values, truth.stream(NOISE))
    pairs = np.stack([np.arange(ratings)] * 2, axis=1)
    return Sample(x, y, pairs[held:], values[held:], pairs[:held], values[:held])


def noiseless(truth: SimSmooth, x: "np.ndarray", y: "np.ndarray") -> "np.ndarray":
    """R* of the pairs of rows of ``x`` and ``y``, both (n, d): shape (n,)."""
    ratings: np.ndarray = np.einsum("np,np->n", truth.user_vectors(x), truth.item_vectors(y))
    return ratings
