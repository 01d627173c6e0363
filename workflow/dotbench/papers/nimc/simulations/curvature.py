"""The curvature of NIMC's objective at the truth and around it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from dotbench.errors import DotbenchError
from dotbench.files import digest
from dotbench.lazy import np, torch
from dotbench.numerics.orthonormal import orthonormal
from dotbench.papers.nimc.recovery.activations import Activation
from dotbench.papers.nimc.recovery.directions import worst_direction
from dotbench.papers.nimc.recovery.population import population_hessian
from dotbench.papers.nimc.recovery.problems import Instance, Problems, draw, random_start
from dotbench.papers.nimc.simulations._recovery import check_rank
from dotbench.settings import LATER, FirstSeed, Settings
from dotbench.simulations.base import FIT_COLUMNS, Column, Job, Row, Simulation, seed_packs

if TYPE_CHECKING:
    from dotbench.execution.checkpoint import Checkpoint
    from dotbench.execution.hardware import Execution

Model = Literal["sigmoid", "tanh", "linear", "relu", "relu-fixed"]
MODELS: dict[Model, tuple[Activation, str]] = {
    "sigmoid": ("sigmoid", "sigmoid"),
    "tanh": ("tanh", "tanh"),
    "linear": ("linear", "linear"),
    "relu": ("relu", "ReLU"),
    "relu-fixed": ("relu", "ReLU, first row of U fixed"),
}
Scan = Literal[
    "observations", "rows", "distance", "worst", "entry", "largest", "least", "population-largest", "population-least"
]
Spectrum = Literal["largest", "least"]
OF_SPECTRUM = (
    "which singular values of U* and of V* are `condition`, the others 1: `largest`, the first alone (λ = κᵏ⁻¹), or "
    "`least`, all but the last (λ = κ)"
)
SCANS: dict[Scan, str] = {
    "observations": "m observed entries",
    "rows": "n rows of X, and of Y",
    "distance": "distance from the truth, of its norm",
    "worst": "the same in the direction in which the least eigenvalue falls most",
    "entry": "u₀, least entry of the first row of U*",
    "largest": "one singular value, the others 1",
    "least": "all singular values but one, which is 1",
    "population-largest": "one singular value, the others 1; infinitely many rows",
    "population-least": "all singular values but one, which is 1; infinitely many rows",
}
POPULATION: tuple[Scan, ...] = ("population-largest", "population-least")
SINGULAR: tuple[Scan, ...] = ("largest", "least", *POPULATION)  # what varies singular values
SMOOTH: tuple[Model, ...] = ("sigmoid", "tanh")  # whose population Hessian is computed
STREAM = 6  # of randomness, for truths
NULL = 1e-12  # of the largest eigenvalue, below which one is zero
Guide = tuple[str, tuple[str, ...], "Callable[[float], float]"]  # name, through a point of which model, order
Count = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0)]
AtLeastOne = Annotated[float, Field(ge=1)]


class NIMCCurvatureSettings(Settings):
    """Settings of the simulation `nimc-curvature`."""

    models: list[Model] = Field(list(MODELS), min_length=1, description="φ; `relu-fixed`: first row of U held")
    observations: list[Count] = Field([50, 100, 150, 200, 300, 500, 1000, 3000, 10_000], description="m")
    rows: list[Count] = Field([10, 20, 30, 50, 100, 300, 1000], description="n")
    distance: list[Annotated[float, Field(ge=0)]] = Field(
        [0.003, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.2, 0.5, 1.0], description="‖W − W*‖ / ‖W*‖, in a random direction"
    )
    entry: list[Positive] = Field([0.1, 0.03, 0.01, 0.003, 0.001], description="u₀; the row's other entries are equal")
    worst: list[Annotated[float, Field(gt=0)]] = Field(
        [], description="likewise, in the direction in which the least eigenvalue falls most"
    )
    largest: list[AtLeastOne] = Field([1.0, 2.0, 4.0, 8.0, 16.0], description="σ₁, of singular values σ₁, 1, …")
    least: list[AtLeastOne] = Field([1.0, 1.5, 2.0, 3.0, 4.0], description="σ, of singular values σ, …, σ, 1")
    population_largest: list[AtLeastOne] = Field(
        [], description="`largest` with infinitely many rows; sigmoid and tanh"
    )
    population_least: list[AtLeastOne] = Field([], description="`least` with infinitely many rows; sigmoid and tanh")
    held_entry: float | None = Field(
        None,
        gt=0,
        json_schema_extra=LATER,
        description="u₀ of `relu-fixed` where singular values are varied; absent: as it is drawn",
    )
    spectrum: Spectrum | None = Field(None, json_schema_extra=LATER, description=f"{OF_SPECTRUM}; absent: all are 1")
    condition: float = Field(1.0, ge=1, json_schema_extra=LATER, description="κ, with a `spectrum`")
    replications: int = Field(5, ge=1, description="instances")
    first: FirstSeed = Field(0, description="seed of the first instance; the others follow it")
    pack: int = Field(5, ge=1, description="instances of one job")
    dimension: int = Field(10, ge=2, description="d")
    components: int = Field(5, ge=1, description="k")
    n: int = Field(1000, ge=1, description="n where it is not varied")
    m: int = Field(10_000, ge=1, description="m where it is not varied")

    @model_validator(mode="after")
    def _possible(self) -> "NIMCCurvatureSettings":
        check_rank(self.components, self.dimension)
        if self.components == 1 and self.entry:
            raise ValueError(f"'entry': found {self.entry}; allowed with one component is none, []")
        return self


class NIMCCurvature(Simulation):
    """Extreme eigenvalues of the Hessian of f against m, n, the distance from the truth, and what Definition 3.1 names.

    Zhong et al., Provable Non-linear Inductive Matrix Completion, NeurIPS 2019. Theorem 3.2: for σ_k = 1 the least one
    is of order 1/(λ² κ) or more, with λ = σ₁ᵏ / Π σ_i and κ = σ₁ / σ_k (Definition 3.1). Theorem 3.4: for ReLU, whose
    model is the same under U D, V D⁻¹, it is of order u₀² / (λ² κ⁴) or more while the first row of U is held. U* and V*
    are orthonormal bases but for their singular values. A job is one scan and activation.
    """

    name = "nimc-curvature"
    title = "Curvature of NIMC"
    study = "nimc"
    Settings = NIMCCurvatureSettings
    settings: NIMCCurvatureSettings
    lists = ("models", *(scan.replace("-", "_") for scan in SCANS), "replications", "first", "pack")
    keys = {"scan": "against", "value": "at"}
    compared = "model"
    compared_title = "φ"
    metrics = ("smallest",)
    columns = {
        "scan": Column("str", "what is varied: " + ", ".join(SCANS)),
        "value": Column("float64", "its value"),
        "model": Column("str", "φ; `relu-fixed`: without the first row of U"),
        "title": Column("str", "its name in tables"),
        "replication": Column("int64", "seed of data and truth"),
        **FIT_COLUMNS,
        "smallest": Column("float64", "least eigenvalue of the Hessian of f"),
        "smallest_positive": Column("float64", "least eigenvalue above 1e-12 of the greatest; null if there is none"),
        "largest": Column("float64", "greatest eigenvalue"),
        "null": Column("int64", "number of eigenvalues whose size is at most 1e-12 of the greatest"),
        "negative": Column("int64", "number of eigenvalues below that"),
    }

    def jobs(self) -> list[Job]:
        return list(self._jobs())

    def _jobs(self) -> Iterator[Job]:
        s = self.settings
        for scan in SCANS:
            values = getattr(s, scan.replace("-", "_"))
            models = [model for model in s.models if scan not in POPULATION or model in SMOOTH]
            for model in models if values else []:
                for pack in seed_packs(s.first, s.replications, s.pack):
                    own = {"scan": scan, "values": values, "model": model, "seeds": pack}
                    yield Job(f"{scan}-{model}-r{pack[0]}to{pack[-1]}-{digest(values, 6)}", own)

    def run(self, job: dict[str, Any], execution: "Execution", checkpoint: "Checkpoint") -> list[Row]:
        torch.set_num_threads(execution.threads)
        rows = partial(self._row, job["scan"], job["model"])
        return [rows(value, seed) for value in job["values"] for seed in job["seeds"]]

    def _row(self, scan: Scan, model: Model, value: float, seed: int) -> Row:
        instance, distance = self._instance(scan, value, seed, model)
        if scan in POPULATION:
            hessian = torch.from_numpy(population_hessian(instance.truth, MODELS[model][0]))
        else:
            hessian = self._hessian(Problems([instance], MODELS[model][0]), scan, model, distance, seed)
        eigenvalues = torch.linalg.eigvalsh(hessian)
        zero = NULL * float(eigenvalues.abs().max())
        positive = eigenvalues[eigenvalues > zero]
        row: Row = {"scan": scan, "value": float(value), "model": model, "replication": seed}
        row["title"] = MODELS[model][1]
        return row | {
            "status": "ok",
            "reason": None,
            "seconds": None,
            "cpu_seconds": None,
            "smallest": float(eigenvalues[0]),
            "smallest_positive": float(positive[0]) if len(positive) else None,
            "largest": float(eigenvalues[-1]),
            "null": int((eigenvalues.abs() <= zero).sum()),
            "negative": int((eigenvalues < -zero).sum()),
        }

    def _hessian(self, problems: Problems, scan: Scan, model: Model, distance: float, seed: int) -> "torch.Tensor":
        """Of one problem, at a distance from its truth in a random or in the worst direction, without what is held."""
        s, truth = self.settings, problems.truth
        held = s.components if model == "relu-fixed" else 0  # the first row of U is the first k of the parameters

        def hessian(at: "torch.Tensor") -> "torch.Tensor":
            return problems.hessian(at)[0][held:, held:]

        if not distance:
            return hessian(truth)
        if scan == "worst":
            direction = worst_direction(problems, held)
        else:
            direction = torch.from_numpy(random_start(s.dimension, s.components, seed))[None]
            direction.view(-1)[:held] = 0
        return hessian(truth + distance * truth.norm() / direction.norm() * direction)

    def _instance(self, scan: Scan, value: float, seed: int, model: Model = "sigmoid") -> tuple[Instance, float]:
        """The problem, and how far from its truth the Hessian is taken."""
        s = self.settings
        n, m = (int(value) if scan == name else default for name, default in (("rows", s.n), ("observations", s.m)))
        drawn = draw(n, m, s.dimension, s.components, seed)
        varied = (scan, value) if scan in SINGULAR or s.spectrum is None else (s.spectrum, s.condition)
        truth = truths(s.dimension, singular_values(*varied, s.components), seed)
        if scan == "entry":
            truth[0] = with_least_entry(truth[0], value)
        if scan in ("largest", "least") and model == "relu-fixed" and s.held_entry:
            truth[0] = with_least_entry(truth[0], s.held_entry)
        return replace(drawn, truth=truth), value if scan in ("distance", "worst") else 0.0

    def guides(self, lines: list[Row]) -> dict[str, list[tuple[float, float]]]:
        """The slopes of the theorems, through a measured median: u₀² and 1/(λ² κ⁴) for ReLU, 1/(λ² κ) for sigmoid or
        tanh."""
        scan, k = lines[0]["scan"], self.settings.components
        bound = partial(bound_by_condition, scan, k=k)
        smooth: Guide = ("1 / λ²κ", ("tanh", "sigmoid"), bound)
        held: Guide = ("1 / λ²κ⁴", ("relu-fixed",), partial(bound, kappa=4))
        orders: dict[Scan, list[Guide]] = {
            "entry": [("u₀²", ("relu-fixed",), lambda value: value**2)],
            **{name: [smooth, *([held] if self.settings.held_entry else [])] for name in ("largest", "least")},
            **{name: [smooth] for name in POPULATION},
        }
        values = sorted({line["value"] for line in lines})
        curves = {}
        for name, models, order in orders.get(scan, []) if k > 1 else []:
            candidates = [line for line in lines if line["model"] in models and line["median"] > 0]
            if candidates:
                at = min(candidates, key=lambda line: (models.index(line["model"]), line["value"]))
                curves[name] = [(value, at["median"] * order(value) / order(at["value"])) for value in values]
        return curves

    def notes(self) -> list[str]:
        s = self.settings
        population = s.population_largest or s.population_least
        return [
            f"k = {s.components}, d = {s.dimension}, 2kd = {2 * s.components * s.dimension}; n = {s.n:,} and m = "
            f"{s.m:,} where they are not varied; x and y normal, U* and V* orthonormal bases, with other singular "
            "values where these are varied. Hessian of f = (1/2m) Σ (φ(Uᵀx)ᵀ φ(Vᵀy) − A)², at the truth but where "
            "the distance from it is varied. An eigenvalue counts as 0 if its size is at most 1e-12 of the greatest.",
            *(
                [f"Where singular values are varied, u₀ of ReLU's held row is {s.held_entry:g}."]
                if s.held_entry
                else []
            ),
            *(
                [f"Where they are not varied, singular values are {listed(s.spectrum, s.condition, s.components)}."]
                if s.spectrum
                else []
            ),
            *(["Infinitely many rows: E JᵀJ by numerical integration."] if population else []),
            *(["Worst direction: that in which the least eigenvalue falls most at the truth."] if s.worst else []),
        ]


def singular_values(scan: Scan, value: float, k: int) -> "np.ndarray":
    """Those of U* and of V*, greatest first: ones, but for the ones that the scan varies."""
    singular = np.ones(k)
    if scan in ("largest", "population-largest"):
        singular[0] = value
    if scan in ("least", "population-least"):
        singular[:-1] = value
    return singular


def listed(spectrum: Spectrum, condition: float, k: int) -> str:
    """The singular values of a spectrum, as text."""
    return ", ".join(f"{value:g}" for value in singular_values(spectrum, condition, k))


def bound_by_condition(scan: Scan, value: float, k: int, kappa: int = 1) -> float:
    """1/(λ² κ) at a value of the scan, with λ = σ₁ᵏ / Π σ_i and κ = σ₁ / σ_k (Definition 3.1, Theorem 3.2).
    ``kappa``: the power of κ, 4 in Theorem 3.4."""
    singular = singular_values(scan, value, k)
    condition = singular[0] ** k / singular.prod()
    return float(1 / (condition**2 * (singular[0] / singular[-1]) ** kappa))


def orthogonal(d: int, singular: "np.ndarray", rng: "np.random.Generator") -> "np.ndarray":
    """A uniformly drawn d × k matrix with these singular values: Q diag(σ) Rᵀ, Q (d, k) and R (k, k) orthonormal."""
    k = len(singular)
    q, r = (orthonormal(rng.standard_normal(shape)) for shape in ((d, k), (k, k)))
    matrix: np.ndarray = q * singular @ r.T
    return matrix


def truths(d: int, singular: "np.ndarray", seed: int) -> "np.ndarray":
    """U* and V*, (2, d, k), uniformly drawn with these singular values."""
    rng = np.random.default_rng([seed, STREAM])
    return np.stack([orthogonal(d, singular, rng) for _ in "uv"])


def with_least_entry(matrix: "np.ndarray", value: float) -> "np.ndarray":
    """The matrix (d, k) turned by a reflection of its columns, which leaves its singular values, so that the first
    row's least entry is ``value`` and its others are equal. Raises DotbenchError where the row is too short for that.
    """
    row = matrix[0]
    rest = row @ row - value**2
    if rest < (len(row) - 1) * value**2:
        longest = float(np.sqrt(row @ row / len(row)))
        raise DotbenchError(
            f"key 'entry': found {value:g}; allowed here is at most {longest:.3g}, the length of U*'s first row over √k"
        )
    wanted = np.full(len(row), np.sqrt(rest / (len(row) - 1)))
    wanted[0] = value
    away = row - wanted
    reflected: np.ndarray = matrix - 2 * np.outer(matrix @ away, away) / (away @ away)
    return reflected
