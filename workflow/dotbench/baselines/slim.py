"""SLIM: a sparse linear method."""

from pydantic import Field

from dotbench.baselines._gram import gram
from dotbench.baselines.base import ItemBaseline
from dotbench.datasets.interactions import Split
from dotbench.lazy import np
from dotbench.settings import Settings

NEGLIGIBLE = 1e-3  # of the tolerance: changes below it are not made


class SLIMSettings(Settings):
    """Settings of the baseline `slim`."""

    l1: float = Field(3.0, ge=0, description="λ₁, on the sum of the weights: it makes them sparse")
    l2: float = Field(100.0, ge=0, description="λ₂, on half of the squared weights")
    passes: int = Field(50, ge=1, description="cap on passes over all items")
    tolerance: float = Field(0.01, gt=0, le=1, description="it ends after a pass in which no weight changed by more")


class SLIM(ItemBaseline):
    """The weights W that minimise ½‖X − XW‖² + ½λ₂‖W‖² + λ₁‖W‖₁ with W ≥ 0 and a diagonal of zeros (Ning and Karypis,
    ICDM 2011), by coordinate descent.

    X (n_users, n_items) is the training matrix, G = XᵀX. A pass goes through the items i, and sets the weights of i for
    all j at once, which are independent: W_ij ← max(0, R_ij + G_ii W_ij − λ₁) / (G_ii + λ₂) with R = G − GW, which then
    changes in the columns j of the weights that did. A pass takes n_items² operations and n_items for each changed
    weight; 16 bytes for each pair of items. With more than 15,000 items the fit fails where the memory is not free.
    """

    name = "slim"
    title = "SLIM"
    solver = "coordinate-descent"
    Settings = SLIMSettings
    settings: SLIMSettings
    grids = {
        "reduced": {"l1": [1.0, 3.0], "l2": [10.0, 100.0, 300.0]},
        "paper": {"l1": [0.3, 1.0, 3.0, 10.0], "l2": [10.0, 100.0, 300.0]},
    }

    def train(self, split: Split) -> None:
        from scipy.sparse import csr_matrix

        s = self.settings
        shared = np.ascontiguousarray(gram(split, 2.0), np.float32)
        squares = shared.diagonal()
        rest = shared.copy()  # Rᵀ: what changes with the weights for an item is a row
        weights = np.zeros_like(shared)
        for _ in range(s.passes):
            largest = 0.0
            for item in np.flatnonzero(squares):
                now = weights[item]
                aim = np.maximum(rest[:, item] + squares[item] * now - s.l1, 0) / (squares[item] + s.l2)
                aim[item] = 0
                change = aim - now
                changed = np.flatnonzero(np.abs(change) > NEGLIGIBLE * s.tolerance)
                if len(changed):
                    rest[changed] -= change[changed, None] * shared[item]
                    now[changed] = aim[changed]
                    largest = max(largest, float(np.abs(change[changed]).max()))
            if largest <= s.tolerance:
                break
        self.weights = csr_matrix(weights)
