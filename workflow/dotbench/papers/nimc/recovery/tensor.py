"""Starts from moments: Section 3.4 of Zhong et al., NeurIPS 2019, completed."""

from collections.abc import Callable

from dotbench.lazy import np
from dotbench.papers.nimc.recovery.activations import Activation
from dotbench.papers.nimc.recovery.diagonalise import components
from dotbench.papers.nimc.recovery.moments import (
    First,
    Pairs,
    first_moments,
    fourth_moment,
    gamma,
    mixed_moment,
    third,
    third_moment,
)

NORMS = 0.05, 20.0  # between which a column's norm is looked for


def tensor_start(pairs: Pairs, k: int, seed: int) -> "np.ndarray":
    """U, V as one array (2, d, k), from moments of fresh pairs.

    1. The spaces of U and V: leading singular vectors of E[A x yᵀ] = Σ_l γ₁(|u_l|) γ₁(|v_l|) ū_l v̄_lᵀ.
    2. The directions ū_l, up to sign: joint diagonalisation of a moment in that space. Sigmoid: E[A He₃(x)], as the
       paper has it. It vanishes for ReLU and tanh, for which E[A (xxᵀ − I) ⊗ y] and E[A He₃(x) ⊗ y] stand in.
    3. v̄_l, and with it the pairing, which the paper leaves open: with a_l the dual directions, a_lᵀū_m = δ_lm,
       E[A x yᵀ]ᵀ a_l is γ₁ γ₁ v̄_l.
    4. Signs. Sigmoid: (γ₃ − 3 γ₁) < 0 tells that of ū_l. ReLU: T(a_l, a_l, ·) is a positive multiple of v̄_l. tanh: the
       model is odd in both, so that the pair's sign is all there is.
    5. Norms. Sigmoid: E[A x] = ½ Σ γ₁(|u_l|) ū_l, since γ₀ = ½, and E[A y]. ReLU: |u_l| |v_l| = 4 times the coefficient
       of E[A x yᵀ], divided evenly, which is the same model. tanh: (γ₃ − 3 γ₁) / γ₁ of |u_l| is the ratio of the
       coefficients of the two moments.
    """
    moments = first_moments(pairs)
    bases, cross = spaces(moments, k)
    inner = {"sigmoid": _sigmoid, "relu": _relu, "tanh": _tanh}[pairs.activation](pairs, bases, cross, moments, seed)
    return outer(bases, inner)


Columns = tuple["np.ndarray", "np.ndarray"]


def spaces(moments: First, k: int) -> tuple[Columns, "np.ndarray"]:
    """Orthonormal bases, (d, k), of the spaces of U and V, and E[A z wᵀ], (k, k), in them."""
    left, _, right = np.linalg.svd(moments.axy)
    bases = left[:, :k], right[:k].T
    return bases, bases[0].T @ moments.axy @ bases[1]


def outer(bases: Columns, inner: Columns) -> "np.ndarray":
    """U and V, (2, d, k), from their columns in the spaces."""
    return np.stack([basis @ columns for basis, columns in zip(bases, inner, strict=True)])


def _sigmoid(pairs: Pairs, bases: Columns, cross: "np.ndarray", moments: First, seed: int) -> Columns:
    tensor = third_moment(pairs, bases[0], moments.a)
    b = components(tensor, seed)
    a = np.linalg.pinv(b)
    signs = -np.sign(np.einsum("la,lb,lc,abc->l", a, a, a, tensor))  # the coefficient of b_l³ is negative
    b, a = b * signs, a * signs[:, None]
    c = unit((a @ cross).T)
    sides = []
    for directions, basis, mean in ((b, bases[0], moments.ax), (c, bases[1], moments.ay)):
        heights = 2 * np.linalg.pinv(directions) @ (basis.T @ mean)
        sides.append(directions * _inverted(lambda s: gamma("sigmoid", 1, s), heights))
    return sides[0], sides[1]


def _relu(pairs: Pairs, bases: Columns, cross: "np.ndarray", moments: First, seed: int) -> Columns:
    tensor = mixed_moment(pairs, bases, moments.a)
    return relu_columns(components(tensor, seed), tensor, cross)


def relu_columns(b: "np.ndarray", tensor: "np.ndarray", cross: "np.ndarray") -> Columns:
    """Columns of U and V of ReLU, in their spaces, (k, k) both, from the directions ū_l up to sign, the columns of
    ``b``. ``tensor``: the mixed moment, ``cross``: that of A x yᵀ, in these spaces."""
    a = np.linalg.pinv(b)
    c = unit(np.einsum("la,lb,abw->wl", a, a, tensor))
    coefficients = np.einsum("lw,wl->l", a @ cross, c)  # γ₁ γ₁, of the sign of b_l
    length = np.sqrt(4 * np.abs(coefficients))
    return b * np.sign(coefficients) * length, c * length


def _tanh(pairs: Pairs, bases: Columns, cross: "np.ndarray", moments: First, seed: int) -> Columns:
    tensor = fourth_moment(pairs, bases, moments.a)
    k = len(cross)
    b = components(tensor.reshape(k, k, k * k), seed)
    a = np.linalg.pinv(b)
    c = unit((a @ cross).T)
    dual = np.linalg.pinv(c)
    second = np.einsum("la,aw,lw->l", a, cross, dual)
    fourth = np.einsum("la,lb,lc,lw,abcw->l", a, a, a, dual, tensor)
    u = _inverted(lambda s: -third("tanh", s) / gamma("tanh", 1, s), -fourth / second)
    v = _inverted(lambda s: gamma("tanh", 1, s), second / np.array([gamma("tanh", 1, s) for s in u]))
    return b * u, c * v


def unit(columns: "np.ndarray") -> "np.ndarray":
    """The columns, each of length 1."""
    scaled: np.ndarray = columns / np.linalg.norm(columns, axis=0)
    return scaled


def _inverted(function: Callable[[float], float], values: "np.ndarray") -> "np.ndarray":
    """The norms within NORMS at which an increasing function has these values, or the end that comes nearest."""
    from scipy.optimize import brentq

    low, high = (function(end) for end in NORMS)

    def norm(value: float) -> float:
        if not low < value < high:
            return NORMS[0] if value <= low else NORMS[1]
        return float(brentq(lambda s: function(s) - value, *NORMS))

    return np.array([norm(value) for value in values])


def component_errors(found: "np.ndarray", truth: "np.ndarray", activation: Activation) -> Columns:
    """Of every component, matched by the least total: (‖ū_l − ū*_l‖ + ‖v̄_l − v̄*_l‖) / 2, and the relative error of the
    product of its norms, | |u_l| |v_l| / (|u*_l| |v*_l|) − 1 |. Weights (2, d, k). For tanh the sign of a pair is free.
    """
    from scipy.optimize import linear_sum_assignment

    directions = [[unit(side) for side in w] for w in (found, truth)]

    def away(sign: float) -> "np.ndarray":
        """(l, m): found component l against true component m."""
        sides = zip(*directions, strict=True)
        distances = (np.linalg.norm(sign * ours[:, :, None] - true[:, None, :], axis=0) for ours, true in sides)
        mean: np.ndarray = sum(distances) / 2
        return mean

    distance = np.minimum(away(1.0), away(-1.0)) if activation == "tanh" else away(1.0)
    rows, columns = linear_sum_assignment(distance)
    lengths = [np.linalg.norm(w[0], axis=0) * np.linalg.norm(w[1], axis=0) for w in (found, truth)]
    return distance[rows, columns], np.abs(lengths[0][rows] / lengths[1][columns] - 1)
