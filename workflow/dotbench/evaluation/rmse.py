"""The rating metric that validation during training uses."""

from dotbench.lazy import np


def rmse(truth: "np.ndarray", prediction: "np.ndarray") -> float:
    """√ mean (r − r̂)², in rating points; both of shape (n,)."""
    return float(np.sqrt(np.mean((truth - prediction) ** 2)))
