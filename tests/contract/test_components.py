"""Every registered component, by discovery: what it declares, which combinations are possible, and that they run."""

import ast
import inspect
import itertools
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import get_args

import numpy as np
import pytest
import torch

import dotbench
from dotbench.datasets.catalogue import BUILT_IN, definition_files, read_definition
from dotbench.datasets.fetch import fetch, has_local_copy
from dotbench.datasets.generators.base import generators
from dotbench.datasets.interactions import Split
from dotbench.datasets.parsers.base import parsers
from dotbench.datasets.prepare import prepare
from dotbench.datasets.splits.base import DEFAULT, Pairs, make_splitter, splitters
from dotbench.datasets.splitting import make_split
from dotbench.evaluation.metrics.base import GlobalMetric, Metric, RatingMetric, UserMetric, metrics
from dotbench.evaluation.scoring import ARRAYS, scorer
from dotbench.evaluation.topk import Lists
from dotbench.execution.hardware import Execution
from dotbench.features.arrays import Features
from dotbench.features.base import feature_sets
from dotbench.losses.base import losses
from dotbench.models.base import models
from dotbench.numerics.matrix import TrainMatrix
from dotbench.reporting.kind import FigureKind, Reads, TableKind, figure_kinds, table_kinds
from dotbench.runs.fitting import Inputs, Seeds, fit
from dotbench.runs.method import MethodChoice, resolve, settings_class, settings_classes
from dotbench.settings import LARGEST_SEED, Settings
from dotbench.simulations.base import FIT_COLUMNS, simulations
from dotbench.simulations.entry import SimulationEntry, from_description
from dotbench.simulations.jobs import from_identity
from dotbench.simulations.methods.base import RatingData, Task, finite
from dotbench.simulations.rating_methods import rating_methods
from dotbench.solvers.base import Problem, solvers
from dotbench.sources import sources
from dotbench.studies.base import studies
from dotbench.tuning.grid import GridName, named_grid

pytestmark = pytest.mark.seconds

torch.set_num_threads(1)
CPU = "cpu"
PACKAGE = Path(dotbench.__file__).parent

REGISTRIES = {
    "models": models,
    "losses": losses,
    "solvers": solvers,
    "studies": studies,
    "parsers": parsers,
    "generators": generators,
    "splits": splitters,
    "features": feature_sets,
    "metrics": metrics,
    "simulations": simulations,
}
COMPONENTS = {f"{kind}/{name}": part for kind, registry in REGISTRIES.items() for name, part in registry().items()}
CONFIGURED = {key: part for key, part in COMPONENTS.items() if hasattr(part, "Settings")}
COMBINATIONS = {
    f"{m}-{name}-{s}": (model, loss, solver)
    for (m, model), (name, loss), (s, solver) in itertools.product(
        models().items(), losses().items(), solvers().items()
    )
    if solver.can_solve(model, loss)
}
KINDS = {f"tables/{name}": kind for name, kind in table_kinds().items()}
KINDS |= {f"figures/{name}": kind for name, kind in figure_kinds().items()}
BASELINES = {name: model for name, model in models().items() if model.is_baseline}


def each(mapping):
    return pytest.mark.parametrize("part", list(mapping.values()), ids=list(mapping))


# --- what a component declares


@each({name: study for name, study in studies().items()})
def test_report_items_of_studies(part):
    """Those in ``tables`` are of a kind of table, those in ``figures`` of a kind of figure."""
    items = [*part.tables, *part.figures]
    assert len({item.name for item in items}) == len(items)
    assert {item.kind for item in part.tables} <= set(table_kinds())
    assert {item.kind for item in part.figures} <= set(figure_kinds())
    own = {name for name, simulation in simulations().items() if simulation.study == part.name}
    assert {item.simulation for item in items if item.simulation} == own


@each(KINDS)
def test_kind_of_table_or_figure(part):
    """It says what it reads and writes; its docstring is a caption; some study shows it."""
    base, shown = (TableKind, "tables") if part in table_kinds().values() else (FigureKind, "figures")
    assert issubclass(part, base)
    assert not inspect.isabstract(part)
    assert re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", part.name)
    assert part.title == part.title.strip() != ""
    assert "__doc__" in vars(part)
    assert part.summary()
    assert sys.modules[part.__module__].__doc__
    assert len(set(part.reads)) == len(part.reads) > 0
    assert set(part.reads) <= set(get_args(Reads))
    assert len(set(part.files)) == len(part.files)
    assert set(base.files) <= set(part.files)
    assert set(part.in_report) <= set(part.files)
    assert part.in_report
    assert part.category
    assert any(item.kind == part.name for study in studies().values() for item in getattr(study, shown))


def test_something_is_found():
    assert all(registry() for registry in REGISTRIES.values())
    assert COMBINATIONS
    assert BASELINES
    assert table_kinds()
    assert figure_kinds()


@each(COMPONENTS)
def test_name_title_and_summary(part):
    between = "_" if issubclass(part, Metric) else "-"
    assert re.fullmatch(rf"[a-z0-9]+({between}[a-z0-9]+)*", part.name)
    assert part.name != "none"  # stands for no loss
    assert part.title
    assert part.title == part.title.strip()
    assert part.summary()


@each(COMPONENTS)
def test_one_file_per_component(part):
    in_module = [other for other in COMPONENTS.values() if other.__module__ == part.__module__]
    assert in_module == [part]
    assert sys.modules[part.__module__].__doc__


@each(CONFIGURED)
def test_settings(part):
    """Frozen and strict, documented, with defaults that are valid values."""
    assert issubclass(part.Settings, Settings)
    assert part.Settings.__doc__
    values = {name: field.default for name, field in part.Settings.model_fields.items() if not field.is_required()}
    if len(values) == len(part.Settings.model_fields):
        assert part.Settings.model_validate(values) == part.Settings()
    for name in values:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", name)


@each({key: part for key, part in CONFIGURED.items() if hasattr(part, "grids")})
def test_grid_values_are_valid(part):
    assert set(part.grids) <= set(get_args(GridName))
    for key, values in itertools.chain.from_iterable(grid.items() for grid in part.grids.values()):
        assert key in part.Settings.model_fields
        assert len(values) == len(set(values)) > 0
        for value in values:
            assert getattr(part.Settings(**{key: value}), key) == value


@each({key: part for key, part in CONFIGURED.items() if {"paper", "extended"} <= set(getattr(part, "grids", ()))})
def test_the_extended_grid_holds_the_papers(part):
    paper, extended = (part.grids[name] for name in ("paper", "extended"))
    assert paper.keys() == extended.keys()
    assert paper != extended
    assert all(set(values) <= set(extended[key]) for key, values in paper.items())


@each(studies())
def test_study(part):
    assert part.task in ("ranking", "rating")
    assert part.metrics
    assert part.tables


def random_lists(seed=0, n=300, k=10, n_items=40):
    """Lists without a repeated item; some users have no hit."""
    rng = np.random.default_rng(seed)
    items = np.stack([rng.permutation(n_items)[:k] for _ in range(n)])
    hits = rng.random((n, k)) < 0.15
    first = np.where(hits.any(1), hits.argmax(1) + 1, rng.integers(k + 1, n_items + 1, n))
    n_relevant = hits.sum(1) + rng.integers(0, 4, n) + ~hits.any(1)
    return Lists(hits, n_relevant, items, first, n_items, rng.integers(0, 90, n_items), 100)


def some(lists, rows):
    """The lists of some users."""
    own = {name: getattr(lists, name)[rows] for name in ("hits", "n_relevant", "items", "first")}
    return replace(lists, **own)


@each(metrics())
def test_metric(part):
    """Its note can be written; its cut-off is in its name; it is of users, of all lists, or of ratings."""
    assert issubclass(part, UserMetric | GlobalMetric | RatingMetric)
    assert part.note.format(k=10) == part.note.replace("{k}", "10")
    assert part.cutoffs == "none" if part.task == "rating" else part.cutoffs in ("needed", "optional")
    for cutoff in {"needed": [5], "optional": [None, 5], "none": [None]}[part.cutoffs]:
        metric = part(cutoff)
        assert metric.key.startswith(part.name)
        assert metric.header.startswith(part.title)
        assert str(cutoff or part.name) in metric.key


@each({name: part for name, part in metrics().items() if part.task == "ranking"})
@pytest.mark.parametrize("cutoff", [1, 4, 10, 25])
def test_ranking_metric(part, cutoff):
    """Finite; the order of the users is nothing to it; of a user it sees the own list alone, to the last bit."""
    lists, metric = random_lists(), part(cutoff)
    value = metric.value(lists)
    assert np.isfinite(value)
    assert 0 <= value <= (1 if part.name != "novelty" else np.log2(100))
    order = np.random.default_rng(1).permutation(len(lists.hits))
    assert metric.value(some(lists, order)) == pytest.approx(value, rel=1e-12)
    if issubclass(part, UserMetric):
        values = metric.of_users(lists)
        assert values.shape == (len(lists.hits),)
        assert values.dtype == np.float64
        alone = [metric.of_users(some(lists, slice(u, u + 1)))[0] for u in range(40)]
        assert alone == values[:40].tolist()


@each({name: part for name, part in metrics().items() if part.task == "ranking" and part.can_be_watched})
def test_a_metric_that_training_may_stop_by_has_0_without_and_1_with_all_hits(part):
    nothing = Lists(np.zeros((3, 10), bool), np.full(3, 10), None, np.zeros(3, int))
    everything = Lists(np.ones((3, 10), bool), np.full(3, 10), None, np.ones(3, int))
    assert (part(10).value(nothing), part(10).value(everything)) == (0, 1)
    assert not part.lower_is_better


@each({name: part for name, part in metrics().items() if part.task == "rating"})
def test_rating_metric(part):
    truth = np.random.default_rng(0).integers(1, 6, 100).astype(float)
    assert part().error(truth, truth, (1, 5)) == 0
    assert part().error(truth, 3 + (truth - 3) / 2, (1, 5)) > 0
    assert part.lower_is_better


@each(losses())
def test_loss_has_a_family_and_a_solver(part):
    assert part.family in ("pointwise", "pairwise", "listwise")
    assert any(part in combination for combination in COMBINATIONS.values())


@each(solvers())
def test_solver_has_something_to_solve(part):
    assert any(part in combination for combination in COMBINATIONS.values())


@each({name: model for name, model in models().items() if not model.is_baseline})
def test_model_can_be_trained(part):
    assert any(part in combination for combination in COMBINATIONS.values())


@each(COMBINATIONS)
def test_settings_of_a_combination_do_not_clash(part):
    """A field that two components share must be one field of a common base, or else one would silently win."""
    classes = settings_classes(list(part))
    owners = {}
    for cls in classes:
        for base in cls.__mro__:
            for field in inspect.get_annotations(base) if issubclass(base, Settings) else ():
                if field in base.model_fields:
                    owners.setdefault(field, set()).add(base)
    clashes = {field: bases for field, bases in owners.items() if len(bases) > 1}
    for field, bases in clashes.items():  # a subclass may narrow its own base, nothing else
        assert any(all(issubclass(narrow, base) for base in bases) for narrow in bases), (field, bases)
    merged = settings_class(list(part))
    assert set(merged.model_fields) == {name for cls in classes for name in cls.model_fields}
    for cls in classes:
        for name, field in cls.model_fields.items():
            assert merged.model_fields[name].default == field.default
    for name in get_args(GridName):
        keys = [key for component in part for key in named_grid(component.grids, name) or ()]
        assert len(keys) == len(set(keys))


# --- that every combination runs


def random_split(task="ranking", n_users=60, n_items=80, seed=0):
    """About the size of sim-tiny; user 3 has no training pair."""
    rng = np.random.default_rng(seed)
    pairs = rng.permutation(np.argwhere(rng.random((n_users, n_items)) < 0.15))
    part = rng.choice(3, len(pairs), p=[0.8, 0.1, 0.1])
    part[(pairs[:, 0] == 3) & (part == 0)] = 2
    ratings = {}
    if task == "rating":
        values = rng.integers(1, 6, len(pairs)).astype(np.float32)
        ratings = {name: values[part == k] for k, name in enumerate(("train", "valid", "test"))}
    return Split(n_users, n_items, *(pairs[part == k] for k in range(3)), ratings=ratings)


def toy_features():
    """Of the users and items of `random_split`."""
    rng = np.random.default_rng(1)
    users, items = (rng.normal(size=(n, d)).astype(np.float32) for n, d in ((60, 3), (80, 4)))
    return Features(users, items, [*"abc"], [*"abcd"])


@pytest.fixture(scope="session")
def features_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("features") / "toy.npz"
    toy_features().save(path)
    return path


def whole_fit(choice, split, features_file):
    """A short fit of a choice without settings, with features where the model needs them."""
    reads = {"features": "movielens"} if models()[choice["model"]].needs_features else {}
    known = resolve(MethodChoice(**choice, set=reads)).settings
    small = {key: value for key, value in {"embedding_size": 4, "epochs": 1, "updates": 0}.items() if key in known}
    method = resolve(MethodChoice(**choice, set=small | reads, grid={}))
    execution = Execution(CPU, say=lambda text: None)
    files = (features_file,) if reads else ()
    return method, fit(method, method.settings, Inputs("toy", split, features=files), Seeds(0, 0), execution)


def solve(part, split, init_seed=0, **settings):
    """Two epochs, without the rest of a fit; the vectors that validation saw come along."""
    model, loss, solver = part
    known = settings_class(list(part))
    small = {"embedding_size": 5, "epochs": 2, "updates": 0, "batch_size": 64, "regularization": 0.05, **settings}
    values = known(**{key: value for key, value in small.items() if key in known.model_fields})
    seen = []
    problem = Problem(
        model=model,
        loss=loss(values),
        settings=values,
        train=lambda dtype: TrainMatrix(
            split.train, split.n_users, split.n_items, CPU, dtype, split.ratings.get("train")
        ),
        validate=lambda users, items: {"validation": seen.append((users, items)) or len(seen) / 10},
        init_seed=init_seed,
        device=CPU,
        features=toy_features() if model.needs_features else None,
        say=lambda text: None,
    )
    return solver().solve(problem), seen


@each(COMBINATIONS)
def test_combination_trains(part):
    split = random_split(part[1].task)
    solution, seen = solve(part, split)
    assert len(solution.users) == 60
    assert len(solution.items) == 80
    assert solution.users.shape[1] == solution.items.shape[1] in (5, 6)  # one more of a distance, or of an offset
    for vectors in (solution.users, solution.items):
        assert torch.isfinite(vectors).all()
        assert vectors.abs().max() > 0
        assert not vectors.requires_grad
    assert solution.best_epoch == len(solution.curve) == len(seen) in (1, 2)
    for number, row in enumerate(solution.curve, start=1):
        assert list(row) == ["epoch", "updates", "seconds", "cpu_seconds", "loss", "validation"]
        assert row["epoch"] == number
        assert row["updates"] >= number
        assert isinstance(row["loss"], float)
        assert np.isfinite(row["loss"])


@each(COMBINATIONS)
def test_validation_sees_plain_vectors(part):
    """No gradient is recorded while a model is only evaluated."""
    _, seen = solve(part, random_split(part[1].task))
    assert not any(vectors.requires_grad for pair in seen for vectors in pair)


@each(COMBINATIONS)
def test_combination_depends_on_its_seed_only(part):
    split = random_split(part[1].task)
    ends = []
    for init_seed, elsewhere in ((0, 1), (0, 2), (5, 1)):
        torch.manual_seed(elsewhere)
        state = torch.random.get_rng_state()
        solution, _ = solve(part, split, init_seed)
        assert torch.equal(torch.random.get_rng_state(), state)
        ends.append(solution)
    assert torch.equal(ends[0].users, ends[1].users)
    assert torch.equal(ends[0].items, ends[1].items)
    if len(ends[0].curve) > 1:  # an iterative solver; a closed form does not depend on the start
        assert not torch.equal(ends[0].users, ends[2].users)


@each(COMBINATIONS)
def test_combination_through_a_fit(part, features_file):
    model, loss, solver = part
    split = random_split(loss.task)
    names = {"model": model.name, "loss": loss.name, "solver": solver.name}
    method, result = whole_fit(names, split, features_file)
    assert method.task == loss.task
    assert result.record.status == "ok", result.record.reason
    if loss.task == "rating":
        error = result.arrays["valid"] - split.ratings["valid"]
        assert result.record.validation == pytest.approx((error**2).mean() ** 0.5, rel=1e-12)
    else:
        assert 0 <= result.record.validation <= 1
    assert [result.record.model, result.record.loss, result.record.solver] == [model.name, loss.name, solver.name]


def cold_split():
    """User 7 and item 9 have no training pair; their pairs are cold parts."""
    split = random_split("rating")
    new = [split.train[:, column] == row for column, row in enumerate((7, 9))]
    ratings = {**split.ratings, "train": split.ratings["train"][~new[0] & ~new[1]]}
    cold = {"cold_user": new[0] & ~new[1], "cold_item": new[1] & ~new[0]}
    ratings |= {part: split.ratings["train"][mask] for part, mask in cold.items()}
    parts = {part: split.train[mask] for part, mask in cold.items()}
    return replace(split, train=split.train[~new[0] & ~new[1]], ratings=ratings, cold=parts)


RATING = {key: part for key, part in COMBINATIONS.items() if part[1].task == "rating"}


@pytest.mark.parametrize("name", [*RATING, *(name for name, model in BASELINES.items() if model.task == "rating")])
def test_a_rating_fit_predicts_every_part(name, features_file):
    """The unseen too, at the mean at the worst, whatever the scale of the ratings."""
    parts = RATING.get(name, (BASELINES.get(name),))
    names = dict(zip(("model", "loss", "solver"), (part.name for part in parts), strict=False))
    split = cold_split()
    split = replace(split, ratings={part: values + 100 for part, values in split.ratings.items()})
    _, result = whole_fit(names, split, features_file)
    assert result.record.status == "ok", result.record.reason
    assert set(result.arrays) == {"valid", "test", "cold_user", "cold_item"}
    for part, found in result.arrays.items():
        assert found.dtype == np.float64
        assert found.shape == split.ratings[part].shape
        assert np.abs(found - 103).max() < 4


@each(BASELINES)
def test_baseline_trains_and_predicts(part):
    split = random_split(part.task)
    defaults = SimpleNamespace(**part.Settings().model_dump())
    baseline = part(defaults, 0)
    baseline.train(split)
    if part.task == "ranking":
        arrays = baseline.arrays(split)
        assert set(arrays) <= set(ARRAYS)
        assert all(array.dtype in (np.float32, np.int32) and np.isfinite(array).all() for array in arrays.values())
        scores = scorer(arrays, split)(torch.tensor([3, 0, 59]))
        assert scores.shape == (3, 80)
        assert scores.dtype == torch.float32
        assert scores[1:].std(dim=1).min() > 0
    else:
        found = baseline.predict(split.test)
        assert found.shape == (len(split.test),)
        assert np.isfinite(found).all()
        assert baseline.predict(split.test[:0]).shape == (0,)


@each(BASELINES)
def test_baseline_through_a_fit(part):
    method = resolve(MethodChoice(model=part.name, grid={}))
    split = random_split(part.task)
    first, second = (
        fit(method, method.settings, Inputs("toy", split), Seeds(0, 4), Execution(CPU, say=lambda text: None))
        for _ in "ab"
    )
    assert first.record.status == "ok", first.record.reason
    assert first.record.loss == "none"
    for name, array in first.arrays.items():
        assert np.array_equal(array, second.arrays[name])


@each(BASELINES)
def test_baseline_takes_the_largest_seed(part):
    baseline = part(SimpleNamespace(**part.Settings().model_dump()), LARGEST_SEED)
    baseline.train(random_split(part.task))


@each(generators())
def test_generator(part):
    """Every generator is used by a built-in dataset; the smallest of them is made twice."""
    uses = [read_definition(path) for path in sorted(BUILT_IN.glob("*.yaml"))]
    parameters = [use.source.parameters for use in uses if use.source.generator == part.name]
    assert parameters
    smallest = part(part.Settings(**min(parameters, key=lambda p: p.get("ratings", p.get("interactions", 0)))))
    first, second = smallest.generate(), smallest.generate()
    rating = ["rating"] if smallest.has_ratings else []
    assert list(first.columns) == ["user", "item", *rating, "timestamp"]
    assert first.equals(second)
    assert not first.duplicated(["user", "item"]).any()


@each(splitters())
def test_splitter(part):
    """Every pair gets one part; no part is empty on data of a usual size; equal seeds give equal splits."""
    rng = np.random.default_rng(0)
    pairs = rng.permutation(np.argwhere(rng.random((60, 80)) < 0.3))
    times = rng.integers(0, 5000, len(pairs))
    splitter = part(part.Settings())
    assert make_splitter(splitter.identity()).identity() == splitter.identity()
    given = rng.choice(np.array([0, 2], np.int8), len(pairs), p=(0.8, 0.2))
    told = Pairs(*pairs.T, times, given)
    first, again, other = (splitter.assign(told, seed) for seed in (3, 3, 4))
    assert first.shape == (len(pairs),)
    assert first.dtype == np.int8
    assert {0, 1, 2} <= set(first.tolist()) <= {0, 1, 2, 3, 4, 5}
    assert np.array_equal(first, again)
    assert np.array_equal(first, other) <= splitter.seedless
    assert set(part.tasks) <= {"ranking", "rating"}
    assert splitter.headline
    assert part.empty.format(task="ranking")
    if not splitter.needs_timestamps:
        assert np.array_equal(splitter.assign(replace(told, times=None), 3), first)
    if not splitter.needs_division:
        assert np.array_equal(splitter.assign(replace(told, given=None), 3), first)
    if splitter.same_test:
        assert np.array_equal(first == 2, other == 2)
    if splitter.test_to_train:  # the sizes that it states
        assert not splitter.same_test
        sizes = np.bincount(first)
        assert sizes[2] / sizes[0] == pytest.approx(splitter.test_to_train, rel=0.25)
    if splitter.parts_to_train:
        user, item, both = np.bincount(first, minlength=6)[3:] / sizes[0]
        cold, at_least = user + item + both, max(user, item, both)
        found = {"cold_user": user, "cold_item": item, "cold_both": at_least, "cold": cold}
        found |= {"overall": cold + sizes[2] / sizes[0], "overall_both": at_least + sizes[2] / sizes[0]}
        assert splitter.parts_to_train == pytest.approx(found, rel=0.25)
    trained = [np.unique(pairs[first == 0, column]) for column in (0, 1)]
    seen = [np.isin(pairs[first == 2, column], rows) for column, rows in zip((0, 1), trained, strict=True)]
    if not part.unseen_by_design:
        assert all(mask.all() for mask in seen)  # at this size
    elif not (first > 2).any():
        assert not all(mask.all() for mask in seen)


@each(simulations())
def test_simulation(part):
    """Cheap jobs with labels of their own; the lists are settings that the digest leaves out; rows are fits."""
    assert part.study in studies()
    assert set(part.lists) <= set(part.Settings.model_fields)
    known = set(part.columns)
    assert known >= FIT_COLUMNS.keys()
    assert known >= {*part.keys, part.compared, part.titled, part.replication, *part.metrics, *part.reported}
    assert all(column.meaning == column.meaning.strip() != "" for column in part.columns.values())
    assert all(part.columns[metric].kind == "float64" for metric in part.metrics)
    whole = part(part.Settings())
    jobs, again = whole.jobs(), part(part.Settings()).jobs()
    assert jobs == again
    assert len({job.label for job in jobs}) == len(jobs) > 0
    assert all(re.fullmatch("[a-z0-9-]{1,100}", job.label) for job in jobs)
    assert all(job.settings == json.loads(json.dumps(job.settings)) for job in jobs)  # plain types
    assert all(sources(part.__module__, *job.modules) for job in jobs)
    assert re.fullmatch(rf"{part.name}-[0-9a-f]{{10}}", whole.folder)
    assert not set(part.lists) & set(whole.identity()["settings"])
    assert from_identity(whole.identity()).folder == whole.folder
    entry = SimulationEntry("label", whole)
    described = json.loads(json.dumps(entry.described()))  # as a stage that makes a table or a figure gets it
    assert list(from_description(described).jobs) == list(entry.jobs)
    assert whole.notes()


@each(rating_methods())
def test_method_of_simulations(part):
    """It learns: better on what it was trained on than the mean, or the mean itself; the seed alone decides."""
    split, rng = random_split("rating"), np.random.default_rng(0)
    users, items = rng.normal(size=(split.n_users, 3)), rng.normal(size=(split.n_items, 3))
    values = {name: part.astype(np.float64) for name, part in split.ratings.items()}
    data = RatingData(users, items, split.train, values["train"], split.valid, values["valid"])
    tasks = [Task(part.Settings(), data, seed, Path("unused")) for seed in (0, 0)]
    outcomes = list(part.fit_all(tasks, Execution(CPU, say=lambda text: None)))
    assert [outcome.reason for outcome in outcomes] == [None, None]
    first, second = (finite(outcome.fitted.predict(split.test)) for outcome in outcomes)
    assert first.shape == (len(split.test),)
    assert np.array_equal(first, second)
    errors = values["train"] - outcomes[0].fitted.predict(split.train)
    assert np.mean(errors**2) <= values["train"].var() * (1 + 1e-9)
    assert all(outcome.seconds >= 0 and outcome.cpu_seconds >= 0 for outcome in outcomes)
    assert all(sources(module) for module in part.modules)


CHANGES = {"shift": (-0.5, 1.0), "scale": (0.0, 7.3), "both": (100.25, 7.3)}


@each({name: method for name, method in rating_methods().items() if method.equivariant})
@pytest.mark.parametrize("change", CHANGES)
def test_predictions_follow_the_ratings(part, change):
    """Whole stars less a half, in tenths, from 100: what a method says is equivariant is, of whatever decimals; what
    it says is not changes, so that no method says too little."""
    split, rng = random_split("rating"), np.random.default_rng(0)
    users, items = rng.normal(size=(split.n_users, 3)), rng.normal(size=(split.n_items, 3))
    shift, scale = CHANGES[change]
    found = []
    for c, s in ((0.0, 1.0), (shift, scale)):
        ratings = {name: values.astype(np.float64) * s + c for name, values in split.ratings.items()}
        data = RatingData(users, items, split.train, ratings["train"], split.valid, ratings["valid"])
        task = Task(part.Settings(), data, 0, Path("unused"))
        found.append(part.fit(task, Execution(CPU, say=lambda text: None)).predict(split.test))
    follows = np.abs(found[0] * scale + shift - found[1]).max() < 1e-3 * scale
    assert follows == ({"shift", "scale"} if change == "both" else {change}).issubset(part.equivariant)


@each({name: model for name, model in BASELINES.items() if model.scores_unseen({}) and model.task == "rating"})
def test_rating_baseline_scores_the_unseen(part):
    baseline = part(SimpleNamespace(**part.Settings().model_dump()), 0)
    baseline.train(cold_split())
    found = baseline.predict(np.array([[7, 0], [0, 9], [7, 9]]))
    assert np.isfinite(found).all()
    assert ((found > 0.5) & (found < 5.5)).all()  # near the ratings, which are 1 to 5


# --- the package itself


LARGE = 1_000_000
DEFINITIONS = {name: path.resolve() for name, path in definition_files().items()}  # a user's own among them


def by_size(name):
    """A definition; one with many interactions takes seconds to prepare."""
    published = read_definition(DEFINITIONS[name]).published
    return pytest.param(name, marks=[pytest.mark.slow] if published and published.interactions > LARGE else [])


@pytest.mark.parametrize("name", [by_size(name) for name in sorted(DEFINITIONS)])
def test_definition_loads_and_prepares(name, tmp_path, request, monkeypatch):
    dataset = read_definition(DEFINITIONS[name])
    assert dataset.name == name
    if dataset.generated and dataset.published and dataset.published.interactions > LARGE:
        pytest.skip("is large; tests/unit/test_generator_interactions.py makes it in full where DOTBENCH_LARGE is set")
    manifest = tmp_path / "resources" / "manifest.json"
    if dataset.source.urls or dataset.source.obtain:
        monkeypatch.setenv("DOTBENCH_DATA", str(request.getfixturevalue("local_data")))
        monkeypatch.setenv("DOTBENCH_ACCEPT_UNVERIFIED", name)
        if not has_local_copy(dataset):
            pytest.skip("no local copy, and tests download nothing")
    if not dataset.generated:
        fetch(name, manifest.parent)
    stats = prepare(name, tmp_path, None if dataset.generated else manifest)
    assert min(stats["users"], stats["items"], stats["interactions"]) > 0
    split = make_split(tmp_path, "ranking", 0, make_splitter({"kind": DEFAULT}))
    assert len(split.train) + len(split.valid) + len(split.test) == stats["interactions"]


def test_importing_every_component_imports_no_heavy_library():
    """The workflow's parser does so once for every job of a cluster."""
    code = """
import sys
from dotbench.datasets.catalogue import BUILT_IN, read_definition
from dotbench.datasets.generators.base import generators
from dotbench.datasets.parsers.base import parsers
from dotbench.datasets.splits.base import splitters
from dotbench.simulations.base import simulations
from dotbench.features.arrays import Features
from dotbench.features.base import feature_sets
from dotbench.losses.base import losses
from dotbench.models.base import models
from dotbench.config.benchmark import Benchmark
from dotbench.solvers.base import solvers
from dotbench.studies.base import studies
from dotbench.reporting.kind import figure_kinds, table_kinds
import dotbench.config.plan
from dotbench.papers.t2rec.towers import references, representation, training
registries = (generators, parsers, splitters, feature_sets, losses, models, solvers, studies, simulations)
registries += (table_kinds, figure_kinds)
found = [part for registry in registries for part in registry().values()]
assert all(part.summary() for part in found)
assert all(part(part.Settings()).jobs() for part in simulations().values())
heavy = ("torch._C", "pandas._libs", "scipy.sparse", "sklearn", "textblob", "pyarrow")
heavy += ("surprise.prediction_algorithms", "matplotlib.pyplot", "numba")
print(*[name for name in heavy if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("__init__.py")), ids=lambda path: path.parent.relative_to(PACKAGE.parent).as_posix()
)
def test_init_files_hold_a_docstring_only(path):
    """But for the package's own, which offers the names of the Python interface."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    assert len(tree.body) == 1 or path.parent == PACKAGE
