"""Two towers against plain perceptrons on dense inputs; rows, features, initial values, unseen rows."""

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

from dotbench.config.features import check_features
from dotbench.config.split import check_method
from dotbench.datasets.interactions import Split
from dotbench.datasets.splits.base import make_splitter
from dotbench.errors import DotbenchError
from dotbench.execution.hardware import Execution
from dotbench.features.arrays import Features, joined, load_features
from dotbench.models.two_tower import Tower, TwoTower
from dotbench.numerics.matrix import TrainMatrix
from dotbench.runs.fitting import Inputs, Seeds, fit, fit_key
from dotbench.runs.method import MethodChoice, WrongChoice, resolve

pytestmark = pytest.mark.seconds

torch.set_num_threads(1)
EXECUTION = Execution("cpu", say=lambda text: None)


def matrix(n_users=9, n_items=7):
    """User 4 and item 2 have no training pair."""
    filled = np.random.default_rng(0).random((n_users, n_items)) < 0.5
    filled[:, 0] = filled[0] = True
    filled[4] = filled[:, 2] = False
    return TrainMatrix(np.argwhere(filled), n_users, n_items, dtype=torch.float64)


def features(n_users=9, n_items=7):
    """Users dense, items CSR; the last column of the users is zero but for the user without training pairs."""
    rng = np.random.default_rng(1)
    users = rng.normal(2, [0.01, 3, 50, 0], (n_users, 4)).astype(np.float32)
    users[:, 3] = np.arange(n_users) == 4
    items = csr_array((rng.random((n_items, 3)) < 0.6).astype(np.float32))
    return Features(users, items, list("abcd"), list("xyz"))


def model(train, seed=0, given=None, **settings):
    settings = TwoTower.Settings(**{"embedding_size": 3, "width": 5, **settings})
    return TwoTower(settings, train, torch.Generator().manual_seed(seed), given)


def scaled(values, seen):
    """Columns that are not zero in training over their root mean square there."""
    size = np.sqrt((values[seen] ** 2).mean(0))
    return torch.from_numpy(values[:, size > 0] / size[size > 0])


def plain(parameters, inputs, activation, ids, has_features):
    """The same perceptron by `torch.nn.Linear` on the joined input."""
    bias, *rest = parameters
    first = torch.cat(rest[: ids + has_features])
    layers = list(zip(rest[ids + has_features :: 2], rest[ids + has_features + 1 :: 2], strict=True))
    modules = []
    for weight, shift in [(first, bias), *layers]:
        linear = torch.nn.Linear(*weight.shape, dtype=torch.float64)
        linear.weight.data, linear.bias.data = weight.detach().T, shift.detach()
        modules += [linear, activation()]
    return torch.nn.Sequential(*modules[:-1])(inputs).detach()


ACTIVATIONS = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh, "sigmoid": torch.nn.Sigmoid}


@pytest.mark.parametrize("layers", [0, 1, 3])
@pytest.mark.parametrize(("ids", "named"), [(True, "none"), (False, "movielens"), (True, "movielens")])
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_towers_are_perceptrons(layers, ids, named, activation):
    train, given = matrix(), features() if named != "none" else None
    made = model(train, given=given, layers=layers, ids=ids, features=named, activation=activation)
    for parameter in made.parameters():  # biases too
        parameter.data = torch.randn(parameter.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    found = made.vectors()
    for side, counts in (("users", train.counts), ("items", train.item_counts)):
        inputs = [torch.eye(len(counts), dtype=torch.float64)] if ids else []
        if given is not None:
            values = getattr(given, side)
            values = values if isinstance(values, np.ndarray) else values.toarray()
            inputs.append(scaled(values.astype(np.float64), counts.numpy() > 0))
        tower = getattr(made, side)
        activated = ACTIVATIONS[activation]
        expected = plain(tower.parameters, torch.cat(inputs, 1), activated, ids, given is not None)
        assert torch.allclose(getattr(found, side)(), expected, rtol=1e-6)
        assert len(tower.parameters) == 1 + ids + (given is not None) + 2 * layers


def test_without_hidden_layers_an_id_has_a_free_vector():
    train = matrix()
    made = model(train, layers=0)
    assert torch.equal(made.vectors().users(), made.users.parameters[1])


@pytest.fixture
def calls(monkeypatch):
    """Rows of every call of a tower, None for all."""
    seen = []
    compute = Tower.__call__

    def watched(self, parameters, rows=None):
        seen.append(rows)
        return compute(self, parameters, rows)

    monkeypatch.setattr(Tower, "__call__", watched)
    return seen


def test_rows_are_those_of_all_vectors(calls):
    vectors = model(matrix(), given=features(), features="movielens").vectors()
    rows = torch.tensor([[6, 0, 6], [1, 1, 6]])
    found = vectors.users(torch.tensor([5, 2, 5])), vectors.items(rows)
    assert [call.tolist() for call in calls] == [[2, 5], [0, 1, 6]]  # each distinct row once
    assert found[1].shape == (2, 3, 3)
    assert torch.allclose(found[0], vectors.users()[[5, 2, 5]], rtol=1e-12)
    assert torch.allclose(found[1], vectors.items()[rows], rtol=1e-12)
    assert torch.equal(vectors.items(rows), vectors.items()[rows])
    assert len(calls) == 4  # all rows of a side once


def test_pair_scores_and_their_gradients(calls):
    made = model(matrix(), given=features(), features="movielens", layers=2)
    users, items = torch.tensor([3, 0, 3]), torch.tensor([[1, 6], [1, 1], [2, 0]])
    scores = made.vectors().pair_scores(users, items)
    assert [call.tolist() for call in calls] == [[0, 3], [0, 1, 2, 6]]
    vectors = made.vectors()
    expected = (vectors.users() @ vectors.items().T)[users[:, None], items]
    assert torch.allclose(scores, expected, rtol=1e-12)
    weights = torch.randn(3, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    pairs = (torch.autograd.grad((weights * part).sum(), made.parameters()) for part in (scores, expected))
    assert all(torch.allclose(a, b, rtol=1e-10, atol=1e-14) for a, b in zip(*pairs, strict=True))


def test_other_parameters_give_other_vectors():
    made = model(matrix())
    others = [2 * parameter.detach() for parameter in made.parameters()]
    changed = made.vectors(others)
    assert torch.allclose(changed.users(), 4 * made.vectors().users(), rtol=1e-12)  # relu, biases zero
    assert torch.allclose(changed.items(), 4 * made.vectors().items(), rtol=1e-12)


# --- initial values


@pytest.mark.parametrize(("ids", "named"), [(True, "none"), (False, "movielens"), (True, "movielens")])
def test_first_layer_starts_at_its_sd_whatever_the_input(ids, named):
    train, given = matrix(), features() if named != "none" else None
    made = model(train, given=given, layers=0, ids=ids, features=named, init_std=0.3, embedding_size=20_000)
    seen = made.vectors().users()[train.counts > 0]
    assert (seen**2).mean().sqrt().item() == pytest.approx(0.3, rel=0.05)


def test_later_layers_start_as_he_and_the_last_without_gain():
    made = model(matrix(), layers=2, width=300, embedding_size=200)
    _, _, hidden, first, last, second = made.users.parameters
    assert hidden.std().item() == pytest.approx((2 / 300) ** 0.5, rel=0.02)
    assert last.std().item() == pytest.approx((1 / 300) ** 0.5, rel=0.02)
    assert all((bias == 0).all() for bias in (made.users.parameters[0], first, second))


# --- unseen rows


def choice(features="movielens", ids=False, **more):
    small = {"embedding_size": 4, "width": 8, "epochs": 60, "patience": 60, "features": features, "ids": ids}
    fields = {"model": "two-tower", "loss": "rg2", "solver": "newton-cg", "grid": {}, "set": small | more}
    return MethodChoice(**fields)


def test_only_towers_without_ids_are_let_into_a_split_of_new_users():
    splitter = make_splitter({"kind": "new-users"})
    check_method(splitter, resolve(choice()))
    for refused in (choice(ids=True), choice("none", ids=True)):
        with pytest.raises(WrongChoice, match="'two-tower' cannot score"):
            check_method(splitter, resolve(refused))
    tuned = MethodChoice(**{**choice().model_dump(), "grid": {"ids": [True, False]}})
    tuned.set.pop("ids")
    with pytest.raises(WrongChoice, match="'two-tower' cannot score"):
        check_method(splitter, resolve(tuned))


def two_tastes(tmp_path: Path) -> tuple[Split, Path]:
    """Users 0–39 and items 0–19 are of the group of their row's parity, and users like their own; 30–39 are new."""
    rng = np.random.default_rng(0)
    liked = (np.arange(40)[:, None] % 2 == np.arange(20) % 2) & (rng.random((40, 20)) < 0.7)
    pairs = rng.permutation(np.argwhere(liked))
    known = pairs[:, 0] < 30
    part = np.where(known, (rng.random(len(pairs)) < 0.1).astype(int), 2)
    groups = [np.eye(2, dtype=np.float32)[np.arange(n) % 2] for n in (40, 20)]
    path = tmp_path / "groups.npz"
    Features(*groups, ["even", "odd"], ["even", "odd"]).save(path)
    return Split(40, 20, *(pairs[part == k] for k in range(3)), ratings={}), path


@pytest.mark.parametrize("solver", ["newton-cg", "sgd"])
def test_new_users_get_what_their_features_say(solver, tmp_path):
    split, path = two_tastes(tmp_path)
    more = {} if solver == "newton-cg" else {"learning_rate": 0.03, "batch_size": 8}
    method = resolve(MethodChoice(**{**choice(**more).model_dump(), "solver": solver}))
    result = fit(method, method.settings, Inputs("toy", split, features=[path]), Seeds(0, 0), EXECUTION)
    assert result.record.status == "ok", result.record.reason
    scores = result.arrays["user_vectors"][30:] @ result.arrays["item_vectors"].T
    own = np.arange(10)[:, None] % 2 == np.arange(20) % 2
    assert (np.where(own, scores, np.inf).min(1) > np.where(own, -np.inf, scores).max(1)).all()


# --- mistakes


def test_features_without_a_column_of_a_side_fail_the_fit(tmp_path):
    split, _ = two_tastes(tmp_path)
    Features(np.zeros((40, 0), np.float32), np.ones((20, 1), np.float32), [], ["one"]).save(tmp_path / "f.npz")
    method = resolve(choice("item-factors"))
    inputs = Inputs("toy", split, features=[tmp_path / "f.npz"])
    record = fit(method, method.settings, inputs, Seeds(0, 0), EXECUTION).record
    assert record.reason == "features 'item-factors': have no column for users; needed is one, or 'ids'"
    method = resolve(choice("item-factors", ids=True, epochs=1))
    assert fit(method, method.settings, inputs, Seeds(0, 0), EXECUTION).record.status == "ok"


def test_a_file_of_other_rows_or_none_is_told(tmp_path):
    split, _ = two_tastes(tmp_path)
    method = resolve(choice())
    Features(np.ones((40, 1), np.float32), np.ones((19, 1), np.float32), ["a"], ["b"]).save(tmp_path / "f.npz")
    with pytest.raises(DotbenchError, match=r"f\.npz: has 19 items; the split has 20"):
        fit(method, method.settings, Inputs("toy", split, features=[tmp_path / "f.npz"]), Seeds(0, 0), EXECUTION)
    with pytest.raises(DotbenchError, match="found 0 files of its features 'movielens'"):
        fit(method, method.settings, Inputs("toy", split), Seeds(0, 0), EXECUTION)


def test_other_features_are_another_fit(tmp_path):
    """A checkpoint of one is not continued with the other."""
    split, path = two_tastes(tmp_path)
    method, keys = resolve(choice()), []
    for _ in "ab":
        keys.append(fit_key(method, Inputs("toy", split, features=[path]), EXECUTION))
        Features(*(np.ones((n, 2), np.float32) for n in (40, 20)), ["a", "b"], ["c", "d"]).save(path)
    assert keys[0] != keys[1]


@pytest.mark.parametrize(
    ("values", "key", "message"),
    [
        ({"ids": False}, ("set", "ids"), "towers without ids need 'features'"),
        ({"features": "movilens"}, ("set", "features"), "unknown feature set 'movilens': did you mean 'movielens'?"),
        ({"features": "movielens-leaky"}, ("set", "features"), "allowed is 'movielens'"),
        ({"features": "ngrams+votse"}, ("set", "features"), "unknown feature set 'votse': did you mean 'votes'?"),
        ({"features": "votes+ngrams+votes"}, ("set", "features"), "found 'votes' more than once"),
        ({"grid": {"features": ["none", "votes"]}}, ("grid", "features"), "cannot be tuned"),
    ],
)
def test_a_wrong_choice_of_inputs_is_told(values, key, message):
    grid = values.pop("grid", {})
    with pytest.raises(WrongChoice, match=message.replace("?", r"\?")) as caught:
        check_features(resolve(MethodChoice(model="two-tower", loss="rg2", solver="newton-cg", set=values, grid=grid)))
    assert caught.value.key == key


def test_features_of_a_method():
    assert resolve(choice("votes-leaky")).features == ("votes-leaky",)
    assert resolve(choice("ngrams+votes-leaky")).features == ("ngrams", "votes-leaky")
    assert resolve(choice("none", ids=True)).features == ()
    assert resolve(MethodChoice(model="popularity", grid={})).features == ()


def test_several_feature_sets_are_joined(tmp_path):
    """Two halves of the columns give the same fit as one file of all, dense beside sparse."""
    split, _ = two_tastes(tmp_path)
    rng = np.random.default_rng(2)
    parts = [rng.normal(size=(n, 3)).astype(np.float32) for n in (40, 20)]
    paths = [tmp_path / f"{name}.npz" for name in "abc"]
    Features(*(csr_array(part[:, :2]) for part in parts), ["a", "b"], ["A", "B"]).save(paths[0])
    Features(*(part[:, 2:] for part in parts), ["c"], ["C"]).save(paths[1])
    Features(*parts, list("abc"), list("ABC")).save(paths[2])
    both = joined([load_features(path) for path in paths[:2]])
    assert (both.user_names, both.item_names) == (list("abc"), list("ABC"))
    methods = [resolve(choice(features, epochs=2)) for features in ("ngrams+votes", "ngrams")]
    ends = [
        fit(method, method.settings, Inputs("toy", split, features=read), Seeds(0, 0), EXECUTION)
        for method, read in zip(methods, (paths[:2], paths[2:]), strict=True)
    ]
    assert np.array_equal(ends[0].arrays["user_vectors"], ends[1].arrays["user_vectors"])
    assert np.array_equal(both.items.toarray(), parts[1])
