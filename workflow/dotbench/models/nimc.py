"""Non-linear inductive matrix completion."""

from typing import Literal

from pydantic import Field

from dotbench.lazy import torch
from dotbench.models._inductive import InductiveModel, InductiveSettings


class NIMCSettings(InductiveSettings):
    """Settings of the model `nimc`."""

    activation: Literal["relu", "sigmoid", "tanh"] = Field("relu", description="φ, of every entry")


class NIMC(InductiveModel):
    """Score φ(Uᵀx_u)ᵀ φ(Vᵀy_i). Zhong et al., Provable Non-linear Inductive Matrix Completion, NeurIPS 2019, Eq. 2."""

    name = "nimc"
    title = "NIMC"
    Settings = NIMCSettings
    settings: NIMCSettings

    def activate(self, values: "torch.Tensor") -> "torch.Tensor":
        activations: torch.Tensor = getattr(torch, self.settings.activation)(values)
        return activations
