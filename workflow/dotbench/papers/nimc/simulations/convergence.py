"""How fast NIMC's objective falls from beside the truth."""

import itertools
import json
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from dotbench.files import digest
from dotbench.lazy import np, torch
from dotbench.numerics.denormals import flushed
from dotbench.papers.nimc.recovery.activations import Activation
from dotbench.papers.nimc.recovery.methods import METHODS, FixedStep, Method
from dotbench.papers.nimc.recovery.minimise import Rules, minimise
from dotbench.papers.nimc.simulations._recovery import ProblemSettings, Trial, problems, starts
from dotbench.simulations.base import FIT_COLUMNS, Column, Job, Row, Simulation, seed_packs

if TYPE_CHECKING:
    from dotbench.execution.checkpoint import Checkpoint
    from dotbench.execution.hardware import Execution
    from dotbench.papers.nimc.recovery.problems import Problems

Traced = Literal["gd-fixed", "gd", "adam", "l-bfgs", "lm"]
LEVELS = {"to_1e2": 1e-2, "to_1e4": 1e-4, "to_1e8": 1e-8}
TAIL = 1e-4, 1e-20  # of f / f₀, between which the rate is measured
SHOWN = 120  # points of a curve that is kept


class NIMCConvergenceSettings(ProblemSettings):
    """Settings of the simulation `nimc-convergence`."""

    activations: list[Activation] = Field(["sigmoid", "relu", "tanh"], min_length=1, description="φ")
    methods: list[Traced] = Field(["gd-fixed", "gd", "adam", "l-bfgs", "lm"], min_length=1, description="minimisers")
    replications: int = Field(3, ge=1, description="instances")
    users: int = Field(1000, ge=1, description="n: rows of X, and of Y")
    observations: int = Field(10_000, ge=1, description="m")
    distance: float = Field(0.1, gt=0, le=1, description="α: the start is (1 − α) W* + α W^r")
    iterations: int = Field(2000, ge=10, description="evaluations of objective and gradient")
    second_order_iterations: int = Field(
        40, ge=10, description="the same for Levenberg–Marquardt, each evaluation with a Jacobian"
    )


class NIMCConvergence(Simulation):
    """f / f₀ after every iteration, and how fast it falls.

    Zhong et al., Provable Non-linear Inductive Matrix Completion, NeurIPS 2019, Section 4, Figure 1 (a). The step of
    `gd-fixed` is 1 / λ_max of the Hessian at the truth, which is JᵀJ/m there: knowledge that only a simulation has. A
    job is one activation.
    """

    name = "nimc-convergence"
    title = "Convergence of NIMC"
    study = "nimc"
    Settings = NIMCConvergenceSettings
    settings: NIMCConvergenceSettings
    lists = ("activations", "methods", "replications", "first", "pack")
    keys = {"activation": "φ"}
    compared_title = "Method"
    metrics = ("final",)
    columns = {
        "activation": Column("str", "φ"),
        "replication": Column("int64", "seed of data, truth and start"),
        "method": Column("str", "of minimisation"),
        "title": Column("str", "the method in tables"),
        **FIT_COLUMNS,
        **{
            name: Column("float64", f"iterations until f / f₀ ≤ {level:g}; null if never")
            for name, level in LEVELS.items()
        },
        "rate": Column("float64", "decades of f per iteration, by least squares where f / f₀ is in 1e-4 … 1e-20"),
        "step": Column("float64", "size of the fixed step; null for other methods"),
        "final": Column("float64", "f / f₀ at the end"),
        "curve": Column("str", "[[iteration, f / f₀], …] at about 120 iterations, closer together at the start"),
    }

    def jobs(self) -> list[Job]:
        return list(self._jobs())

    def _jobs(self) -> Iterator[Job]:
        s = self.settings
        for phi, pack in itertools.product(s.activations, seed_packs(s.first, s.replications, s.pack)):
            own = {"activation": phi, "methods": s.methods, "seeds": pack}
            yield Job(f"{phi}-r{pack[0]}to{pack[-1]}-{digest(s.methods, 6)}", own, gpu=True)

    def run(self, job: dict[str, Any], execution: "Execution", checkpoint: "Checkpoint") -> list[Row]:
        rows = partial(self._rows, job["activation"], job["seeds"], execution)
        return [row for method in job["methods"] for row in checkpoint.once(method, partial(rows, method))]

    def _rows(self, activation: Activation, seeds: list[int], execution: "Execution", name: Traced) -> list[Row]:
        """A row of every instance by one method."""
        s = self.settings
        trials = [Trial(s.users, s.distance, seed) for seed in seeds]
        data = problems(s, activation, s.observations, trials, execution)
        start = starts(s, trials, data.truth)
        cap = s.second_order_iterations if name == "lm" else s.iterations
        steps: list[float | None] = [None] * len(trials)
        if name == "gd-fixed":
            step_sizes = fixed_steps(data)
            method: Method = FixedStep(step_sizes)
            steps = [*step_sizes]
        else:
            method = METHODS[name](cap)
        with flushed():
            fitted = minimise(data, start, method, Rules(cap, cap, tolerance=0.0), execution.say, traced=True)
        assert fitted.trace is not None
        common_facts: Row = {"activation": activation, "method": name, "title": method.title}
        common_facts |= {"seconds": fitted.seconds / len(trials), "cpu_seconds": fitted.cpu_seconds / len(trials)}
        return [
            common_facts | {"replication": trial.seed, "step": steps[r]} | outcome(fitted.trace[:, r])
            for r, trial in enumerate(trials)
        ]

    def notes(self) -> list[str]:
        s = self.settings
        return [
            f"n = {s.users:,}, m = {s.observations:,}, α = {s.distance:g}, k = {s.components}, d = {s.dimension}; "
            f"x, y, W* and W^r of independent normal entries, of deviation {s.deviation:g} for W. Fixed step: "
            "1 / λ_max of the Hessian at the truth.",
            f"{s.iterations:,} iterations, {s.second_order_iterations} of Levenberg–Marquardt; an iteration is one "
            "evaluation of objective and gradient, or of objective and Jacobian, whether its step is taken or not.",
        ]


def fixed_steps(data: "Problems") -> list[float]:
    """1 / λ_max of the Hessian at the truth of every problem."""
    matrices = data.gauss_newton(data.truth)[2]
    return [1 / float(value) for value in torch.linalg.eigvalsh(matrices)[:, -1]]


def outcome(trace: "np.ndarray") -> Row:
    """What is told of a fit by its f after every iteration."""
    finite_values = trace[np.isfinite(trace)]
    if not np.isfinite(trace[0]) or trace[0] == 0:
        nothing = dict.fromkeys((*LEVELS, "rate", "final"))
        return nothing | {"status": "failed", "reason": f"f₀ is {trace[0]:g}", "curve": "[]"}
    relative = finite_values / finite_values[0]
    facts: Row = {"status": "ok", "reason": None, "final": float(relative[-1])}
    if len(finite_values) < len(trace) and not np.isfinite(trace[len(finite_values)]) and relative[-1] > 0:
        facts |= {"status": "failed", "reason": "diverged"}
    for name, level in LEVELS.items():
        reached = np.flatnonzero(relative <= level)
        facts[name] = float(reached[0]) if len(reached) else None
    tail = np.flatnonzero((relative <= TAIL[0]) & (relative >= TAIL[1]))
    facts["rate"] = float(-np.polyfit(tail, np.log10(relative[tail]), 1)[0]) if len(tail) > 2 else None
    drawn_iterations = np.unique(np.round(np.geomspace(1, len(relative), SHOWN)).astype(int) - 1)
    facts["curve"] = json.dumps([[int(k), float(f"{relative[k]:.4g}")] for k in drawn_iterations])
    return facts
