"""Recovery maps of NIMC: how often random starts find the truth, against the number of rows and of observed entries."""

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from dotbench.experiments.base import FIT_COLUMNS, Column, Experiment, Part, Row, seed_packs
from dotbench.lazy import np, torch
from dotbench.recovery.activations import Activation
from dotbench.recovery.criterion import FRESH, recovery_errors
from dotbench.recovery.methods import METHODS, MethodName
from dotbench.recovery.minimise import Outcome, Rules, minimise
from dotbench.recovery.problems import Problems, draw, random_start
from dotbench.settings.base import Settings

if TYPE_CHECKING:
    from dotbench.runs.hardware import Place
    from dotbench.runs.kept import Kept

Count = Annotated[int, Field(ge=1)]


class Axes(Settings):
    """A map: the activation and the cells along both axes."""

    activation: Activation = Field(description="φ")
    users: list[Count] = Field(min_length=1, description="n: rows of X, and of Y")
    observations: list[Count] = Field(min_length=1, description="m: observed entries")


SIGMOID = Axes(activation="sigmoid", users=list(range(10, 101, 10)), observations=list(range(100, 1001, 100)))
RELU = Axes(activation="relu", users=list(range(20, 201, 20)), observations=list(range(200, 2001, 200)))


class NIMCMapsSettings(Settings):
    """Settings of the experiment `nimc-maps`."""

    maps: list[Axes] = Field([SIGMOID, RELU], min_length=1, description="activations, each with its n and m")
    methods: list[MethodName] = Field(["gd", "lm"], min_length=1, description="minimisers: " + ", ".join(METHODS))
    replications: int = Field(20, ge=1, description="trials of a cell; the paper has 5")
    first: int = Field(0, ge=0, description="seed of the first trial; the others follow it")
    pack: int = Field(5, ge=1, description="trials of one job, of every n")
    dimension: int = Field(10, ge=1, description="d")
    components: int = Field(5, ge=1, description="k")
    deviation: float = Field(1.0, gt=0, description="of the entries of U*, V* and of the random start")
    distance: float = Field(1.0, ge=0, le=1, description="α: the start is (1 − α) W* + α W^r")
    iterations: int = Field(10_000, ge=10, description="evaluations of objective and gradient")
    second_order_iterations: int = Field(400, ge=10, description="those of Levenberg–Marquardt, each with a Jacobian")
    fitted: float = Field(1e-5, gt=0, description="relative training error at which a fit ends")
    recovered: float = Field(1e-3, gt=0, description="relative error at fresh rows up to which the truth is recovered")

    def rules(self, method: MethodName) -> Rules:
        """The budget; a fit that a tenth of it lowers by less than 0.1 % is given up."""
        iterations = self.second_order_iterations if method == "lm" else self.iterations
        return Rules(iterations, max(1, iterations // 10), self.fitted)


class NIMCMaps(Experiment):
    """Share of trials in which φ(XU) φ(YV)ᵀ is recovered from m observed entries of an n × n matrix, random starts.

    Zhong et al., Provable Non-linear Inductive Matrix Completion, NeurIPS 2019, Section 4, Figure 1 (c) and (d), by the
    corrected criterion, ‖M(U, V) − M(U*, V*)‖ ≤ 1e-3 ‖M(U*, V*)‖ at fresh rows; the printed one is recorded beside it.
    A part is one activation, method and m, of all n at once.
    """

    name = "nimc-maps"
    title = "Recovery maps of NIMC"
    study = "nimc"
    Settings = NIMCMapsSettings
    settings: NIMCMapsSettings
    lists = ("maps", "methods", "replications", "first", "pack")
    keys = {"activation": "φ", "users": "n", "observations": "m"}
    compared_title = "Method"
    metrics = ("test_error", "train_error")
    columns = {
        "activation": Column("str", "φ"),
        "users": Column("int64", "n: rows of X, and of Y"),
        "observations": Column("int64", "m: observed entries, drawn with replacement"),
        "ratio": Column("float64", "m / 2kd: entries for each parameter"),
        "replication": Column("int64", "seed of data, truth and start"),
        "method": Column("str", "of minimisation"),
        "title": Column("str", "the method in tables"),
        **FIT_COLUMNS,
        "recovered": Column("int64", "1 if `test_error` is at most the threshold, else 0"),
        "fitted": Column("int64", "1 if the training error came down to its threshold, else 0"),
        "test_error": Column("float64", "‖M(U, V) − M(U*, V*)‖ / ‖M(U*, V*)‖ at fresh rows"),
        "printed_error": Column("float64", "the same of φ(XU) φ(XU)ᵀ, as the paper prints it"),
        "train_error": Column("float64", "root of the sum of squared residuals over that of squared entries"),
        "iterations": Column("int64", "evaluations of objective and gradient, in twenties"),
        "ended": Column("str", "`converged`, `stalled`, `cap` or `diverged`"),
    }

    def parts(self) -> list[Part]:
        return list(self._parts())

    def _parts(self) -> Iterator[Part]:
        s = self.settings
        packs = seed_packs(s.first, s.replications, s.pack)
        for axes, method in itertools.product(s.maps, s.methods):
            for m, pack in itertools.product(axes.observations, packs):
                own = {"activation": axes.activation, "method": method, "users": axes.users, "observations": m}
                label = f"{axes.activation}-{method}-m{m}-r{pack[0]}to{pack[-1]}"
                yield Part(label, {**own, "seeds": pack}, gpu=True)

    def run(self, part: dict[str, Any], place: "Place", kept: "Kept") -> list[Row]:
        s = self.settings
        torch.set_flush_denormal(True)
        d, k, m, phi = s.dimension, s.components, part["observations"], part["activation"]
        cells = list(itertools.product(part["users"], part["seeds"]))
        problems = Problems(
            [draw(n, m, d, k, seed, s.deviation) for n, seed in cells], part["activation"], place.device
        )
        truth, energy = problems.truth.clone(), problems.values.square().sum(1) / (2 * m)
        starts = np.stack([random_start(d, k, seed, s.deviation) for _, seed in cells])
        start = (1 - s.distance) * truth + s.distance * torch.from_numpy(starts).to(truth)
        rules = s.rules(part["method"])
        found = minimise(problems, start, METHODS[part["method"]](rules.iterations), rules, place.say)
        same = {"activation": phi, "observations": m, "ratio": m / (2 * k * d), "method": part["method"]}
        same |= {"title": METHODS[part["method"]](rules.iterations).title}
        return [
            {
                **same,
                "users": n,
                "replication": seed,
                **self._outcome(found, truth, energy, r, seed, part["activation"]),
            }
            for r, (n, seed) in enumerate(cells)
        ]

    def _outcome(
        self, found: Outcome, truth: "torch.Tensor", energy: "torch.Tensor", r: int, seed: int, activation: Activation
    ) -> Row:
        share = len(found.f)
        facts: Row = {"seconds": found.seconds / share, "cpu_seconds": found.cpu_seconds / share}
        facts |= {"iterations": int(found.iterations[r]), "ended": found.ended[r]}
        if found.ended[r] == "diverged":
            errors = dict.fromkeys(("test_error", "printed_error", "train_error"))
            return facts | errors | {"status": "failed", "reason": "diverged", "recovered": 0, "fitted": 0}
        test, printed = recovery_errors(found.w[r], truth[r], activation, seed)
        train = float((found.f[r] / energy[r]).sqrt())
        return facts | {
            "status": "ok",
            "reason": None,
            "recovered": int(test <= self.settings.recovered),
            "fitted": int(train <= self.settings.fitted),
            "test_error": test,
            "printed_error": printed,
            "train_error": train,
        }

    def notes(self) -> list[str]:
        s = self.settings
        starts = f"(1 − α) W* + α W^r, α = {s.distance:g}" if s.distance < 1 else "W^r, independent of the truth"
        return [
            f"k = {s.components}, d = {s.dimension}; x, y, W* and W^r of independent normal entries, of deviation "
            f"{s.deviation:g} for W; m entries drawn uniformly with replacement; starts: {starts}. A trial recovers "
            f"the truth where ‖M(U, V) − M(U*, V*)‖ ≤ {s.recovered:g} ‖M(U*, V*)‖ at {FRESH} fresh rows of each side.",
            f"{s.iterations:,} evaluations of objective and gradient, {s.second_order_iterations:,} of objective and "
            "Jacobian for Levenberg–Marquardt, which cost about as much. A fit ends earlier at a relative training "
            f"error of {s.fitted:g}, or where a tenth of the budget lowers the objective by less than 0.1 %.",
        ]
