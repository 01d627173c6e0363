"""What a model is."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from dotbench.lazy import torch
from dotbench.numerics.vectors import Tables, Vectors, VectorSettings
from dotbench.registry import Component, discover
from dotbench.settings import Settings, SettingsBase
from dotbench.tuning.grid import Grids

if TYPE_CHECKING:
    from dotbench.features.arrays import Features
    from dotbench.numerics.matrix import TrainMatrix


class Model(Component):
    """Anything that a configuration can name under ``model``."""

    task: ClassVar[Literal["ranking", "rating"]] = "ranking"
    is_baseline: ClassVar[bool] = False
    needs_features: ClassVar[bool] = False  # it sees users and items by the setting `features` alone
    Settings: ClassVar[type[SettingsBase]] = Settings
    grids: ClassVar[Grids] = {}  # what is tuned where a configuration says nothing else

    @classmethod
    def scores_unseen(cls, settings: Mapping[str, Any]) -> bool:
        """Whether, set like this, its scores mean something for users and items without training pairs."""
        return False


def models() -> dict[str, type[Any]]:
    """Models and baselines by name."""
    return discover("models", Model) | discover("baselines", Model)


class VectorModel(Model):
    """A model whose score of user u and item i is p_u · q_i.

    Built from settings, the training matrix (its sizes, its graph, its device), a generator for the initial values,
    and the features that the settings name, if they name any.
    """

    free_vectors: ClassVar[bool] = False  # every vector is a free parameter: ALS and spectral solvers apply

    @abstractmethod
    def __init__(
        self, settings: Settings, train: "TrainMatrix", generator: "torch.Generator", features: "Features | None" = None
    ) -> None: ...

    @abstractmethod
    def parameters(self) -> "Sequence[torch.Tensor]":
        """Leaf tensors that a gradient solver updates, always in the same order."""

    @abstractmethod
    def vectors(self, parameters: "Sequence[torch.Tensor] | None" = None) -> Vectors:
        """The vectors of all users and items as the parameters stand, or as they would be with ``parameters``."""

    def embeddings(self, vectors: Vectors) -> Vectors:
        """What an L2 term of single users and items is about: their free rows, or else their ``vectors``."""
        return vectors


class EmbeddingSettings(VectorSettings):
    """What the settings of every model with free embeddings have."""

    init_std: float = Field(gt=0, description="sd of the normal initial values")


class EmbeddingModel(VectorModel):
    """A model whose parameters are one free row for every user and every item, drawn from N(0, init_std²)."""

    def __init__(
        self,
        settings: EmbeddingSettings,
        train: "TrainMatrix",
        generator: "torch.Generator",
        features: "Features | None" = None,
    ) -> None:
        shape = settings.embedding_size, settings.init_std, generator, train
        self.users = normal(train.n_users, *shape)
        self.items = normal(train.n_items, *shape)

    def parameters(self) -> "list[torch.Tensor]":
        return [self.users, self.items]

    def embeddings(self, vectors: Vectors) -> Vectors:
        return Tables(self.users, self.items)


def normal(rows: int, columns: int, std: float, generator: "torch.Generator", train: "TrainMatrix") -> "torch.Tensor":
    """A leaf tensor (rows, columns) of normal initial values: drawn on the CPU, equal on every device."""
    values = torch.randn(rows, columns, generator=generator) * std
    return values.to(train.device, train.dtype).requires_grad_()
