"""What a pair of towers is, and how it is trained."""

import math
from typing import Any, Literal

from pydantic import Field, model_validator

from dotbench.settings import LATER, Settings


class Architecture(Settings):
    """Shape of both towers. The defaults are T2Rec's (arXiv 2403.00802, Section 6), linear in the last layer.

    ``depth`` counts layers of weights: the paper's "5-layer" networks have four hidden layers and one of output.
    ``output: activated`` is the paper's formula h_L = σ(W_L h_{L−1} + b_L) taken by the letter. With ReLU, no rating
    below zero can be predicted then.
    """

    depth: int = Field(5, ge=1, description="L, layers of weights of a tower")
    width: int = Field(50, ge=1, description="units of a hidden layer")
    embedding_size: int = Field(30, ge=1, description="p, length of a vector")
    activation: Literal["relu", "tanh", "sigmoid"] = Field("relu", description="σ, of the hidden layers")
    output: Literal["linear", "activated"] = Field("linear", description="whether σ is applied to the vector too")
    init: Literal["glorot", "torch", "he"] = Field("glorot", description="law of the initial weights")
    inputs: Literal["standardised", "raw"] = Field(
        "standardised", description="standardised: mean 0 and sd 1 of every covariate over the rows that are given"
    )


class Training(Settings):
    """Optimiser, schedule and end of a training.

    The objective is J = mean over pairs of (r − f(x_u)ᵀ g(y_i))² + λ Σ θ², as T2Rec prints it: the sum runs over
    weights and biases (``penalise_biases: false`` leaves the biases out, as the paper's printed update does). With
    ``loss: huber`` ρ_δ takes the place of the square (`losses.huber`), also in what validation watches: √ mean ρ_δ.
    """

    optimizer: Literal["sgd", "adam", "muon", "gauss-newton"] = "adam"
    learning_rate: float = Field(3e-3, gt=0, description="η, the highest of the schedule; no effect on gauss-newton")
    schedule: Literal["constant", "exponential", "cosine", "one-cycle"] = "constant"
    decay: float = Field(0.9, gt=0, le=1, description="factor of the exponential schedule for each epoch")
    floor: float = Field(
        0.0, ge=0, description="least learning rate of the schedule, except in the warm-up of one-cycle"
    )
    momentum: float = Field(0.9, ge=0, lt=1, description="μ of sgd and muon, β₁ of adam")
    nesterov: bool = Field(False, description="Nesterov's momentum, of sgd and muon")
    second_moment: float = Field(0.999, ge=0, lt=1, description="β₂ of adam")
    weight_decay: float = Field(0.0, ge=0, description="w of θ ← (1 − ηw) θ before a step; with adam this is AdamW")
    bias_rate: float = Field(0.1, gt=0, description="rate of Adam on the biases over that of muon on the matrices")
    damping: float = Field(1e-2, gt=0, description="initial μ of gauss-newton")
    cg_iterations: int = Field(50, ge=1, description="cap on the conjugate gradients of a step of gauss-newton")
    cg_tolerance: float = Field(0.1, gt=0, lt=1, description="relative residual at which they stop")
    regularization: float = Field(0.0, ge=0, description="λ of the objective")
    penalise_biases: bool = Field(True, description="whether λ applies to the biases too")
    loss: Literal["squared", "huber"] = Field("squared", json_schema_extra=LATER, description="of a rating")
    threshold: float = Field(
        1.0, gt=0, json_schema_extra=LATER, description="δ of huber: errors beyond it count by their absolute value"
    )
    batch_size: int = Field(2048, ge=1, description="pairs of a step")
    epochs: int = Field(200, ge=1, description="cap; an epoch sees every training pair once")
    patience: int = Field(
        20, ge=1, description="epochs without a lower validation RMSE (J, without validation) before the end"
    )
    dtype: Literal["float32", "float64"] = "float32"

    @model_validator(mode="after")
    def _floor_below(self) -> "Training":
        if self.floor > self.learning_rate:
            raise ValueError(f"floor {self.floor} is above the learning_rate {self.learning_rate}")
        if self.loss != "squared" and self.optimizer == "gauss-newton":
            raise ValueError(f"found loss '{self.loss}'; allowed with the optimizer gauss-newton is 'squared'")
        return self

    def bend(self) -> float:
        """δ of the loss: ∞ for the squared error."""
        return self.threshold if self.loss == "huber" else math.inf

    def program(self) -> dict[str, Any]:
        """The settings that fits of one tensor program share. In all others they may differ."""
        return self.model_dump(exclude=PER_FIT)


PER_FIT = {
    *("learning_rate", "schedule", "decay", "floor", "momentum", "second_moment", "weight_decay", "bias_rate"),
    *("regularization", "epochs", "patience"),
}

AS_PRINTED = Training(
    optimizer="sgd", learning_rate=1e-2, schedule="exponential", decay=0.9, floor=5e-3, momentum=0.0, batch_size=64
)
"""T2Rec's recipe as far as it is printed: plain SGD, η = 1e-2 × .9 an epoch down to 5e-3. Batch size, cap and patience
are not stated in the paper."""
