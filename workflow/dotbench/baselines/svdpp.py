"""Biased matrix factorisation with implicit feedback, by SGD."""

from typing import Any

from pydantic import Field

from dotbench.baselines._surprise import SurpriseBaseline
from dotbench.lazy import np, surprise
from dotbench.settings import Settings


class SVDppSettings(Settings):
    """Settings of the baseline `svdpp`."""

    embedding_size: int = Field(20, ge=1)
    epochs: int = Field(20, ge=1)
    learning_rate: float = Field(0.007, gt=0)
    regularization: float = Field(0.02, ge=0)


class SVDpp(SurpriseBaseline):
    """SVD plus the items that a user rated as implicit feedback (Koren, KDD 2008; scikit-surprise SVDpp)."""

    name = "svdpp"
    title = "SVD++"
    equivariant = frozenset({"shift"})  # the step of SGD knows no unit
    Settings = SVDppSettings
    settings: SVDppSettings
    grids = {"reduced": {"embedding_size": [10, 20], "regularization": [0.02, 0.1]}}

    def algorithm(self) -> Any:
        return surprise.SVDpp(
            n_factors=self.settings.embedding_size,
            n_epochs=self.settings.epochs,
            lr_all=self.settings.learning_rate,
            reg_all=self.settings.regularization,
            random_state=self.init_seed,
            cache_ratings=True,
        )

    def predict(self, pairs: "np.ndarray") -> "np.ndarray":
        """μ + b_u + b_i + q_iᵀ(p_u + |I_u|^(−1/2) Σ_{j∈I_u} y_j); what is unknown adds nothing.

        surprise sums the y_j again for every pair. Here they are summed once for each user.
        """
        fitted, train = self.fitted, self.fitted.trainset
        rated = [[item for item, _ in train.ur[user]] for user in train.all_users()]
        implicit = np.array([fitted.yj[items].sum(0) / np.sqrt(len(items)) for items in rated])
        # a row of zeros at the end, number -1, stands for the unknown
        users, items = (np.pad(vectors, ((0, 1), (0, 0))) for vectors in (fitted.pu + implicit, fitted.qi))
        user_biases, item_biases = (np.pad(biases, (0, 1)) for biases in (fitted.bu, fitted.bi))
        u = [train._raw2inner_id_users.get(user, -1) for user in pairs[:, 0].tolist()]
        i = [train._raw2inner_id_items.get(item, -1) for item in pairs[:, 1].tolist()]
        estimates: np.ndarray = train.global_mean + user_biases[u] + item_biases[i] + (users[u] * items[i]).sum(1)
        return estimates
