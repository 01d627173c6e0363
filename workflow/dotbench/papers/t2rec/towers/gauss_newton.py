"""Gauss–Newton steps of a pair of towers by conjugate gradients."""

from collections.abc import Callable
from typing import Any

from dotbench.lazy import torch
from dotbench.papers.t2rec.towers.programs import Sides, scatter, take
from dotbench.papers.t2rec.towers.trainers import Trainer
from dotbench.solvers.newton_cg import ARMIJO, DOUBTED, FACTOR, HALVINGS, LEAST, TRUSTED, conjugate_gradients

Product = Callable[["torch.Tensor"], "torch.Tensor"]


class GaussNewton(Trainer):
    """Steps d with (G + μ I) d = −∇J, solved by conjugate gradients, for one fit at a time.

    G = (2/B) Σ_k ∇s_k ∇s_kᵀ + 2λ I for the scores s_k of a batch, which may hold all pairs. A product with G is one
    forward-mode and one backward pass of the towers over all their rows. The step is halved until J of the batch falls
    as Armijo's rule asks; μ shrinks where the quadratic model foretold the fall and grows where it did not (Levenberg,
    1944; Marquardt, 1963; Martens, ICML 2010).
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.damping = self.settings[0].damping
        self.ridge = 2 * self.strength[0] * self.penalised

    def epoch(self, number: int) -> "torch.Tensor":
        rows, ratings = self.shuffled(number)
        total, moved = self.parameters.new_zeros(1), False
        for k in range(self.updates):
            part = slice(k * self.batch, (k + 1) * self.batch)
            batch = ratings[:, part]
            value, size = self._step([side[:, part] for side in rows], batch, number)
            total += batch.shape[1] * value
            moved = moved or size > 0
        self.finished = not moved
        return total / self.size

    def _step(self, rows: Sides, ratings: "torch.Tensor", number: int) -> "tuple[float, float]":
        """(J of the batch after the step, share of the step that was taken)."""
        gradient, push, pull = self._linearised(rows, ratings)
        weight = 2 / ratings.shape[1]

        def curvature(change: "torch.Tensor") -> "torch.Tensor":
            return weight * pull(push(change)) + self.ridge * change

        damping = self.damping
        direction = conjugate_gradients(
            lambda d: curvature(d) + damping * d,
            -gradient,
            1 / (self._diagonal(pull, ratings, number) + self.ridge + damping),
            self.settings[0].cg_tolerance,
            self.settings[0].cg_iterations,
        )
        slope, bend = float(gradient @ direction), float(direction @ curvature(direction))
        before = self._value(self.parameters, rows, ratings)
        size, value = self._search(direction, slope, before, rows, ratings)
        foretold = -(size * slope + size**2 / 2 * bend)
        if size < 1 or before - value < DOUBTED * foretold:
            self.damping *= FACTOR
        elif before - value > TRUSTED * foretold:
            self.damping = max(self.damping / FACTOR, LEAST)
        self.parameters = self.parameters + size * direction
        return value, size

    def _linearised(self, rows: Sides, ratings: "torch.Tensor") -> "tuple[torch.Tensor, Product, Product]":
        """(∇J, flat; the map of a change of the parameters to that of the scores (1, B); its transpose)."""
        sides, layers = self.towers.sides, self.towers.layers(self.parameters)
        outputs = [sides[s].forward(layers[s], self.data.inputs[s]) for s in (0, 1)]
        vectors = [take(outputs[s][-1], rows[s]) for s in (0, 1)]

        def push(change: "torch.Tensor") -> "torch.Tensor":
            parts = self.towers.layers(change[None])
            moved = [take(sides[s].tangent(layers[s], outputs[s], parts[s]), rows[s]) for s in (0, 1)]
            return (moved[0] * vectors[1] + vectors[0] * moved[1]).sum(-1)

        def pull(cotangent: "torch.Tensor") -> "torch.Tensor":
            derivatives = torch.empty_like(self.parameters)
            into = self.towers.layers(derivatives)
            for s in (0, 1):
                of_rows = scatter(cotangent.unsqueeze(-1) * vectors[1 - s], rows[s], self.data.inputs[s].shape[1])
                sides[s].backward(layers[s], outputs[s], of_rows, into[s])
            return derivatives[0]

        error = (vectors[0] * vectors[1]).sum(-1) - ratings
        gradient = pull(2 / ratings.shape[1] * error) + self.ridge * self.parameters[0]
        return gradient, push, pull

    def _diagonal(self, pull: Product, ratings: "torch.Tensor", number: int) -> "torch.Tensor":
        """Diagonal of G without the ridge, estimated without bias by (Jᵀ w)² for one normal w, averaged over the
        weights that leave a unit."""
        generator = torch.Generator().manual_seed(self.seeds[0] + number)
        probe = torch.randn(ratings.shape, generator=generator).to(ratings)
        squares = 2 / ratings.shape[1] * pull(probe).square()
        averaged = torch.empty_like(squares)
        for layers, into in zip(self.towers.layers(squares[None]), self.towers.layers(averaged[None]), strict=True):
            for parts, targets in zip(layers, into, strict=True):
                for part, target in zip(parts, targets, strict=True):
                    target.copy_(part.mean(-1, keepdim=True).expand_as(part))
        return averaged

    def _search(
        self, direction: "torch.Tensor", slope: float, before: float, rows: Sides, ratings: "torch.Tensor"
    ) -> tuple[float, float]:
        """(share of the step, J there). A share of zero if no share is low enough."""
        size = 1.0
        for _ in range(HALVINGS if slope < 0 else 0):
            value = self._value(self.parameters + size * direction, rows, ratings)
            if value <= before + ARMIJO * size * slope:
                return size, value
            size /= 2
        return 0.0, before

    def _value(self, parameters: "torch.Tensor", rows: Sides, ratings: "torch.Tensor") -> float:
        users, items = self.towers.vectors(parameters, self.data.inputs)
        error = (take(users, rows[0]) * take(items, rows[1])).sum(-1) - ratings
        return float(error.square().mean() + self.penalty(parameters)[0])

    def state(self) -> dict[str, Any]:
        return {"parameters": self.parameters, "damping": self.damping}

    def restore(self, state: dict[str, Any]) -> None:
        self.parameters, self.damping = state["parameters"], state["damping"]
