"""The third moment of x under other laws of the features, and of other functions, exactly."""

from collections.abc import Callable

from dotbench.lazy import np
from dotbench.papers.nimc.recovery.features import Features

POINTS = 40  # of the quadrature, for each entry of x


def third_moment_of(function: "Callable[[np.ndarray], np.ndarray]", d: int, law: Features) -> "np.ndarray":
    """E f(x) He₃(x), (d, d, d), He₃ that of normal x, by Gauss quadrature of independent entries of a law.

    Zhong et al., NeurIPS 2019, Section 3.4: for normal x and f(x) = Σ_l c_l φ(u_lᵀx) it is Σ_l α_l ū_l ⊗ ū_l ⊗ ū_l
    (Stein's identity). ``function``: of points (p, d), returns (p,). O(40ᵈ d³).
    """
    at, weights = _rule(law)
    points = np.stack([grid.ravel() for grid in np.meshgrid(*[at] * d, indexing="ij")], 1)
    weight = np.prod(np.stack([grid.ravel() for grid in np.meshgrid(*[weights] * d, indexing="ij")]), 0)
    weighted = weight * function(points)
    tensor: np.ndarray = np.einsum("p,pa,pb,pc->abc", weighted, points, points, points)
    means, eye = weighted @ points, np.eye(d)
    for form in ("a,bc->abc", "b,ac->abc", "c,ab->abc"):
        tensor = tensor - np.einsum(form, means, eye)
    return tensor


def share_outside(tensor: "np.ndarray", directions: "np.ndarray") -> float:
    """The share of a tensor's norm that no combination of u ⊗ u ⊗ u has, u the columns of ``directions`` (d, k)."""
    cubes = np.stack([np.einsum("a,b,c->abc", u, u, u).ravel() for u in directions.T], 1)
    rest = tensor.ravel() - cubes @ np.linalg.lstsq(cubes, tensor.ravel(), rcond=None)[0]
    return float(np.linalg.norm(rest) / np.linalg.norm(tensor))


def _rule(law: Features) -> "tuple[np.ndarray, np.ndarray]":
    """Points and weights of an entry of variance 1."""
    if law == "signs":
        return np.array([-1.0, 1.0]), np.array([0.5, 0.5])
    if law == "uniform":
        at, weights = np.polynomial.legendre.leggauss(POINTS)
        return at * 3**0.5, weights / 2
    if law == "laplace":
        at, weights = np.polynomial.laguerre.laggauss(POINTS // 2)
        return np.concatenate([-at, at]) * 0.5**0.5, np.concatenate([weights, weights]) / 2
    at, weights = np.polynomial.hermite_e.hermegauss(POINTS)
    return at, weights / weights.sum()
