"""The Hessian of NIMC's objective at the truth with infinitely many rows and entries."""

from dataclasses import dataclass
from itertools import combinations_with_replacement

from dotbench.lazy import np, torch
from dotbench.papers.nimc.recovery.activations import SLOPES, VALUES, Activation

REACH = 8.5  # of the grid of two standard normal numbers
STEP, STEEP = 0.1, 0.4  # of the grid, and that times a norm: slopes of φ have a width of one over the norm


def population_hessian(truth: "np.ndarray", activation: Activation) -> "np.ndarray":
    """E JᵀJ for standard normal x and y, (2dk, 2dk), in the order of ``truth.flatten()``; ``truth``: U* and V*,
    (2, d, k). Of a smooth φ: sigmoid, tanh or linear.

    The block of u_a and u_b is E[φ'(u_aᵀx) φ'(u_bᵀx) x xᵀ] E[φ(v_aᵀy) φ(v_bᵀy)], that of u_a and v_b is
    E[φ'(u_aᵀx) φ(u_bᵀx) x] E[φ'(v_bᵀy) φ(v_aᵀy) y]ᵀ. The expectations depend on x in the plane of u_a and u_b alone.
    There they are sums over a grid, whose errors fall exponentially as it gets finer. With these steps they are below
    1e-6 of the expectation.
    """
    _, d, k = truth.shape
    step = min(STEP, STEEP / float(np.linalg.norm(truth, axis=1).max()))
    hessian = np.empty((2, d, k, 2, d, k))
    for a, b in combinations_with_replacement(range(k), 2):
        u, v = (_Plane.of(side[:, a], side[:, b], activation, step) for side in truth)
        for side, curved in ((0, u.slopes * v.product), (1, v.slopes * u.product)):
            hessian[side, :, a, side, :, b] = curved
            hessian[side, :, b, side, :, a] = curved
        for one, other, block in ((a, b, np.outer(u.first, v.second)), (b, a, np.outer(u.second, v.first))):
            hessian[0, :, one, 1, :, other] = block
            hessian[1, :, other, 0, :, one] = block.T
    return hessian.reshape(2 * d * k, 2 * d * k)


@dataclass(frozen=True)
class _Plane:
    """Of s = aᵀx and t = bᵀx: ``slopes`` E[φ'(s) φ'(t) x xᵀ] (d, d), ``product`` E[φ(s) φ(t)], ``first``
    E[φ'(s) φ(t) x] and ``second`` E[φ(s) φ'(t) x], both (d,)."""

    slopes: "np.ndarray"
    product: float
    first: "np.ndarray"
    second: "np.ndarray"

    @classmethod
    def of(cls, a: "np.ndarray", b: "np.ndarray", activation: Activation, step: float) -> "_Plane":
        basis, triangle = np.linalg.qr(np.stack([a, b], 1))  # x = basis z + what is orthogonal to it
        line = torch.arange(-REACH, REACH + step / 2, step, dtype=torch.float64)
        weight = torch.exp(-(line**2) / 2)
        weight /= weight.sum()
        z, weights = (line[:, None], line[None, :]), weight[:, None] * weight[None, :]
        p, q = (VALUES[activation](triangle[0, at] * z[0] + triangle[1, at] * z[1]) for at in (0, 1))
        dp, dq = SLOPES[activation](p), SLOPES[activation](q)

        def mean_along(values: "torch.Tensor") -> "np.ndarray":
            mean: np.ndarray = basis @ np.array([float((values * weights * side).sum()) for side in z])
            return mean

        both = dp * dq * weights
        along = np.array([[float((both * z[i] * z[j]).sum()) for j in (0, 1)] for i in (0, 1)])
        across = np.eye(len(a)) - basis @ basis.T
        slopes = basis @ along @ basis.T + float(both.sum()) * across
        return cls(slopes, float((p * q * weights).sum()), mean_along(dp * q), mean_along(p * dq))
