"""EASE: a linear autoencoder without hidden layer, in closed form."""

from pydantic import Field

from dotbench.baselines._gram import ITEMS, gram, inverted
from dotbench.baselines.base import ItemBaseline
from dotbench.datasets.interactions import Split
from dotbench.lazy import np
from dotbench.settings import Settings


class EASESettings(Settings):
    """Settings of the baseline `ease`."""

    regularization: float = Field(300.0, gt=0, description="λ, on the squared weights")


class EASE(ItemBaseline):
    """The weights W that minimise ‖X − XW‖² + λ‖W‖² with a diagonal of zeros: W = I − P diag(1 / diag P),
    P = (XᵀX + λI)⁻¹ (Steck, WWW 2019, its closed form).

    X (n_users, n_items) is the training matrix. One Cholesky factorisation, O(n_items³), and the sparse product XᵀX;
    float64, 12 bytes for each pair of items. With more than 15,000 items it is float32 in one matrix, 4 bytes, and the
    fit fails where the memory is not free.
    """

    name = "ease"
    title = "EASE"
    Settings = EASESettings
    settings: EASESettings
    grids = {
        "reduced": {"regularization": [30.0, 100.0, 200.0, 500.0, 1000.0, 3000.0]},
        "paper": {
            "regularization": [10.0, 30.0, 50.0, 100.0, 200.0, 300.0, 500.0, 700.0, 1000.0, 2000.0, 3000.0, 5000.0]
        },
    }

    def train(self, split: Split) -> None:
        lean = split.n_items > ITEMS
        matrix = gram(split, 1.1, "float32") if lean else gram(split, 1.5)
        np.fill_diagonal(matrix, matrix.diagonal() + self.settings.regularization)
        inverse = inverted(matrix).T  # it is symmetric; in this order it can be kept as it is
        self.weights = inverse if lean else np.empty(inverse.shape, np.float32)
        np.divide(inverse, -inverse.diagonal(), out=self.weights, casting="same_kind")
        np.fill_diagonal(self.weights, 0.0)
