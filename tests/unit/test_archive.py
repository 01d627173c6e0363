"""Finished runs in one file, and back: what returns is what was there, and what does not belong is refused."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dotbench.errors import DotbenchError
from dotbench.files import write_json, write_parquet, write_text
from dotbench.plan import Plan
from dotbench.runs import paths
from dotbench.runs.archive import read_archive, schema, write_archive
from dotbench.runs.evaluating import per_user_table
from dotbench.runs.exporting import export_runs, shorten
from dotbench.runs.importing import import_runs
from dotbench.settings.benchmark import parse_benchmark

FILE = Path("runs.parquet")
STUDIES = [
    {
        "study": "ranking",
        "methods": [
            {"model": "popularity"},
            {"model": "mf", "loss": "rg2", "solver": "spectral", "grid": {"regularization": [0.1, 0.3]}},
        ],
    },
    {"study": "rating", "split": {"kind": "k-fold", "folds": 4}, "methods": [{"model": "slope-one"}]},
]
USERS = 50


def make_plan(seeds: tuple[int, ...] = (0, 1)) -> Plan:
    values = {"name": "own", "datasets": ["sim-tiny"], "studies": STUDIES, "seeds": list(seeds)}
    return Plan(parse_benchmark(values, []))


def make_data(plan: Plan, users: int = USERS, content: str = "c") -> None:
    """Manifests as preparation and splitting leave them."""
    raw = {"users": users, "items": 9, "rows": 99, "duplicates": 0}
    stats = {"dataset": "sim-tiny", "users": users, "items": 9, "interactions": 99, "raw": raw}
    stats["sha256"] = {"ratings.parquet": "r", "users.csv": "u", "items.csv": "i"}
    write_json(paths.data("sim-tiny") / "stats.json", stats)
    for entry in plan.entries:
        for seed in (*plan.benchmark.seeds, 1000):
            write_json(
                plan.split(entry, "sim-tiny", seed) / "split.json", {"seed": seed, "content": f"{content}{seed}"}
            )


def make_runs(plan: Plan, seed: int = 0, seeds: tuple[int, ...] = (0, 1)) -> None:
    """Files of finished runs with arbitrary numbers of full length."""
    rng = np.random.default_rng(seed)
    for entry in plan.entries:
        run = paths.run(entry.dataset, entry.folder)
        write_json(run / "chosen.json", {"status": "ok", "hyperparameters": {"x": 0.1}, "é": "–"})
        write_text(run / "trials.csv", f'trial,validation,reason\n0,{rng.random()!r},"a,\r\nb"\n')
        write_text(run / "trials_curves.csv", "trial,epoch,loss\n" + f"0,1,{rng.random()!r}\n0,2,1e-05\n")
        for s in seeds:
            fit = paths.fit(entry.dataset, entry.folder, s, s)
            write_json(fit / "fit.json", {"status": "ok", "train_seconds": rng.random()})
            write_text(fit / "curve.csv", "epoch,loss\n" + "".join(f"{k},{rng.random()!r}\n" for k in range(1, 9)))
            write_json(fit / "metrics.json", {"status": "ok", "metrics": {"test": {"x": rng.random()}}})
            write_parquet(fit / "per_user.parquet", per_user_table(per_user(rng, entry.study.task)))


def per_user(rng: np.random.Generator, task: str, n: int = USERS) -> dict[str, np.ndarray]:
    counts = rng.integers(1, 30, n)
    if task == "rating":
        return {"user": np.arange(n), "n": counts, "squared_error": rng.random(n), "absolute_error": rng.random(n)}
    return {"user": np.arange(n), "n_relevant": counts, "hits": rng.integers(1024, size=n).astype(np.uint16)}


def contents() -> dict[str, Any]:
    """Every file of runs and manifests: text, or the per-user table as bytes of its columns."""
    found: dict[str, Any] = {}
    for path in sorted([*paths.RUNS.rglob("*.*"), *paths.DATA.rglob("*.json")]):
        if path.suffix == ".parquet":
            frame = pd.read_parquet(path)
            found[str(path)] = {name: (str(frame[name].dtype), frame[name].to_numpy().tobytes()) for name in frame}
        elif path.name == "trials_curves.csv":
            found[str(path)] = shorten(path.read_text())
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
    (paths.run(entry.dataset, plan.entries[2].folder) / "chosen.json").unlink()
    done = export_runs(plan, FILE)
    assert (done.fits, done.all_fits, done.tunings, done.all_tunings) == (3, 6, 2, 3)
    wipe()
    with pytest.raises(DotbenchError, match="'own' has no finished run yet"):
        export_runs(plan, Path("none.parquet"))
    assert not Path("none.parquet").exists()


def test_a_failed_fit_is_a_finished_run(plan: Plan) -> None:
    for entry in plan.entries:
        fit = plan.fits(entry)[0]
        empty = {name: values[:0] for name, values in per_user(np.random.default_rng(), entry.study.task).items()}
        write_parquet(fit / "per_user.parquet", per_user_table(empty))
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
    monkeypatch.setattr("dotbench.runs.exporting._commit", lambda: "first")
    export_runs(plan, FILE)
    monkeypatch.setattr("dotbench.runs.exporting._commit", lambda: "second")
    changed = plan.fits(plan.entries[0])[0]
    write_json(changed / "metrics.json", {"status": "ok", "metrics": None})
    export_runs(plan, FILE)
    rows = read_archive(FILE)
    assert [(row["method"], row["split_seed"]) for row in rows if row["commit"] == "second"] == [
        (changed.parent.name, 0)
    ]


def test_fits_of_an_earlier_choice_leave_the_file(plan: Plan) -> None:
    export_runs(plan, FILE)
    entry = plan.entries[1]
    run = paths.run(entry.dataset, entry.folder)
    write_json(run / "chosen.json", {"status": "ok", "hyperparameters": {"x": 0.3}})
    (plan.fits(entry)[1] / "metrics.json").unlink()
    export_runs(plan, FILE)
    assert [row["split_seed"] for row in read_archive(FILE) if row["method"] == entry.folder] == [None, 0]


# what is here already


def test_other_runs_are_left_alone_and_named(plan: Plan) -> None:
    export_runs(plan, FILE)
    tuned, fitted = plan.entries[1], plan.entries[0]
    write_json(paths.run("sim-tiny", tuned.folder) / "chosen.json", {"status": "ok", "hyperparameters": {"x": 0.3}})
    shutil.rmtree(plan.fits(tuned)[0])
    write_json(plan.fits(fitted)[0] / "metrics.json", {"status": "ok", "metrics": None})
    before = contents()
    back = import_runs(FILE)
    assert sorted(back.others) == sorted([paths.run("sim-tiny", tuned.folder), plan.fits(fitted)[0]])
    assert contents() == before  # the fits of the other choice do not come either


def test_an_unfinished_run_is_overwritten(plan: Plan) -> None:
    export_runs(plan, FILE)
    before = contents()
    fit = plan.fits(plan.entries[0])[0]
    (fit / "metrics.json").unlink()
    write_json(fit / "fit.json", {"status": "ok", "train_seconds": 0})
    assert import_runs(FILE).others == []
    assert contents() == before


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
    assert all(name in problem for name in ["runs on 'sim-tiny' are on other data", *names])
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
        chosen = (paths.run("sim-tiny", entry.folder) / "chosen.json").stat().st_mtime_ns
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


def test_a_run_of_an_older_version_is_told(plan: Plan) -> None:
    path = plan.fits(plan.entries[0])[0] / "per_user.parquet"
    write_parquet(path, pd.read_parquet(path).drop(columns="hits"))
    with pytest.raises(DotbenchError, match=r"per_user\.parquet: has no column 'hits'; .* evaluate the run again"):
        export_runs(plan, FILE)


# size


def test_short_numbers_stay_as_they_are() -> None:
    text = "trial,epoch,loss\n12,1234567,0.123456789\n0,1,123456.789\n0,2,1.23456789e-07\n0,3,nan\n0,4,-0.5\n"
    short = "trial,epoch,loss\n12,1234567,0.12346\n0,1,1.2346e+05\n0,2,1.2346e-07\n0,3,nan\n0,4,-0.5\n"
    assert shorten(text) == shorten(short) == short


def test_hits_take_less_than_a_byte_a_user(workdir: Path) -> None:
    """Twenty runs on 6,000 users, five splits; an hour's evidence is hundreds of them. A user's users and counts are
    those of the split and repeat."""
    rng = np.random.default_rng(0)
    empty = dict.fromkeys(schema().names) | {"stats": "{}", "split": "{}", "fit": "{}", "metrics": "{}", "curve": ""}
    rows = []
    for split in range(5):
        users = np.sort(rng.choice(6_040, 6_000, replace=False))
        counts = rng.geometric(0.1, 6_000)
        for run in range(4):
            found = rng.random((6_000, 10)) < rng.beta(0.6, 2.4, 6_000)[:, None] * np.linspace(1.3, 0.7, 10)
            row = {"dataset": "d", "method": f"m-{run:010d}", "split_seed": split, "init_seed": split}
            row |= {"split_folder": f"split{split}/ranking", "user": users, "n_relevant": counts}
            rows.append(empty | row | {"hits": (found @ (1 << np.arange(10))).astype(np.uint16)})
    write_archive(FILE, rows)
    sizes = pq.ParquetFile(FILE).metadata.row_group(0).to_dict()["columns"]
    bytes_of = {column["path_in_schema"].split(".")[0]: column["total_compressed_size"] for column in sizes}
    assert bytes_of["hits"] < 20 * 6_000
    assert bytes_of["user"] + bytes_of["n_relevant"] < 5 * 6_000
    assert FILE.stat().st_size < 160_000
    back = read_archive(FILE)
    order = sorted(rows, key=lambda row: (row["method"], row["split_seed"]))
    assert all(np.array_equal(a["hits"], b["hits"]) for a, b in zip(back, order, strict=True))
    assert pa.types.is_uint16(pq.read_schema(FILE).field("hits").type.value_type)


def test_every_column_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "results.md").read_text()
    section = page.split("### Runs in one file")[1].split("\n## ")[0]
    named = {name for line in section.splitlines() if line.startswith("| ") for name in line.split("|")[1].split(",")}
    assert {name.strip() for name in named} - {"column"} == set(schema().names)
