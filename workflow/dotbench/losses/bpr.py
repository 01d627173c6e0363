"""Bayesian personalised ranking."""

from dotbench.lazy import torch
from dotbench.losses.sampled import PairwiseLoss


class BPR(PairwiseLoss):
    """ℓ(o⁺, o⁻) = −log σ(o⁺ − o⁻).

    Rendle et al., UAI 2009. Mean over sampled items as in RecStudio (the RG2 paper prints a sum over all).
    """

    name = "bpr"
    title = "BPR"
    defaults = {"sgd": {"learning_rate": 0.003, "weight_decay": 1e-5}}

    def formula(self, positive: "torch.Tensor", negative: "torch.Tensor") -> "torch.Tensor":
        return torch.nn.functional.softplus(negative - positive)
