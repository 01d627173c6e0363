"""Tuning for each seed on its own split: what its jobs read, what it chooses, and how tables and pages tell it."""

import csv
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from archive_data import make_data, make_runs
from runs_data import CHOSEN, contents, write_dataset, write_runs, write_trials

from dotbench import paths
from dotbench.archive.exporting import export_runs
from dotbench.archive.file import read_archive
from dotbench.archive.importing import import_runs
from dotbench.cli import fit as fit_stage
from dotbench.cli import tune as tune_stage
from dotbench.cli.progress import drop_failed, states
from dotbench.cli.stage import Hardware
from dotbench.cli.told import Told
from dotbench.config.benchmark import parse_benchmark
from dotbench.config.inputs import Inputs
from dotbench.config.plan import Plan
from dotbench.config.runs import MethodEntry
from dotbench.datasets.interactions import Split, load_split
from dotbench.datasets.splitting import make_split
from dotbench.errors import DotbenchError
from dotbench.execution.hardware import prepare_execution
from dotbench.files import read_json, write_json
from dotbench.interface.data import load, quiet
from dotbench.reporting.contents import Contents
from dotbench.reporting.figures.regularization import trial_points
from dotbench.reporting.kind import table_kinds
from dotbench.runs.fitting import Inputs as FitInputs
from dotbench.runs.fitting import Seeds, fit
from dotbench.site.details import run_details, run_key

GRID = [0.1, 0.13, 0.14, 0.17]  # on sim-tiny, seed 0 chooses the first and seed 1 the third
RG2 = {"model": "mf", "loss": "rg2", "solver": "als", "set": {"embedding_size": 8, "epochs": 2}}
TUNED: dict[str, Any] = {**RG2, "grid": {"regularization": GRID}}
FIXED = {**RG2, "label": "fixed", "grid": {}}
POPULARITY = {"model": "popularity"}


def plan_of(*methods: dict[str, Any], study: dict[str, Any] | None = None, **values: Any) -> Plan:
    choice = {"study": "ranking", "methods": list(methods), **(study or {})}
    values = {"name": "own", "datasets": ["sim-tiny"], "seeds": [0, 1, 2], "studies": [choice]} | values
    return Plan(parse_benchmark(values, []))


def folders(plan: Plan) -> list[list[str]]:
    return [entry.folders for entry in plan.entries]


# runs and what they read


def test_each_seed_has_the_runs_of_a_single_tuning_on_its_split() -> None:
    [nested] = folders(plan_of(TUNED))
    single = [folders(plan_of(TUNED, tuning="single", tuning_seed=seed, seeds=[7]))[0] for seed in (0, 1, 2)]
    assert [[folder] for folder in nested] == single
    assert len({*nested}) == 3


def test_what_is_not_tuned_has_the_same_runs_either_way() -> None:
    one_value = {**RG2, "label": "one value", "grid": {"regularization": [0.1]}}
    nested, single = (plan_of(POPULARITY, FIXED, one_value, TUNED, tuning=tuning) for tuning in ("nested", "single"))
    assert folders(nested)[:3] == folders(single)[:3]
    assert [len(found) for found in folders(nested)] == [1, 1, 1, 3]
    assert [nested.fits(entry) for entry in nested.entries[:3]] == [single.fits(entry) for entry in single.entries[:3]]


def test_another_seed_leaves_the_runs_of_the_others() -> None:
    [few], [more] = folders(plan_of(TUNED, seeds=[0, 2])), folders(plan_of(TUNED, seeds=[0, 1, 2]))
    assert few == [more[0], more[2]]


def test_a_study_may_say_otherwise_than_the_configuration() -> None:
    nested, single = folders(plan_of(TUNED)), folders(plan_of(TUNED, tuning="single"))
    assert folders(plan_of(TUNED, study={"tuning": "single"})) == single
    assert folders(plan_of(TUNED, study={"tuning": "nested"}, tuning="single")) == nested


def test_the_tuning_seed_may_be_a_reported_one_where_it_names_no_split() -> None:
    assert plan_of(TUNED, seeds=[0, 1000]).benchmark.seeds == [0, 1000]
    with pytest.raises(DotbenchError, match="1000, which is among the reported seeds"):
        plan_of(TUNED, seeds=[0, 1000], study={"tuning": "single"})


@pytest.mark.parametrize("tuning", ["nested", "single"])
def test_tuning_and_fits_read_the_splits_that_they_are_about(tuning: str) -> None:
    plan = plan_of(
        POPULARITY, {**RG2, "solver": "spectral", "set": {}, "grid": {"regularization": GRID}}, tuning=tuning
    )
    inputs, [untuned, tuned] = Inputs(plan), plan.entries
    assert set(inputs.methods(tuned=True)) == set(tuned.folders)
    assert set(inputs.methods(tuned=False)) == set(untuned.folders)
    for seed, folder in zip((0, 1, 2), tuned.folders_by_seed, strict=True):
        names = SimpleNamespace(dataset="sim-tiny", method=folder, split_seed=seed)
        on = seed if tuning == "nested" else 1000
        for read, split in ((True, on), (False, seed)):
            division, spectrum = inputs.read_by_run(".npz", of_tuning=read)(names)
            assert division == f"results/data/sim-tiny/split{split}/ranking/split.npz"
            assert spectrum.startswith(f"results/data/sim-tiny/split{split}/spectra/")
        assert json.loads(inputs.method_identity(names))["protocol"]["tuning_seed"] == on
    names = SimpleNamespace(dataset="sim-tiny", method=untuned.folders[0])
    assert inputs.read_by_run(".npz", of_tuning=True)(names) == []
    assert tuned.split_seeds == [0, 1, 2] + [1000] * (tuning == "single")
    assert untuned.split_seeds == [0, 1, 2]


def test_a_table_is_made_from_the_choice_of_every_seed() -> None:
    plan = plan_of(POPULARITY, TUNED)
    chosen = {f"results/runs/sim-tiny/{folder}/chosen.json" for entry in plan.entries for folder in entry.folders}
    assert len(chosen) == 4
    records = set(plan.named_targets()["ranking"])
    assert {file for file in records if file.endswith("chosen.json")} == chosen
    names = SimpleNamespace(study="ranking", get={"report_item": "ranking"}.get)
    assert set(Inputs(plan).tuning_files("chosen.json")(names)) == chosen
    assert not [file for file in records if "split1000" in file]


# tuning itself


def tune(plan: Plan, folder: str) -> dict[str, Any]:
    """Run the job of a tuning; the content of ``chosen.json``."""
    inputs, names = Inputs(plan), SimpleNamespace(dataset="sim-tiny", method=folder)
    [split] = inputs.read_by_run(".npz", of_tuning=True)(names)
    run, identity = paths.run("sim-tiny", folder), json.loads(inputs.method_identity(names))
    tune_stage.main(identity, "sim-tiny", run, Path("checkpoints"), split=Path(split), hardware=Hardware("cpu"))
    chosen: dict[str, Any] = read_json(run / "chosen.json")
    return chosen


@pytest.fixture
def plan(workdir: Path) -> Plan:
    """A plan of one tuned method, whose splits are there."""
    made = plan_of(TUNED)
    data = load("sim-tiny", say=quiet).folder
    for seed in made.benchmark.seeds:
        split = make_split(data, "ranking", seed, made.entries[0].splitter)
        split.save(made.split(made.entries[0], "sim-tiny", seed) / "split.npz")
    return made


def split_file(plan: Plan, seed: int) -> Path:
    return plan.split(plan.entries[0], "sim-tiny", seed) / "split.npz"


def by_hand(plan: Plan, split: Split, seed: int) -> list[float]:
    """Validation of every point of the grid, fitted on a split with an initialisation."""
    method, execution = plan.entries[0].method, prepare_execution("cpu", 1)
    given = FitInputs("sim-tiny", split)
    fits = [fit(method, point, given, Seeds(seed, seed), execution) for point in method.trials()]
    return [float(one.record.validation or 0) for one in fits]


def test_every_seed_has_the_best_setting_on_its_own_validation_part(plan: Plan) -> None:
    found = []
    for seed, folder in enumerate(plan.entries[0].folders):
        values = by_hand(plan, load_split(split_file(plan, seed)), seed)
        chosen = tune(plan, folder)
        trials = pd.read_csv(paths.run("sim-tiny", folder) / "trials.csv")
        assert trials["validation"].tolist() == pytest.approx(values, rel=1e-12)
        assert chosen["hyperparameters"]["regularization"] == GRID[int(np.argmax(values))]
        found.append(chosen["hyperparameters"]["regularization"])
    assert len({*found}) > 1  # a seed may choose otherwise than another


def test_the_test_part_does_not_reach_the_choice_and_other_splits_are_not_opened(plan: Plan) -> None:
    folder = plan.entries[0].folders[1]
    columns = ["trial", "regularization", "validation", "best_epoch"]

    def choice() -> tuple[dict[str, Any], list[list[float]]]:
        chosen = tune(plan, folder)
        return chosen, pd.read_csv(paths.run("sim-tiny", folder) / "trials.csv")[columns].values.tolist()

    before, split = choice(), load_split(split_file(plan, 1))
    replace(split, test=split.test * 0).save(split_file(plan, 1))
    for other in (0, 2):
        split_file(plan, other).unlink()
    assert choice() == before


def test_the_fit_has_the_validation_that_it_was_chosen_for(plan: Plan) -> None:
    """On the same split, with the same initialisation, the chosen trial is the reported fit."""
    folder = plan.entries[0].folders[2]
    tune(plan, folder)
    names, into = SimpleNamespace(dataset="sim-tiny", method=folder), paths.fit("sim-tiny", folder, 2, 2)
    fit_stage.main(
        json.loads(Inputs(plan).method_identity(names)),
        "sim-tiny",
        paths.run("sim-tiny", folder) / "chosen.json",
        split_file(plan, 2),
        fit_stage.SeedOptions(2, 2),
        into,
        hardware=Hardware("cpu"),
    )
    trials = pd.read_csv(paths.run("sim-tiny", folder) / "trials.csv")
    assert read_json(into / "fit.json")["validation"] == pytest.approx(trials["validation"].max(), rel=1e-12)


# what tables and pages tell

CHOICES = [0.1, 0.2, 0.2]  # of the seeds; the grid is 0.1, 0.2


def write_choices(entry_folders: Sequence[str], values: Sequence[float] = CHOICES) -> None:
    """Runs of a method that chose ``values`` of 0.1 and 0.2, each seed in its own folder."""
    for seed, (folder, value) in enumerate(zip(entry_folders, values, strict=True)):
        write_runs("sim-tiny", folder, [[0.2, 0.4, 0.3]] * len(values))
        run, settings = paths.run("sim-tiny", folder), {**CHOSEN, "regularization": value}
        chosen = {"hyperparameters": settings, "grid": {"regularization": [0.1, 0.2]}, "trials": 2, "status": "ok"}
        write_json(run / "chosen.json", {**chosen, "on_edge": {"regularization": "low"} if value == 0.1 else {}})
        write_trials("sim-tiny", folder, [(0.1, 0.3 + (value == 0.1) + seed), (0.2, 0.3 + (value == 0.2) + seed)])
        for other in range(len(values)):
            file = paths.fit("sim-tiny", folder, other, other) / "metrics.json"
            write_json(file, read_json(file) | {"hyperparameters": settings})


def nested_contents(folder: list[str], kind: str, **changes: Any) -> Contents:
    runs = [{"dataset": "sim-tiny", "label": "tuned", "folders": folder, "seeds": list(range(len(folder)))}]
    return contents(kind=kind, seeds=len(folder), tuning="nested", **{"runs": runs, **changes})


@pytest.fixture
def shown(workdir: Path) -> list[str]:
    write_dataset("sim-tiny", raw={"users": 4, "items": 5, "rows": 10})
    own = [f"mf-rg2-als-{seed}" for seed in range(3)]
    write_choices(own)
    return own


def write_table(shown: list[str], kind: str, **changes: Any) -> tuple[dict[str, str], str]:
    """The row of a table of one method, and its text."""
    table_kinds()[kind]().write(nested_contents(shown, kind, **changes), Path())
    [row] = csv.DictReader(Path("shown.csv").read_text("utf-8").splitlines())
    return row, Path("shown.md").read_text("utf-8")


def test_a_row_has_all_seeds_their_choices_and_the_cost_of_all_tunings(shown: list[str]) -> None:
    row, text = write_table(shown, "comparison")
    assert (row["seeds"], row["failed"], row["trials"]) == ("3", "0", "2")
    assert row["tuned"] == "regularization=0.2 (2 of 3) or 0.1 (1 of 3)"
    assert row["on_edge"] == "regularization (low: 1 of 3)"
    assert float(row["tuning_cpu_seconds"]) == 3 * 2 * 1.5
    assert row["folder"] == "; ".join(f"results/runs/sim-tiny/{folder}" for folder in shown)
    assert "| regularization=0.2 (2 of 3) or 0.1 (1 of 3)! |" in text
    assert "! marks a setting that at least one seed chose on the edge of its grid (1 of 3 choices;" in text
    assert "chosen for each seed on the validation part of its own split, without the test part." in text
    assert "1000" not in text


def test_a_choice_of_all_seeds_is_told_once(shown: list[str]) -> None:
    write_choices(shown, [0.1, 0.1, 0.1])
    row, text = write_table(shown, "comparison")
    assert (row["tuned"], row["on_edge"]) == ("regularization=0.1", "regularization (low)")
    write_choices(shown, [0.2, 0.2, 0.2])
    row, text = write_table(shown, "overview")
    assert (row["tuned"], row["on_edge"]) == ("regularization=0.2", "")
    assert "(none of 3 choices;" in text


def test_a_setting_is_inert_if_it_is_so_in_every_tuning(shown: list[str]) -> None:
    for seed in (0, 1):
        write_trials("sim-tiny", shown[seed], [(0.1, 0.3), (0.2, 0.3001)])
    assert write_table(shown, "comparison")[0]["inert"] == ""
    write_trials("sim-tiny", shown[2], [(0.1, 0.3), (0.2, 0.3001)])
    assert write_table(shown, "comparison")[0]["inert"] == "regularization"


def test_the_figure_of_trials_has_the_mean_over_the_tunings(shown: list[str]) -> None:
    points = trial_points(nested_contents(shown, ""))
    # seed s has s + 0.3, and 1 more at its choice
    expected = {0.1: (1.3 + 1.3 + 2.3) / 3, 0.2: (0.3 + 2.3 + 3.3) / 3}
    assert {point["regularization"]: point["validation"] for point in points} == pytest.approx(expected)
    write_trials("sim-tiny", shown[1], [(0.1, None), (0.2, 0.5)])  # a mean over other splits would mislead
    assert [point["regularization"] for point in trial_points(nested_contents(shown, ""))] == [0.2]


def test_seeds_whose_tuning_or_fit_is_missing_are_left_out(shown: list[str]) -> None:
    [run] = nested_contents(shown, "").runs
    (paths.run("sim-tiny", shown[0]) / "chosen.json").unlink()
    finished = run.finished()
    assert finished is not None
    assert (finished.seeds, finished.folders) == ([1, 2], shown[1:])
    assert [tuning.seeds for tuning in finished.tunings] == [[1], [2]]
    (finished.fits[1] / "metrics.json").unlink()
    again = run.finished()
    assert again is not None
    assert (again.seeds, again.settings()["regularization"]) == ([1], 0.2)


def test_settings_are_those_that_all_seeds_have(shown: list[str]) -> None:
    [run] = nested_contents(shown, "").runs
    assert run.settings() == {"embedding_size": CHOSEN["embedding_size"]}


def finished_entry(values: Sequence[float] = CHOICES) -> tuple[Plan, MethodEntry]:
    """A plan whose tuned method is finished, with its choices."""
    plan = plan_of({**TUNED, "grid": {"regularization": [0.1, 0.2]}})
    [entry] = plan.entries
    stats = {"users": 4, "items": 5, "rows": 10}
    write_dataset("sim-tiny", raw=stats, sha256={"users.csv": "u", "items.csv": "i"})
    for seed, (folder, value) in enumerate(zip(entry.folders, values, strict=True)):
        write_choices([f"mf-rg2-als-{seed}"], [value])
        source = paths.run("sim-tiny", f"mf-rg2-als-{seed}")
        source.rename(paths.run("sim-tiny", folder))
        (paths.run("sim-tiny", folder) / "split0-init0").rename(paths.fit("sim-tiny", folder, seed, seed))
    return plan, entry


def test_the_details_of_a_number_have_the_choice_and_the_trials_of_every_seed(workdir: Path) -> None:
    plan, entry = finished_entry()
    run = plan.contents(entry.study).runs[0].finished()
    assert run is not None
    found = run_details(plan, entry, run)
    assert [seed["chosen"] for seed in found["seeds"]] == [
        "regularization=0.1!",
        "regularization=0.2",
        "regularization=0.2",
    ]
    assert found["settings"]["regularization"] == "0.2 (2 of 3) or 0.1 (1 of 3)"
    assert found["settings"]["embedding_size"] == CHOSEN["embedding_size"]
    assert found["edges"] == {"regularization": "low: 1 of 3"}
    trials = found["trials"]
    assert trials["seed"] == [0, 0, 1, 1, 2, 2]
    assert trials["points"] == [[0.1], [0.2]] * 3
    assert trials["picked"] == [True, False, False, True, False, True]
    assert "--set regularization=0.1" in found["again"]  # what the first seed chose
    assert run_key(run) == f"sim-tiny/{entry.folders[0]}/0-1-2"


def test_a_state_counts_the_trials_of_all_tunings_and_failed_ones_are_dropped(workdir: Path) -> None:
    plan, entry = finished_entry()
    records = [paths.run("sim-tiny", folder) / "chosen.json" for folder in entry.folders]
    assert states(plan)[0].tuned == "ok"
    write_json(records[1], read_json(records[1]) | {"status": "failed"})
    assert states(plan)[0].tuned == "failed"
    assert drop_failed(plan) == [records[1].parent]
    assert [record.is_file() for record in records] == [True, False, True]
    assert states(plan)[0].tuned == "4 of 6"
    write_json(paths.CHECKPOINTS / "sim-tiny" / entry.folders[1] / "tune" / "a-1.json", {})
    assert states(plan)[0].tuned == "5 of 6"


def test_a_run_tells_which_seed_it_tunes() -> None:
    plan = plan_of(POPULARITY, TUNED)
    told = Told(plan.labels, tuned_on=plan.tuned_on)
    [untuned], tuned = (entry.folders for entry in plan.entries)
    for job, (rule, text) in enumerate(
        [
            ("tune", f"tune {untuned} on sim-tiny (progress: a.log)"),
            ("tune", f"tune {tuned[2]} on sim-tiny (progress: a.log)"),
            ("fit", f"fit {tuned[2]} on sim-tiny, split 2, initialisation 2"),
        ]
    ):
        event = {"event": "job_info", "jobid": job, "rule_name": rule, "rule_msg": text, "log": []}
        assert list(told.hear(json.dumps(event), 0.0)) == []
    labels = [re.sub(r"MF RG2 \(\w+\)", "RG2", job.label) for job in told.running.values()]
    assert labels == ["tune Popularity on sim-tiny", "tune RG2 on sim-tiny, split 2", "fit RG2 on sim-tiny, split 2"]


def test_every_tuning_travels_with_its_split_and_its_fit(workdir: Path) -> None:
    plan = plan_of(POPULARITY, TUNED, seeds=[0, 1])
    make_data(plan)
    make_runs(plan)
    exported = export_runs(plan, Path("runs.parquet"))
    assert (exported.fits, exported.all_fits, exported.tunings, exported.all_tunings) == (4, 4, 3, 3)
    rows = [row for row in read_archive(Path("runs.parquet")) if row["method"] in plan.entries[1].folders]
    facts = {(row["method"], row["split_seed"], row["split_folder"]) for row in rows}
    assert facts == {
        (folder, of, f"split{seed}/ranking")
        for seed, folder in enumerate(plan.entries[1].folders)
        for of in (None, seed)
    }
    kept = {file: file.read_bytes() for file in paths.RUNS.rglob("*.json")}
    for file in [*kept, *paths.DATA.rglob("split.json")]:
        file.unlink()
    back = import_runs(Path("runs.parquet"))
    assert (back.fits, back.tunings, back.others, back.refused) == (4, 3, [], [])
    fits = {fit for entry in plan.entries for fit in plan.fits(entry)}
    expected = {file: text for file, text in kept.items() if "split" not in str(file) or file.parent in fits}
    assert {file: file.read_bytes() for file in paths.RUNS.rglob("*.json")} == expected
