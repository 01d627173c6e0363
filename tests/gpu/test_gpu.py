"""What runs on a GPU gives what the CPU gives, to rounding."""

import itertools

import numpy as np
import pytest
import torch

from dotbench.datasets.interactions import Split
from dotbench.execution.hardware import Execution
from dotbench.losses.base import losses
from dotbench.models.base import models
from dotbench.papers.nimc.recovery import problems
from dotbench.papers.nimc.recovery.methods import METHODS
from dotbench.papers.nimc.recovery.minimise import Rules, minimise
from dotbench.papers.t2rec.towers.sample import Sample
from dotbench.papers.t2rec.towers.settings import Architecture, Training
from dotbench.papers.t2rec.towers.training import Fit, packs, train
from dotbench.runs.fitting import Inputs, Seeds, fit
from dotbench.runs.method import MethodChoice, resolve, settings_class
from dotbench.solvers.base import solvers

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


def random_split() -> Split:
    pairs = np.argwhere(np.random.default_rng(0).random((200, 80)) < 0.2)
    part = np.random.default_rng(1).integers(0, 10, len(pairs))
    return Split(200, 80, pairs[part > 1], pairs[part == 1], pairs[part == 0], {})


SMALL = {"embedding_size": 8, "dtype": "float64", "epochs": 4, "updates": 0}
COMBINATIONS = [
    (model, loss, solver)
    for model, loss, solver in itertools.product(models().values(), losses().values(), solvers().values())
    if solver.can_solve(model, loss) and loss.task == "ranking" and not model.needs_features
]


@pytest.mark.parametrize("part", COMBINATIONS, ids=lambda part: "-".join(component.name for component in part))
def test_scores_equal_the_cpu(part):
    model, loss, solver = (component.name for component in part)
    known = settings_class(list(part)).model_fields
    settings = {key: value for key, value in SMALL.items() if key in known}
    method = resolve(MethodChoice(model=model, loss=loss, solver=solver, set=settings, grid={}))
    scores = []
    for device in ("cpu", "cuda"):
        result = fit(method, method.settings, Inputs("random", random_split()), Seeds(0, 0), Execution(device))
        assert result.record.status == "ok", result.record.reason
        scores.append(result.arrays["user_vectors"] @ result.arrays["item_vectors"].T)
    np.testing.assert_allclose(scores[1], scores[0], rtol=1e-3, atol=1e-3 * np.abs(scores[0]).max())


@pytest.mark.parametrize("cells", [0, 10**6])  # for every observed entry, up to which the whole matrix is formed
@pytest.mark.parametrize("name", ["gd", "l-bfgs", "lm"])
def test_recovery_equals_the_cpu(monkeypatch, name, cells):
    monkeypatch.setattr(problems, "DENSE", cells)
    drawn = [problems.draw(30, 200, 4, 2, seed) for seed in range(3)]
    start = torch.from_numpy(np.stack([i.truth + 0.1 * problems.random_start(4, 2, k) for k, i in enumerate(drawn)]))
    found = [
        minimise(problems.Problems(drawn, "sigmoid", device), start.to(device), METHODS[name](60), Rules(60, 60))
        for device in ("cpu", "cuda")
    ]
    np.testing.assert_allclose(found[1].w.cpu(), found[0].w, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(found[1].f.cpu(), found[0].f, rtol=1e-3, atol=1e-12)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "muon", "gauss-newton"])
@pytest.mark.parametrize("batch_size", [16, 64])
def test_towers_equal_the_cpu(optimizer, batch_size):
    """Packs of three, over the rows of batches and over all rows."""
    rng = np.random.default_rng(0)
    users, items = rng.random((40, 6)), rng.random((30, 6))
    pairs = np.argwhere(rng.random((40, 30)) < 0.3)
    ratings = np.sin(3 * users[pairs[:, 0], 0]) * items[pairs[:, 1], 0]
    sample = Sample(users, items, pairs[50:], ratings[50:], pairs[:50], ratings[:50])
    training = Training(optimizer=optimizer, batch_size=batch_size, epochs=4, learning_rate=0.01, dtype="float64")
    fits = [Fit(sample, Architecture(width=10, embedding_size=4), training, seed) for seed in range(3)]
    for pack in packs(fits, 3):
        results = [train([fits[k] for k in pack], device) for device in ("cpu", "cuda")]
        for first, second in zip(*results, strict=True):
            expected, found = (result.towers.parameters.cpu().numpy() for result in (first, second))
            np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-6)
