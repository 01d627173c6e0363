"""Full softmax."""

from functools import cache
from typing import Any

from dotbench.lazy import torch
from dotbench.losses.base import Batch
from dotbench.losses.listwise import UserBatchedLoss
from dotbench.numerics.vectors import Vectors

CELLS = 1 << 20  # scores computed at a time on a CPU: they stay in its cache


class Softmax(UserBatchedLoss):
    """ℓ_u = n_u · logsumexp_i(o_ui) − Σ_{i∈I_u} o_ui, the cross-entropy over all items.

    RG2 paper, Eq. 3. Summed over a user's positives, since they share one row of scores. An epoch costs O(M N K).
    """

    name = "softmax"
    title = "Softmax"
    defaults = {"sgd": {"learning_rate": 0.003, "weight_decay": 3e-5, "patience_updates": 500}}

    def user_losses(self, vectors: Vectors, batch: Batch) -> "torch.Tensor":
        users, _, items, counts = batch
        losses: torch.Tensor = _cross_entropy().apply(vectors.users(users), vectors.items(), items, counts)
        return losses


@cache
def _cross_entropy() -> Any:
    """The autograd function of `Softmax.user_losses`."""

    class CrossEntropy(torch.autograd.Function):
        """ℓ of user vectors P (B, K) and item vectors Q (N, K): shape (B,). ``items`` (P,): positives, one user's after
        the other's. ``counts`` (B,): n_u.

        Of a block b of items, E_b = exp(P Q_bᵀ − m_b) is all that is kept; m_b (B,): each user's greatest score in it.
        With s_b = n_u exp(m_b − logsumexp) the gradients are dP = Σ_b s_b ∘ (E_b Q_b) − Y Q and
        dQ_b = E_bᵀ (s_b ∘ P) − Yᵀ P, Y (B, N) the positives: three products and an exponential of each score, on blocks
        in the cache, where autograd goes over the whole matrix of scores again and again (speed/losses.py).
        """

        @staticmethod
        def forward(
            context: Any, p: "torch.Tensor", q: "torch.Tensor", items: "torch.Tensor", counts: "torch.Tensor"
        ) -> "torch.Tensor":
            ends = counts.long().cumsum(0)
            positives = torch.nn.functional.embedding_bag(items, q, ends - counts.long(), mode="sum")
            blocks, tops, sums = [], [], []
            for part in torch.split(q, max(1, CELLS // len(p)) if q.device.type == "cpu" else len(q)):
                scores = p @ part.T
                tops.append(scores.amax(1))
                blocks.append(scores.sub_(tops[-1][:, None]).exp_())
                sums.append(blocks[-1].sum(1))
            top = torch.stack(tops)
            total = torch.logsumexp(top + torch.stack(sums).log(), 0)
            context.save_for_backward(p, q, items, ends, positives, counts * (top - total).exp(), *blocks)
            return counts * total - (p * positives).sum(1)

        @staticmethod
        @torch.autograd.function.once_differentiable
        def backward(context: Any, gradient: "torch.Tensor") -> Any:
            p, q, items, ends, positives, scales, *blocks = context.saved_tensors
            weight = gradient[:, None]
            d_p, d_q = -weight * positives, -scattered(weight * p, items, ends, len(q))
            start = 0
            for block, scale in zip(blocks, scales, strict=True):
                part, factor = slice(start, start + block.shape[1]), weight * scale[:, None]
                d_p.addcmul_(block @ q[part], factor)
                d_q[part].addmm_(block.T, factor * p)
                start = part.stop
            return d_p, d_q, None, None

    return CrossEntropy


def scattered(values: "torch.Tensor", items: "torch.Tensor", ends: "torch.Tensor", n: int) -> "torch.Tensor":
    """Yᵀ V for values V (B, K): shape (n, K). Row u of Y (B, n) has ones at ``items[ends[u − 1]:ends[u]]``."""
    if values.device.type == "cpu":
        from scipy.sparse import csr_array

        ones = values.new_ones(len(items)).numpy()
        starts = torch.cat([ends.new_zeros(1), ends]).numpy()
        return torch.from_numpy(csr_array((ones, items.numpy(), starts), shape=(len(ends), n)).T @ values.numpy())
    rows = torch.repeat_interleave(torch.arange(len(ends), device=ends.device), ends.diff(prepend=ends.new_zeros(1)))
    return values.new_zeros(n, values.shape[1]).index_add_(0, items, values[rows])
