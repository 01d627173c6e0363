"""Sparsemax: softmax's sparse relative."""

from dotbench.lazy import torch
from dotbench.losses.listwise import ListwiseLoss, positive_scores

FIRST, GROWTH = 64, 8  # scores that the support is looked for among at first, and by how much more then


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
        top, size = support(scores)
        inside = _first(size, top)
        tau = _level(top, size)
        # Σ_S (o² − τ²) as Σ_S (o − τ)(o + τ): no cancellation of large squares
        gap = torch.where(inside, (top - tau) * (top + tau), 0).sum(1)
        return counts * (gap + 1) / 2 - positive_scores(scores, rows, items)


def threshold(scores: "torch.Tensor") -> "torch.Tensor":
    """τ with Σ_j [o_j − τ]₊ = 1 for every row of ``scores`` (B, N): shape (B, 1)."""
    return _level(*support(scores))


def support(scores: "torch.Tensor") -> "tuple[torch.Tensor, torch.Tensor]":
    """The highest scores of every row of ``scores`` (B, N), falling: shape (B, k), the support among them. And its
    size: shape (B, 1).

    With o_(1) ≥ o_(2) ≥ …, the size is the greatest s with 1 + s o_(s) > Σ_{j≤s} o_(j) (Martins and Astudillo, 2016,
    Algorithm 1). k grows until every support ends before it, because few scores are in it: O(B N + B k log k) and no
    sorting of all.
    """
    n = scores.shape[1]
    k = min(FIRST, n)
    while True:
        top = scores.topk(k, dim=1).values
        below = (top - top[:, :1]).detach()  # sums of small numbers
        places = torch.arange(1, k + 1, device=scores.device)
        size = (places * below > below.cumsum(1) - 1).sum(1, keepdim=True)
        if k == n or bool((size < k).all()):
            return top, size
        k = min(GROWTH * k, n)


def _first(size: "torch.Tensor", top: "torch.Tensor") -> "torch.Tensor":
    """Which columns of ``top`` (B, k) are among the first ``size`` (B, 1)."""
    return torch.arange(top.shape[1], device=top.device) < size


def _level(top: "torch.Tensor", size: "torch.Tensor") -> "torch.Tensor":
    """(Σ_S o − 1) / |S|, from differences to the highest score, which are small."""
    highest = top[:, :1]
    return (torch.where(_first(size, top), top - highest, 0).sum(1, keepdim=True) - 1) / size + highest
