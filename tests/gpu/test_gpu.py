"""What runs on a GPU gives what the CPU gives, to rounding."""

import numpy as np
import pytest
import torch

from dotbench.datasets.interactions import Split
from dotbench.runs.fitting import fit
from dotbench.runs.hardware import Place
from dotbench.settings.method import MethodChoice, resolve

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


def random_split() -> Split:
    pairs = np.argwhere(np.random.default_rng(0).random((200, 80)) < 0.2)
    part = np.random.default_rng(1).integers(0, 10, len(pairs))
    return Split(200, 80, pairs[part > 1], pairs[part == 1], pairs[part == 0], {})


@pytest.mark.parametrize(
    ("loss", "solver", "settings"),
    [
        ("rg2", "spectral", {"embedding_size": 8, "dtype": "float64"}),
        ("rg2", "als", {"embedding_size": 8, "dtype": "float64", "epochs": 20}),
        ("wrmf", "als", {"embedding_size": 8, "dtype": "float64", "epochs": 5}),
        ("softmax", "sgd", {"embedding_size": 8, "epochs": 3, "updates": 0}),
        ("bpr", "sgd", {"embedding_size": 8, "epochs": 3, "updates": 0}),
    ],
)
def test_scores_equal_the_cpu(loss, solver, settings):
    method = resolve(MethodChoice(model="mf", loss=loss, solver=solver, set=settings, grid={}))
    scores = []
    for device in ("cpu", "cuda"):
        result = fit(method, method.settings, random_split(), "random", 0, 0, Place(device))
        assert result.record["status"] == "ok", result.record["reason"]
        scores.append(result.arrays["user_vectors"] @ result.arrays["item_vectors"].T)
    np.testing.assert_allclose(scores[1], scores[0], rtol=1e-3, atol=1e-3 * np.abs(scores[0]).max())
