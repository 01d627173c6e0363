"""Fully connected towers with a leading axis of replicas, and their derivatives by hand."""

from collections.abc import Sequence
from itertools import pairwise

from dotbench.lazy import torch
from dotbench.papers.t2rec.towers.settings import Architecture

Layers = Sequence["tuple[torch.Tensor, torch.Tensor]"]
"""(W (R, inputs, outputs), b (R, 1, outputs)) of every layer: views of the flat parameters (R, P)."""


class Tower:
    """h_0 = x, h_l = σ(h_{l−1} W_l + b_l), and the vector h_L = h_{L−1} W_L + b_L (or σ of it).

    T2Rec, arXiv 2403.00802, Section 3, with rows for columns. All maps have a leading axis of R replicas, whose
    parameters are the rows of one flat tensor (R, P). A replica's numbers depend on its own row alone.
    Derivatives are written out: the backward pass of a network this small costs autograd as much in bookkeeping as in
    arithmetic.
    """

    def __init__(self, architecture: Architecture, inputs: int) -> None:
        hidden = [architecture.width] * (architecture.depth - 1)
        self.shapes = list(pairwise([inputs, *hidden, architecture.embedding_size]))
        self.size = sum((fan + 1) * out for fan, out in self.shapes)
        self.init = architecture.init
        self._activate = ACTIVATIONS[architecture.activation]
        self._activated = [True] * len(hidden) + [architecture.output == "activated"]

    def layers(self, flat: "torch.Tensor") -> Layers:
        """Weights and biases as views of ``flat`` (R, P)."""
        layers, start = [], 0
        for fan, out in self.shapes:
            middle, end = start + fan * out, start + (fan + 1) * out
            layers.append((flat[:, start:middle].view(-1, fan, out), flat[:, middle:end].view(-1, 1, out)))
            start = end
        return layers

    def initial(self, generator: "torch.Generator") -> "torch.Tensor":
        """One replica's parameters, shape (P,), float64.

        ``glorot``: W ~ U(±√(6/(inputs + outputs))), b = 0. ``he``: W ~ N(0, 2/inputs), b = 0. ``torch``: torch.nn's
        default, W and b ~ U(±1/√inputs).
        """
        parts = []
        for fan, out in self.shapes:
            weight = torch.empty(fan, out, dtype=torch.float64)
            bias = torch.zeros(out, dtype=torch.float64)
            if self.init == "he":
                weight.normal_(0.0, (2 / fan) ** 0.5, generator=generator)
            else:
                bound = (6 / (fan + out)) ** 0.5 if self.init == "glorot" else fan**-0.5
                weight.uniform_(-bound, bound, generator=generator)
                if self.init == "torch":
                    bias.uniform_(-bound, bound, generator=generator)
            parts += [weight.reshape(-1), bias]
        return torch.cat(parts)

    def forward(self, layers: Layers, x: "torch.Tensor") -> "list[torch.Tensor]":
        """h_0 … h_L of the rows x (R, B, inputs). The last one holds the vectors, shape (R, B, p)."""
        outputs = [x]
        for (weight, bias), activated in zip(layers, self._activated, strict=True):
            h = torch.baddbmm(bias, outputs[-1], weight)
            outputs.append(self._activate.apply(h) if activated else h)
        return outputs

    def backward(
        self, layers: Layers, outputs: "list[torch.Tensor]", cotangent: "torch.Tensor", gradient: Layers
    ) -> None:
        """Write Jᵀ ``cotangent`` into ``gradient``: J of the vectors in the parameters, cotangent (R, B, p)."""
        for depth in reversed(range(len(layers))):
            if self._activated[depth]:
                cotangent = self._activate.pull(cotangent, outputs[depth + 1])
            weight, bias = gradient[depth]
            torch.bmm(outputs[depth].transpose(1, 2), cotangent, out=weight)
            torch.sum(cotangent, 1, keepdim=True, out=bias)
            if depth:
                cotangent = torch.bmm(cotangent, layers[depth][0].transpose(1, 2))

    def tangent(self, layers: Layers, outputs: "list[torch.Tensor]", change: Layers) -> "torch.Tensor":
        """J times a change of the parameters, shape (R, B, p)."""
        moved = torch.zeros_like(outputs[0])
        for depth, ((weight, _), (d_weight, d_bias)) in enumerate(zip(layers, change, strict=True)):
            moved = torch.baddbmm(torch.baddbmm(d_bias, outputs[depth], d_weight), moved, weight)
            if self._activated[depth]:
                moved = self._activate.pull(moved, outputs[depth + 1])
        return moved


class Activation:
    """σ and, from its output, its derivative."""

    @staticmethod
    def apply(a: "torch.Tensor") -> "torch.Tensor":
        """σ(a), in place."""
        raise NotImplementedError

    @staticmethod
    def pull(cotangent: "torch.Tensor", output: "torch.Tensor") -> "torch.Tensor":
        """``cotangent`` σ'(a), from the output σ(a)."""
        raise NotImplementedError


class Relu(Activation):
    """σ(a) = max(a, 0), with σ'(0) = 0."""

    @staticmethod
    def apply(a: "torch.Tensor") -> "torch.Tensor":
        return a.relu_()

    @staticmethod
    def pull(cotangent: "torch.Tensor", output: "torch.Tensor") -> "torch.Tensor":
        pulled: torch.Tensor = torch.ops.aten.threshold_backward(cotangent, output, 0)
        return pulled


class Tanh(Activation):
    """σ(a) = tanh a."""

    @staticmethod
    def apply(a: "torch.Tensor") -> "torch.Tensor":
        return a.tanh_()

    @staticmethod
    def pull(cotangent: "torch.Tensor", output: "torch.Tensor") -> "torch.Tensor":
        pulled: torch.Tensor = torch.ops.aten.tanh_backward(cotangent, output)
        return pulled


class Sigmoid(Activation):
    """σ(a) = 1 / (1 + e^{−a})."""

    @staticmethod
    def apply(a: "torch.Tensor") -> "torch.Tensor":
        return a.sigmoid_()

    @staticmethod
    def pull(cotangent: "torch.Tensor", output: "torch.Tensor") -> "torch.Tensor":
        pulled: torch.Tensor = torch.ops.aten.sigmoid_backward(cotangent, output)
        return pulled


ACTIVATIONS: dict[str, type[Activation]] = {"relu": Relu, "tanh": Tanh, "sigmoid": Sigmoid}
