"""Trained towers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from dotbench.lazy import np, torch
from dotbench.papers.t2rec.towers.network import Tower
from dotbench.papers.t2rec.towers.programs import TwoTowers
from dotbench.papers.t2rec.towers.settings import Architecture

Ended = Literal["converged", "cap", "diverged"]
ROWS = 8192  # that go through a tower at once


@dataclass(frozen=True)
class FittedTowers:
    """f and g at any covariates. ``parameters`` (P,). ``scales``: what users' and items' covariates go through."""

    architecture: Architecture
    parameters: "torch.Tensor"
    scales: "Sequence[Callable[[np.ndarray], np.ndarray]]"
    inputs: tuple[int, int]

    def user_vectors(self, x: "np.ndarray") -> "np.ndarray":
        """f at the rows of ``x``, shape (n, D) → (n, p)."""
        return self._vectors(0, x)

    def item_vectors(self, y: "np.ndarray") -> "np.ndarray":
        """g at the rows of ``y``, shape (m, D') → (m, p)."""
        return self._vectors(1, y)

    def predict(self, users: "np.ndarray", items: "np.ndarray", pairs: "np.ndarray") -> "np.ndarray":
        """f(x_u)ᵀ g(y_i), shape (N,), for ``pairs`` (N, 2) of rows of ``users`` (n, D) and ``items`` (m, D')."""
        p, q = self.user_vectors(users)[pairs[:, 0]], self.item_vectors(items)[pairs[:, 1]]
        ratings: np.ndarray = np.einsum("np,np->n", p, q)
        return ratings

    def _vectors(self, side: int, x: "np.ndarray") -> "np.ndarray":
        towers = TwoTowers(self.architecture, self.inputs)
        tower: Tower = towers.sides[side]
        layers = towers.layers(self.parameters[None])[side]
        scaled = torch.from_numpy(self.scales[side](x)).to(self.parameters)
        blocks = [tower.forward(layers, block[None])[-1][0] for block in torch.split(scaled, ROWS)]
        return torch.cat(blocks).cpu().numpy()


@dataclass(frozen=True)
class Result:
    """How a fit went.

    ``curve``: one row per epoch with ``epoch, updates, seconds, cpu_seconds, loss, validation``: seconds are cumulative
    and of training alone; for a pack, they are the replica's share. The loss is J. The validation is an RMSE, or NaN
    without validation pairs. ``best_epoch`` is the one whose towers these are (0: the initial ones). ``ended``:
    ``converged``, no better epoch within the patience, or no step that lowers J. ``cap``, all epochs used up.
    ``diverged``, NaN or infinity in an epoch after the best.
    """

    towers: FittedTowers
    curve: list[dict[str, Any]]
    best_epoch: int
    ended: Ended
    train_rmse: float
    validation_rmse: float
    program: str
    replicas: int

    @property
    def failure(self) -> str | None:
        """Why there are no trained towers: the training diverged before its first epoch was over. None if there are."""
        return "training diverged in its first epoch" if self.ended == "diverged" and len(self.curve) == 1 else None

    @property
    def seconds(self) -> float:
        return float(self.curve[-1]["seconds"])

    @property
    def cpu_seconds(self) -> float:
        return float(self.curve[-1]["cpu_seconds"])
