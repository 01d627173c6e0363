"""Configurations: every mistake is told with file, line and key; equal settings name equal run folders."""

from pathlib import Path
from typing import Annotated, Any, get_args

import pytest
from pydantic import Field, ValidationError

from dotbench.config.benchmark import Benchmark, load_benchmark
from dotbench.config.plan import Plan
from dotbench.config.schema import SCHEMAS, write_schemas
from dotbench.config.suite import is_suite
from dotbench.errors import DotbenchError
from dotbench.losses.wrmf import WRMF
from dotbench.registry import Component, discover
from dotbench.settings import Settings, explain, validate

CONFIG = Path(__file__).resolve().parents[2] / "config"

HEAD = "name: own\ndatasets: [sim-tiny]\nstudies:\n  - study: ranking\n    methods:\n"  # methods begin at line 6
SGD = "{model: mf, loss: bpr, solver: sgd}"
TOWERS = "{model: two-tower, loss: bpr, solver: sgd"


@pytest.fixture
def load(tmp_path: Path):
    """``load(text, …)`` reads configuration files a.yaml, b.yaml, …, later ones on top."""

    def run(*texts: str | bytes) -> Benchmark:
        files = [tmp_path / f"{letter}.yaml" for letter in "abcdef"[: len(texts)]]
        for path, text in zip(files, texts, strict=True):
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_benchmark(files)

    return run


@pytest.fixture
def problem(load, tmp_path: Path):
    """``problem(text, …)`` is the message, with the folder taken away."""

    def run(*texts: str | bytes) -> str:
        with pytest.raises(DotbenchError) as caught:
            load(*texts)
        return str(caught.value).replace(f"{tmp_path}/", "")

    return run


def methods(*entries: str) -> str:
    return HEAD + "".join(f"      - {entry}\n" for entry in entries)


def changed(text: str) -> str:
    """SGD with more keys."""
    return methods(SGD.removesuffix("}") + f", {text}}}")


GOOD = methods("{model: popularity}", SGD)


def split(value: str) -> str:
    """GOOD with another split, at line 5."""
    return GOOD.replace("study: ranking\n", f"study: ranking\n    split: {value}\n")


def study_key(text: str) -> str:
    """GOOD with another key of its study, at line 5."""
    return GOOD.replace("study: ranking\n", f"study: ranking\n    {text}\n")


def test_a_good_configuration_has_its_values_and_defaults(load) -> None:
    benchmark = load(GOOD)
    assert benchmark.name == "own"
    assert [use.name for use in benchmark.datasets] == ["sim-tiny"]
    assert benchmark.seeds == [0, 1, 2, 3, 4]
    assert (benchmark.tuning_seed, benchmark.threads, benchmark.device) == (1000, 1, "auto")
    [(study, _, resolved)] = benchmark.plans
    assert study.name == "ranking"
    assert [method.names for method in resolved] == [("popularity", "none", "direct"), ("mf", "bpr", "sgd")]


def test_a_method_runs_on_its_own_datasets_and_has_one_label_for_several_settings(load) -> None:
    text = methods(
        "{model: popularity}",
        "{model: item-knn, label: KNN, set: {neighbors: 5}, datasets: [sim-tiny]}",
        "{model: item-knn, label: KNN, set: {neighbors: 9}, datasets: [sim-small]}",
    ).replace("[sim-tiny]", "[sim-tiny, sim-small]", 1)
    plan = Plan(load(text))
    found = [(entry.dataset, entry.method.label, entry.method.settings.get("neighbors")) for entry in plan.entries]
    assert found == [
        ("sim-tiny", "Popularity", None),
        ("sim-tiny", "KNN", 5),
        ("sim-small", "Popularity", None),
        ("sim-small", "KNN", 9),
    ]


def test_every_shipped_configuration_has_a_plan() -> None:
    folder = Path(__file__).resolve().parents[2] / "config"
    for path in sorted(path for path in folder.glob("*.yaml") if not is_suite(path)):
        benchmark = load_benchmark([folder / "config.yaml", path])
        assert benchmark.plans


# mistakes

CASES = {
    "unknown top-level key": (
        GOOD + "sedes: [1]\n",
        "a.yaml, line 8: key 'sedes': unknown key; allowed are data_dir, datasets, device, grid, name, seeds,",
    ),
    "key that is a number": (GOOD + "1: 2\n", "a.yaml, line 8: key '1': "),
    "unknown key of a study": (
        GOOD.replace("    methods", "    method: 1\n    methods"),
        "a.yaml, line 5: key 'studies.0.method': unknown key",
    ),
    "unknown key of a method": (changed("los: x"), "a.yaml, line 6: key 'studies.0.methods.0.los': unknown key"),
    "unknown key of a dataset": (
        GOOD.replace("[sim-tiny]", "\n  - sim-tiny\n  - name: b\n    accept: true"),
        "a.yaml, line 5: key 'datasets.1.accept': unknown key",
    ),
    "absent key": (GOOD.replace("name: own\n", ""), "a.yaml: key 'name': missing, and needed"),
    "absent key of a method": (methods("{loss: bpr}"), "a.yaml, line 6: key 'studies.0.methods.0.model': missing"),
    "unknown study": (
        GOOD.replace("study: ranking", "study: rankin"),
        "a.yaml, line 4: key 'studies.0.study': unknown study 'rankin': did you mean 'ranking'? allowed are bars, ",
    ),
    "unknown model": (
        methods("{model: popularity}", "{model: populrity}"),
        "a.yaml, line 7: key 'studies.0.methods.1.model': unknown model 'populrity': did you mean 'popularity'? allow",
    ),
    "unknown loss": (
        methods("{model: mf, loss: sofmax}"),
        "a.yaml, line 6: key 'studies.0.methods.0.loss': unknown loss 'sofmax': did you mean 'softmax'? allowed are ",
    ),
    "unknown solver": (
        methods("{model: mf, loss: rg2, solver: spectrl}"),
        "a.yaml, line 6: key 'studies.0.methods.0.solver': unknown solver 'spectrl': did you mean 'spectral'? allowed",
    ),
    "unknown component without a near name": (
        methods("{model: zzz}"),
        "a.yaml, line 6: key 'studies.0.methods.0.model': unknown model 'zzz': allowed are ",
    ),
    "absent loss": (
        methods("{model: mf}"),
        "a.yaml, line 6: key 'studies.0.methods.0.loss': missing; allowed are bce, bpr, ",
    ),
    "loss of a baseline": (
        methods("{model: popularity, loss: bpr}"),
        "a.yaml, line 6: key 'studies.0.methods.0.loss': found 'bpr'; the baseline 'popularity' takes no loss",
    ),
    "absent solver where several can and the loss names none of them": (
        methods("{model: imc, loss: squared, set: {features: movielens}}"),
        "a.yaml, line 6: key 'studies.0.methods.0.solver': missing; allowed for 'imc' and 'squared': closed-form, sgd",
    ),
    "solver that cannot minimise the loss": (
        methods("{model: mf, loss: bpr, solver: als}"),
        "a.yaml, line 6: key 'studies.0.methods.0.solver': 'als' cannot minimise the loss 'bpr' of the model 'mf'; "
        "allowed: row-adagrad, sgd",
    ),
    "ranking model in a rating study": (
        methods("{model: popularity}").replace("study: ranking", "study: rating"),
        "a.yaml, line 6: key 'studies.0.methods.0.model': 'popularity' is a ranking model; the study is for rating",
    ),
    "rating model in a ranking study": (
        methods("{model: svd}"),
        "a.yaml, line 6: key 'studies.0.methods.0.model': 'svd' is a rating model; the study is for ranking",
    ),
    "loss of another task": (
        methods("{model: mf, loss: squared, solver: als}"),
        "a.yaml, line 6: key 'studies.0.methods.0.loss': 'squared' is a rating loss; the study is for ranking",
    ),
    "negative size": (
        changed("set: {embedding_size: -1}"),
        "a.yaml, line 6: key 'studies.0.methods.0.set.embedding_size': found -1; input should be greater than or "
        "equal to 1",
    ),
    "broken size": (
        changed("set: {embedding_size: 2.5}"),
        "a.yaml, line 6: key 'studies.0.methods.0.set.embedding_size': found 2.5; ",
    ),
    "value that is no number": (
        changed("set: {learning_rate: fast}"),
        "a.yaml, line 6: key 'studies.0.methods.0.set.learning_rate': found 'fast'; ",
    ),
    "value that is not finite": (
        changed("set: {learning_rate: .inf}"),
        "a.yaml, line 6: key 'studies.0.methods.0.set.learning_rate': found inf; ",
    ),
    "unknown hyperparameter": (
        changed("set: {embeding_size: 8}"),
        "a.yaml, line 6: key 'studies.0.methods.0.set.embeding_size': unknown key; allowed are batch_decay, ",
    ),
    "hyperparameter of another solver": (
        changed("set: {tolerance: 0.1}"),
        "a.yaml, line 6: key 'studies.0.methods.0.set.tolerance': unknown key; allowed are ",
    ),
    "grid value out of range": (
        changed("grid: {learning_rate: [0.1, 0]}"),
        "a.yaml, line 6: key 'studies.0.methods.0.grid.learning_rate': found 0; input should be greater than 0",
    ),
    "grid of an unknown hyperparameter": (
        changed("grid: {rate: [0.1]}"),
        "a.yaml, line 6: key 'studies.0.methods.0.grid.rate': unknown key; allowed are ",
    ),
    "grid without values": (
        changed("grid: {learning_rate: []}"),
        "a.yaml, line 6: key 'studies.0.methods.0.grid.learning_rate': found []; needs one or more different values",
    ),
    "grid that repeats a value": (
        changed("grid: {learning_rate: [1, 1.0]}"),
        "a.yaml, line 6: key 'studies.0.methods.0.grid.learning_rate': found [1, 1.0]; needs one or more different",
    ),
    "grid that is no list": (
        changed("grid: {learning_rate: 0.1}"),
        "a.yaml, line 6: key 'studies.0.methods.0.grid.learning_rate': found 0.1; ",
    ),
    "key in both": (
        changed("set: {learning_rate: 0.1}, grid: {learning_rate: [0.1, 0.2]}"),
        "a.yaml, line 6: key 'studies.0.methods.0.grid.learning_rate': is both in 'set' and in 'grid'",
    ),
    "equal labels": (
        methods("{model: popularity}", SGD, "{model: popularity}"),
        "a.yaml, line 8: key 'studies.0.methods.2': has the label 'Popularity' of entry 0; give one of them a 'label'",
    ),
    "equal given labels": (
        methods("{model: popularity, label: One}", SGD.removesuffix("}") + ", label: One}"),
        "a.yaml, line 7: key 'studies.0.methods.1': has the label 'One' of entry 0; ",
    ),
    "equal labels on one dataset": (
        methods("{model: popularity}", "{model: item-knn, label: Popularity, datasets: [sim-tiny]}"),
        "a.yaml, line 7: key 'studies.0.methods.1': has the label 'Popularity' of entry 0; ",
    ),
    "method on another dataset": (
        changed("datasets: [sim-tiny, sim-small]"),
        "a.yaml, line 6: key 'studies.0.methods.0.datasets.1': unknown dataset of this study 'sim-small': allowed are ",
    ),
    "method on one dataset twice": (
        changed("datasets: [sim-tiny, sim-tiny]"),
        "a.yaml, line 6: key 'studies.0.methods.0.datasets': found ['sim-tiny', 'sim-tiny']; 'sim-tiny' is ",
    ),
    "unknown split": (
        split("k-fol"),
        "a.yaml, line 5: key 'studies.0.split': unknown split 'k-fol': did you mean 'k-fold'? allowed are ",
    ),
    "unknown kind of split": (
        split("{kind: zzz}"),
        "a.yaml, line 5: key 'studies.0.split.kind': unknown split 'zzz': allowed are cold-start, files, ",
    ),
    "split without a kind": (
        split("{folds: 3}"),
        "a.yaml, line 5: key 'studies.0.split.kind': missing; allowed are cold-start, files, ",
    ),
    "setting of a split that is out of bounds": (
        split("\n      kind: k-fold\n      folds: 1"),
        "a.yaml, line 7: key 'studies.0.split.folds': found 1; input should be greater than or equal to 2",
    ),
    "unknown setting of a split": (
        split("{kind: leave-one-out, choos: random}"),
        "a.yaml, line 5: key 'studies.0.split.choos': unknown key; allowed are choose",
    ),
    "split that is a list": (
        split("[k-fold]"),
        "a.yaml, line 5: key 'studies.0.split': found ['k-fold']; allowed is a name of `dotbench list splits`, or a ",
    ),
    "split for another task": (
        split("warm-cold"),
        "a.yaml, line 5: key 'studies.0.split': 'warm-cold' is a split for rating, not for ranking",
    ),
    "split that a method cannot score": (
        split("new-users"),
        "a.yaml, line 8: key 'studies.0.methods.1.model': 'mf' cannot score users or items without training pairs; "
        "the split 'new-users' tests such users or items",
    ),
    "features that are tuned": (
        GOOD.replace(SGD, f"{TOWERS}, grid: {{features: [votes, none]}}}}"),
        "a.yaml, line 7: key 'studies.0.methods.1.grid.features': cannot be tuned; "
        "list a method for each value, each with its own 'label'",
    ),
    "unknown features": (
        GOOD.replace(SGD, f"{TOWERS}, set: {{features: vote}}}}"),
        "a.yaml, line 7: key 'studies.0.methods.1.set.features': unknown feature set 'vote': did you mean 'votes'?",
    ),
    "unknown metric": (
        study_key("metrics: [ndcg@20, recal@20]"),
        "a.yaml, line 5: key 'studies.0.metrics.1': unknown metric 'recal'",
    ),
    "metric without a cut-off": (
        study_key("metrics: [ndcg]"),
        "a.yaml, line 5: key 'studies.0.metrics.0': metric 'ndcg': needs a cut-off",
    ),
    "metric of the other task": (
        study_key("metrics: [rmse]"),
        "a.yaml, line 5: key 'studies.0.metrics.0': metric 'rmse': is of rating",
    ),
    "metric twice": (
        study_key("metrics: [mrr, mrr]"),
        "a.yaml, line 5: key 'studies.0.metrics.1': 'mrr' is listed more than once",
    ),
    "no metrics": (study_key("metrics: []"), "a.yaml, line 5: key 'studies.0.metrics': found []; "),
    "unknown column": (
        study_key("columns: [spread, sd]"),
        "a.yaml, line 5: key 'studies.0.columns.1': found 'sd'; input should be 'spread', 'interval', 'epochs', "
        "'updates', 'seconds', 'cpu_seconds', 'memory', 'trials' or 'chosen'",
    ),
    "column twice": (
        study_key("columns: [spread, spread]"),
        "a.yaml, line 5: key 'studies.0.columns': found ['spread', 'spread']; 'spread' is listed more than once",
    ),
    "unknown layout": (
        study_key("layout: broad"),
        "a.yaml, line 5: key 'studies.0.layout': found 'broad'; input should be 'long' or 'wide'",
    ),
    "unknown validation metric": (
        study_key("validation_metric: ndcg@x"),
        "a.yaml, line 5: key 'studies.0.validation_metric': metric 'ndcg@x': allowed is ndcg@k",
    ),
    "validation metric that knows no hits": (
        study_key("validation_metric: gini@10"),
        "a.yaml, line 5: key 'studies.0.validation_metric': 'gini@10' does not measure hits",
    ),
    "no methods": (HEAD.replace("methods:", "methods: []"), "a.yaml, line 5: key 'studies.0.methods': found []; "),
    "tuning seed among the seeds": (
        GOOD + "tuning: single\nseeds: [0, 3]\ntuning_seed: 3\n",
        "a.yaml, line 10: key 'tuning_seed': found 3, which is among the reported seeds",
    ),
    "equal seeds": (
        GOOD + "seeds: [0, 0]\n",
        "a.yaml, line 8: key 'seeds': found [0, 0]; seeds must be different whole",
    ),
    "negative seed": (GOOD + "seeds: [-1]\n", "a.yaml, line 8: key 'seeds.0': found -1; "),
    "seed beyond those of numpy": (GOOD + "seeds: [4294967296]\n", "a.yaml, line 8: key 'seeds.0': found 4294967296; "),
    "seed that is no number": (GOOD + "seeds: [0, x]\n", "a.yaml, line 8: key 'seeds.1': found 'x'; "),
    "no seeds": (GOOD + "seeds: []\n", "a.yaml, line 8: key 'seeds': found []; "),
    "no threads": (GOOD + "threads: 0\n", "a.yaml, line 8: key 'threads': found 0; "),
    "unknown device": (GOOD + "device: gpu\n", "a.yaml, line 8: key 'device': found 'gpu'; input should be 'auto', "),
    "name that is no folder name": (GOOD.replace("own", "../x", 1), "a.yaml, line 1: key 'name': found '../x'; "),
    "invalid YAML": (GOOD + "seeds: [1\n", "a.yaml, line 9: not valid YAML: "),
    "text in the place of a mapping": ("hello\n", "a.yaml: found str; allowed is a mapping of keys to values"),
    "empty file": ("", "a.yaml: found NoneType; allowed is a mapping of keys to values"),
    "another encoding": (GOOD.replace("own", "é").encode("latin-1"), "a.yaml"),
    "binary file": (b"name: a\x00b\n", "a.yaml"),
}


@pytest.mark.parametrize(("text", "message"), CASES.values(), ids=CASES)
def test_a_mistake_is_told_with_file_line_and_key(problem, text: str | bytes, message: str) -> None:
    found = problem(text)
    assert found.startswith(message)
    assert "\n" not in found


@pytest.mark.parametrize("case", ["unknown key of a study", "unknown key of a method", "unknown key of a dataset"])
def test_an_unknown_nested_key_is_told_with_those_allowed(problem, case: str) -> None:
    assert "; allowed are " in problem(CASES[case][0])


def test_every_mistake_of_a_study_is_told_at_once(problem) -> None:
    found = problem(methods("{model: zzz}", "{model: svd}", SGD, "{model: mf}")).splitlines()
    assert [line.split(":")[0] for line in found] == ["a.yaml, line 6", "a.yaml, line 7", "a.yaml, line 9"]


def test_a_tuning_seed_by_default_among_the_seeds_is_told_at_the_seeds(problem) -> None:
    found = problem(GOOD + "seeds: [0, 1000]\ntuning: single\n")
    assert found.startswith("a.yaml, line 8: key ")
    assert "1000, which is among the reported seeds" in found


def test_equal_labels_in_two_entries_of_one_study_are_told(problem) -> None:
    found = problem(GOOD + "  - study: ranking\n    methods: [{model: popularity}]\n")
    assert found.startswith("a.yaml, line ")
    assert "studies.1" in found


def test_an_absent_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(DotbenchError, match=r"none\.yaml: cannot be read: No such file or directory"):
        load_benchmark([tmp_path / "none.yaml"])


# several files


def test_a_later_file_overrides_key_by_key_and_lists_as_a_whole(load) -> None:
    benchmark = load(GOOD + "seeds: [0, 1]\nthreads: 2\n", "seeds: [7]\ndatasets: [a, b]\n")
    assert benchmark.seeds == [7]
    assert benchmark.threads == 2
    assert [use.name for use in benchmark.datasets] == ["a", "b"]
    assert len(benchmark.plans[0][2]) == 2


def test_a_mistake_is_told_in_the_file_that_has_the_last_word(problem) -> None:
    assert problem(GOOD + "threads: 1\n", "seeds: [1]\nthreads: 0\n").startswith("b.yaml, line 2: key 'threads'")
    assert problem(GOOD + "threads: 0\n", "seeds: [1]\n").startswith("a.yaml, line 8: key 'threads'")


def test_a_mistake_that_two_files_make_together_is_told(problem) -> None:
    found = problem(GOOD + "tuning: single\nseeds: [3]\n", "name: other\ntuning_seed: 3\n")
    assert found == "b.yaml, line 2: key 'tuning_seed': found 3, which is among the reported seeds"


def test_a_dataset_may_be_a_name_or_a_mapping(load) -> None:
    benchmark = load(GOOD.replace("[sim-tiny]", "[sim-tiny, {name: ml-1m, accept_unverified: true}]"))
    assert [(use.name, use.accept_unverified) for use in benchmark.datasets] == [("sim-tiny", False), ("ml-1m", True)]


# the papers


PAPERS = CONFIG / "papers"


@pytest.mark.parametrize("name", ["rg2", "rg2-extended"])
def test_every_loss_trained_by_sgd_has_the_same_budget(name: str) -> None:
    files = [CONFIG / "config.yaml", *dict.fromkeys([PAPERS / "rg2.yaml", PAPERS / f"{name}.yaml"])]
    [(_, _, found)] = load_benchmark(files).plans
    assert {len(method.trials()) for method in found if method.names[2] == "sgd"} == {12}


@pytest.mark.parametrize("path", sorted(PAPERS.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_configuration_of_a_paper_is_one(path: Path) -> None:
    """What a paper's other files change stands on top of the paper's own."""
    paper = PAPERS / f"{path.stem.split('-')[0]}.yaml"
    files = dict.fromkeys(file for file in (paper, path) if file.exists())
    benchmark = load_benchmark([CONFIG / "config.yaml", *files])
    assert benchmark.name == path.stem
    assert benchmark.plans


WIDE = "{model: mf, loss: wrmf}"


def test_a_configuration_says_which_own_grid_its_methods_have(load) -> None:
    def grid(kind: str, entry: str = WIDE) -> dict[str, list[float]]:
        [(_, _, [method])] = load(methods(entry) + f"grid: {kind}\n").plans
        return method.grid

    paper, extended = WRMF.grids["paper"], WRMF.grids["extended"]
    assert grid("paper") == grid("reduced") == paper  # it has no reduced one
    assert grid("extended") == extended
    assert extended != paper
    assert grid("extended", "{model: mf, loss: wrmf, grid: {alpha: [1, 2]}}") == {"alpha": [1, 2]}
    both = "{model: mf, loss: wrmf, grid: {paper: {alpha: [1, 2]}, extended: {regularization: [3]}}}"
    assert [grid(name, both) for name in ("paper", "extended")] == [{"alpha": [1, 2]}, {"regularization": [3]}]
    assert grid("extended", "{model: mf, loss: wrmf, set: {regularization: 1}}") == {"alpha": paper["alpha"]}


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ("{paper: 3}", "key 'studies.0.methods.0.grid': found 3; allowed is a mapping of hyperparameters to lists"),
        ("{alpha: 3}", "key 'studies.0.methods.0.grid.alpha': found 3; allowed is a list of values"),
        ("{paper: {alpha: 3}}", "key 'studies.0.methods.0.grid.alpha': found 3; allowed is a list of values"),
    ],
)
def test_a_grid_that_is_none_is_told(problem, grid, message) -> None:
    found = problem(methods(f"{{model: mf, loss: wrmf, grid: {grid}}}"))
    assert message in found
    assert "a.yaml, line " in found


def test_an_unknown_grid_is_told(problem) -> None:
    found = problem(GOOD + "grid: wide\n")
    assert found.startswith(
        "a.yaml, line 8: key 'grid': found 'wide'; input should be 'reduced', 'paper' or 'extended'"
    )


# tables and figures


RG2 = ["{model: mf, loss: rg2, solver: als}", "{model: mf, loss: rg2, solver: spectral}"]


def plan_of(load, *entries: str, study: str = "rg2") -> Plan:
    return Plan(load(methods(*entries).replace("study: ranking", f"study: {study}")))


def test_a_table_or_figure_is_a_target_if_there_is_a_method_for_it(load) -> None:
    plan = plan_of(load, SGD, *RG2)
    targets = plan.named_targets()
    made = {name for name, files in targets.items() if files}
    assert set(targets) - made == {"rg2_table5", "rg2_minimum", "rg2_figure2", "rg2_two_tower", "rg2_figure2_two_tower"}
    assert targets["rg2_table2"][0] == "results/own/rg2/tables/table2.csv"
    assert targets["rg2_figure1_half_sweeps"][0] == "results/own/rg2/figures/figure1_half_sweeps.pdf"
    everything = set(targets["rg2"])
    assert everything == {
        file for name, files in targets.items() for file in files if name not in ("rg2", "rg2_figure1_half_sweeps")
    }
    study = plan.study("rg2")
    with pytest.raises(DotbenchError, match="'table5' of the study 'rg2' cannot be made: the configuration 'own' has"):
        plan.item_entries(study, "table5")
    shown = [entry.method.label for entry in plan.item_entries(study, "regularization")]
    assert shown == ["MF RG2 (spectral)"]


def test_a_study_on_request_is_made_by_name_alone() -> None:
    plan = Plan(load_benchmark([CONFIG / "config.yaml"]))
    targets = plan.named_targets()
    assert plan.on_request == {"t2rec", "nimc"}
    assert set(plan.everything()) == {*targets["ranking"], *targets["rating"], "results/default/index.html"}
    assert targets["t2rec_table1"]
    assert targets["nimc_figure1cd"]


def test_a_usual_study_has_its_table_and_its_figure(load) -> None:
    plan = plan_of(load, SGD, study="ranking")
    tables = [f"results/own/ranking/tables/ranking.{kind}" for kind in ("csv", "md", "tex", "html")]
    made = [*tables, "results/own/ranking/figures/convergence.pdf"]
    assert plan.targets(plan.study("ranking")) == made
    assert plan.named_targets()["ranking"][: len(made)] == made


def test_what_a_table_is_made_from_is_a_target_beside_it(load) -> None:
    plan = Plan(load(methods(SGD) + "tuning: single\n"))
    [entry] = plan.entries
    run, data = f"results/runs/{entry.dataset}/{entry.folders[0]}", f"results/data/{entry.dataset}"
    records = [f"{run}/chosen.json", f"{data}/stats.json"]
    records += [f"{run}/split{s}-init{s}/{name}" for s in plan.benchmark.seeds for name in ("fit.json", "metrics.json")]
    records += [f"{data}/split{seed}/ranking/split.json" for seed in plan.benchmark.seeds]
    for name in ("ranking", "ranking_ranking", "ranking_convergence"):
        assert set(plan.named_targets()[name]) >= set(records)


def test_the_machine_is_for_methods_behind_a_time_axis(load) -> None:
    plan = plan_of(load, SGD, "{model: popularity}")
    timed = {entry.method.label: plan.is_timed(entry.folders[0]) for entry in plan.entries}
    assert timed == {"MF BPR (SGD)": True, "Popularity": False}


# grids and run folders


def folders(benchmark: Benchmark) -> list[str]:
    return [
        method.folder(benchmark.protocol(study, method, benchmark.tuning_seed))
        for study, _, found in benchmark.plans
        for method in found
    ]


def folder(load, entry: str, more: str = "") -> str:
    [name] = folders(load(methods(entry) + more))
    return name


EQUAL = {
    "whole numbers with a point": (
        "{model: mf, loss: wrmf, set: {embedding_size: 8, alpha: 1}}",
        "{model: mf, loss: wrmf, set: {embedding_size: 8.0, alpha: 1.0}}",
    ),
    "whole numbers with a point in a grid": (
        "{model: mf, loss: wrmf, grid: {alpha: [1, 2], embedding_size: [8.0]}}",
        "{model: mf, loss: wrmf, grid: {alpha: [1.0, 2.0], embedding_size: [8]}}",
    ),
    "ways to write a number": (
        "{model: mf, loss: bpr, set: {learning_rate: 0.001}}",
        "{model: mf, loss: bpr, set: {learning_rate: 1e-3}}",
    ),
    "order of keys": (
        "{model: mf, loss: bpr, solver: sgd, set: {embedding_size: 8, epochs: 3}}",
        "{set: {epochs: 3, embedding_size: 8}, solver: sgd, loss: bpr, model: mf}",
    ),
    "order of keys of a grid": (
        "{model: mf, loss: wrmf, grid: {alpha: [1, 2], regularization: [0.1]}}",
        "{model: mf, loss: wrmf, grid: {regularization: [0.1], alpha: [1, 2]}}",
    ),
    "a default written out": (SGD, "{model: mf, loss: bpr, set: {embedding_size: 64}}"),
    "the own grid written out": (
        SGD,
        "{model: mf, loss: bpr, grid: {learning_rate: [0.1, 0.01, 0.001], weight_decay: [0, 1.0e-6, 1.0e-5, 1.0e-4]}}",
    ),
    "the only solver": (SGD, "{model: mf, loss: bpr}"),
    "a label": (SGD, "{model: mf, loss: bpr, label: Another}"),
}


@pytest.mark.parametrize(("one", "other"), EQUAL.values(), ids=EQUAL)
def test_equal_settings_name_the_same_folder(load, one: str, other: str) -> None:
    assert folder(load, one) == folder(load, other)


DIFFERENT = {
    "a setting": (SGD, "{model: mf, loss: bpr, set: {embedding_size: 32}}"),
    "no grid": (SGD, "{model: mf, loss: bpr, grid: {}}"),
    "a grid's values": (
        "{model: mf, loss: bpr, grid: {learning_rate: [0.1, 0.01]}}",
        "{model: mf, loss: bpr, grid: {learning_rate: [0.1, 0.02]}}",
    ),
    "a fixed setting instead of a grid of one": (
        "{model: mf, loss: bpr, grid: {learning_rate: [0.1, 0.2]}}",
        "{model: mf, loss: bpr, grid: {}, set: {learning_rate: 0.1}}",
    ),
    "another solver": ("{model: mf, loss: rg2, solver: als}", "{model: mf, loss: rg2, solver: spectral}"),
}


@pytest.mark.parametrize(("one", "other"), DIFFERENT.values(), ids=DIFFERENT)
def test_different_settings_name_different_folders(load, one: str, other: str) -> None:
    assert folder(load, one) != folder(load, other)


def test_metrics_of_tables_do_not_change_folders_the_one_of_validation_does(load) -> None:
    before = folders(load(GOOD))
    assert folders(load(study_key("metrics: [recall@50, gini@10]"))) == before
    assert folders(load(study_key("validation_metric: ndcg@10"))) == before  # which it is without a word
    assert not set(folders(load(study_key("validation_metric: ndcg@20")))) & set(before)
    plan = Plan(load(study_key("metrics: [recall@50, ndcg@10, gini@10]\n    validation_metric: ndcg@20")))
    assert plan.contents(plan.studies()[0], "ranking").metrics == ["recall@50", "ndcg@10", "gini@10"]
    assert plan.further(plan.studies()[0]) == ["gini@10", "ndcg@20", "recall@50"]  # ndcg@10 is in every run
    usual = Plan(load(GOOD))
    assert usual.further(usual.studies()[0]) == []


def test_folders_are_named_after_the_components(load) -> None:
    name = folder(load, "{model: mf, loss: rg2, solver: als}")
    assert name.startswith("mf-rg2-als-")
    assert folder(load, "{model: popularity}").startswith("popularity-none-direct-")


def test_a_changed_grid_changes_the_folder_of_its_method_alone(load) -> None:
    entries = (
        "{{model: mf, loss: bpr, grid: {{learning_rate: {}}}}}",
        "{model: mf, loss: softmax}",
        "{model: popularity}",
    )
    before, after = (
        folders(load(methods(entries[0].format(grid), *entries[1:]))) for grid in ("[0.1, 0.01]", "[0.1, 0.01, 0.001]")
    )
    assert before[0] != after[0]
    assert before[1:] == after[1:]


def test_seeds_and_hardware_do_not_change_folders_the_tuning_seed_does(load) -> None:
    before = folder(load, SGD)
    assert folder(load, SGD, "seeds: [7]\nthreads: 2\ndevice: cpu\n") == before
    assert folder(load, SGD, "tuning_seed: 77\n") != before


def test_the_folders_of_finished_runs_stay_what_they_were(load) -> None:
    newton = "{model: two-tower, loss: rg2, solver: newton-cg}"
    ranking = methods(SGD, "{model: popularity}", "{model: mf, loss: rg2, solver: spectral}", newton)
    assert folders(load(ranking)) == [
        "mf-bpr-sgd-721dbd9579",
        "popularity-none-direct-94daf0b09e",
        "mf-rg2-spectral-ece6cfeb38",
        "two-tower-rg2-newton-cg-2fb0116e21",
    ]
    baselines = methods("{model: knn-basic}", "{model: svd}", "{model: svdpp}").replace("ranking", "rating")
    written_out = baselines.replace("model: svd}", "model: svd, set: {biased: true}}")
    assert folders(load(baselines)) == folders(load(written_out))
    assert folders(load(baselines)) != folders(load(written_out.replace("true", "false")))
    assert folders(load(baselines)) == [
        "knn-basic-none-surprise-2997c33238",
        "svd-none-surprise-6dcebf1898",
        "svdpp-none-surprise-8ec90d12b0",
    ]


SAME_SPLIT = ["per-user-random", "{kind: per-user-random}"]
OTHER_SPLITS = [
    "leave-one-out",
    "{kind: leave-one-out, choose: random}",
    "global-temporal",
    "k-fold",
    "{kind: k-fold, folds: 10}",
]


def test_another_split_has_other_runs_and_another_path(load) -> None:
    default = Plan(load(GOOD))
    for value in SAME_SPLIT:
        assert Plan(load(split(value))).entries[1].folders[0] == default.entries[1].folders[0]
    plans = [default, *(Plan(load(split(value))) for value in OTHER_SPLITS)]
    entries = [plan.entries[1] for plan in plans]
    found = [str(plan.split(entry, "a", 0)) for plan, entry in zip(plans, entries, strict=True)]
    assert found[0] == "results/data/a/split0/ranking"
    assert found[1].startswith("results/data/a/split0-leave-one-out-")
    assert len({entry.folders[0] for entry in entries}) == len(set(found)) == len(plans)
    for plan, entry in zip(plans, entries, strict=True):
        assert plan.splitter(entry.splitter.variant).identity() == entry.splitter.identity()


def test_a_default_setting_of_a_split_written_out_is_the_same_split(load) -> None:
    one, other = (Plan(load(split(value))).entries[0].folders[0] for value in ("k-fold", "{kind: k-fold, folds: 5}"))
    assert one == other


def test_popularity_ranks_for_new_users(load) -> None:
    text = split("new-users").replace(f"      - {SGD}\n", "")
    assert [entry.method.model.name for entry in Plan(load(text)).entries] == ["popularity"]


def test_trials_are_the_product_of_the_grid_in_its_order(load) -> None:
    text = "{model: mf, loss: wrmf, set: {epochs: 3}, grid: {regularization: [0.1, 0], alpha: [1, 2]}}"
    [(_, _, [method])] = load(methods(text)).plans
    points = [(trial["regularization"], trial["alpha"], trial["epochs"]) for trial in method.trials()]
    assert points == [(0.1, 1.0, 3), (0.1, 2.0, 3), (0.0, 1.0, 3), (0.0, 2.0, 3)]


def test_what_is_set_leaves_the_own_grid(load) -> None:
    [(_, _, [method])] = load(changed("set: {learning_rate: 0.5}")).plans
    assert list(method.grid) == ["weight_decay"]
    assert {trial["learning_rate"] for trial in method.trials()} == {0.5}


def test_a_study_may_be_about_some_of_the_datasets(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config/datasets").mkdir(parents=True)
    (tmp_path / "config/datasets/pairs.yaml").write_text(
        "name: pairs\nsource: {file: pairs.csv}\nformat: {columns: {user: 0, item: 1}}\n"
    )
    text = """
name: some
datasets: [sim-tiny, pairs]
studies:
  - {study: ranking, methods: [{model: popularity}]}
  - {study: rating, datasets: [NAME], methods: [{model: slope-one}]}
"""
    path = tmp_path / "some.yaml"
    path.write_text(text.replace("NAME", "sim-tiny"))
    entries = Plan(load_benchmark([path])).entries
    assert [(entry.study.name, entry.dataset) for entry in entries] == [
        ("ranking", "sim-tiny"),
        ("ranking", "pairs"),
        ("rating", "sim-tiny"),
    ]
    path.write_text(text.replace("NAME", "pairs"))
    with pytest.raises(DotbenchError, match="dataset 'pairs' has no rating column"):
        Plan(load_benchmark([path]))
    path.write_text(
        text.replace("methods: [{model: slope-one}]", "simulations: [{simulation: t2rec-table1}]")
        .replace("rating", "t2rec")
        .replace("NAME", "pairs")
    )
    assert Plan(load_benchmark([path])).simulations  # which need no dataset
    path.write_text(text.replace("NAME", "sim-tny"))
    with pytest.raises(DotbenchError, match=r"line 6: key 'studies.1.datasets.0': unknown dataset .* 'sim-tiny'"):
        Plan(load_benchmark([path]))


def test_a_default_is_the_value_that_a_configuration_would_give() -> None:
    """Labels of jobs are made of settings' values: one of 1 and one of 1.0 would be two."""

    class Own(Settings):
        rates: list[float] = [1, 10]

    assert repr(Own().rates) == repr(Own(rates=[1, 10]).rates) == "[1.0, 10.0]"


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_the_written_schemas_are_those_of_the_settings(name, tmp_path):
    """After a change of the settings: `make schemas`."""
    write_schemas(tmp_path)
    kept = Path(__file__).parents[2] / "workflow" / "schemas" / name
    assert kept.read_text() == (tmp_path / name).read_text()


# simulations

SIMULATED = "name: own\ndatasets: []\nstudies:\n  - study: t2rec\n    simulations:\n      - "  # the entry is line 6


def test_a_simulation_needs_no_dataset(load) -> None:
    benchmark = load(SIMULATED + "{simulation: t2rec-table1, set: {replications: 3}, label: Mine}")
    [(label, simulation)] = benchmark.simulations
    assert (label, simulation.settings.replications) == ("Mine", 3)
    plan = Plan(benchmark)
    assert plan.entries == []
    assert len(plan.simulations[0].jobs) == 144
    targets = plan.named_targets()
    assert "results/own/t2rec/tables/table1.csv" in targets["t2rec_table1"]
    assert set(targets["t2rec_table1"]) < set(targets["t2rec"])


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("{simulation: t2rec-table2}", "line 6: key 'studies.0.simulations.0.simulation': unknown simulation of the"),
        ("{simulation: t2rec-table1, sett: {}}", "line 6: key 'studies.0.simulations.0.sett': unknown key; allowed"),
        (
            "{simulation: t2rec-table1, set: {replication: 3}}",
            "line 6: key 'studies.0.simulations.0.set.replication': unknown key; allowed are dimensions, first, folds",
        ),
        (
            "{simulation: t2rec-table1, set: {sizes: [-1]}}",
            "line 6: key 'studies.0.simulations.0.set.sizes.0': found -1; input should be greater than or equal to 1",
        ),
        (
            "{simulation: t2rec-table1}\n      - {simulation: t2rec-table1}",
            "line 7: key 'studies.0.simulations.1': has the label 'T2Rec's simulation' of entry 0",
        ),
    ],
)
def test_a_mistake_in_a_simulation_is_told(problem, entry: str, message: str) -> None:
    assert message in problem(SIMULATED + entry)


def test_a_study_needs_methods_or_simulations_and_methods_need_datasets(problem) -> None:
    empty = SIMULATED[: SIMULATED.index("    simulations")]
    assert (
        "a.yaml, line 4: key 'studies.0': found {'study': 't2rec'}; needs 'methods', 'simulations', or both"
        in problem(empty)
    )
    assert (
        "a.yaml, line 2: key 'datasets': found none; the methods of the study 'ranking' need at least one"
        in problem(GOOD.replace("[sim-tiny]", "[]"))
    )


def test_contents_of_a_study_without_simulations_say_nothing_of_them(load) -> None:
    """Jobs of tables rerun when what they are told changes."""
    plan = Plan(load(GOOD))
    contents = plan.contents(plan.study("ranking"))
    assert contents.simulations == contents.to_json()["simulations"] == []


# truth values: what YAML reads of yes, no, on and off


def every_settings_class() -> list[type[Settings]]:
    """Of the configuration and of every component that there is."""
    for kind in ("losses", "models", "baselines", "solvers", "features", "simulations", "datasets.parsers"):
        discover(kind, Component)
    for kind in ("simulations.methods", "datasets.generators", "datasets.splits"):
        discover(kind, Component)
    classes, todo = {}, [Settings]
    while todo:
        cls = todo.pop()
        todo += cls.__subclasses__()
        if cls.__module__.startswith("dotbench."):
            classes[f"{cls.__module__}.{cls.__qualname__}"] = cls
    return [classes[name] for name in sorted(classes)]


def types_of(annotation: Any) -> set[Any]:
    parts = get_args(annotation)
    return {annotation} if not parts else set().union(*map(types_of, parts))


def test_no_number_of_any_settings_class_is_a_truth_value() -> None:
    checked = 0
    for cls in every_settings_class():
        for name, field in cls.model_fields.items():
            types = types_of(field.annotation)
            if not types & {int, float} or types & {bool, Any}:
                continue
            for value in (True, False, [True], {"key": True}):
                with pytest.raises(ValidationError) as caught:
                    cls.model_validate({name: value})
                assert name in {path[0] for path, _ in explain(caught.value, cls)}, (cls, name, value)
                checked += 1
    assert checked > 400


class Inner(Settings):
    x: float = 1


class Kinds(Settings):
    whole: int = 1
    optional: float | None = None
    bounded: Annotated[int, Field(ge=0)] = 0
    several: list[int] = []
    mapped: dict[str, float] = {}
    pair: tuple[int, float] = (1, 1.0)
    text_or_number: int | str = 1
    one_or_several: int | list[int] = 1
    inner: Inner = Inner()
    inners: list[Inner] = []
    flag: bool = False
    flag_or_number: bool | int = 1


@pytest.mark.parametrize(
    ("values", "place"),
    [
        ({"whole": True}, "whole"),
        ({"optional": False}, "optional"),
        ({"bounded": True}, "bounded"),
        ({"several": [1, True]}, "several.1"),
        ({"mapped": {"a": True}}, "mapped.a"),
        ({"pair": [1, True]}, "pair.1"),
        ({"text_or_number": True}, "text_or_number"),
        ({"one_or_several": [True]}, "one_or_several.0"),
        ({"inner": {"x": True}}, "inner.x"),
        ({"inners": [{"x": 1}, {"x": False}]}, "inners.1.x"),
    ],
)
def test_a_truth_value_for_a_number_is_one_problem_at_its_place(values, place: str) -> None:
    with pytest.raises(DotbenchError) as caught:
        validate(Kinds, values, "here")
    lines = str(caught.value).splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"here: key '{place}': found ")
    assert "a number is needed" in lines[0]
    assert lines[0].endswith("(YAML reads yes, no, on and off as true and false; text stands in quotes)")


def test_truth_values_stay_where_they_are_allowed() -> None:
    kept = validate(Kinds, {"flag": True, "flag_or_number": True, "whole": 1, "optional": "1e-3"}, "here")
    assert (kept.flag, kept.flag_or_number, kept.whole, kept.optional) == (True, True, 1, 0.001)


@pytest.mark.parametrize("word", ["yes", "no", "on", "off", "true", "False"])
def test_the_words_of_yaml_are_no_numbers_in_a_configuration(problem, word: str) -> None:
    fixed, tuned = changed(f"set: {{epochs: {word}}}"), changed(f"grid: {{epochs: [{word}]}}")
    assert "a.yaml, line 6: key 'studies.0.methods.0.set.epochs': found " in problem(fixed)
    assert "a.yaml, line 6: key 'studies.0.methods.0.grid.epochs" in problem(tuned)
    assert "a.yaml, line 8: key 'seeds.1': found " in problem(GOOD + f"seeds: [3, {word}]\n")
