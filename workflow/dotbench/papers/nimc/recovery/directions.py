"""Directions away from the truth of a problem."""

from dotbench.lazy import torch
from dotbench.papers.nimc.recovery.problems import Problems

PROBE = 1e-3  # of the truth's norm: step of the differences that give the derivative of an eigenvalue


def worst_direction(problems: Problems, held: int = 0) -> "torch.Tensor":
    """Where the least eigenvalue of the Hessian falls most at the truth of one problem, (1, 2, d, k), of length 1.

    Against the gradient of vᵀ ∇²f v, v the eigenvector, which is the second derivative of ∇f along v. ``held``: so many
    parameters, the first ones, do not move.
    """
    truth = problems.truth
    vector = torch.zeros_like(truth)
    vector.view(-1)[held:] = torch.linalg.eigh(problems.hessian(truth)[0][held:, held:])[1][:, 0]
    step = PROBE * truth.norm() * vector
    ahead, behind = (problems.value_and_gradient(truth + sign * step)[1] for sign in (1, -1))
    direction: torch.Tensor = -(ahead + behind)
    direction.view(-1)[:held] = 0
    return direction.div_(direction.norm())
