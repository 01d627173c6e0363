"""Minimisers of many problems at once, each problem with its own steps.

An iteration is one evaluation of objective and gradient (of Levenberg–Marquardt: of objective and Jacobian) of every
problem, whether its step is taken or not. The state's tensors have the problems' axis first.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar, Literal

from dotbench.lazy import np, torch
from dotbench.papers.nimc.recovery.problems import Problems

State = dict[str, "torch.Tensor"]
ARMIJO = 0.25  # share of the decrease that the slope promises, which a step of gradient descent must make
GROW, SHRINK = 1.1, 0.5


class Method(ABC):
    """``name``: in settings. ``title``: in tables. State holds weights ``w`` (R, 2, d, k) and their objective ``f``."""

    name: ClassVar[str]
    title: ClassVar[str]

    @abstractmethod
    def start(self, problems: Problems, w: "torch.Tensor") -> State:
        """The state at the weights."""

    @abstractmethod
    def advance(self, problems: Problems, state: State) -> None:
        """One iteration of every problem, in place."""


class FixedStep(Method):
    """w ← w − η ∇f(w); η one for all problems, or one for each of them."""

    name = "gd-fixed"
    title = "GD, fixed step"

    def __init__(self, rate: "float | Sequence[float]") -> None:
        self.rate = rate

    def start(self, problems: Problems, w: "torch.Tensor") -> State:
        f, g = problems.value_and_gradient(w)
        return {"w": w.clone(), "f": f, "g": g, "rate": _along(f.new_tensor(self.rate).expand(len(f)).clone(), w)}

    def advance(self, problems: Problems, state: State) -> None:
        state["w"] -= state["rate"] * state["g"]
        state["f"], state["g"] = problems.value_and_gradient(state["w"])


class Backtracking(Method):
    """w ← w − η ∇f(w) where that lowers f by at least ARMIJO η ‖∇f‖², and η grows by a tenth. Otherwise η is halved."""

    name = "gd"
    title = "GD, backtracking"

    def start(self, problems: Problems, w: "torch.Tensor") -> State:
        f, g = problems.value_and_gradient(w)
        return {"w": w.clone(), "f": f, "g": g, "rate": torch.ones_like(f)}

    def advance(self, problems: Problems, state: State) -> None:
        rate, g = state["rate"], state["g"]
        w = torch.addcmul(state["w"], _along(rate, g), g, value=-1)
        f, new = problems.value_and_gradient(w)
        taken = f <= state["f"] - ARMIJO * rate * g.square().sum((1, 2, 3))
        _take(state, taken, w=w, f=f, g=new)
        state["rate"] = rate * torch.where(taken, GROW, SHRINK)


class Adam(Method):
    """Kingma and Ba, ICLR 2015, with a rate that falls along a half cosine over ``iterations``."""

    name = "adam"
    title = "Adam"

    def __init__(self, iterations: int, rate: float = 0.01, decays: tuple[float, float] = (0.9, 0.999)) -> None:
        self.iterations, self.rate, self.decays, self.done = iterations, rate, decays, 0

    def start(self, problems: Problems, w: "torch.Tensor") -> State:
        f, g = problems.value_and_gradient(w)
        return {"w": w.clone(), "f": f, "g": g, "first": torch.zeros_like(w), "second": torch.zeros_like(w)}

    def advance(self, problems: Problems, state: State) -> None:
        rate = self.rate * 0.5 * (1 + np.cos(np.pi * min(1.0, self.done / self.iterations)))
        self.done += 1
        (one, two), g = self.decays, state["g"]
        state["first"].lerp_(g, 1 - one)
        state["second"].lerp_(g * g, 1 - two)
        root = (state["second"] / (1 - two**self.done)).sqrt_().add_(1e-12)
        state["w"].addcdiv_(state["first"], root, value=-rate / (1 - one**self.done))
        state["f"], state["g"] = problems.value_and_gradient(state["w"])


class LBFGS(Method):
    """Limited-memory BFGS by the two-loop recursion over ``memory`` pairs (Nocedal and Wright, 2006, Algorithm 7.4),
    with halved steps until f falls by at least 1e-4 of what the slope promises. Pairs of negative curvature are left
    out. Where the step has come down to nothing, the memory is emptied."""

    name = "l-bfgs"
    title = "L-BFGS"

    def __init__(self, memory: int = 20) -> None:
        self.memory = memory

    def start(self, problems: Problems, w: "torch.Tensor") -> State:
        f, g = problems.value_and_gradient(w)
        history = w.new_zeros(len(w), self.memory, w[0].numel())
        state = {"w": w.clone(), "f": f, "g": g, "s": history, "y": history.clone()}
        state["inverse"] = w.new_zeros(len(w), self.memory)  # 1 / sᵀy; 0 where there is no pair
        state["next"] = torch.zeros(len(w), dtype=torch.int64, device=w.device)  # place of the next pair, in a ring
        self._aim(state, torch.ones_like(f, dtype=torch.bool))
        return state

    def advance(self, problems: Problems, state: State) -> None:
        w = state["w"] + _along(state["step"], state["w"]) * state["direction"].view_as(state["w"])
        f, g = problems.value_and_gradient(w)
        taken = f <= state["f"] + 1e-4 * state["step"] * state["slope"]
        state["step"] = torch.where(taken, state["step"], SHRINK * state["step"])
        s, y = (w - state["w"]).flatten(1), (g - state["g"]).flatten(1)
        product = (s * y).sum(1)
        curved = taken & (product > 1e-10 * s.norm(dim=1) * y.norm(dim=1))
        rows = curved.nonzero()[:, 0]
        place = state["next"][rows]
        for name, new in (("s", s), ("y", y), ("inverse", 1 / product)):
            state[name][rows, place] = new[rows]
        state["next"][rows] = (place + 1) % self.memory
        _take(state, taken, w=w, f=f, g=g)
        lost = state["step"] < 1e-12
        state["inverse"][lost] = 0.0
        self._aim(state, taken | lost)

    def _aim(self, state: State, which: "torch.Tensor") -> None:
        """A new direction of the problems that ask for one, and a first step along it."""
        if not bool(which.any()):
            return
        rows = which.nonzero()[:, 0]
        s, y, inverse = state["s"], state["y"], state["inverse"]
        places = [(rows, (state["next"][rows] - 1 - k) % self.memory) for k in range(self.memory)]  # newest first
        gradient = q = state["g"][rows].flatten(1)
        weights = []
        for at in places:
            weights.append(inverse[at] * (s[at] * q).sum(1))
            q = q - weights[-1][:, None] * y[at]
        newest = inverse[places[0]]
        scale = (newest * y[places[0]].square().sum(1)).clamp(min=1e-300)
        length = q.norm(dim=1).clamp(min=1e-300)
        r = q / torch.where(newest > 0, scale, length)[:, None]
        for at, weight in zip(reversed(places), reversed(weights), strict=True):
            r = r + (weight - inverse[at] * (y[at] * r).sum(1))[:, None] * s[at]
        for name, value in (
            ("direction", -r),
            ("slope", -(r * gradient).sum(1)),
            ("step", torch.ones_like(length)),
        ):
            if name not in state:
                state[name] = value
            else:
                state[name][rows] = value


class LevenbergMarquardt(Method):
    """(JᵀJ/m + μI) δ = −∇f. The step is taken where f falls, and μ follows the ratio of the decrease to what the
    quadratic model promises (Nielsen, 1999)."""

    name = "lm"
    title = "Levenberg–Marquardt"

    def start(self, problems: Problems, w: "torch.Tensor") -> State:
        f, g, matrix = problems.gauss_newton(w)
        damping = 1e-3 * matrix.diagonal(dim1=1, dim2=2).amax(1)
        return {"w": w.clone(), "f": f, "g": g, "matrix": matrix, "damping": damping, "raise": 2 * torch.ones_like(f)}

    def advance(self, problems: Problems, state: State) -> None:
        g, damping = state["g"].flatten(1), state["damping"]
        eye = torch.eye(g.shape[1], dtype=g.dtype, device=g.device)
        factor, failed = torch.linalg.cholesky_ex(state["matrix"] + damping[:, None, None] * eye)
        step = -torch.cholesky_solve(g[:, :, None], factor)[:, :, 0]
        step[failed > 0] = 0.0
        w = state["w"] + step.view_as(state["w"])
        f, new, matrix = problems.gauss_newton(w)
        promised = 0.5 * (step * (damping[:, None] * step - g)).sum(1)
        gain = (state["f"] - f) / promised.clamp(min=1e-300)
        taken = (gain > 0) & (failed == 0)
        state["damping"] = torch.where(
            taken, damping * (1 - (2 * gain - 1) ** 3).clamp(1 / 3, 2), damping * state["raise"]
        ).clamp(1e-300, 1e300)
        state["raise"] = torch.where(taken, 2.0, 2 * state["raise"]).clamp(max=1e100)
        _take(state, taken, w=w, f=f, g=new, matrix=matrix)


MethodName = Literal["gd", "adam", "l-bfgs", "lm"]
METHODS: dict[MethodName, Callable[[int], Method]] = {  # name → the method for a budget of iterations
    "gd": lambda iterations: Backtracking(),
    "adam": Adam,
    "l-bfgs": lambda iterations: LBFGS(),
    "lm": lambda iterations: LevenbergMarquardt(),
}


def _along(values: "torch.Tensor", tensor: "torch.Tensor") -> "torch.Tensor":
    """Values (R,) in a shape that goes with a tensor (R, …)."""
    return values.view(-1, *[1] * (tensor.dim() - 1))


def _take(state: State, taken: "torch.Tensor", **new: "torch.Tensor") -> None:
    """Put new values where a step was taken."""
    for name, value in new.items():
        state[name] = torch.where(_along(taken, value), value, state[name])
