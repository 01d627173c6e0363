"""Joint diagonalisation by congruence, and symmetric tensors by it."""

from dotbench.lazy import np

SWEEPS = 200
STEP = 0.9  # Frobenius norm that a step of FFDIAG may have
PROJECTIONS = 4  # random projections for each component


def joint_diagonaliser(matrices: "np.ndarray", start: "np.ndarray") -> "np.ndarray":
    """V (k, k) with V M_j Vᵀ as diagonal as can be, for symmetric M_j: (j, k, k).

    FFDIAG (Ziehe, Laskov, Nolte and Müller, JMLR 2004): V ← (I + W) V, W without a diagonal and, to first order, the
    minimiser of the sum of squares off the diagonals, pair by pair. V need not be orthogonal.
    """
    v = start.copy()
    k = len(v)
    off = ~np.eye(k, dtype=bool)
    for _ in range(SWEEPS):
        m = v @ matrices @ v.T
        d = np.einsum("jaa->ja", m)
        z = d.T @ d
        y = np.einsum("jb,jab->ab", d, m * off)
        determinant = np.outer(np.diag(z), np.diag(z)) - z**2
        determinant[determinant < 1e-300] = np.inf
        w = np.where(off, (z * y.T - np.diag(z)[:, None] * y) / determinant, 0.0)
        norm = float(np.linalg.norm(w))
        v = v + (w * min(1.0, STEP / max(norm, 1e-300))) @ v
        v /= np.linalg.norm(v, axis=1, keepdims=True)
        if norm < 1e-10:
            break
    return v


def components(tensor: "np.ndarray", seed: int) -> "np.ndarray":
    """Unit columns b_l (k, k), up to signs and order, of T = Σ_l c_l b_l ⊗ b_l ⊗ s_l, symmetric in its first two axes,
    (k, k, r): for a symmetric tensor s_l = b_l.

    Kuleshov, Chaganty and Liang, Tensor Factorization via Matrix Factorization, AISTATS 2015: T projected along random
    directions of its last axis gives matrices that B⁻¹ diagonalises jointly. Then T is projected along the directions
    that single the components out, found in the first stage, and these are diagonalised.
    """
    rng = np.random.default_rng([seed, 8])
    k, r = tensor.shape[0], tensor.shape[2]
    directions = rng.standard_normal((PROJECTIONS * k, r))
    matrices = np.einsum("abw,jw->jab", tensor, directions / np.linalg.norm(directions, axis=1, keepdims=True))
    v = joint_diagonaliser(matrices, _start(matrices))
    singled = np.einsum("la,lb,abw->lw", v, v, tensor)  # c_l s_l, but for errors
    dual = np.linalg.pinv(singled / np.linalg.norm(singled, axis=1, keepdims=True)).T
    dual /= np.linalg.norm(dual, axis=1, keepdims=True)
    v = joint_diagonaliser(np.einsum("abw,jw->jab", tensor, dual), v)
    b = np.linalg.pinv(v)
    unit: np.ndarray = b / np.linalg.norm(b, axis=0)
    return unit


def _start(matrices: "np.ndarray") -> "np.ndarray":
    """V from the eigenvectors of M₁⁻¹ M₂, M₁ the best conditioned of the matrices (Jennrich), or from those of M₁ where
    these are not real."""
    best = int(np.argmin([np.linalg.cond(m) for m in matrices]))
    first, second = matrices[best], matrices[best - 1]
    _, vectors = np.linalg.eig(np.linalg.solve(first, second))
    if np.abs(vectors.imag).max() > 1e-6 or np.linalg.cond(vectors.real) > 1e8:
        return np.linalg.eigh(first)[1].T
    return vectors.real.T
