"""The rate of T2Rec's Theorem 5.5: excess risk at fresh users and items against the number of ratings."""

import itertools
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from dotbench.datasets.generators.sim_smooth import SimSmooth, SimSmoothSettings
from dotbench.execution.attempt import attempt
from dotbench.papers.t2rec.simulations._risk import SMALLEST, RiskSettings, bound, exponent, outcome, sample
from dotbench.papers.t2rec.towers.settings import Architecture
from dotbench.papers.t2rec.towers.sizing import parameters
from dotbench.papers.t2rec.towers.training import Fit, train
from dotbench.simulations.base import FIT_COLUMNS, Column, Job, Row, Simulation, Trend, seed_packs

if TYPE_CHECKING:
    from dotbench.execution.checkpoint import Checkpoint
    from dotbench.execution.hardware import Execution
    from dotbench.papers.t2rec.towers.fitted import Result

Rule = Literal["fixed", "growing"]
RULES: tuple[Rule, ...] = ("fixed", "growing")


class T2RecRateSettings(RiskSettings):
    """Settings of the simulation `t2rec-rate`."""

    smoothness: list[Annotated[float, Field(gt=0, lt=3)]] = Field([0.5, 1.5, 2.5], min_length=1, description="β")
    dimensions: list[Annotated[int, Field(ge=1, le=10)]] = Field([1, 2, 4], min_length=1, description="d, and D = d")

    def truth(self, smoothness: float, dimension: int, seed: int) -> SimSmooth:
        """The true functions of a replication."""
        functions = {"functions": self.functions, "variance": self.variance, "noise": {"variance": self.noise}}
        shape = {"smoothness": smoothness, "dimension": dimension, "covariates": dimension}
        return SimSmooth(SimSmoothSettings(users=1, items=1, ratings=1, seed=seed, **shape, **functions))

    def architecture(self, rule: Rule, smoothness: float, dimension: int, ratings: int) -> Architecture:
        """``fixed``: one width for all. ``growing``: parameters of order |Ω|^{d/(2β+d)}."""
        if rule == "fixed":
            return self.fixed()
        return self.growing(1 - exponent(smoothness, dimension), dimension, ratings)


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
                {**facts, "replication": seed, **outcome(result, truths[seed], s, done.reason)}
                for seed, result in zip(samples, results, strict=True)
            ]

        return [row for rule in RULES for row in checkpoint.once(rule, partial(trained, rule))]

    def guides(self, lines: list[Row]) -> dict[str, list[tuple[float, float]]]:
        """The theorem's order of magnitude, with and without log² |Ω|, through the first point of the panel."""
        return bound(exponent(lines[0]["smoothness"], lines[0]["dimension"]), lines)

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
