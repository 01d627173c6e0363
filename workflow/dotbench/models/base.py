"""What a model is."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from dotbench.lazy import torch
from dotbench.registry import Component, discover
from dotbench.settings.base import Settings


class Model(Component):
    """Anything that a configuration can name under ``model``."""

    task: ClassVar[Literal["ranking", "rating"]] = "ranking"
    is_baseline: ClassVar[bool] = False
    scores_unseen: ClassVar[bool] = False  # its scores mean something for users and items without training pairs
    Settings: ClassVar[type[Any]] = Settings
    grid: ClassVar[dict[str, list[Any]]] = {}


def models() -> dict[str, type[Any]]:
    """Models and baselines by name."""
    return discover("dotbench.models", Model) | discover("dotbench.baselines", Model)


class VectorModel(Model):
    """A model whose score of user u and item i is p_u · q_i.

    Built from settings, sizes, a generator for the initial values, and the device.
    """

    free_vectors: ClassVar[bool] = False  # every vector is a free parameter: ALS and spectral solvers apply

    @abstractmethod
    def __init__(
        self, settings: Any, n_users: int, n_items: int, generator: "torch.Generator", device: str
    ) -> None: ...

    @abstractmethod
    def parameters(self) -> "Sequence[torch.Tensor]":
        """Leaf tensors that a gradient solver updates, always in the same order."""

    @abstractmethod
    def user_vectors(self, users: "torch.Tensor | None" = None) -> "torch.Tensor":
        """Vectors of the given user rows, shape (B, K); of all users for None."""

    @abstractmethod
    def item_vectors(self, items: "torch.Tensor | None" = None) -> "torch.Tensor":
        """Vectors of the given item rows, shape items.shape + (K,); of all items for None."""
