"""Linear inductive matrix completion."""

from dotbench.models._inductive import InductiveModel, InductiveSettings


class IMC(InductiveModel):
    """Score (Uᵀx_u)ᵀ (Vᵀy_i) = x_uᵀ U Vᵀ y_i: bilinear in the features, of rank k at most, without an intercept.

    Jain and Dhillon, 2013. It is the baseline of Zhong et al., NeurIPS 2019, Table 1. Features that include a constant
    column (`constant`) give it intercepts.
    """

    name = "imc"
    title = "IMC"
    Settings = InductiveSettings
