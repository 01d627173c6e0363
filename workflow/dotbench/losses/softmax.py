"""Full softmax."""

from dotbench.lazy import torch
from dotbench.losses.listwise import ListwiseLoss, positive_scores


class Softmax(ListwiseLoss):
    """ℓ_u = n_u · logsumexp_i(o_ui) − Σ_{i∈I_u} o_ui, the cross-entropy over all items.

    RG2 paper, Eq. 3. Summed over a user's positives, since they share one row of scores.
    """

    name = "softmax"
    title = "Softmax"

    def formula(
        self, scores: "torch.Tensor", rows: "torch.Tensor", items: "torch.Tensor", counts: "torch.Tensor"
    ) -> "torch.Tensor":
        return counts * torch.logsumexp(scores, dim=1) - positive_scores(scores, rows, items)
