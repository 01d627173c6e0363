"""The data of a fit, and those of many fits as one set of tensors."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from dotbench.errors import DotbenchError
from dotbench.lazy import np, torch


def _no_pairs() -> "np.ndarray":
    return np.empty((0, 2), np.int64)


def _no_ratings() -> "np.ndarray":
    return np.empty(0)


@dataclass(frozen=True)
class Sample:
    """``users`` (n, D), ``items`` (m, D'): covariates. ``pairs`` (N, 2): user and item rows that are trained on,
    ``ratings`` (N,). ``valid_pairs``, ``valid_ratings``: those that training is watched by, or none."""

    users: "np.ndarray"
    items: "np.ndarray"
    pairs: "np.ndarray"
    ratings: "np.ndarray"
    valid_pairs: "np.ndarray" = field(default_factory=_no_pairs)
    valid_ratings: "np.ndarray" = field(default_factory=_no_ratings)

    @property
    def shape(self) -> tuple[tuple[int, ...], ...]:
        return tuple(array.shape for array in (self.users, self.items, self.pairs, self.valid_pairs))


class Stacked:
    """Samples of one shape with a leading axis of replicas.

    ``inputs``: covariates of users (R, n, D) and of items (R, m, D'), as the networks see them. ``rows``: user and
    item rows of the pairs, each (R, N). ``ratings`` (R, N). ``valid_rows``, ``valid_ratings`` likewise.
    """

    def __init__(self, samples: Sequence[Sample], standardised: bool, dtype: "torch.dtype", device: str) -> None:
        shapes = {sample.shape for sample in samples}
        if len(shapes) > 1:
            raise DotbenchError(f"samples of one tensor program: found the shapes {sorted(shapes)}; one is allowed")

        def stack(arrays: "list[np.ndarray]", kind: "torch.dtype") -> "torch.Tensor":
            return torch.from_numpy(np.stack(arrays)).to(device, kind)

        # of every sample, those of dropped replicas too
        self.scales = [[scale(x, standardised) for x in (sample.users, sample.items)] for sample in samples]
        self.inputs = [
            stack([scales[side](x) for x, scales in zip(arrays, self.scales, strict=True)], dtype)
            for side, arrays in enumerate(([s.users for s in samples], [s.items for s in samples]))
        ]
        self.rows = [stack([sample.pairs[:, side] for sample in samples], torch.int64) for side in (0, 1)]
        self.ratings = stack([sample.ratings for sample in samples], dtype)
        self.valid_rows = [stack([sample.valid_pairs[:, side] for sample in samples], torch.int64) for side in (0, 1)]
        self.valid_ratings = stack([sample.valid_ratings for sample in samples], dtype)

    def keep(self, replicas: "torch.Tensor") -> None:
        """Drop all replicas but these."""
        for name in ("inputs", "rows", "valid_rows"):
            setattr(self, name, [part[replicas] for part in getattr(self, name)])
        self.ratings, self.valid_ratings = self.ratings[replicas], self.valid_ratings[replicas]


@dataclass(frozen=True)
class Scale:
    """(x − ``mean``) / ``sd``, column by column, shapes (D,)."""

    mean: "np.ndarray"
    sd: "np.ndarray"

    def __call__(self, x: "np.ndarray") -> "np.ndarray":
        scaled: np.ndarray = (x - self.mean) / self.sd
        return scaled


def scale(x: "np.ndarray", standardised: bool) -> Scale:
    """That which gives the columns of ``x`` mean 0 and sd 1 (constant columns become 0), or leaves them alone."""
    if not standardised:
        return Scale(np.zeros(x.shape[1]), np.ones(x.shape[1]))
    sd = x.std(0)
    return Scale(x.mean(0), np.where(sd > 0, sd, 1.0))
