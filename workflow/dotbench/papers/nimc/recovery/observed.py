"""Starts from the m observed entries of a problem alone."""

from collections.abc import Iterator
from dataclasses import dataclass

from dotbench.lazy import np, torch
from dotbench.papers.nimc.recovery.activations import SLOPES, VALUES, Activation
from dotbench.papers.nimc.recovery.moments import CHUNK, Pairs
from dotbench.papers.nimc.recovery.problems import Instance
from dotbench.papers.nimc.recovery.tensor import NORMS


@dataclass(frozen=True)
class Entries(Pairs):
    """The observed entries of a problem as pairs (x_i, y_j), which share rows: not fresh ones."""

    instance: Instance

    @classmethod
    def of(cls, instance: Instance, activation: Activation) -> "Entries":
        return cls(instance.truth, activation, instance.rows.shape[1], 0, instance)

    def __iter__(self) -> "Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]":
        """Chunks of x (c, d), y (c, d) and A (c,)."""
        for start in range(0, self.count, CHUNK):
            rows = self.instance.rows[:, start : start + CHUNK]
            x, y = self.instance.x[rows[0]], self.instance.y[rows[1]]
            p, q = (
                VALUES[self.activation](torch.from_numpy(z @ w)).numpy()
                for z, w in zip((x, y), self.truth, strict=True)
            )
            yield x, y, (p * q).sum(1)


def with_norms(start: "np.ndarray", entries: Entries) -> "np.ndarray":
    """The start (2, d, k) with the directions of its columns and the norms within NORMS that fit the entries best: a
    local minimum of Σ (φ(Uᵀx)ᵀ φ(Vᵀy) − A)² over the logarithms of the 2k norms, from those of the start."""
    from scipy.optimize import least_squares

    k = start.shape[2]
    value, slope = VALUES[entries.activation], SLOPES[entries.activation]
    norms = np.linalg.norm(start, axis=1)
    chunks = list(entries)
    x, y, a = (np.concatenate([chunk[part] for chunk in chunks]) for part in range(3))
    sides = [z @ (w / norm) for z, w, norm in zip((x, y), start, norms, strict=True)]

    def scaled(logs: "np.ndarray") -> "list[tuple[np.ndarray, np.ndarray]]":
        """φ, and its derivative by the logarithm, of both sides, (m, k) each."""
        pairs = []
        for side, log in zip(sides, logs.reshape(2, k), strict=True):
            inputs = torch.from_numpy(side * np.exp(log))
            outputs = value(inputs)
            pairs.append((outputs.numpy(), (slope(outputs) * inputs).numpy()))
        return pairs

    def residuals(logs: "np.ndarray") -> "np.ndarray":
        (p, _), (q, _) = scaled(logs)
        difference: np.ndarray = (p * q).sum(1) - a
        return difference

    def jacobian(logs: "np.ndarray") -> "np.ndarray":
        (p, dp), (q, dq) = scaled(logs)
        return np.concatenate([dp * q, p * dq], 1)

    low, high = np.log(NORMS)
    inner = np.clip(np.log(norms).ravel(), low + 1e-3, high - 1e-3)
    found = least_squares(residuals, inner, jacobian, bounds=(low, high), x_scale=1.0, max_nfev=100)
    fitted: np.ndarray = start / norms[:, None] * np.exp(found.x.reshape(2, 1, k))
    return fitted
