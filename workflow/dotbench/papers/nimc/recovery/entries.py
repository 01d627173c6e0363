"""The compiled loops over observed entries. Imports numba: import this module where a loop runs."""

import numpy as np

from dotbench.numerics.triples import REORDERED, compiled


@compiled(fastmath=REORDERED)
def predict(p: np.ndarray, q: np.ndarray, rows: np.ndarray, values: np.ndarray) -> None:
    """values_re = p_ri · q_rj for every entry e = (i, j) of every problem r. ``p``, ``q`` (R, n, k), ``rows`` (R, 2,
    m), ``values`` (R, m)."""
    for r in range(len(values)):
        for e in range(values.shape[1]):
            i, j = rows[r, 0, e], rows[r, 1, e]
            value = 0.0
            for c in range(p.shape[2]):
                value += p[r, i, c] * q[r, j, c]
            values[r, e] = value


@compiled(fastmath=REORDERED)
def differentiate(
    p: np.ndarray, q: np.ndarray, rows: np.ndarray, values: np.ndarray, f: np.ndarray, into: np.ndarray
) -> None:
    """f_r = (1/2m) Σ_e (p_ri · q_rj − values_re)², and its gradients in p and q, added to ``into`` (2, R, n, k).

    One pass over the entries, O(R m k), so that they are read once and what belongs to a problem stays in the cache.
    """
    m, k = values.shape[1], p.shape[2]
    for r in range(len(values)):
        total = 0.0
        for e in range(m):
            i, j = rows[r, 0, e], rows[r, 1, e]
            residual = -values[r, e]
            for c in range(k):
                residual += p[r, i, c] * q[r, j, c]
            total += residual * residual
            residual /= m
            for c in range(k):
                into[0, r, i, c] += residual * q[r, j, c]
                into[1, r, j, c] += residual * p[r, i, c]
        f[r] = total / (2 * m)
