"""Finished runs in one file, and back: what returns is what was there, and what does not belong is refused."""

import json
import re
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from archive_data import STUDIES, make_data, make_plan, make_runs, per_user, write_scores

from dotbench import paths
from dotbench.archive.checking import means
from dotbench.archive.exporting import export_runs
from dotbench.archive.file import JOBS, STORED, read_archive, read_jobs, schema, write_archive
from dotbench.archive.importing import import_runs
from dotbench.archive.job_rows import job_key
from dotbench.cli.evaluate import main as evaluate
from dotbench.config.benchmark import parse_benchmark
from dotbench.config.inputs import Inputs
from dotbench.config.plan import Plan
from dotbench.errors import DotbenchError
from dotbench.files import write_json, write_parquet, write_text
from dotbench.seals import SUFFIX, damage
from dotbench.simulations.jobs import to_frame

pytestmark = pytest.mark.seconds

FILE = Path("runs.parquet")


def contents() -> dict[str, Any]:
    """Every file of runs and manifests: text, or the per-user table as bytes of its columns. Digests beside records are
    left out: what is written by hand has none."""
    found: dict[str, Any] = {}
    for path in sorted([*paths.RUNS.rglob("*.*"), *paths.DATA.rglob("*.json")]):
        if path.suffix == SUFFIX:
            assert damage(path.with_suffix(".json"), thorough=True) is None
        elif path.suffix == ".parquet":
            frame = pd.read_parquet(path)
            found[str(path)] = {name: (str(frame[name].dtype), frame[name].to_numpy().tobytes()) for name in frame}
        else:
            found[str(path)] = path.read_bytes()
    return found


@pytest.fixture
def plan(workdir: Path) -> Plan:
    """Six finished fits of three methods, two ranking and one rating."""
    plan = make_plan()
    make_data(plan)
    make_runs(plan)
    return plan


def wipe() -> None:
    shutil.rmtree(paths.RESULTS)


def test_what_comes_back_is_what_was_there(plan: Plan) -> None:
    before = contents()
    done = export_runs(plan, FILE)
    assert (done.fits, done.all_fits, done.tunings, done.all_tunings, done.rows) == (6, 6, 3, 3, 9)
    wipe()
    back = import_runs(FILE)
    assert (back.fits, back.tunings, back.others, back.refused) == (6, 3, [], [])
    assert back.without_data == ["sim-tiny"]
    after = contents()
    unused = [path for path in before if "split1000" in path and path not in after]
    assert len(unused) == 1  # the rating method is not tuned
    assert after == {path: content for path, content in before.items() if path not in unused}


def test_a_second_trip_gives_the_same_file(plan: Plan) -> None:
    export_runs(plan, FILE)
    wipe()
    import_runs(FILE)
    export_runs(plan, Path("again.parquet"))
    assert Path("again.parquet").read_bytes() == FILE.read_bytes()


def test_only_what_is_finished_is_exported(plan: Plan) -> None:
    entry = plan.entries[1]
    (plan.fits(entry)[1] / "metrics.json").unlink()
    (paths.run(entry.dataset, plan.entries[2].folders[0]) / "chosen.json").unlink()
    done = export_runs(plan, FILE)
    assert (done.fits, done.all_fits, done.tunings, done.all_tunings) == (3, 6, 2, 3)
    wipe()
    with pytest.raises(DotbenchError, match="'own' has no finished run yet"):
        export_runs(plan, Path("none.parquet"))
    assert not Path("none.parquet").exists()


def test_a_failed_fit_is_a_finished_run(plan: Plan) -> None:
    for entry in plan.entries:
        empty = {name: values[:0] for name, values in per_user(np.random.default_rng(), entry.study.task).items()}
        write_scores(entry, 0, empty)
    before = contents()
    export_runs(plan, FILE)
    wipe()
    import_runs(FILE)
    assert contents().items() <= before.items()


def test_a_file_grows_and_a_newer_run_replaces_an_older_one(plan: Plan) -> None:
    export_runs(plan, FILE)
    older = {(row["method"], row["split_seed"]): row for row in read_archive(FILE)}
    wipe()
    grown = make_plan((1, 2))
    make_data(grown)
    make_runs(grown, seed=1, seeds=(1, 2))
    assert export_runs(grown, FILE).rows == 12
    newer = {(row["method"], row["split_seed"]): row for row in read_archive(FILE)}
    for method, seed in newer:
        if seed == 0:
            assert newer[method, 0]["metrics"] == older[method, 0]["metrics"]
        elif seed == 1:
            assert newer[method, 1]["metrics"] != older[method, 1]["metrics"]


def test_a_run_that_says_the_same_keeps_who_exported_it(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dotbench.archive.exporting.commit", lambda: "first")
    export_runs(plan, FILE)
    monkeypatch.setattr("dotbench.archive.exporting.commit", lambda: "second")
    write_scores(plan.entries[0], 0, per_user(np.random.default_rng(9), "ranking"))
    export_runs(plan, FILE)
    rows = read_archive(FILE)
    assert [(row["method"], row["split_seed"]) for row in rows if row["commit"] == "second"] == [
        (plan.entries[0].folders[0], 0)
    ]


def test_fits_of_an_earlier_choice_leave_the_file(plan: Plan) -> None:
    export_runs(plan, FILE)
    entry = plan.entries[1]
    run = paths.run(entry.dataset, entry.folders[0])
    write_json(run / "chosen.json", {"status": "ok", "hyperparameters": {"x": 0.3}})
    (plan.fits(entry)[1] / "metrics.json").unlink()
    export_runs(plan, FILE)
    assert [row["split_seed"] for row in read_archive(FILE) if row["method"] == entry.folders[0]] == [None, 0]


# what is here already


def test_other_runs_are_left_alone_and_named(plan: Plan) -> None:
    export_runs(plan, FILE)
    tuned, fitted = plan.entries[1], plan.entries[0]
    write_json(paths.run("sim-tiny", tuned.folders[0]) / "chosen.json", {"status": "ok", "hyperparameters": {"x": 0.3}})
    shutil.rmtree(plan.fits(tuned)[0])
    write_json(plan.fits(fitted)[0] / "metrics.json", {"status": "ok", "metrics": None})
    before = contents()
    back = import_runs(FILE)
    assert sorted(back.others) == sorted([paths.run("sim-tiny", tuned.folders[0]), plan.fits(fitted)[0]])
    assert contents() == before  # the fits of the other choice do not come either


def test_an_unfinished_run_is_overwritten(plan: Plan) -> None:
    export_runs(plan, FILE)
    before = contents()
    fit = plan.fits(plan.entries[0])[0]
    (fit / "metrics.json").unlink()
    write_json(fit / "fit.json", {"status": "ok", "train_seconds": 0})
    assert import_runs(FILE).others == []
    assert contents() == before


def test_metrics_that_an_imported_run_lacks_are_refused_and_those_that_it_has_are_not(plan: Plan) -> None:
    """The vectors do not travel: what would be computed from them is not there, and nothing is trained for it."""
    export_runs(plan, FILE)
    wipe()
    import_runs(FILE)
    entry = plan.entries[0]
    [study] = [{**choice, "metrics": ["mrr@10", "recall@20"]} for choice in STUDIES if choice["study"] == "ranking"]
    asked = Plan(parse_benchmark({"name": "own", "datasets": ["sim-tiny"], "studies": [study], "seeds": [0, 1]}, []))
    [further, _] = asked.further_files(asked.entries[0], ".json")
    names = {"dataset": "sim-tiny", "method": entry.folders[0], "split_seed": 0, "init_seed": 0}
    wanted = SimpleNamespace(**names, further=further.stem.removeprefix("further-"))
    assert asked.entries[0].folders[0] == entry.folders[0]
    assert Inputs(asked).further_metrics(wanted) == '["recall@20"]'
    assert Inputs(asked).vectors(wanted) == []  # so that no fit is asked for
    fit, split = paths.fit(*names.values()), asked.split(asked.entries[0], "sim-tiny", 0) / "split.npz"
    parts = {part: np.array([[0, k]]) for k, part in enumerate(("train", "valid", "test"))}
    np.savez(split, shape=np.array([1, 3]), **parts)
    with pytest.raises(DotbenchError) as caught:
        evaluate(fit, split, fit, ["recall@20"])
    assert "was imported without its vectors, and recall@20 cannot be computed without them" in str(caught.value)
    assert "metrics that every run has (ndcg@10, mrr@10, recall@10), or delete the run's fit.json" in str(caught.value)
    assert not list(fit.glob("further-*"))
    further.write_text("{}")  # computed while the vectors were here
    assert Inputs(asked).vectors(wanted) == [str(fit / "fitted.npz")]
    further.unlink()
    (fit / "fit.json").unlink()
    assert Inputs(asked).vectors(wanted) == [str(fit / "fitted.npz")]


def test_further_metrics_of_another_fit_go_when_a_run_is_imported(plan: Plan) -> None:
    export_runs(plan, FILE)
    fit = plan.fits(plan.entries[0])[0]
    (fit / "further-0123456789.json").write_text("{}")
    import_runs(FILE)
    assert (fit / "further-0123456789.json").is_file()  # the run is here as in the file
    (fit / "metrics.json").unlink()
    import_runs(FILE)
    assert not (fit / "further-0123456789.json").exists()


@pytest.mark.parametrize(
    ("other", "names"),
    [({"users": 51}, ["data/sim-tiny/stats.json"]), ({"content": "d"}, ["split.json", "the digest d0", "file is c0"])],
)
def test_runs_on_other_data_are_refused_with_both_digests(plan: Plan, other: dict[str, Any], names: list[str]) -> None:
    export_runs(plan, FILE)
    wipe()
    make_data(plan, **other)
    before = contents()
    (problem,) = import_runs(FILE).refused
    assert all(name in problem for name in ["runs on 'sim-tiny' use other data", *names])
    assert contents() == before
    make_runs(plan)
    content = FILE.read_bytes()
    with pytest.raises(DotbenchError, match="holds runs on other data"):
        export_runs(plan, FILE)
    assert FILE.read_bytes() == content


def test_another_version_of_the_parquet_library_does_not_matter(plan: Plan) -> None:
    export_runs(plan, FILE)
    stats = paths.data("sim-tiny") / "stats.json"
    content = json.loads(stats.read_text())
    content["sha256"]["ratings.parquet"] = "other bytes"
    write_json(stats, content)
    assert import_runs(FILE).refused == []
    assert json.loads(stats.read_text()) == content


def test_a_run_that_is_here_becomes_newer_than_what_it_is_made_from(plan: Plan) -> None:
    export_runs(plan, FILE)
    make_data(plan)  # prepared and split again
    import_runs(FILE)
    splits = [path.stat().st_mtime_ns for path in paths.DATA.rglob("split.json")]
    for entry in plan.entries:
        chosen = (paths.run("sim-tiny", entry.folders[0]) / "chosen.json").stat().st_mtime_ns
        assert chosen > max(splits)
        for fit in plan.fits(entry):
            times = {path.stat().st_mtime_ns for path in fit.iterdir()}
            assert len(times) == 1
            assert min(times) >= chosen


# files that are none


def test_a_file_that_is_no_archive_is_told(workdir: Path) -> None:
    with pytest.raises(DotbenchError, match=r"runs\.parquet: cannot be read: no such file"):
        import_runs(FILE)
    FILE.write_text("trial,epoch\n")
    with pytest.raises(DotbenchError, match=r"runs\.parquet: not a Parquet file"):
        import_runs(FILE)
    pd.DataFrame({"user": [1]}).to_parquet(FILE)
    with pytest.raises(DotbenchError, match=r"not a file of runs; found the columns user; allowed"):
        import_runs(FILE)


def test_a_damaged_byte_is_noticed(plan: Plan) -> None:
    export_runs(plan, FILE)
    column = pq.ParquetFile(FILE).metadata.row_group(0).column(schema().names.index("hits"))
    content = bytearray(FILE.read_bytes())
    content[column.data_page_offset + column.total_compressed_size - 5] ^= 1
    FILE.write_bytes(bytes(content))
    with pytest.raises(DotbenchError, match=r"runs\.parquet: .*damaged"):
        import_runs(FILE)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("dataset", "../up", "column 'dataset': found '../up'"),
        ("method", "mf-rg2", "column 'method': found 'mf-rg2'"),
        ("split_folder", "/tmp/ranking", "column 'split_folder': found '/tmp/ranking'"),
        ("metrics", "{", "column 'metrics': not valid JSON"),
        ("fit", "[]", "column 'fit': found list; allowed is a JSON object"),
        ("stats", "{}", "column 'stats': has no 'users'"),
        ("fit", None, "column 'fit' is empty"),
        ("n_relevant", np.array([1]), "arrays differ in length"),
    ],
)
def test_a_wrong_row_is_named_and_nothing_is_written(plan: Plan, column: str, value: Any, message: str) -> None:
    export_runs(plan, FILE)
    rows = read_archive(FILE)
    number = next(k for k, row in enumerate(rows) if row["hits"] is not None)
    rows[number][column] = value
    write_archive(FILE, rows)
    wipe()
    with pytest.raises(DotbenchError, match=rf"runs\.parquet, row \d+: {message}"):
        import_runs(FILE)
    assert not paths.RESULTS.exists()


def reading(change: Callable[[list[dict[str, Any]]], None]) -> str:
    """What reading says of the file after a change of its rows; the row that is changed is that of a ranking fit."""
    rows = read_archive(FILE)
    rows.sort(key=lambda row: row["hits"] is None)
    change(rows)
    write_archive(FILE, rows)
    with pytest.raises(DotbenchError) as caught:
        read_archive(FILE)
    assert str(caught.value).startswith("runs.parquet, row ")
    return str(caught.value)


@pytest.mark.parametrize("column", ["fit", "metrics"])
@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("dataset", "other", "says dataset 'other', the file's column 'sim-tiny'"),
        ("model", "lightgcn", "says method 'lightgcn-rg2-spectral', the file's column 'mf-rg2-spectral'"),
        ("loss", "bpr", "says method 'mf-bpr-spectral'"),
        ("solver", None, "says method 'mf-rg2-None'"),
        ("split_seed", 7, "says split_seed 7, the file's column 0"),
        ("init_seed", 7, "says init_seed 7, the file's column 0"),
    ],
)
def test_a_run_that_is_another_by_its_texts_is_refused(
    plan: Plan, column: str, key: str, value: Any, message: str
) -> None:
    export_runs(plan, FILE)

    def change(rows: list[dict[str, Any]]) -> None:
        rows[0][column] = json.dumps(json.loads(rows[0][column]) | {key: value})

    problem = reading(change)
    assert f"results/runs/sim-tiny/{plan.entries[1].folders[0]}/split0-init0: {column}.json {message}" in problem


@pytest.mark.parametrize("task", ["ranking", "rating"])
def test_metrics_that_the_users_scores_do_not_give_are_refused(plan: Plan, task: str) -> None:
    export_runs(plan, FILE)
    name, scores = {"ranking": ("mrr@10", "hits"), "rating": ("mae", "absolute_error")}[task]
    kept = FILE.read_bytes()

    def state(changes: dict[str, Any], rows: list[dict[str, Any]]) -> None:
        row = next(row for row in rows if row[scores] is not None)
        row["metrics"] = json.dumps(json.loads(row["metrics"]) | changes)

    assert "says n_users_evaluated 999; there are 50 users" in reading(partial(state, {"n_users_evaluated": 999}))
    FILE.write_bytes(kept)
    found = next(json.loads(row["metrics"])["metrics"]["test"] for row in read_archive(FILE) if row[scores] is not None)
    stated = found | {name: found[name] * 1.001}
    assert f"says test {name} {stated[name]}, the users' scores give {found[name]}" in reading(
        partial(state, {"metrics": {"test": stated}})
    )
    FILE.write_bytes(kept)
    assert "has no metrics; there are scores of users" in reading(partial(state, {"metrics": None}))


def test_a_run_that_is_there_twice_is_refused(plan: Plan) -> None:
    export_runs(plan, FILE)
    assert reading(lambda rows: rows.append(dict(rows[0]))).endswith("is listed more than once")


def test_a_fit_without_its_tuning_is_refused(plan: Plan) -> None:
    export_runs(plan, FILE)

    def drop(rows: list[dict[str, Any]]) -> None:
        rows[:] = [row for row in rows if row["chosen"] is None]

    assert reading(drop).endswith("split0-init0: its tuning is not in the file")


@pytest.mark.parametrize("column", ["split", "stats"])
def test_runs_of_one_split_on_different_data_are_refused(plan: Plan, column: str) -> None:
    export_runs(plan, FILE)

    def change(rows: list[dict[str, Any]]) -> None:
        other = {"split": {"content": "other"}, "stats": {"users": 1}}[column]
        rows[0][column] = json.dumps(json.loads(rows[0][column]) | other)

    assert re.search(rf"/{column}\.json has the digest \w+ in it, \w+ in an earlier row", reading(change))


def test_what_cannot_be_read_back_is_not_written(plan: Plan) -> None:
    fit = plan.fits(plan.entries[0])[0]
    content = json.loads((fit / "metrics.json").read_text())
    write_json(fit / "metrics.json", content | {"n_users_evaluated": 1})
    with pytest.raises(DotbenchError, match=r"metrics\.json says n_users_evaluated 1"):
        export_runs(plan, FILE)
    assert not FILE.exists()


def test_a_run_of_an_older_version_is_told(plan: Plan) -> None:
    path = plan.fits(plan.entries[0])[0] / "per_user.parquet"
    write_parquet(path, pd.read_parquet(path).drop(columns="hits"))
    with pytest.raises(DotbenchError, match=r"per_user\.parquet: has no column 'hits'; .* evaluate the run again"):
        export_runs(plan, FILE)


# size


def test_a_curve_that_is_no_table_is_told(plan: Plan) -> None:
    write_text(plan.fits(plan.entries[0])[0] / "curve.csv", "epoch,loss\n1,0.5\n2\n")
    with pytest.raises(DotbenchError, match=r"runs\.parquet: .*split0-init0: curve has lines of different lengths"):
        export_runs(plan, FILE)
    assert not FILE.exists()


def test_hits_take_less_than_a_byte_a_user(workdir: Path) -> None:
    """Twenty runs on 6,000 users, five splits; an hour's evidence is hundreds of them. A user's users and counts are
    those of the split and repeat."""
    rng = np.random.default_rng(0)
    stats = {"users": 6_040, "items": 9, "interactions": 9, "raw": {}, "sha256": {"users.csv": "u", "items.csv": "i"}}
    empty = dict.fromkeys(schema().names) | {"dataset": "d", "stats": json.dumps(stats)}
    tuned = empty | {"chosen": "{}", "trials": "", "trials_curves": ""}
    rows = [tuned | {"method": f"m-l-s-{run:010d}"} for run in range(4)]
    for split in range(5):
        users = np.sort(rng.choice(6_040, 6_000, replace=False))
        counts = rng.geometric(0.1, 6_000)
        for run in range(4):
            found = rng.random((6_000, 10)) < rng.beta(0.6, 2.4, 6_000)[:, None] * np.linspace(1.3, 0.7, 10)
            row = {"dataset": "d", "split_seed": split, "init_seed": split}
            columns = {"user": users, "n_relevant": counts, "hits": (found @ (1 << np.arange(10))).astype(np.uint16)}
            record = row | {"model": "m", "loss": "l", "solver": "s", "n_users_evaluated": len(users)}
            record["metrics"] = {"test": means(columns)}
            row |= {"method": f"m-l-s-{run:010d}", "fit": json.dumps(record), "metrics": json.dumps(record)}
            row |= {"split_folder": f"split{split}/ranking", "split": json.dumps({"content": str(split)}), "curve": ""}
            rows.append(empty | row | columns)
    write_archive(FILE, rows)
    sizes = pq.ParquetFile(FILE).metadata.row_group(0).to_dict()["columns"]
    bytes_of = {column["path_in_schema"].split(".")[0]: column["total_compressed_size"] for column in sizes}
    assert bytes_of["hits_by_n_relevant"] < 20 * 6_000
    assert bytes_of["user"] + bytes_of["n_relevant"] < 5 * 6_000
    assert FILE.stat().st_size < 160_000
    back = read_archive(FILE)
    order = sorted(rows[4:], key=lambda row: (row["method"], row["split_seed"]))
    fits = [row for row in back if row["hits"] is not None]
    assert all(np.array_equal(a["hits"], b["hits"]) for a, b in zip(fits, order, strict=True))
    assert pa.types.is_uint16(pq.read_schema(FILE).field("hits_by_n_relevant").type.value_type)


def test_every_column_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "results.md").read_text()
    section = page.split("### Runs in one file")[1].split("\n## ")[0]
    named = {name for line in section.splitlines() if line.startswith("| ") for name in line.split("|")[1].split(",")}
    assert {name.strip() for name in named} - {"column"} == {
        *(STORED.get(name, name) for name in schema().names),
        *JOBS,
    }


# jobs of simulations

SIMULATIONS = [{"simulation": "t2rec-table1", "set": {"sizes": [30], "dimensions": [3], "ratings": 90, "pack": 3}}]


def plan_with_jobs(methods: tuple[str, ...] = ("constant", "biases")) -> Plan:
    settings = SIMULATIONS[0]["set"] | {"methods": list(methods)}  # type: ignore[operator]
    study = {"study": "t2rec", "simulations": [{**SIMULATIONS[0], "set": settings}]}
    return Plan(parse_benchmark({"name": "own", "studies": [*STUDIES[:1], study], "datasets": ["sim-tiny"]}, []))


def make_jobs(plan: Plan, error: float = 0.1) -> list[Path]:
    """Two rows in every job, with nulls and numbers that have no short decimal."""
    [entry] = plan.simulations
    for label in entry.jobs:
        values = {name: None for name in entry.simulation.columns}
        values |= {"users": 30, "dimension": 3, "method": "constant", "status": "ok", "seconds": 0.25}
        rows = [{**values, "replication": k, "test_rmse": error / (3 + k)} for k in range(2)]
        rows[1] |= {"status": "failed", "test_rmse": None}
        write_parquet(entry.rows(label), to_frame(entry.simulation, rows))
        record = {"experiment": "t2rec-table1", "label": label, "rows": 2, "failed": 1, "seconds": error}
        write_json(entry.rows(label).with_suffix(".json"), record)
    return [entry.rows(label) for label in entry.jobs]


def test_jobs_come_back_to_the_bit_beside_runs(workdir: Path) -> None:
    plan = plan_with_jobs()
    make_data(plan)
    make_runs(plan)
    files = make_jobs(plan)
    tables = [pd.read_parquet(file) for file in files]
    records = [file.with_suffix(".json").read_bytes() for file in files]
    done = export_runs(plan, FILE)
    assert (done.jobs, done.all_jobs) == (4, 4)
    assert len(read_archive(FILE)) + 4 == done.rows == len(pd.read_parquet(FILE))
    shutil.rmtree("results")
    assert import_runs(FILE).jobs == 4
    for file, table, record in zip(files, tables, records, strict=True):
        pd.testing.assert_frame_equal(pd.read_parquet(file), table, check_exact=True)
        assert file.with_suffix(".json").read_bytes() == record


def test_a_file_without_jobs_has_no_columns_for_them(workdir: Path) -> None:
    plan = make_plan()
    make_data(plan)
    make_runs(plan)
    export_runs(plan, FILE)
    assert pq.read_schema(FILE).names == [STORED.get(name, name) for name in schema().names]
    assert read_jobs(FILE) == []


def test_jobs_of_a_file_stay_and_newer_ones_win(workdir: Path) -> None:
    make_jobs(plan_with_jobs())
    export_runs(plan_with_jobs(), FILE)
    before = {job_key(row): row["record"] for row in read_jobs(FILE)}
    shutil.rmtree("results")
    one = plan_with_jobs(("biases",))
    make_jobs(one, error=0.2)
    assert export_runs(one, FILE).rows == 4
    after = {job_key(row): row["record"] for row in read_jobs(FILE)}
    changed = {key[2].split("-")[2] for key in after if after[key] != before[key]}
    assert after.keys() == before.keys()
    assert changed == {"biases"}
    make_jobs(plan_with_jobs(), error=0.3)  # another result is here: it stays
    done = import_runs(FILE)
    assert (done.jobs, len(done.others)) == (0, 4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rows": "[]"}, "its record says rows 2; there are 0"),
        ({"part": "another"}, "its record says part"),
        ({"experiment": "other-0123456789"}, "its record says experiment 't2rec-table1-0123456789'"),
        ({"study": "../x"}, "column 'study': found '../x'"),
        ({"record": "{"}, "cannot be read"),
    ],
)
def test_a_job_that_contradicts_itself_is_refused(workdir: Path, change: dict[str, str], message: str) -> None:
    plan = plan_with_jobs(("constant",))
    make_jobs(plan)
    export_runs(plan, FILE)
    rows = read_jobs(FILE)
    write_archive(FILE, [], [rows[0] | change, *rows[1:]])
    with pytest.raises(DotbenchError, match=message):
        import_runs(FILE)
    write_archive(FILE, [], [rows[0], rows[0]])
    with pytest.raises(DotbenchError, match="is listed more than once"):
        import_runs(FILE)
