"""Adam in one fused step, without the second that the first step of torch.optim costs."""

from collections.abc import Sequence
from typing import Any

from dotbench.lazy import torch

BETA1, BETA2, EPS = 0.9, 0.999, 1e-8


class Adam:
    """m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g², θ ← θ − η m̂ / (√v̂ + ε) with m̂ = m / (1 − β₁ᵗ),
    v̂ = v / (1 − β₂ᵗ) and g = ∇ + w θ, w the group's weight decay (Kingma and Ba, ICLR 2015, Algorithm 1).

    Bit-equal to ``torch.optim.Adam(…, fused=True)`` and by the same kernel. That class imports torch's compiler at its
    first step: two CPU seconds, longer than a small fit.

    ``groups``: (parameters, weight decay), the parameters leaf tensors of one type on one device.
    """

    def __init__(self, groups: "Sequence[tuple[Sequence[torch.Tensor], float]]", learning_rate: float) -> None:
        self.groups, self.learning_rate = [(list(parameters), decay) for parameters, decay in groups], learning_rate
        self.moments: dict[int, tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = {}

    def zero_grad(self) -> None:
        for parameters, _ in self.groups:
            for parameter in parameters:
                parameter.grad = None

    def step(self) -> None:
        """Move every parameter that has a gradient."""
        with torch.no_grad():
            for parameters, decay in self.groups:
                moved = [parameter for parameter in parameters if parameter.grad is not None]
                gradients = [gradient for parameter in moved if (gradient := parameter.grad) is not None]
                states = [self._moments(parameter) for parameter in moved]
                if not moved:
                    continue
                first, second, steps = (list(part) for part in zip(*states, strict=True))
                torch._foreach_add_(steps, 1)
                torch._fused_adam_(
                    moved,
                    gradients,
                    first,
                    second,
                    [],
                    steps,
                    lr=self.learning_rate,
                    beta1=BETA1,
                    beta2=BETA2,
                    weight_decay=decay,
                    eps=EPS,
                    amsgrad=False,
                    maximize=False,
                )

    def state(self) -> list[Any]:
        """The moments and steps of every parameter, in the order of the groups. None where it was never moved."""
        return [self.moments.get(id(parameter)) for parameters, _ in self.groups for parameter in parameters]

    def restore(self, state: list[Any]) -> None:
        """Go on from a `state`."""
        parameters = [parameter for group, _ in self.groups for parameter in group]
        for parameter, kept in zip(parameters, state, strict=True):
            if kept is not None:
                self.moments[id(parameter)] = tuple(one.to(parameter.device) for one in kept)

    def _moments(self, parameter: "torch.Tensor") -> "tuple[torch.Tensor, torch.Tensor, torch.Tensor]":
        if id(parameter) not in self.moments:
            zeros = (torch.zeros_like(parameter), torch.zeros_like(parameter))
            self.moments[id(parameter)] = *zeros, torch.zeros((), dtype=torch.float32, device=parameter.device)
        return self.moments[id(parameter)]
