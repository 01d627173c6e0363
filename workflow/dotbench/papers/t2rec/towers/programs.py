"""The loss over a batch of pairs and its gradient, by two tensor programs for many replicas at once."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from dotbench.lazy import torch
from dotbench.papers.t2rec.towers.losses import huber
from dotbench.papers.t2rec.towers.network import Layers, Tower
from dotbench.papers.t2rec.towers.settings import Architecture

Sides = Sequence["torch.Tensor"]
"""The same of users and of items."""


class TwoTowers:
    """Both towers over one flat tensor of parameters (R, P), the users' first."""

    def __init__(self, architecture: Architecture, inputs: Sequence[int]) -> None:
        self.sides = [Tower(architecture, size) for size in inputs]
        self.size = sum(tower.size for tower in self.sides)

    def layers(self, flat: "torch.Tensor") -> list[Layers]:
        """Layers of the users' tower and of the items'."""
        first = self.sides[0].size
        return [self.sides[0].layers(flat[:, :first]), self.sides[1].layers(flat[:, first:])]

    def initial(self, seed: int) -> "torch.Tensor":
        """One replica's initial parameters, shape (P,), float64."""
        generator = torch.Generator().manual_seed(seed)
        return torch.cat([tower.initial(generator) for tower in self.sides])

    def vectors(self, flat: "torch.Tensor", inputs: Sides) -> "list[torch.Tensor]":
        """Vectors of all rows of both sides: (R, n, p) and (R, m, p)."""
        parts = zip(self.sides, self.layers(flat), inputs, strict=True)
        return [tower.forward(layers, x)[-1] for tower, layers, x in parts]

    def penalised(self, biases: bool) -> "torch.Tensor":
        """1 where a parameter is in the penalty, shape (P,)."""
        parts = []
        for tower in self.sides:
            for fan, out in tower.shapes:
                parts += [torch.ones(fan * out), torch.full((out,), float(biases))]
        return torch.cat(parts)


class Program(ABC):
    """L = (1/B) Σ_k ρ_δ(f(x_{u_k})ᵀ g(y_{i_k}) − r_k) of every replica, and its gradient.

    ``inputs``: (R, n, D) and (R, m, D'). ``threshold``: δ of the Huber loss (`losses.huber`); ∞, where it is not said,
    makes L the mean squared error.
    """

    name: ClassVar[str]

    def __init__(self, towers: TwoTowers, inputs: Sides, threshold: float = math.inf) -> None:
        self.towers, self.inputs, self.threshold = towers, inputs, threshold

    def gradient(
        self, parameters: "torch.Tensor", rows: Sides, ratings: "torch.Tensor", gradient: "torch.Tensor"
    ) -> "torch.Tensor":
        """L of the pairs ``rows`` (R, B) each with ``ratings`` (R, B), shape (R,). Its gradient into ``gradient``."""
        sides = self.towers.sides
        layers, into = self.towers.layers(parameters), self.towers.layers(gradient)
        outputs = [sides[s].forward(layers[s], self.seen(s, rows[s])) for s in (0, 1)]
        vectors = [self.of_pairs(outputs[s][-1], rows[s]) for s in (0, 1)]
        error = (vectors[0] * vectors[1]).sum(-1) - ratings
        robust = self.threshold < math.inf
        pull = error.clamp(-self.threshold, self.threshold) if robust else error
        weight = (2 / error.shape[1]) * pull.unsqueeze(-1)
        for s in (0, 1):
            cotangent = self.of_rows(weight * vectors[1 - s], rows[s], s)
            sides[s].backward(layers[s], outputs[s], cotangent, into[s])
        return (huber(error, self.threshold) if robust else error.square()).mean(1)

    @abstractmethod
    def seen(self, side: int, rows: "torch.Tensor") -> "torch.Tensor":
        """Inputs of the rows that the tower of ``side`` runs over."""

    @abstractmethod
    def of_pairs(self, vectors: "torch.Tensor", rows: "torch.Tensor") -> "torch.Tensor":
        """The vectors that belong to the pairs, (R, B, p), from those of the rows that the tower ran over."""

    @abstractmethod
    def of_rows(self, cotangent: "torch.Tensor", rows: "torch.Tensor", side: int) -> "torch.Tensor":
        """The transpose of `of_pairs`."""


class BatchRows(Program):
    """A tower runs over the B rows that the batch names, one of them as often as it is named."""

    name = "batch-rows"

    def seen(self, side: int, rows: "torch.Tensor") -> "torch.Tensor":
        return take(self.inputs[side], rows)

    def of_pairs(self, vectors: "torch.Tensor", rows: "torch.Tensor") -> "torch.Tensor":
        return vectors

    def of_rows(self, cotangent: "torch.Tensor", rows: "torch.Tensor", side: int) -> "torch.Tensor":
        return cotangent


class AllRows(Program):
    """A tower runs once over all n rows of its side. The vectors of the pairs are looked up."""

    name = "all-rows"

    def seen(self, side: int, rows: "torch.Tensor") -> "torch.Tensor":
        return self.inputs[side]

    def of_pairs(self, vectors: "torch.Tensor", rows: "torch.Tensor") -> "torch.Tensor":
        return take(vectors, rows)

    def of_rows(self, cotangent: "torch.Tensor", rows: "torch.Tensor", side: int) -> "torch.Tensor":
        return scatter(cotangent, rows, self.inputs[side].shape[1])


def program(batch_size: int, inputs: Sides) -> type[Program]:
    """The one that runs the towers over fewer rows."""
    return BatchRows if 2 * batch_size < sum(x.shape[1] for x in inputs) else AllRows


def take(table: "torch.Tensor", rows: "torch.Tensor") -> "torch.Tensor":
    """``table[r, rows[r]]`` of every replica: (R, n, p) and (R, B) give (R, B, p)."""
    return torch.nn.functional.embedding(_flat_rows(rows, table.shape[1]), table.reshape(-1, table.shape[-1]))


def scatter(values: "torch.Tensor", rows: "torch.Tensor", n: int) -> "torch.Tensor":
    """Sums of ``values`` (R, B, p) with the same row: shape (R, n, p), the transpose of `take`."""
    replicas, _, size = values.shape
    sums = values.new_zeros(replicas * n, size)
    sums.index_add_(0, _flat_rows(rows, n).view(-1), values.reshape(-1, size))
    return sums.view(replicas, n, size)


def _flat_rows(rows: "torch.Tensor", n: int) -> "torch.Tensor":
    """Rows (R, B) in tables that stand one below the other."""
    return rows + n * torch.arange(len(rows), device=rows.device)[:, None]
