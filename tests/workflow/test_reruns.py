"""Only changed steps rerun: an edit, a dry run, and exactly the jobs that must follow."""

import os
import re
import shutil
from pathlib import Path

import pytest

from dotbench.cli import settled

METHODS = {
    "ranking": ["popularity-none-direct", "mf-bpr-sgd", "mf-rg2-spectral"],
    "rating": ["baseline-only-none-surprise", "svd-none-surprise"],
}
ALL = [method for methods in METHODS.values() for method in methods]
OUTPUTS = ["figure convergence of ranking", "table ranking of ranking", "table rating of rating"]


@pytest.fixture(autouse=True)
def no_note_says_otherwise(project, monkeypatch):
    """Where Snakemake has something to do, the note from before the edit does not say that there is nothing to do."""
    monkeypatch.setattr(settled, "OWN", [project.root / part.name for part in settled.OWN])
    planned = type(project).planned

    def note(arguments=(), config="config/smoke.yaml"):
        monkeypatch.chdir(project.root)
        return settled.Note(arguments, [Path(config)])

    def checked(self, *arguments, config="config/smoke.yaml", site=False):
        messages = planned(self, *arguments, config=config, site=site)
        assert not (messages and note(arguments, config).holds())
        return messages

    monkeypatch.setattr(type(project), "planned", checked)
    kept = note()
    kept.watch([])
    kept.keep()
    assert note().holds()


def chain(*methods: str, stages: tuple[str, ...] = ("tune", "fit", "evaluate")) -> list[str]:
    """The messages of these methods' jobs."""
    jobs = []
    for method in methods:
        jobs += [f"tune {method} on sim-tiny"] if "tune" in stages else []
        for stage in ("fit", "evaluate"):
            jobs += [f"{stage} {method} on sim-tiny, split {seed}" for seed in (0, 1)] if stage in stages else []
    return jobs


def test_nothing_changed_reruns_nothing(project):
    assert project.planned(site=True) == []


@pytest.mark.parametrize(
    "file", ["fit.json", "fitted.npz", "metrics.json", "chosen.json", "stats.json", "split.npz", "convergence.pdf"]
)
def test_a_plan_with_nothing_to_do_is_no_more_when_a_file_is_touched_truncated_or_gone(project, file):
    os.chdir(project.root)
    path = sorted(Path("results").rglob(file))[0]
    content, times = path.read_bytes(), path.stat()
    for change in (path.touch, lambda: path.write_bytes(content[:-1]), path.unlink):
        change()
        assert not settled.Note([], [Path("config/smoke.yaml")]).holds()
    path.write_bytes(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def test_a_method_without_a_grid_asks_a_cluster_for_nothing(project):
    """The record of its settings is written where Snakemake runs; the other methods are tuned."""
    shown = project.snakemake("--dry-run", "--forceall", "--quiet", "host")
    found = dict(re.findall(r"^(settle|tune) +(\d+)$", shown.stdout + shown.stderr, re.MULTILINE))
    assert found == {"settle": "2", "tune": "3"}


def test_touched_times_rerun_nothing(project):
    for part in ("config", "workflow", "rules", "profiles", "Snakefile"):
        root = project.root / part
        for path in [root, *root.rglob("*")]:
            os.utime(path)
    assert project.planned(site=True) == []


@pytest.mark.slow
def test_the_page_follows_what_it_shows_and_its_own_files_alone(project):
    project.edit("workflow/dotbench/reporting/figures/convergence.py", "alpha=0.18", "alpha=0.2")
    assert project.planned(site=True) == [OUTPUTS[0], "site of smoke"]
    project.edit("workflow/dotbench/reporting/figures/convergence.py", "alpha=0.2", "alpha=0.18")
    for asset in ("page.css", "boards.js", "page.html"):
        project.edit(f"workflow/dotbench/site/assets/{asset}", "e", "e ")
        assert project.planned(site=True) == ["site of smoke"]


@pytest.mark.slow
def test_a_copy_in_another_place_reruns_nothing(project, tmp_path):
    elsewhere = type(project)(tmp_path / "at/another/depth")
    shutil.copytree(project.root, elsewhere.root)
    assert elsewhere.planned(site=True) == []


def test_a_learning_rate_reruns_that_loss_alone(project):
    project.edit("config/smoke.yaml", "learning_rate: [0.1, 0.01]", "learning_rate: [0.1, 0.02]")
    assert project.planned() == sorted(chain("mf-bpr-sgd") + OUTPUTS[:2])


@pytest.mark.slow
@pytest.mark.large
def test_metrics_of_a_study_are_computed_and_nothing_is_trained(project):
    """A list of metrics evaluates; another one evaluates; the first one again, which is there, costs nothing."""
    ranking = METHODS["ranking"]
    further = sorted(f"evaluate {m} on sim-tiny, split {s}: {{}}" for m in ranking for s in (0, 1))
    own, outputs = "config/own.yaml", OUTPUTS[:2]
    shutil.copy(project.root / "config/smoke.yaml", project.root / own)
    project.edit(own, "name: smoke", "name: own")  # tables of its own, the same runs
    project.edit(own, "study: ranking\n", "study: ranking\n    metrics: [recall@20, mrr, ndcg@10]\n")
    made = [message.format('["mrr","recall@20"]') for message in further]
    assert project.planned("ranking", config=own) == sorted(made + outputs)
    assert project.snakemake("ranking", config=own).returncode == 0
    assert project.planned("ranking", config=own) == []
    head = (project.root / "results/own/ranking/tables/ranking.md").read_text().splitlines()[0]
    assert [cell.strip() for cell in head.split("|")[3:6]] == ["Recall@20", "MRR", "NDCG@10"]
    project.edit(own, "[recall@20, mrr, ndcg@10]", "[recall@20, gini@5]")
    made = [message.format('["gini@5","recall@20"]') for message in further]
    assert project.planned("ranking", config=own) == sorted(made + outputs)
    for shown in ("[recall@20, gini@5]", "[mrr@10, recall@10]"), ("[mrr@10, recall@10]", "[ndcg@10, recall@20, mrr]"):
        project.edit(own, *shown)
        assert project.planned("ranking", config=own) == outputs  # these metrics are there
    assert project.planned() == []


def test_code_of_a_metric_evaluates_and_trains_nothing(project):
    """That of one that nobody shows does nothing; Recall@10 is in every run."""
    project.append_code("evaluation/metrics/precision.py")
    assert project.planned() == []
    project.append_code("evaluation/metrics/recall.py")
    assert project.planned() == sorted(chain(*ALL, stages=("evaluate",)) + OUTPUTS)


@pytest.mark.slow
def test_another_validation_metric_is_another_run(project):
    project.edit("config/smoke.yaml", "study: ranking\n", "study: ranking\n    validation_metric: recall@5\n")
    planned = project.planned()
    assert set(chain(*METHODS["ranking"])) <= set(planned)
    assert not [message for message in planned if "baseline-only" in message]


@pytest.mark.slow
def test_an_earlier_setting_costs_nothing(project):
    project.edit("config/smoke.yaml", "learning_rate: [0.1, 0.01]", "learning_rate: [0.1, 0.02]")
    assert project.planned() != []
    project.edit("config/smoke.yaml", "learning_rate: [0.1, 0.02]", "learning_rate: [0.1, 0.01]")
    assert project.planned() == []


@pytest.mark.parametrize("path", ["evaluation/ranking.py", "runs/evaluating.py"])
def test_code_of_the_final_evaluation_trains_nothing(project, path):
    project.append_code(path)
    assert project.planned() == sorted(chain(*ALL, stages=("evaluate",)) + OUTPUTS)


def test_statistics_rerun_the_tables_alone(project):
    project.edit("workflow/dotbench/statistics/paired.py", "DRAWS = 10_000", "DRAWS = 9_999")
    assert project.planned() == OUTPUTS[1:]


def test_drawing_code_reruns_the_figure_alone(project):
    project.edit("workflow/dotbench/reporting/figures/convergence.py", "alpha=0.18", "alpha=0.2")
    assert project.planned() == OUTPUTS[:1]


def test_a_loss_reruns_its_own_runs_alone(project):
    project.append_code("losses/bpr.py")
    assert project.planned() == sorted(chain("mf-bpr-sgd") + OUTPUTS[:2])


@pytest.mark.slow
def test_a_baseline_reruns_its_own_runs_alone(project):
    project.append_code("baselines/svd.py")
    assert project.planned() == sorted(chain("svd-none-surprise") + OUTPUTS[2:])


@pytest.mark.slow
def test_the_decomposition_reruns_what_reads_it(project):
    project.append_code("solvers/decomposition.py")
    spectra = [f"decompose sim-tiny, split {seed}: rg2-rank8" for seed in (0, 1, 1000)]
    assert project.planned() == sorted(spectra + chain("mf-rg2-spectral") + OUTPUTS[:2])


@pytest.mark.slow
def test_a_caption_reruns_nothing(project):
    project.edit("workflow/dotbench/reporting/figures/convergence.py", "The validation", "Edited: the validation")
    project.edit("workflow/dotbench/reporting/tables/comparison.py", "Mean, standard", "Edited: mean, standard")
    assert project.planned() == []


def test_documentation_is_free(project):
    """A docstring, a comment, a type hint, an import for one, the order of imports, an empty line."""
    package = "workflow/dotbench"
    project.edit(f"{package}/losses/bpr.py", "Rendle et al., UAI 2009", "Edited: Rendle et al., UAI 2009")
    project.edit(f"{package}/statistics/paired.py", "DRAWS = 10_000", "DRAWS = 10_000  # edited")
    project.edit(f"{package}/runs/evaluating.py", "folder: Path) -> dict[str, Any]:", "folder: Path) -> Any:")
    project.edit(f"{package}/solvers/sgd.py", "\nfrom pydantic", "\nimport numbers\n\nfrom pydantic")
    project.edit(f"{package}/evaluation/topk.py", "dotbench.lazy import np, torch", "dotbench.lazy import torch, np")
    project.edit(f"{package}/solvers/loop.py", "\n\n\ndef run(", "\n\n\n\ndef run(")
    assert project.planned() == []


def test_code_of_a_paper_that_is_not_shown_rebuilds_no_table(project):
    project.append_code("papers/nimc/recovery/methods.py")
    project.append_code("papers/nimc/simulations/curvature.py")
    project.append_code("papers/nimc/tables/curvature.py")
    assert project.planned() == []


@pytest.mark.slow
def test_hardware_and_local_copies_rerun_nothing(project):
    project.edit("config/smoke.yaml", "name: smoke", "name: smoke\nthreads: 2\ndevice: cpu\ndata_dir: config")
    assert project.planned() == []


@pytest.mark.slow
def test_a_second_configuration_runs_nothing_again(project):
    shutil.copy(project.root / "config/smoke.yaml", project.root / "config/second.yaml")
    project.edit("config/second.yaml", "name: smoke", "name: second")
    assert project.planned(config="config/second.yaml") == OUTPUTS


def test_one_more_seed_runs_that_seed_alone(project):
    project.edit("config/smoke.yaml", "seeds: [0, 1]", "seeds: [0, 1, 2]")
    expected = [f"split sim-tiny for {task}, seed 2" for task in METHODS]
    expected += ["decompose sim-tiny, split 2: rg2-rank8"]
    expected += [f"{stage} {method} on sim-tiny, split 2" for stage in ("fit", "evaluate") for method in ALL]
    assert project.planned() == sorted(expected + OUTPUTS)


@pytest.mark.slow
def test_a_prepared_dataset_is_a_target_whatever_the_configuration(project):
    assert project.planned("results/data/sim-ratings/stats.json") == ["prepare sim-ratings"]


@pytest.mark.slow
def test_a_study_is_a_target(project):
    assert project.planned("rating", "--forcerun", "table_comparison") == ["table rating of rating"]


def test_plan_tells_what_would_run_and_why(project):
    project.edit("workflow/dotbench/statistics/paired.py", "DRAWS = 10_000", "DRAWS = 9_999")
    shown = project.dotbench("plan", "--config", "config/smoke.yaml")
    assert shown.returncode == 0
    assert "Edited code: statistics/paired.py" in shown.stdout
    assert ["table", "2"] in [line.split() for line in shown.stdout.splitlines()]


@pytest.mark.slow
def test_nothing_to_do_is_told_without_snakemake(project):
    """From the second time on, and until something changes."""
    command, report = ("--config", "config/smoke.yaml"), project.root / "results/smoke/report.html"

    def asked():
        return sorted((project.root / ".snakemake/log").iterdir())

    first = project.dotbench("run", *command)
    assert report.is_file()
    before = asked()
    assert project.dotbench("plan", *command).stdout == "nothing to do: everything is up to date\n"
    second = project.dotbench("run", *command)
    assert asked() == before
    for shown in (first, second):
        assert shown.returncode == 0, shown.stderr
        assert "nothing to do" in shown.stdout
        assert "rating: sim-tiny" in shown.stdout
        assert f"report  {report.relative_to(project.root)}" in shown.stdout
    project.append_code("losses/bpr.py")
    assert "Edited code: losses/bpr.py" in project.dotbench("plan", *command).stdout
    report.unlink()


@pytest.mark.slow
def test_an_edit_of_preparation_fetches_nothing(project):
    (project.root / "pairs.txt").write_text("\n".join(f"u{u} i{k}" for u in range(9) for k in range(9)) + "\n")
    definition = "name: mine\nsource: {file: pairs.txt}\nformat: {separator: ' ', columns: {user: 0, item: 1}}\n"
    (project.root / "config/datasets/mine.yaml").write_text(definition + "prepare: {core: 5}\n")
    target = "results/data/mine/stats.json"
    assert project.snakemake(target).returncode == 0
    project.edit("config/datasets/mine.yaml", "core: 5", "core: 4")
    assert project.planned(target) == ["prepare mine"]


@pytest.mark.slow
def test_the_same_project_runs_in_another_folder(project, tmp_path):
    elsewhere = ["--directory", str(tmp_path), "results/data/sim-tiny/stats.json"]
    assert project.snakemake(*elsewhere, config=str(project.root / "config/smoke.yaml")).returncode == 0
    assert project.planned(*elsewhere, config=str(project.root / "config/smoke.yaml")) == []


TOWERS = """
name: towers
datasets: [sim-tiny]
seeds: [0]
studies:
  - study: ranking
    methods:
      - model: two-tower
        loss: rg2
        solver: newton-cg
        set: {features: item-factors, epochs: 2}
        grid: {width: [4, 8]}
"""


@pytest.mark.slow
def test_a_model_gets_its_features_and_reruns_when_they_change(project):
    (project.root / "config/towers.yaml").write_text(TOWERS)
    result = project.snakemake("ranking", config="config/towers.yaml")
    assert result.returncode == 0, result.stdout + result.stderr
    assert project.planned(config="config/towers.yaml") == []
    project.append_code("features/item_factors.py")
    features = ["features item-factors of sim-tiny, split 0"]
    jobs = [job for job in chain("two-tower-rg2-newton-cg") if not job.endswith("split 1")]
    assert project.planned(config="config/towers.yaml") == sorted(features + jobs + OUTPUTS[:2])
    project.edit("config/towers.yaml", "features: item-factors", "features: item-factors-leaky")
    features = ["features item-factors-leaky of sim-tiny, split 0"]
    assert project.planned(config="config/towers.yaml") == sorted(features + jobs + OUTPUTS[:2])


@pytest.mark.slow
def test_another_split_runs_what_depends_on_it_alone(project):
    project.edit("config/smoke.yaml", "study: rating", "study: rating\n    split: {kind: k-fold, folds: 4}")
    splits = [f"split sim-tiny for rating, seed {seed}-k-fold" for seed in (0, 1, 1000)]
    assert project.planned() == sorted(splits + chain(*METHODS["rating"]) + OUTPUTS[2:])


@pytest.mark.slow
def test_the_default_split_named_reruns_nothing(project):
    project.edit("config/smoke.yaml", "study: rating", "study: rating\n    split: {kind: per-user-random}")
    assert project.planned() == []


@pytest.mark.slow
def test_code_of_a_split_that_is_not_used_reruns_nothing(project):
    project.append_code("datasets/splits/k_fold.py")
    assert project.planned() == []
