"""First-order optimisers of many replicas, each with its own rates."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dotbench.lazy import torch
from dotbench.papers.t2rec.towers.network import Layers
from dotbench.papers.t2rec.towers.settings import Training

ADAM_EPSILON = 1e-8
MUON_EPSILON = 1e-7
NEWTON_SCHULZ = 3.4445, -4.7750, 2.0315
NEWTON_SCHULZ_STEPS = 5

Views = Callable[["torch.Tensor"], Layers]


class Optimizer(ABC):
    """Steps on parameters (R, P): decoupled weight decay θ ← (1 − ηw) θ, then the optimiser's own step.

    ``settings``: one per replica. ``views``: gives the layers of a flat tensor. ``state``: tensors whose first axis
    is the replicas', all that the next step depends on beside ``steps``.
    """

    def __init__(self, settings: Sequence[Training], parameters: "torch.Tensor", views: Views) -> None:
        self.views, self.nesterov, self.steps = views, settings[0].nesterov, 0
        self.state: dict[str, torch.Tensor] = {}
        names = ("momentum", "second_moment", "weight_decay", "bias_rate")
        self.values = {name: parameters.new_tensor([[getattr(s, name)] for s in settings]) for name in names}
        self.decays = any(s.weight_decay > 0 for s in settings)

    def step(self, parameters: "torch.Tensor", gradient: "torch.Tensor", rate: "torch.Tensor") -> None:
        """Change ``parameters`` in place. ``rate`` (R, 1) is η."""
        self.steps += 1
        self.move(parameters, gradient, rate)

    @abstractmethod
    def move(self, parameters: "torch.Tensor", gradient: "torch.Tensor", rate: "torch.Tensor") -> None:
        """The step, with the weight decay before it."""

    def decay(self, parameters: "torch.Tensor", rate: "torch.Tensor") -> None:
        if self.decays:
            parameters.mul_(1 - rate * self.values["weight_decay"])

    def keep(self, replicas: "torch.Tensor") -> None:
        """Drop all replicas but these."""
        self.values = {name: value[replicas] for name, value in self.values.items()}
        self.state = {name: value[replicas] for name, value in self.state.items()}

    def restore(self, steps: int, state: "Mapping[str, torch.Tensor]") -> None:
        self.steps, self.state = steps, dict(state)


class SGD(Optimizer):
    """b ← μ b + g, θ ← θ − η b. Nesterov's: θ ← θ − η (g + μ b). As torch.optim.SGD without dampening."""

    def __init__(self, settings: Sequence[Training], parameters: "torch.Tensor", views: Views) -> None:
        super().__init__(settings, parameters, views)
        if any(s.momentum > 0 for s in settings):
            self.state["momentum"] = torch.zeros_like(parameters)

    def move(self, parameters: "torch.Tensor", gradient: "torch.Tensor", rate: "torch.Tensor") -> None:
        self.decay(parameters, rate)
        if self.state:
            momentum = self.values["momentum"]
            buffer = self.state["momentum"].mul_(momentum).add_(gradient)
            gradient = gradient + momentum * buffer if self.nesterov else buffer
        parameters.addcmul_(gradient, rate, value=-1)


class Adam(Optimizer):
    """Kingma and Ba, ICLR 2015. With weight decay AdamW (Loshchilov and Hutter, ICLR 2019)."""

    def __init__(self, settings: Sequence[Training], parameters: "torch.Tensor", views: Views) -> None:
        super().__init__(settings, parameters, views)
        self.state = {"first": torch.zeros_like(parameters), "second": torch.zeros_like(parameters)}

    def move(self, parameters: "torch.Tensor", gradient: "torch.Tensor", rate: "torch.Tensor") -> None:
        self.decay(parameters, rate)
        parameters.addcmul_(self.direction(gradient), rate, value=-1)

    def direction(self, gradient: "torch.Tensor") -> "torch.Tensor":
        """m̂ / (√v̂ + ε) of the means m of g and v of g²."""
        first, second = self.values["momentum"], self.values["second_moment"]
        m = self.state["first"].mul_(first).addcmul_(gradient, 1 - first)
        v = self.state["second"].mul_(second).addcmul_(gradient * gradient, 1 - second)
        root = (v / (1 - second**self.steps)).sqrt_().add_(ADAM_EPSILON)
        return m.div(root.mul_(1 - first**self.steps))


class Muon(Optimizer):
    """Momentum whose matrices are orthogonalised: W ← W − η √max(1, outputs/inputs) O(b).

    b ← μ b + (1 − μ) g (Nesterov's: (1 − μ) g + μ b is orthogonalised), O: five quintic Newton–Schulz steps
    towards U Vᵀ of b = U S Vᵀ (Jordan et al., 2024), here in the parameters' precision. As torch.optim.Muon, whose
    matrices are the transposes of these. Biases move by Adam with the rate ``bias_rate`` η and its usual β.
    """

    def __init__(self, settings: Sequence[Training], parameters: "torch.Tensor", views: Views) -> None:
        super().__init__(settings, parameters, views)
        places = torch.arange(parameters.shape[1], device=parameters.device)[None]
        self.biases = torch.cat([bias.reshape(-1) for _, bias in views(places)])
        usual = [s.model_copy(update={"momentum": 0.9, "second_moment": 0.999}) for s in settings]
        self.adam = Adam(usual, parameters[:, self.biases], views)
        self.state = {"momentum": torch.zeros_like(parameters), **self.adam.state}

    def move(self, parameters: "torch.Tensor", gradient: "torch.Tensor", rate: "torch.Tensor") -> None:
        self.adam.restore(self.steps, {name: self.state[name] for name in ("first", "second")})
        biases = parameters[:, self.biases]
        self.adam.move(biases, gradient[:, self.biases], rate * self.values["bias_rate"])
        momentum = self.values["momentum"]
        buffer = self.state["momentum"].mul_(momentum).addcmul_(gradient, 1 - momentum)
        update = (1 - momentum) * gradient + momentum * buffer if self.nesterov else buffer
        self.decay(parameters, rate)
        matrices = [weight for weight, _ in self.views(update)]
        targets = [weight for weight, _ in self.views(parameters)]
        for target, direction in zip(targets, orthogonal(matrices), strict=True):
            fan, out = target.shape[1:]
            target.addcmul_(direction, rate[:, :, None], value=-(max(1.0, out / fan) ** 0.5))
        parameters[:, self.biases] = biases

    def keep(self, replicas: "torch.Tensor") -> None:
        super().keep(replicas)
        self.adam.keep(replicas)


def orthogonal(matrices: "Sequence[torch.Tensor]") -> "list[torch.Tensor]":
    """Each matrix (R, a, b) with its singular values brought near 1. Matrices of one shape are computed in one
    product."""
    factors: list[Any] = [None] * len(matrices)
    tall = [matrix.shape[1] > matrix.shape[2] for matrix in matrices]
    wide = [m.transpose(1, 2) if flip else m for m, flip in zip(matrices, tall, strict=True)]
    for shape in {matrix.shape for matrix in wide}:
        members = [k for k, matrix in enumerate(wide) if matrix.shape == shape]
        x = torch.cat([wide[k] for k in members])
        x /= torch.linalg.matrix_norm(x, keepdim=True).clamp_(min=MUON_EPSILON)
        a, b, c = NEWTON_SCHULZ
        for _ in range(NEWTON_SCHULZ_STEPS):
            gram = torch.bmm(x, x.transpose(1, 2))
            x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
        for k, part in zip(members, torch.split(x, shape[0]), strict=True):
            factors[k] = part.transpose(1, 2) if tall[k] else part
    return factors


OPTIMIZERS: dict[str, type[Optimizer]] = {"sgd": SGD, "adam": Adam, "muon": Muon}
