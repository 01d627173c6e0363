"""GF-CF: graph filters without training."""

from pydantic import Field

from dotbench.baselines._svd import right_vectors
from dotbench.baselines.base import RankingBaseline
from dotbench.datasets.interactions import Split
from dotbench.evaluation.scoring import VECTORS, training_matrix, weight_arrays
from dotbench.lazy import np
from dotbench.settings import Settings


class GFCFSettings(Settings):
    """Settings of the baseline `gf-cf`."""

    alpha: float = Field(0.3, ge=0, description="α, weight of the ideal low-pass filter beside the linear one")
    embedding_size: int = Field(256, ge=1, description="K, singular vectors that the low-pass filter lets through")


class GFCF(RankingBaseline):
    """s_u = x_u (R̃ᵀR̃ + α D_I^(−½) V Vᵀ D_I^(½)): a linear filter and an ideal low-pass filter of the graph of items
    (Shen et al., CIKM 2021, "How powerful is graph convolution for recommendation?", and their code).

    R̃ = D_U^(−½) X D_I^(−½), X (n_users, n_items) the training matrix, D the diagonals of its row sums n_u and column
    sums n_i; V (n_items, K) the leading right singular vectors of R̃. The linear filter is kept as weights of items for
    items, the low-pass filter as vectors p_u = x_u D_I^(−½) V and q_i = α √n_i V_i. Σ_u n_u² operations for the sparse
    product, and those of `pure-svd`. It needs memory for the pairs of items that share a user.
    """

    name = "gf-cf"
    title = "GF-CF"
    solver = "arpack"
    Settings = GFCFSettings
    settings: GFCFSettings
    grids = {
        "reduced": {"alpha": [0.3, 1.0], "embedding_size": [16, 64, 256]},
        "paper": {"alpha": [0.1, 0.3, 1.0], "embedding_size": [16, 32, 64, 256]},
    }

    def train(self, split: Split) -> None:
        from scipy.sparse import diags_array

        self.x = training_matrix(split, "float64")
        n_users, n_items = (np.asarray(self.x.sum(axis)).ravel() for axis in (1, 0))
        self.roots = np.sqrt(n_items)
        self.inverse_roots = _inverse(self.roots)
        normalised = diags_array(_inverse(np.sqrt(n_users))) @ self.x @ diags_array(self.inverse_roots)
        self.passed = right_vectors(normalised, self.settings.embedding_size)
        self.weights = normalised.T @ normalised

    def arrays(self, split: Split) -> "dict[str, np.ndarray]":
        users = self.x @ (self.inverse_roots[:, None] * self.passed)
        items = self.settings.alpha * self.roots[:, None] * self.passed
        vectors = (np.ascontiguousarray(side, np.float32) for side in (users, items))
        return dict(zip(VECTORS, vectors, strict=True)) | weight_arrays(self.weights)


def _inverse(values: "np.ndarray") -> "np.ndarray":
    """1 / values, and 0 where they are 0."""
    inverse: np.ndarray = np.divide(1.0, values, out=np.zeros_like(values), where=values > 0)
    return inverse
