"""Gauss–Newton steps by conjugate gradients."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

from pydantic import Field

from dotbench.lazy import torch
from dotbench.losses.base import GaussNewtonLoss
from dotbench.models.base import VectorModel
from dotbench.solvers.base import IterativeSettings, Problem, Solution, Solver
from dotbench.solvers.loop import Budget, run

ARMIJO = 1e-4  # share of the fall that the gradient promises which a step must bring
HALVINGS = 12  # of a step, before it is given up
DOUBTED, TRUSTED = 0.25, 0.75  # fall over the quadratic model's, below and above which the damping changes
FACTOR = 3.0  # by which it changes
LEAST = 1e-8  # damping, from which it can grow again

Pair = tuple["torch.Tensor", "torch.Tensor"]


class NewtonCGSettings(IterativeSettings):
    """Settings of the solver `newton-cg`."""

    cg_iterations: int = Field(50, ge=1, description="greatest number of conjugate-gradient iterations in a step")
    cg_tolerance: float = Field(0.1, gt=0, lt=1, description="relative residual at which these iterations stop")
    damping: float = Field(0.1, gt=0, description="initial μ, in units of λ")
    dtype: Literal["float32", "float64"] = Field("float32", description="precision of parameters and vectors")


class NewtonCG(Solver):
    """Steps along d with Jᵀ (G + μ D) J d = −g, solved by conjugate gradients. An epoch is one step.

    θ are the parameters of any model, deep ones too, J = d(P, Q)/dθ, G the loss's Gauss–Newton matrix in (P, Q), D its
    metric, g the gradient in θ. Nothing of size users × items or parameters × parameters is formed: a product costs two
    passes over the model (`linearised`). μ D damps the change of the vectors, not of θ. The step is halved until it
    meets Armijo's rule; μ shrinks if the quadratic model predicted the decrease and grows if it did not (Levenberg,
    1944; Marquardt, 1963; Martens, ICML 2010). An epoch counts as one update.
    """

    name = "newton-cg"
    title = "Newton-CG"
    requires = GaussNewtonLoss
    Settings = NewtonCGSettings

    def solve(self, problem: Problem) -> Solution:
        settings = problem.settings_of(NewtonCGSettings)
        budget = Budget(settings.epochs, settings.patience, every=settings.validate_every)
        return run(NewtonTrainer(problem), problem, budget)


class NewtonTrainer:
    """Gauss–Newton steps on one model and one loss."""

    def __init__(self, problem: Problem) -> None:
        self.objective: GaussNewtonLoss = problem.loss
        self.settings = problem.settings_of(NewtonCGSettings)
        self.train = problem.train(getattr(torch, self.settings.dtype))
        self.metric = self.objective.metric(self.train)
        self.generator = torch.Generator().manual_seed(problem.init_seed)
        self.model: VectorModel = problem.model(problem.settings, self.train, self.generator, problem.features)
        self.parameters = [parameter.detach() for parameter in self.model.parameters()]
        self.value = self._value(self.parameters)
        self.damping = self.settings.damping
        linearised(self.model, self.parameters)  # torch.func loads much at its first call, which is not training

    def epoch(self) -> int:
        vectors, push, pull = linearised(self.model, self.parameters)

        def curvature(change: Pair, damping: float) -> Pair:
            """(G + damping D) times a change of the vectors."""
            products = self.objective.gauss_newton(self.train, *vectors, *change)
            weighted = zip(products, self.metric, change, strict=True)
            return tuple(product + damping * weight * part for product, weight, part in weighted)

        damping = self.damping
        gradient = _flat(pull(self.objective.gradient(self.train, *vectors)))
        direction = conjugate_gradients(
            lambda d: _flat(pull(curvature(push(_like(d, self.parameters)), damping))),
            -gradient,
            self._preconditioner(vectors, pull),
            self.settings.cg_tolerance,
            self.settings.cg_iterations,
        )
        change = push(_like(direction, self.parameters))
        slope, bend = float(gradient @ direction), float(_flat(change) @ _flat(curvature(change, 0.0)))
        size, value = self._search(direction, slope)
        foretold = -(size * slope + size**2 / 2 * bend)
        if size < 1 or self.value - value < DOUBTED * foretold:
            self.damping *= FACTOR
        elif self.value - value > TRUSTED * foretold:
            self.damping = max(self.damping / FACTOR, LEAST)
        if size > 0:
            self.parameters, self.value = self._moved(direction, size), value
        return 1

    def _search(self, direction: "torch.Tensor", slope: float) -> tuple[float, float]:
        """(share of the step, objective there). A share of zero if no share is low enough."""
        size = 1.0 if slope < 0 else 0.0
        for _ in range(HALVINGS if slope < 0 else 0):
            value = self._value(self._moved(direction, size))
            if value <= self.value + ARMIJO * size * slope:
                return size, value
            size /= 2
        return 0.0, self.value

    def _preconditioner(self, vectors: Pair, pull: "Callable[[Pair], Sequence[torch.Tensor]]") -> "torch.Tensor":
        """Inverse of the diagonal of Jᵀ D J, one number for each row of a parameter, flat.

        Estimated without bias by (Jᵀ D^½ w)² for one normal w, averaged over the row. Zero where nothing depends
        on the row. Without it the parameters that all rows share would drown the embeddings of single rows.
        """
        probe = tuple(
            torch.randn(part.shape, generator=self.generator).to(part) * weight.sqrt()
            for part, weight in zip(vectors, self.metric, strict=True)
        )
        squares = [part**2 for part in pull(probe)]
        diagonal = _flat([part.mean(-1, keepdim=True).expand_as(part) for part in squares])
        return torch.where(diagonal > 0, 1 / diagonal, 0.0)

    def _moved(self, direction: "torch.Tensor", size: float) -> "list[torch.Tensor]":
        steps = _like(direction, self.parameters)
        return [parameter + size * step for parameter, step in zip(self.parameters, steps, strict=True)]

    def _value(self, parameters: "Sequence[torch.Tensor]") -> float:
        with torch.no_grad():
            vectors = self.model.vectors(parameters)
            return self.objective.objective(self.train, vectors.users(), vectors.items())

    def loss(self) -> float:
        return self.value

    def vectors(self) -> Pair:
        with torch.no_grad():
            vectors = self.model.vectors(self.parameters)
            return vectors.users(), vectors.items()

    def state(self) -> dict[str, Any]:
        return {
            "parameters": self.parameters,
            "value": self.value,
            "damping": self.damping,
            "generator": self.generator.get_state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.parameters, self.value, self.damping = state["parameters"], state["value"], state["damping"]
        self.generator.set_state(state["generator"].cpu())


def linearised(
    model: VectorModel, parameters: "Sequence[torch.Tensor]"
) -> "tuple[Pair, Callable[[Sequence[torch.Tensor]], Pair], Callable[[Pair], Sequence[torch.Tensor]]]":
    """(P, Q) of a model at ``parameters``, and the products with its Jacobian J and with Jᵀ.

    The first map takes a change of the parameters to J times it, the second takes (M, K), (N, K) to Jᵀ times them.
    Jᵀ is the backward pass, and J the backward pass of that one, which is linear: activations are kept, and no
    operation of the model needs a forward-mode derivative.
    """

    def both(values: "Sequence[torch.Tensor]") -> Pair:
        vectors = model.vectors(values)
        return vectors.users(), vectors.items()

    vjp: Any = torch.func.vjp
    vectors, pull = vjp(both, list(parameters))
    _, push = vjp(lambda cotangent: pull(cotangent)[0], vectors)
    return vectors, lambda change: push(change)[0], lambda cotangent: pull(cotangent)[0]


def conjugate_gradients(
    product: "Callable[[torch.Tensor], torch.Tensor]",
    right: "torch.Tensor",
    preconditioner: "torch.Tensor",
    tolerance: float,
    iterations: int,
) -> "torch.Tensor":
    """x with A x ≈ ``right`` (n,), A symmetric and positive semidefinite, given by its products.

    ``preconditioner`` (n,): about the inverse of A's diagonal, S. Ends when √(rᵀ S r) has fallen by the factor
    ``tolerance``, after ``iterations``, or where rounding makes a curvature negative (Hestenes and Stiefel, 1952).
    """
    solution, residual = torch.zeros_like(right), right.clone()
    scaled = preconditioner * residual
    direction, norm = scaled, residual @ scaled
    enough = tolerance**2 * norm
    for _ in range(iterations):
        if norm <= enough:
            break
        along = product(direction)
        curvature = direction @ along
        if not curvature > 0:
            break
        step = norm / curvature
        solution += step * direction
        residual -= step * along
        scaled = preconditioner * residual
        before, norm = norm, residual @ scaled
        direction = scaled + norm / before * direction
    return solution


def _flat(tensors: "Sequence[torch.Tensor]") -> "torch.Tensor":
    """All entries in one vector."""
    return torch.cat([tensor.reshape(-1) for tensor in tensors])


def _like(flat: "torch.Tensor", tensors: "Sequence[torch.Tensor]") -> "list[torch.Tensor]":
    """The entries in the shapes of ``tensors``."""
    parts = torch.split(flat, [tensor.numel() for tensor in tensors])
    return [part.view_as(tensor) for part, tensor in zip(parts, tensors, strict=True)]
