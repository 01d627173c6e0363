"""The non-linearities φ of NIMC and their derivatives."""

from collections.abc import Callable
from typing import Literal

from dotbench.lazy import torch

Activation = Literal["sigmoid", "relu", "tanh", "linear"]
ACTIVATIONS: tuple[Activation, ...] = ("sigmoid", "relu", "tanh", "linear")

VALUES: "dict[Activation, Callable[[torch.Tensor], torch.Tensor]]" = {
    "sigmoid": lambda a: a.sigmoid(),
    "relu": lambda a: a.relu(),
    "tanh": lambda a: a.tanh(),
    "linear": lambda a: a,
}
SLOPES: "dict[Activation, Callable[[torch.Tensor], torch.Tensor]]" = {  # φ'(a) as a function of φ(a)
    "sigmoid": lambda p: p * (1 - p),
    "relu": lambda p: (p > 0).to(p.dtype),
    "tanh": lambda p: 1 - p * p,
    "linear": lambda p: torch.ones_like(p),
}
BENDS: "dict[Activation, Callable[[torch.Tensor], torch.Tensor]]" = {  # φ''(a) as a function of φ(a)
    "sigmoid": lambda p: p * (1 - p) * (1 - 2 * p),
    "relu": lambda p: torch.zeros_like(p),
    "tanh": lambda p: -2 * p * (1 - p * p),
    "linear": lambda p: torch.zeros_like(p),
}
