"""Sparsemax: softmax's sparse relative."""

from dotbench.lazy import torch
from dotbench.losses.listwise import ListwiseLoss, positive_scores

FIRST = 64, 512  # so many highest scores are looked at, before all are


class Sparsemax(ListwiseLoss):
    """ℓ_u = Σ_{i∈I_u} [ −o_ui + ½ Σ_{j∈S} (o_uj² − τ²) + ½ ],  S the items whose score exceeds τ.

    Martins and Astudillo, ICML 2016, Eq. 10 (RG2 paper, Section 4.1.2, signs and the simplex's dimension mended). The
    gradient of a positive's term is sparsemax(o_u) − e_i: the projection of the scores onto the simplex of N
    items, [o_u − τ]₊, minus the positive.
    """

    name = "sparsemax"
    title = "Sparsemax"
    defaults = {"sgd": {"learning_rate": 0.001, "weight_decay": 1e-4, "patience_updates": 500}}

    def formula(
        self, scores: "torch.Tensor", rows: "torch.Tensor", items: "torch.Tensor", counts: "torch.Tensor"
    ) -> "torch.Tensor":
        values = candidates(scores)
        inside = values > threshold(values.detach())
        kept = torch.where(inside, values, 0)
        tau = (kept.sum(1) - 1) / inside.sum(1)
        # Σ_S (o² − τ²) as Σ_S (o − τ)(o + τ): no cancellation of large squares
        gap = torch.where(inside, (values - tau[:, None]) * (values + tau[:, None]), 0).sum(1)
        return counts * (gap + 1) / 2 - positive_scores(scores, rows, items)


def candidates(scores: "torch.Tensor") -> "torch.Tensor":
    """Scores among which the support of every row of ``scores`` (B, N) is: the FIRST highest where they are enough,
    else all. They are enough if the lowest of them does not exceed the τ of these alone. One pass over all scores
    finds them, where Newton's method takes many."""
    for k in FIRST:
        if k < scores.shape[1]:
            top = scores.topk(k, dim=1).values
            if bool((top[:, -1:] <= threshold(top.detach())).all()):
                return top
    return scores


def threshold(scores: "torch.Tensor") -> "torch.Tensor":
    """τ with Σ_j [o_j − τ]₊ = 1 for every row of ``scores`` (B, N): shape (B, 1).

    Newton's method on that convex, decreasing, piecewise linear function from the left, τ = max o − 1: every
    step is τ ← (Σ_{o>τ} o − 1) / |{o > τ}|, it grows (rounding is not let to shrink it), and what exceeds it
    becomes fewer until it is exact, after finitely many steps.
    """
    top = scores.amax(dim=1, keepdim=True)
    shifted = scores - top
    tau = torch.full_like(top, -1.0)
    size = torch.zeros_like(tau)
    while True:
        inside = shifted > tau
        before, size = size, inside.sum(1, keepdim=True).to(scores.dtype)
        if torch.equal(before, size):
            return tau + top
        tau = torch.maximum(tau, (torch.where(inside, shifted, 0).sum(1, keepdim=True) - 1) / size)
