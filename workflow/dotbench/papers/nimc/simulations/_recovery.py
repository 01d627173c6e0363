"""What the simulations on NIMC's recovery share: settings, trials, and their rows."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import Field

from dotbench.lazy import np, torch
from dotbench.numerics.denormals import flushed
from dotbench.papers.nimc.recovery.activations import Activation
from dotbench.papers.nimc.recovery.criterion import FRESH, recovery_errors
from dotbench.papers.nimc.recovery.methods import METHODS, MethodName
from dotbench.papers.nimc.recovery.minimise import Rules, minimise
from dotbench.papers.nimc.recovery.problems import Law, Problems, draw, random_start
from dotbench.settings import FirstSeed, Settings
from dotbench.simulations.base import FIT_COLUMNS, Column, Row, Simulation

if TYPE_CHECKING:
    from dotbench.execution.hardware import Execution

KEYS = {"activation": "φ", "users": "n", "observations": "m", "distance": "α"}
COLUMNS = {
    "activation": Column("str", "φ"),
    "users": Column("int64", "n: rows of X, and of Y"),
    "observations": Column("int64", "m: observed entries, drawn with replacement"),
    "ratio": Column("float64", "m / 2kd: entries for each parameter"),
    "distance": Column("float64", "α: the start is (1 − α) W* + α W^r, or in a direction W* + α ‖W*‖ v"),
    "replication": Column("int64", "seed of data, truth and start"),
    "method": Column("str", "of minimisation"),
    "title": Column("str", "the method in tables"),
    **FIT_COLUMNS,
    "recovered": Column("int64", "1 if `test_error` is at most the threshold, else 0"),
    "fitted": Column("int64", "1 if the training error reached its threshold, else 0"),
    "test_error": Column("float64", "‖M(U, V) − M(U*, V*)‖ / ‖M(U*, V*)‖ at fresh rows"),
    "printed_error": Column("float64", "the same for φ(XU) φ(XU)ᵀ, as the paper prints it"),
    "train_error": Column("float64", "root of the sum of squared residuals over that of squared entries"),
    "iterations": Column("int64", "evaluations of objective and gradient, in twenties"),
    "ended": Column("str", "`converged`, `stalled`, `cap` or `diverged`"),
}


def check_rank(components: int, dimension: int) -> None:
    """Raises ValueError where k > d."""
    if components > dimension:
        raise ValueError(f"'components': found {components}; allowed are up to 'dimension', {dimension}")


class ProblemSettings(Settings):
    """The law of the problems, and the budget. The numbers are the paper's where it states them."""

    replications: int = Field(20, ge=1, description="trials of a cell")
    first: FirstSeed = Field(0, description="seed of the first trial; the others follow it")
    pack: int = Field(20, ge=1, description="trials of one job")
    dimension: int = Field(10, ge=1, description="d")
    components: int = Field(5, ge=1, description="k")
    deviation: float = Field(
        1.0, gt=0, description="standard deviation of the entries of U*, V* and of the random start"
    )
    iterations: int = Field(10_000, ge=10, description="evaluations of objective and gradient")
    second_order_iterations: int = Field(
        400, ge=10, description="the same for Levenberg–Marquardt, each evaluation with a Jacobian"
    )


class RecoverySettings(ProblemSettings):
    """When a fit ends, and when it has recovered the truth."""

    fitted: float = Field(1e-5, gt=0, description="relative training error at which a fit ends")
    recovered: float = Field(1e-3, gt=0, description="relative error at fresh rows up to which the truth is recovered")

    def rules(self, method: MethodName) -> Rules:
        """The budget. A fit is given up if a tenth of the budget lowers it by less than 0.1 %."""
        iterations = self.second_order_iterations if method == "lm" else self.iterations
        return Rules(iterations, iterations // 10, self.fitted)

    def law(self, weights: str = "W* and W^r of", start: str = "(1 − α) W* + α W^r") -> list[str]:
        """What tables say of problems and of starts at a distance."""
        return [
            f"k = {self.components}, d = {self.dimension}; x, y, {weights} independent normal entries, of "
            f"deviation {self.deviation:g} for W; m entries drawn uniformly with replacement; starts {start}."
        ]

    def ends(self) -> list[str]:
        """What tables say of budgets, stopping rules and the criterion."""
        return [
            f"A trial recovers the truth if ‖M(U, V) − M(U*, V*)‖ ≤ {self.recovered:g} ‖M(U*, V*)‖ at {FRESH} fresh "
            "rows of each side.",
            f"{self.iterations:,} evaluations of objective and gradient, {self.second_order_iterations:,} of "
            "objective and Jacobian for Levenberg–Marquardt. A fit ends earlier at a relative training error of "
            f"{self.fitted:g}, or when a tenth of the budget lowers the objective by less than 0.1 %.",
        ]


class RecoverySimulation(Simulation):
    """Many trials of many cells. A row is a trial by one method."""

    study = "nimc"
    keys = KEYS
    compared_title = "Method"
    metrics = ("test_error", "train_error")
    columns = COLUMNS


@dataclass(frozen=True)
class Trial:
    """``users``: n. ``distance``: α. ``seed``: of data, truth and start."""

    users: int
    distance: float
    seed: int


def starts(settings: ProblemSettings, trials: list[Trial], truth: "torch.Tensor") -> "torch.Tensor":
    """(1 − α) W* + α W^r of every trial, (R, 2, d, k)."""
    d, k = settings.dimension, settings.components
    random = torch.from_numpy(np.stack([random_start(d, k, trial.seed, settings.deviation) for trial in trials]))
    share = truth.new_tensor([trial.distance for trial in trials])[:, None, None, None]
    return (1 - share) * truth + share * random.to(truth)


def problems(
    settings: ProblemSettings,
    activation: Activation,
    m: int,
    trials: list[Trial],
    execution: "Execution",
    truths: Law = "gaussian",
    held: int = 0,
) -> Problems:
    d, k = settings.dimension, settings.components
    drawn = [draw(trial.users, m, d, k, trial.seed, settings.deviation, truths) for trial in trials]
    return Problems(drawn, activation, execution.device, held)


def run_trials(
    settings: RecoverySettings,
    activation: Activation,
    m: int,
    method: MethodName,
    trials: list[Trial],
    execution: "Execution",
) -> list[Row]:
    """A row of every trial. All are minimised as one tensor program."""
    data = problems(settings, activation, m, trials, execution)
    return trial_rows(settings, data, starts(settings, trials, data.truth), method, trials, execution)


def trial_rows(
    settings: RecoverySettings,
    data: Problems,
    start: "torch.Tensor",
    method: MethodName,
    trials: list[Trial],
    execution: "Execution",
) -> list[Row]:
    """A row of every trial, from its own start."""
    ratio = data.m / (2 * settings.components * settings.dimension)
    common_facts: Row = {"activation": data.activation, "observations": data.m, "ratio": ratio}
    rows = recovered(settings, data, start, method, [t.seed for t in trials], execution)
    return [
        common_facts | {"users": trial.users, "distance": trial.distance, "replication": trial.seed} | row
        for trial, row in zip(trials, rows, strict=True)
    ]


def recovered(
    settings: RecoverySettings,
    data: Problems,
    start: "torch.Tensor",
    method: MethodName,
    seeds: list[int],
    execution: "Execution",
) -> list[Row]:
    """What each problem comes to from its start: the columns from ``method`` on. ``seeds``: of the fresh rows."""
    rules, activation = settings.rules(method), data.activation
    truth, energy = data.truth.clone(), data.values.square().sum(1) / (2 * data.m)
    minimiser = METHODS[method](rules.iterations)
    with flushed():
        outcome = minimise(data, start, minimiser, rules, execution.say)
    common_facts: Row = {"method": method, "title": minimiser.title}
    common_facts |= {"seconds": outcome.seconds / len(seeds), "cpu_seconds": outcome.cpu_seconds / len(seeds)}
    rows = []
    for r, seed in enumerate(seeds):
        facts: Row = {"iterations": int(outcome.iterations[r]), "ended": outcome.ended[r]}
        if outcome.ended[r] == "diverged" or energy[r] == 0:
            why = "every observed entry is 0" if energy[r] == 0 else "diverged"
            facts |= dict.fromkeys(("test_error", "printed_error", "train_error"))
            facts |= {"status": "failed", "reason": why, "recovered": 0, "fitted": 0}
        else:
            test, printed = recovery_errors(outcome.w[r], truth[r], activation, seed)
            train = float((outcome.f[r] / energy[r]).sqrt())
            facts |= {"status": "ok", "reason": None}
            facts |= {"test_error": test, "printed_error": printed, "train_error": train}
            facts |= {"recovered": int(test <= settings.recovered), "fitted": int(train <= settings.fitted)}
        rows.append(common_facts | facts)
    return rows
