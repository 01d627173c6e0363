r"""The cost of a job from those that were measured.

A job that was measured itself costs what it did then. Of another one of the same kind (a fit, a setting of a tuning, a
stage) we predict the logarithm of its CPU seconds c on a dataset with n interactions and q items:

    log c = a + (1 + b) log(n / n_0) + d log(q / q_0),    n_0 = 200,000, q_0 = 2,000,

where a, b and d are each the sum of one value for the family of the method (its model; for matrix factorisation its
solver) and one for the method itself: least squares with a ridge penalty, so that a method that was measured on one
dataset takes its slopes from its family, and one that was not measured takes everything from it. 1 is the slope of a
cost in proportion to the interactions. The peak memory, less the 200 MB that the libraries take, has the same form.

The error is that of cells that the fit has not seen: the residual of leave-one-out, e_i / (1 - h_i), with h_i the
leverage of cell i. `Model.factor` is exp of its root mean square: a prediction is wrong by such a factor. What is
predicted is the mean of a log-normal distribution with this spread.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from dotbench.costs.measured import Cell
from dotbench.lazy import np

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[np.floating]

TYPICAL, TYPICAL_ITEMS = 200_000, 2_000  # n_0 and q_0
LIBRARIES = 200e6  # bytes of a process that has imported what a fit needs
LEAST_SPREAD = 0.1  # of a repeated measurement
# of the ridge: intercept, slope with the interactions, slope with the items
OF_FAMILY, OF_METHOD = (0.01, 0.3, 0.3), (0.1, 1.0, 1.0)


@dataclass(frozen=True)
class Guess:
    """A predicted job. ``spread``: standard deviation of log CPU seconds. ``is_measured``: the same was measured."""

    cpu_seconds: float
    spread: float
    memory_bytes: float
    is_measured: bool


def family(name: str) -> str:
    """Of ``<model>-<loss>-<solver>``: the model, for matrix factorisation the solver, ``baseline`` without a loss."""
    if "-none-" in name:
        return "baseline"
    if name.startswith("mf-"):
        return "als" if name.endswith(("-als", "-als-cg")) else name.rsplit("-", 1)[1]
    return next((model for model in ("lightgcn", "two-tower", "nimc", "imc") if name.startswith(model)), name)


class Model:
    """Predictions for one kind of job. ``cells``: all of this kind. ``others``: measured too, and not typical."""

    def __init__(self, cells: Sequence[Cell], others: Sequence[Cell] = ()) -> None:
        self.cells = list(cells)
        self._there = {(cell.name, cell.where): cell for cell in (*others, *cells)}
        self._names = sorted({cell.name for cell in cells})
        self._families = sorted({family(name) for name in self._names})

    def guess(self, name: str, where: str, interactions: int, items: int) -> Guess:
        """Of the job of a method, or of a stage, on a dataset of this size."""
        cell = self._there.get((name, where))
        if cell is not None:
            return Guess(cell.cpu_seconds, max(cell.spread, LEAST_SPREAD), cell.memory_bytes, True)
        row = self._row(name, interactions, items)
        size = math.log(interactions / TYPICAL)
        seconds, memory = (float(row @ weights) + size for weights in self._weights)
        spread = math.log(self.factor if name in self._names else self.factor_unknown)
        return Guess(math.exp(seconds + spread**2 / 2), spread, math.exp(memory) + LIBRARIES, False)

    @property
    def factor(self) -> float:
        """By which a prediction is wrong for a method that was measured on another dataset: exp of the root mean square
        error of leave-one-out."""
        return self._factor([cell.name in self._repeated for cell in self.cells])

    @property
    def factor_unknown(self) -> float:
        """The same for a method that was not measured at all."""
        return self._factor([cell.name not in self._repeated for cell in self.cells])

    @cached_property
    def _repeated(self) -> set[str]:
        """The methods that were measured on several datasets."""
        names = [cell.name for cell in self.cells]
        return {name for name in names if names.count(name) > 1}

    def _factor(self, chosen: list[bool]) -> float:
        errors = self._left_out[np.array(chosen)]
        return math.exp(float(np.sqrt(np.mean((errors if len(errors) else self._left_out) ** 2))))

    @cached_property
    def _left_out(self) -> "Array":
        """The residual of every cell's CPU time, the cell left out."""
        x, y = self._matrix, self._logarithms[:, 0]
        inverse = np.linalg.inv(x.T @ x + np.diag(self._penalty))
        leverage = np.einsum("ij,jk,ik->i", x, inverse, x)
        left_out: Array = (y - x @ self._weights[0]) / (1 - leverage)
        return left_out

    @cached_property
    def _weights(self) -> "list[Array]":
        """Of CPU seconds and of memory."""
        x = self._matrix
        solved = np.linalg.solve(x.T @ x + np.diag(self._penalty), x.T @ self._logarithms)
        return [solved[:, 0], solved[:, 1]]

    @cached_property
    def _matrix(self) -> "Array":
        return np.array([self._row(cell.name, cell.interactions, cell.items) for cell in self.cells])

    @cached_property
    def _logarithms(self) -> "Array":
        """Of CPU seconds and memory in proportion to the interactions."""
        values = [(cell.cpu_seconds, max(cell.memory_bytes - LIBRARIES, 1e6)) for cell in self.cells]
        sizes = np.array([cell.interactions / TYPICAL for cell in self.cells])
        logarithms: Array = np.log(np.array(values) / sizes[:, None])
        return logarithms

    @cached_property
    def _penalty(self) -> "Array":
        penalty: Array = np.concatenate(
            [np.repeat(OF_FAMILY, len(self._families)), np.repeat(OF_METHOD, len(self._names))]
        )
        return penalty

    def _row(self, name: str, interactions: int, items: int) -> "Array":
        """Intercept and slopes of the family, then of the method; an unknown family is the mean of all."""
        sizes = [1.0, math.log(interactions / TYPICAL), math.log((items or TYPICAL_ITEMS) / TYPICAL_ITEMS)]
        families = np.array([float(family(name) == known) for known in self._families])
        families = families if families.any() else np.full(len(self._families), 1 / len(self._families))
        own = np.array([float(name == known) for known in self._names])
        return np.concatenate([np.outer(sizes, families).ravel(), np.outer(sizes, own).ravel()])
