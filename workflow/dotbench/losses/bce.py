"""Binary cross-entropy."""

from dotbench.lazy import torch
from dotbench.losses.sampled import PointwiseLoss


class BCE(PointwiseLoss):
    """ℓ = −log σ(o⁺) − (1/n) Σ_j log(1 − σ(o_j)): positives are ones, sampled items are zeros.

    RG2 paper, Section 4.1.2, with the normalisation of RecStudio: the n zeros of a positive weigh as much as it does.
    """

    name = "bce"
    title = "BCE"
    defaults = {"sgd": {"learning_rate": 0.001, "weight_decay": 1e-5}}

    def formula(self, positive: "torch.Tensor", negative: "torch.Tensor") -> "torch.Tensor":
        return torch.nn.functional.softplus(-positive) + torch.nn.functional.softplus(negative)
