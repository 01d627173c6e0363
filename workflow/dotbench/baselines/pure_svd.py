"""PureSVD: a truncated singular value decomposition of the training matrix."""

from pydantic import Field

from dotbench.baselines._svd import right_vectors
from dotbench.baselines.base import VectorBaseline
from dotbench.datasets.interactions import Split
from dotbench.evaluation.scoring import training_matrix
from dotbench.lazy import np
from dotbench.settings import Settings


class PureSVDSettings(Settings):
    """Settings of the baseline `pure-svd`."""

    embedding_size: int = Field(64, ge=1, description="K, singular vectors that are kept")


class PureSVD(VectorBaseline):
    """p_u = x_u V and q_i = V_i, V (n_items, K) the leading right singular vectors of the training matrix X (Cremonesi,
    Koren and Turrin, RecSys 2010, "PureSVD").

    P Qᵀ is the rank-K matrix that is nearest to X, in which every unobserved pair counts as a zero. O(K) sparse
    products and O((n_users + n_items) K²) operations.
    """

    name = "pure-svd"
    title = "PureSVD"
    solver = "arpack"
    Settings = PureSVDSettings
    settings: PureSVDSettings
    grids = {
        "reduced": {"embedding_size": [8, 16, 32, 64, 128, 256]},
        "paper": {"embedding_size": [4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256]},
    }

    def train(self, split: Split) -> None:
        self.x = training_matrix(split, "float64")
        self.items = right_vectors(self.x, self.settings.embedding_size)

    def vectors(self, split: Split) -> tuple["np.ndarray", "np.ndarray"]:
        users: np.ndarray = self.x @ self.items
        return users.astype(np.float32), np.ascontiguousarray(self.items, np.float32)
