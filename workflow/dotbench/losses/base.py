"""What a loss is, and what each solver asks of one.

Notation: M users, N items, D the training pairs, n_u the positives of user u, o_ui = p_u · q_i.
"""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal

from dotbench.lazy import torch
from dotbench.losses._rows import RowSystems
from dotbench.numerics.matrix import TrainMatrix
from dotbench.numerics.vectors import Vectors
from dotbench.registry import Component, discover
from dotbench.settings import Settings, SettingsBase
from dotbench.tuning.grid import Grids

Batch = tuple["torch.Tensor", ...]


class Loss(Component):
    """A training objective. ``family`` is pointwise, pairwise or listwise, as the field groups them.

    ``grids``: the search spaces that a configuration's ``grid`` names. ``defaults``: by solver, the settings that
    ``dotbench fit`` and the Python interface use where nobody says others, for models whose vectors are all free
    (docs/defaults.md). The first solver that fits the model is taken where none is named. A configuration does not use
    these values: it tunes.
    """

    family: ClassVar[str]
    task: ClassVar[Literal["ranking", "rating"]] = "ranking"
    Settings: ClassVar[type[SettingsBase]] = Settings
    settings: SettingsBase
    grids: ClassVar[Grids] = {}  # what is tuned where a configuration says nothing else
    defaults: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    def __init__(self, settings: SettingsBase) -> None:
        self.settings = settings

    @classmethod
    def scores_unseen(cls, settings: Mapping[str, Any]) -> bool:
        """Whether, set like this, users and items without training pairs get a score that means something from every
        model: as of ``Model.scores_unseen``."""
        return False

    def scoring(
        self, train: TrainMatrix, users: "torch.Tensor", items: "torch.Tensor"
    ) -> "tuple[torch.Tensor, torch.Tensor]":
        """The vectors whose inner products give the loss's scores. For most losses they are the model's own."""
        return users, items


def losses() -> dict[str, type[Any]]:
    """Losses by name."""
    return discover("losses", Loss)


class DifferentiableLoss(Loss):
    """A loss that gradient solvers can minimise: unbiased estimates of it from batches.

    ``Batches``: settings of the batches, which only such solvers have.
    """

    Batches: ClassVar[type[Settings]] = Settings

    def own_parameters(self, train: TrainMatrix, generator: "torch.Generator") -> "Sequence[torch.Tensor]":
        """Makes and returns the leaf tensors that are learned besides the model's. None for most losses."""
        return ()

    @abstractmethod
    def batches(self, train: TrainMatrix, generator: "torch.Generator") -> Iterator[Batch]:
        """The batches of one epoch, in random order. Everything random comes from ``generator``."""

    @abstractmethod
    def estimate(self, vectors: Vectors, train: TrainMatrix, batch: Batch) -> "torch.Tensor":
        """The loss estimated from a batch: a scalar with a gradient."""

    def penalty(self, embeddings: Vectors, batch: Batch) -> "torch.Tensor | float":
        """What the settings of the batches add to the estimate, of the embeddings alone."""
        return 0.0

    def constrain(self, free: "Sequence[torch.Tensor]") -> None:
        """After an update: puts vectors that are ``free`` parameters (none of models that compute theirs) and its own
        parameters back to where they are allowed, in place."""

    def bounded(self, vectors: Vectors) -> Vectors:
        """Vectors that a model computes, moved to where they are allowed, with a gradient. Most losses leave them as
        they are."""
        return vectors


class AlternatingLoss(Loss):
    """A loss that is quadratic in the users' vectors and in the items' vectors: ALS minimises each exactly."""

    @abstractmethod
    def best_users(self, train: TrainMatrix, items: "torch.Tensor") -> "torch.Tensor":
        """The user vectors (M, K) that minimise the objective for item vectors (N, K)."""

    @abstractmethod
    def best_items(self, train: TrainMatrix, users: "torch.Tensor") -> "torch.Tensor":
        """The item vectors (N, K) that minimise the objective for user vectors (M, K)."""

    @abstractmethod
    def objective(self, train: TrainMatrix, users: "torch.Tensor", items: "torch.Tensor") -> float:
        """The objective, regulariser and constants included, without forming users × items."""


class LeastSquaresLoss(AlternatingLoss):
    """A loss whose minimiser, for the other side's vectors, solves a linear system for every row (`RowSystems`).

    ALS solves the systems. ALS with conjugate gradients comes near their solution in some steps.
    """

    @abstractmethod
    def user_systems(self, train: TrainMatrix, items: "torch.Tensor") -> RowSystems:
        """The systems of the user vectors (M, K) for item vectors (N, K)."""

    @abstractmethod
    def item_systems(self, train: TrainMatrix, users: "torch.Tensor") -> RowSystems:
        """The systems of the item vectors (N, K) for user vectors (M, K)."""

    def best_users(self, train: TrainMatrix, items: "torch.Tensor") -> "torch.Tensor":
        return self.user_systems(train, items).solution()

    def best_items(self, train: TrainMatrix, users: "torch.Tensor") -> "torch.Tensor":
        return self.item_systems(train, users).solution()


class GaussNewtonLoss(Loss):
    """A loss with a Gauss–Newton matrix that is known as a function of all vectors.

    The loss is h(o) + ψ(P, Q) with h convex in the scores o = P Qᵀ. Its Gauss–Newton matrix in (P, Q) is
    G = Jᵀ h'' J + ψ'', J the Jacobian of the scores: symmetric, positive semidefinite where ψ is convex.
    """

    @abstractmethod
    def objective(self, train: TrainMatrix, users: "torch.Tensor", items: "torch.Tensor") -> float:
        """As of `AlternatingLoss`."""

    @abstractmethod
    def gradient(
        self, train: TrainMatrix, users: "torch.Tensor", items: "torch.Tensor"
    ) -> "tuple[torch.Tensor, torch.Tensor]":
        """Gradient of the objective in user vectors (M, K) and in item vectors (N, K), of their shapes."""

    @abstractmethod
    def metric(self, train: TrainMatrix) -> "tuple[torch.Tensor, torch.Tensor]":
        """D, what the squared lengths of vectors weigh in the objective: shapes (M, 1) and (N, 1), not negative."""

    @abstractmethod
    def gauss_newton(
        self,
        train: TrainMatrix,
        users: "torch.Tensor",
        items: "torch.Tensor",
        user_direction: "torch.Tensor",
        item_direction: "torch.Tensor",
    ) -> "tuple[torch.Tensor, torch.Tensor]":
        """G times a direction (V (M, K), H (N, K)) at (P, Q): its user part (M, K) and its item part (N, K)."""


class SpectralLoss(Loss):
    """A loss whose global optimum is read off the singular value decomposition of one matrix."""

    @classmethod
    @abstractmethod
    def target(cls, train: TrainMatrix) -> Any:
        """The matrix as a linear map with ``shape``, ``matmul(X)``, ``rmatmul(Y)``. Independent of settings."""

    @abstractmethod
    def optimum(self, train: TrainMatrix, spectrum: Any, rank: int) -> "tuple[torch.Tensor, torch.Tensor]":
        """User vectors (M, rank) and item vectors (N, rank) of the optimum among rank-``rank`` solutions."""
