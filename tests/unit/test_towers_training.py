"""Training of packs: independence of replicas, early stopping, divergence, checkpoints, what a result says."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from towers_data import SMALL, load, modules, sample

from dotbench.errors import DotbenchError
from dotbench.papers.t2rec.towers import training
from dotbench.papers.t2rec.towers.programs import AllRows, BatchRows, TwoTowers
from dotbench.papers.t2rec.towers.sample import Sample
from dotbench.papers.t2rec.towers.settings import Training
from dotbench.papers.t2rec.towers.training import Fit, packs, train

pytestmark = pytest.mark.seconds

torch.set_num_threads(1)
COLUMNS = ["epoch", "updates", "seconds", "cpu_seconds", "loss", "validation"]
OPTIMIZERS = {
    "sgd": {"optimizer": "sgd", "learning_rate": 0.02},
    "adam": {"optimizer": "adam", "learning_rate": 0.01},
    "muon": {"optimizer": "muon", "learning_rate": 0.02, "weight_decay": 0.1},
    "gauss-newton": {"optimizer": "gauss-newton", "cg_iterations": 3, "batch_size": 30},
}
BATCHES = {"batch-rows": 8, "all-rows": 50}


def fit(seed=0, data=None, **settings):
    values = {"batch_size": 8, "epochs": 6, "patience": 50, **settings}
    return Fit(data or sample(seed), SMALL, Training(**values), seed)


def quiet(fits, **options):
    return train(fits, say=lambda text: None, **options)


def end(result):
    return result.towers.parameters


@pytest.mark.parametrize("batch", BATCHES.values(), ids=list(BATCHES))
@pytest.mark.parametrize("name", ["sgd", "adam", "muon"])
def test_a_fit_does_not_depend_on_its_pack(name, batch):
    """Fits of different data, seeds, rates and lengths, of which one ends early and one diverges."""
    others = [
        {"regularization": 0.1},
        {"epochs": 2},
        {"learning_rate": 1e30, "weight_decay": 1.0, "schedule": "cosine"},
        {"learning_rate": 0.005, "schedule": "one-cycle"},
    ]
    fits = [fit(batch_size=batch, **OPTIMIZERS[name])]
    fits += [fit(seed, batch_size=batch, **OPTIMIZERS[name] | changes) for seed, changes in enumerate(others, start=1)]
    together = quiet(fits)
    assert {result.program for result in together} == {dict(map(reversed, BATCHES.items()))[batch]}
    assert [len(result.curve) for result in together[:3]] == [6, 6, 2]
    assert [result.ended for result in together] == ["cap", "cap", "cap", "diverged", "cap"]
    for one, packed in zip(fits, together, strict=True):
        (alone,) = quiet([one])
        assert alone.ended == packed.ended
        assert torch.allclose(end(alone), end(packed), rtol=1e-3, atol=1e-5)
    backwards = quiet(fits[::-1])[::-1]
    for first, second in zip(together, backwards, strict=True):
        if first.program == BatchRows.name:
            assert torch.equal(end(first), end(second))  # the same shapes at the same time
        else:  # where a replica lies in memory decides how some processors round: a few units in the last place
            assert torch.allclose(end(first), end(second), rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", ["sgd", "adam", "muon"])
def test_both_programs_give_the_same(name):
    found = []
    for kind in (BatchRows, AllRows):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(training, "program", lambda *_, kind=kind: kind)
            found.append(quiet([fit(dtype="float64", batch_size=12, **OPTIMIZERS[name])])[0])
    assert torch.allclose(end(found[0]), end(found[1]), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", list(OPTIMIZERS))
@pytest.mark.parametrize("interrupted", [1, 3])
def test_a_continued_training_ends_bit_equal(name, interrupted, tmp_path, monkeypatch):
    """Stopped after one epoch, and after one in which a fit has left the pack."""
    count = 1 if name == "gauss-newton" else 3
    fits = [fit(seed, epochs=6 - 4 * (seed == 1), **OPTIMIZERS[name]) for seed in range(count)]
    whole = quiet(fits)
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", 0.0)
    path = tmp_path / "state.pt"
    calls = []

    def stop(*arguments):
        calls.append(save(*arguments))
        if len(calls) == interrupted:
            raise KeyboardInterrupt

    save = training.save
    with monkeypatch.context() as patch:
        patch.setattr(training, "save", stop)
        with pytest.raises(KeyboardInterrupt):
            quiet(fits, checkpoint=path)
    assert path.exists()
    said = []
    continued = train(fits, checkpoint=path, say=said.append)
    assert said == [f"continuing after epoch {interrupted}"]
    assert not path.exists()
    for one, other in zip(whole, continued, strict=True):
        assert torch.equal(end(one), end(other))
        assert (one.ended, one.best_epoch, one.train_rmse) == (other.ended, other.best_epoch, other.train_rmse)
        for before, after in zip(one.curve, other.curve, strict=True):
            assert [before[k] for k in ("epoch", "updates", "loss", "validation")] == [
                after[k] for k in ("epoch", "updates", "loss", "validation")
            ]


def test_a_checkpoint_of_another_training_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", 0.0)
    path = tmp_path / "state.pt"

    def stop(*arguments):
        save(*arguments)
        raise KeyboardInterrupt

    save = training.save
    with monkeypatch.context() as patch:
        patch.setattr(training, "save", stop)
        with pytest.raises(KeyboardInterrupt):
            quiet([fit()], checkpoint=path)
    changed = sample()
    changed.ratings[3] += 1
    for other in (fit(seed=1), fit(data=changed), fit(learning_rate=0.1)):
        copy, said = path.with_name("copy.pt"), []
        copy.write_bytes(path.read_bytes())  # a training that ends takes its checkpoint away
        train([other], checkpoint=copy, say=said.append)
        assert said == []
    path.write_bytes(path.read_bytes()[:100])
    said = []
    train([fit()], checkpoint=path, say=said.append)
    assert len(said) == 1
    assert "not used, because it cannot be read" in said[0]


def test_early_stopping_keeps_the_best_epoch():
    """Forty pairs and strong noise: towers overfit soon, and validation turns."""
    data = sample(pairs=40, valid=32)
    noisy = replace(data, ratings=data.ratings + np.random.default_rng(0).standard_normal(40))
    (result,) = quiet([fit(data=noisy, learning_rate=0.03, epochs=400, patience=7, dtype="float64")])
    errors = [row["validation"] for row in result.curve]
    assert result.ended == "converged"
    assert result.best_epoch == 1 + int(np.argmin(errors))
    assert len(errors) == result.best_epoch + 7 < 400
    assert result.validation_rmse == pytest.approx(min(errors), rel=1e-9)


def test_validation_watches_the_huber_loss_where_training_has_it():
    """All errors are beyond δ = .001, but for next to none: √ mean ρ is √(2δ mean |e| − δ²)."""
    data, delta = sample(), 1e-3
    (result,) = quiet([fit(data=data, optimizer="adam", epochs=3, loss="huber", threshold=delta, dtype="float64")])
    predicted = result.towers.predict(data.users, data.items, data.valid_pairs)
    known = math.sqrt(2 * delta * np.abs(data.valid_ratings - predicted).mean() - delta**2)
    best = min(row["validation"] for row in result.curve)
    assert best == pytest.approx(known, rel=1e-3)
    assert result.validation_rmse == pytest.approx(math.sqrt(((data.valid_ratings - predicted) ** 2).mean()))


def test_gauss_newton_has_no_huber_loss():
    with pytest.raises(ValueError, match="found loss 'huber'; allowed with the optimizer gauss-newton is 'squared'"):
        Training(optimizer="gauss-newton", loss="huber")


def test_without_validation_the_objective_is_watched():
    bare = Sample(*(getattr(sample(), name) for name in ("users", "items", "pairs", "ratings")))
    (result,) = quiet([fit(data=bare, optimizer="gauss-newton", epochs=5, cg_iterations=10, batch_size=60)])
    losses = [row["loss"] for row in result.curve]
    assert result.best_epoch == 1 + int(np.argmin(losses))
    assert all(math.isnan(row["validation"]) for row in result.curve)
    assert math.isnan(result.validation_rmse)


def test_gauss_newton_ends_where_no_step_leads_down(monkeypatch):
    zeros = lambda self, seed: torch.zeros(self.size, dtype=torch.float64)  # noqa: E731
    monkeypatch.setattr(TwoTowers, "initial", zeros)
    (result,) = quiet([fit(optimizer="gauss-newton")])
    assert result.ended == "converged"
    assert len(result.curve) == 1


def test_a_fit_that_diverges_at_once_keeps_its_initial_towers():
    one = fit(optimizer="sgd", learning_rate=1e30)
    (result,) = quiet([one])
    towers = TwoTowers(SMALL, [5, 6])
    assert (result.ended, result.best_epoch, len(result.curve)) == ("diverged", 0, 1)
    assert torch.equal(end(result), towers.initial(one.seed).float())
    assert math.isfinite(result.train_rmse)


def test_what_a_result_says():
    one = fit(data=sample(pairs=60), epochs=3, dtype="float64", regularization=0.01)
    (result,) = quiet([one])
    assert [list(row) for row in result.curve] == [COLUMNS] * 3
    assert [row["epoch"] for row in result.curve] == [1, 2, 3]
    assert [row["updates"] for row in result.curve] == [8, 16, 24]
    assert 0 < result.curve[0]["seconds"] < result.curve[1]["seconds"] < result.seconds
    assert result.cpu_seconds >= 0
    pair = modules(SMALL, [5, 6])
    towers = TwoTowers(SMALL, [5, 6])
    load(pair, towers, end(result))
    scaled = [(x - x.mean(0)) / x.std(0) for x in (one.sample.users, one.sample.items)]
    users, items = (network(torch.from_numpy(x)).detach().numpy() for network, x in zip(pair, scaled, strict=True))
    predicted = (users[one.sample.pairs[:, 0]] * items[one.sample.pairs[:, 1]]).sum(1)
    found = result.towers.predict(one.sample.users, one.sample.items, one.sample.pairs)
    np.testing.assert_allclose(found, predicted, rtol=1e-9)
    assert result.train_rmse == pytest.approx(np.sqrt(np.mean((predicted - one.sample.ratings) ** 2)))
    fresh = np.random.default_rng(5).random((3, 5))
    mean, sd = one.sample.users.mean(0), one.sample.users.std(0)
    expected = pair[0](torch.from_numpy((fresh - mean) / sd)).detach().numpy()
    np.testing.assert_allclose(result.towers.user_vectors(fresh), expected, rtol=1e-9)


def test_seconds_of_a_pack_are_shared():
    """The clock, replaced by a count: every epoch takes one second of each kind."""
    ticks = iter(range(1000))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training._Run, "_clock", lambda self: (float(next(ticks)),) * 2)
        results = quiet([fit(0, epochs=4), fit(1, epochs=2)])
    assert [row["seconds"] for row in results[0].curve] == [0.5, 1.0, 2.0, 3.0]
    assert results[1].seconds == results[1].cpu_seconds == 1.0


def test_packs():
    fits = [fit(0), fit(1, batch_size=4), fit(2, learning_rate=0.2), fit(3), fit(4, batch_size=4)]
    assert list(packs(fits, 2)) == [[0, 2], [3], [1, 4]]
    assert list(packs([fit(k, optimizer="gauss-newton") for k in range(3)], 25)) == [[0], [1], [2]]
    for wrong in (fits[:2], [fit(0, optimizer="gauss-newton")] * 2):
        with pytest.raises(DotbenchError, match="see `packs`"):
            quiet(wrong)


def test_towers_learn():
    """Ratings of a smooth function with a tenth of their sd as noise: the error falls to a fraction of the sd."""
    data = sample(n_users=40, n_items=40, pairs=900, valid=300, inputs=(2, 2))
    (result,) = quiet([fit(data=data, batch_size=32, epochs=20, learning_rate=0.02)])
    assert result.validation_rmse < 0.4 * data.valid_ratings.std()


def test_a_training_starts_from_given_towers():
    """Two trainings of plain SGD at a constant rate, one after the other; the second sees epochs 1 to 3 again."""
    first = fit(optimizer="sgd", learning_rate=0.02, momentum=0.0, epochs=3)
    (start,) = quiet([first])
    (other,) = quiet([fit(1, optimizer="sgd", learning_rate=0.02, momentum=0.0, epochs=3)])
    begun = replace(first, initial=start.towers)
    assert len({one.digest() for one in (first, begun, replace(first, initial=other.towers))}) == 3
    (on,) = quiet([begun])
    assert start.best_epoch == 3
    assert on.curve[0]["loss"] < start.curve[-1]["loss"] < start.curve[0]["loss"]
    still = replace(begun, training=first.training.model_copy(update={"learning_rate": 1e-30}))
    (same,) = quiet([still])
    assert torch.equal(end(same), end(start))


def test_given_towers_are_kept_where_no_epoch_is_better():
    (start,) = quiet([fit(epochs=30, learning_rate=0.02)])
    away = replace(fit(optimizer="sgd", learning_rate=0.5, momentum=0.0, epochs=2), initial=start.towers)
    fresh = replace(away, initial=None)
    kept, other = quiet([away]), quiet([fresh])
    assert (kept[0].best_epoch, kept[0].validation_rmse) == (0, pytest.approx(start.validation_rmse))
    assert torch.equal(end(kept[0]), end(start))
    assert min(row["validation"] for row in kept[0].curve) > start.validation_rmse
    assert other[0].best_epoch > 0
    assert kept[0].failure is other[0].failure is None
