"""Whether a model has been recovered: its error at fresh rows."""

from dotbench.lazy import np, torch
from dotbench.papers.nimc.recovery.activations import VALUES, Activation
from dotbench.papers.nimc.recovery.features import LAWS, Features

FRESH = 500  # rows of X_t and of Y_t
STREAM = 5


def recovery_errors(
    w: "torch.Tensor",
    truth: "torch.Tensor",
    activation: Activation,
    seed: int,
    fresh: int = FRESH,
    features: Features = "normal",
) -> tuple[float, float]:
    """Relative errors ‖M(U, V) − M(U*, V*)‖ / ‖M(U*, V*)‖ (Frobenius) at fresh rows X_t, Y_t of the law ``features``.
    Weights and truth of one problem, (2, d, k); they may differ in k.

    The first has M(U, V) = φ(X_t U) φ(Y_t V)ᵀ. The second is printed in the paper (Zhong et al., NeurIPS 2019,
    Section 4): M = φ(X_t U) φ(X_t U)ᵀ, in which V does not occur. A ReLU fit that has found the model fails that one
    but by chance: U D, V D⁻¹ with any positive diagonal D is the same model, and has another error.
    """
    rng = np.random.default_rng([seed, STREAM])
    x, y = (torch.from_numpy(LAWS[features](rng, (fresh, truth.shape[1]))).to(truth) for _ in "xy")
    value = VALUES[activation]

    def relative(estimate: "torch.Tensor", true: "torch.Tensor") -> float:
        return float(torch.linalg.norm(estimate - true) / torch.linalg.norm(true))

    p, q, true_p, true_q = value(x @ w[0]), value(y @ w[1]), value(x @ truth[0]), value(y @ truth[1])
    return relative(p @ q.T, true_p @ true_q.T), relative(p @ p.T, true_p @ true_p.T)
