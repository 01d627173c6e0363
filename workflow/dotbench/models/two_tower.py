"""Two-tower networks."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from dotbench.errors import FitFailed
from dotbench.features.arrays import Features
from dotbench.lazy import np, torch
from dotbench.models.base import VectorModel, normal
from dotbench.numerics.matrix import TrainMatrix
from dotbench.numerics.vectors import Tables, Vectors, VectorSettings


class TwoTowerSettings(VectorSettings):
    """Settings of the model `two-tower`."""

    embedding_size: int = Field(64, ge=1, description="K, length of a vector")
    layers: int = Field(1, ge=0, description="L, hidden layers of a tower")
    width: int = Field(128, ge=1, description="units of a hidden layer")
    init_std: float = Field(0.1, gt=0, description="sd of the first layer's initial values")
    activation: Literal["relu", "tanh", "sigmoid"] = Field("relu", description="σ, of the hidden layers")
    features: str = Field(
        "none", description="a name of `dotbench list features`, `<name>-leaky`, several joined by +, or none"
    )
    ids: bool = Field(
        True, validate_default=True, description="false: users and items without training pairs can be scored too"
    )

    @field_validator("ids")
    @classmethod
    def _some_input(cls, value: bool, info: ValidationInfo) -> bool:
        if not value and info.data.get("features") == "none":
            raise ValueError("towers without ids need 'features'")
        return value


class TwoTower(VectorModel):
    """p_u = f(x_u), q_i = g(x_i), score p_uᵀ q_i. f and g are perceptrons of L hidden layers, one for each side.

    x joins what the settings name: the row as a one-hot vector (``ids``), whose first layer is a free embedding that
    is looked up, and the row's features. Jaiswal, arXiv 2403.00802. Covington et al., RecSys 2016.
    Initial biases are zero, the weights of hidden layers He's (ICCV 2015).
    """

    name = "two-tower"
    title = "Two-tower"
    Settings = TwoTowerSettings

    @classmethod
    def scores_unseen(cls, settings: Mapping[str, Any]) -> bool:
        return not settings["ids"]

    def __init__(
        self,
        settings: TwoTowerSettings,
        train: TrainMatrix,
        generator: "torch.Generator",
        features: Features | None = None,
    ) -> None:
        users, items = (features.users, features.items) if features is not None else (None, None)
        self.users = Tower(settings, "users", users, train.counts > 0, generator, train)
        self.items = Tower(settings, "items", items, train.item_counts > 0, generator, train)

    def parameters(self) -> "list[torch.Tensor]":
        return [*self.users.parameters, *self.items.parameters]

    def vectors(self, parameters: "Sequence[torch.Tensor] | None" = None) -> "TowerVectors":
        values, n = parameters or self.parameters(), len(self.users.parameters)
        return TowerVectors(
            lambda rows=None: self.users(values[:n], rows),
            lambda rows=None: self.items(values[n:], rows),
        )


class Tower:
    """h₁ = E_row + x_row W₁ + b₁, h_l = σ(h_{l−1}) W_l + b_l, vector h_{L+1}; E and W₁ only where they have input.

    ``features``: shape (n, d), dense or CSR, held dense. A column is divided by its root mean square over the rows
    ``seen`` (n,) in training, and left out where that is zero. Initial weights are normal, of variance
    init_std² / E‖x‖² in the first layer (a one-hot row counts 1), so that h₁ has the sd init_std whatever the input,
    and of variance gain² / inputs in the others, with the gain of σ (√2 for relu; 1 in the last layer).
    """

    def __init__(
        self,
        settings: TwoTowerSettings,
        side: str,
        features: Any,
        seen: "torch.Tensor",
        generator: "torch.Generator",
        train: TrainMatrix,
    ) -> None:
        self.activation: Callable[..., torch.Tensor] = getattr(torch, settings.activation)
        self.inputs = None if features is None else _scaled(features, seen, train)
        self.ids = settings.ids
        norm = settings.ids + (0 if self.inputs is None else self.inputs.shape[1])
        if norm == 0:
            raise FitFailed(f"features '{settings.features}': have no column for {side}; needed is one, or 'ids'")
        sizes = [settings.width] * settings.layers + [settings.embedding_size]
        first = sizes[0], settings.init_std / norm**0.5, generator, train
        self.parameters = [_zeros(sizes[0], train)]
        if settings.ids:
            self.parameters.append(normal(len(seen), *first))
        if self.inputs is not None:
            self.parameters.append(normal(self.inputs.shape[1], *first))
        gains = [torch.nn.init.calculate_gain(settings.activation)] * (settings.layers - 1) + [1.0]
        for (fan, out), gain in zip(pairwise(sizes), gains, strict=False):  # no gain where the first layer is the last
            self.parameters += [normal(fan, out, gain / fan**0.5, generator, train), _zeros(out, train)]

    def __call__(self, parameters: "Sequence[torch.Tensor]", rows: "torch.Tensor | None" = None) -> "torch.Tensor":
        """Vectors of the rows (B,), of all for None: shape (B, K)."""
        values = iter(parameters)
        hidden = next(values)
        if self.ids:
            hidden = hidden + _rows(next(values), rows)
        if self.inputs is not None:
            hidden = hidden + _rows(self.inputs, rows) @ next(values)
        for weight, bias in zip(values, values, strict=True):
            hidden = torch.addmm(bias, self.activation(hidden), weight)
        return hidden


class TowerVectors(Vectors):
    """Vectors that towers compute: for the rows that are asked for, each distinct row once, or for all rows."""

    def __init__(self, users: "Callable[..., torch.Tensor]", items: "Callable[..., torch.Tensor]") -> None:
        self._towers = users, items
        self._all: list[torch.Tensor | None] = [None, None]

    def users(self, rows: "torch.Tensor | None" = None) -> "torch.Tensor":
        return self._vectors(0, rows)

    def items(self, rows: "torch.Tensor | None" = None) -> "torch.Tensor":
        return self._vectors(1, rows)

    def pair_scores(self, users: "torch.Tensor", items: "torch.Tensor") -> "torch.Tensor":
        (p, user_rows), (q, item_rows) = self._distinct(0, users), self._distinct(1, items)
        return Tables(p, q).pair_scores(user_rows, item_rows)

    def _vectors(self, side: int, rows: "torch.Tensor | None") -> "torch.Tensor":
        if rows is not None:
            vectors, at = self._distinct(side, rows)
            return torch.nn.functional.embedding(at, vectors)
        all_vectors = self._all[side]
        if all_vectors is None:
            all_vectors = self._all[side] = self._towers[side]()
        return all_vectors

    def _distinct(self, side: int, rows: "torch.Tensor") -> "tuple[torch.Tensor, torch.Tensor]":
        """(vectors, places): the vector of ``rows[k]`` is ``vectors[places[k]]``."""
        all_vectors = self._all[side]
        if all_vectors is not None:
            return all_vectors, rows
        distinct, places = torch.unique(rows, return_inverse=True)
        return self._towers[side](distinct), places


def _rows(table: "torch.Tensor", rows: "torch.Tensor | None") -> "torch.Tensor":
    return table if rows is None else torch.nn.functional.embedding(rows, table)


def _zeros(size: int, train: TrainMatrix) -> "torch.Tensor":
    return torch.zeros(size, dtype=train.dtype, device=train.device, requires_grad=True)


def _scaled(features: Any, seen: "torch.Tensor", train: TrainMatrix) -> "torch.Tensor":
    """The columns that are not zero in all rows ``seen``, each with the mean square one there: shape (n, d)."""
    values = dense_rows(features, train)
    scale = (values[seen] ** 2).mean(0).sqrt()
    return values[:, scale > 0] / scale[scale > 0]


def dense_rows(features: Any, train: TrainMatrix) -> "torch.Tensor":
    """Features (n, d), dense or CSR, as a dense tensor where and as precise as the training matrix is."""
    array = features if isinstance(features, np.ndarray) else features.toarray()
    return torch.from_numpy(array).to(train.device, train.dtype)
