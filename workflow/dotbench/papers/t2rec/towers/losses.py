"""What the towers' training makes small."""

from typing import TypeVar

from dotbench.lazy import np, torch

Errors = TypeVar("Errors", "torch.Tensor", "np.ndarray")


def huber(errors: Errors, threshold: float) -> Errors:
    """ρ_δ(e) = e² where |e| ≤ δ = ``threshold``, 2δ|e| − δ² elsewhere; any shape. δ = ∞: the squared error.

    Its derivative is 2 max(−δ, min(e, δ)): no rating pulls harder than one that is δ away. Huber, Robust Estimation of
    a Location Parameter, Annals of Mathematical Statistics 35, 1964; twice the form that is printed there, so that
    small errors have the square.
    """
    clipped = errors.clip(-threshold, threshold)
    values: Errors = clipped * (2 * errors - clipped)
    return values
