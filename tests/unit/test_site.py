"""What the page of results shows: the numbers of the tables, which methods are not told apart, what is behind them."""

import contextlib
import csv
import itertools
import json
import shlex
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from site_data import write_finished

from dotbench import paths
from dotbench.archive.importing import import_runs
from dotbench.cli.single import choose_method, parse_assignments
from dotbench.config.benchmark import load_benchmark
from dotbench.config.plan import Plan
from dotbench.errors import DotbenchError
from dotbench.reporting.claims.findings import FAILS, HOLDS, OPEN
from dotbench.reporting.figures.convergence import curve_points
from dotbench.simulations.base import simulations
from dotbench.site.boards import method_boards, simulation_boards
from dotbench.site.build import build_plan, script_json
from dotbench.site.cards import SUMMARY, card, read_distributions, write_distributions
from dotbench.site.chapters import Source, chapter
from dotbench.site.letters import letters
from dotbench.site.prose import table_and_notes, to_html
from dotbench.site.replications import tuning_trials
from dotbench.site.values import EXACT, plain, read_rows
from dotbench.site.verdicts import CLAIMS, VERDICTS, claims, verdicts

EVIDENCE = Path(__file__).parents[2] / "docs" / "evidence"
PAIRED = sorted(file for file in EVIDENCE.rglob("*_pairs.csv") if file.parent.name != "leak")  # which is of no study


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Plan]:
    folder = tmp_path_factory.mktemp("written")
    with contextlib.chdir(folder):
        return folder, write_finished()


@pytest.fixture
def finished(written: tuple[Path, Plan], workdir: Path) -> Plan:
    """The plan of a finished configuration, which lies in the working directory."""
    folder, plan = written
    shutil.copytree(folder, workdir, dirs_exist_ok=True)
    return plan


# letters


@pytest.mark.parametrize("seed", range(30))
def test_methods_share_a_letter_if_and_only_if_they_are_not_told_apart(seed: int) -> None:
    """Every graph of ties, and every letter's set as large as it can be: checked by brute force over all subsets."""
    random = np.random.default_rng(seed)
    n = int(random.integers(1, 8))
    pairs = [pair for pair in itertools.combinations(range(n), 2) if random.random() < 0.5]
    order = list(map(int, random.permutation(n)))
    found = letters(order, pairs)
    for a, b in itertools.combinations(range(n), 2):
        assert bool(set(found[a]) & set(found[b])) == ((a, b) not in pairs)
    free = [
        set(members)
        for size in range(1, n + 1)
        for members in itertools.combinations(range(n), size)
        if not set(itertools.combinations(members, 2)) & set(pairs)
    ]
    largest = [members for members in free if not any(members < other for other in free)]
    by_letter = [{m for m in range(n) if letter in found[m]} for letter in sorted(set("".join(found.values())))]
    assert sorted(map(sorted, by_letter)) == sorted(map(sorted, largest))
    assert "a" in found[order[0]]


def test_letters_follow_the_order() -> None:
    assert letters([2, 0, 1], [(2, 1)]) == {2: "a", 0: "ab", 1: "b"}
    assert letters([0, 1], []) == {0: "a", 1: "a"}


# boards


def evidence_boards(pairs: Path):
    table = pairs.name.removesuffix("_pairs.csv")
    with open(pairs.with_name(f"{table}.csv")) as stream:
        rows = list(csv.DictReader(stream))
    if "dataset" in rows[0]:
        return rows, method_boards(pairs.parent, table, "")
    with open(pairs) as stream:
        header = next(csv.reader(stream))
    for simulation in simulations().values():
        if header[1 : header.index("metric")] == list(simulation.keys) and f"{simulation.metrics[0]}_mean" in rows[0]:
            return rows, simulation_boards(pairs.parent, table, "", simulation)
    raise AssertionError(f"{pairs}: of no simulation")


@pytest.mark.parametrize("pairs", PAIRED, ids=lambda file: str(file.relative_to(EVIDENCE)))
def test_every_number_of_a_table_is_on_its_boards_once_with_all_digits(pairs: Path) -> None:
    rows, boards = evidence_boards(pairs)
    lines = [line for board in boards for line in board.described()["lines"]]
    assert len(lines) == len(rows)
    for line in lines:
        key, (mean, low, high, _) = next(iter(line["values"].items()))
        cells = [tuple(row[f"{key}_{end}"] for end in ("mean", "low", "high")) for row in rows]
        text = tuple("" if value is None else value for value in (mean, low, high))
        assert text in [tuple(float(cell) if cell else "" for cell in row) for row in cells]
    with open(pairs) as stream:
        assert sum(len(found) for board in boards for found in board.pairs.values()) == len(
            list(csv.DictReader(stream))
        )


@pytest.mark.parametrize("pairs", PAIRED, ids=lambda file: str(file.relative_to(EVIDENCE)))
def test_letters_agree_with_the_places_of_the_tables(pairs: Path) -> None:
    """What a table calls best shares no letter; what it calls a tie shares one with the best mean."""
    _, boards = evidence_boards(pairs)
    for board in boards:
        for measure in board.measures:
            places = {line.method: line.standing[measure.key] for line in board.lines}
            own = {line.method: set(line.letters.get(measure.key, "")) for line in board.lines}
            for method, place in places.items():
                others = [own[name] for name in own if name != method]
                if place == "best":
                    assert not any(own[method] & other for other in others)
            tied = [own[method] for method, place in places.items() if place == "tie"]
            assert not tied or any(all(best & other for other in tied) for best in tied)


def test_parts_of_a_test_are_measures_of_their_own() -> None:
    [board] = method_boards(EVIDENCE / "nimc" / "cold-start" / "nimc", "cold_start", "")
    titles = {measure.key: measure.title for measure in board.measures}
    assert titles["cold_user_rmse"] == "RMSE, new users"
    assert titles["rmse"] == "RMSE, warm"
    assert all(measure.lower for measure in board.measures)
    assert {len(found) for found in board.pairs.values()} == {55}


def test_a_table_that_is_not_there_has_no_boards(tmp_path: Path) -> None:
    assert method_boards(tmp_path, "ranking", "") == []


@pytest.mark.seconds
def test_two_layouts_of_one_table_are_one_board(finished: Plan) -> None:
    """Tables 2 and 4 of RG2 have the same lines."""
    content = chapter(_source(finished), finished.study("rg2"), Path("results/pages/index.html")).content
    assert [(board["table"], board["dataset"]) for board in content["boards"]][:1] == [("table2", "ml-10m")]
    assert "table4" not in [board["table"] for board in content["boards"]]


# details


def _source(plan: Plan) -> Source:
    return Source(plan, paths.RESULTS / "pages", flat=False, configuration="results/pages/configuration.json")


@pytest.mark.seconds
def test_every_line_of_a_board_knows_its_runs(finished: Plan) -> None:
    part = chapter(_source(finished), finished.study("ranking"), Path("results/pages/index.html"))
    for board in part.content["boards"]:
        for line in board["lines"]:
            run = part.runs[line["run"]]
            assert (run["dataset"], run["method"]) == (board["dataset"], line["method"])
            values = [seed["metrics"]["test"]["ndcg@10"] for seed in run["seeds"]]
            assert np.mean(values) == pytest.approx(line["values"]["ndcg@10"][0], abs=1e-6)
            assert run["data"]["digest"]


@pytest.mark.seconds
def test_the_curve_is_that_of_the_figure(finished: Plan) -> None:
    part = chapter(_source(finished), finished.study("ranking"), Path("results/pages/index.html"))
    for runs in finished.contents(finished.study("ranking")).runs:
        points = curve_points(runs, "seconds", False, "ndcg@10")
        run = next(r for r in part.runs.values() if (r["dataset"], r["method"]) == (runs.dataset, runs.label))
        for key, name in (("seconds", "x"), ("mean", "mean"), ("low", "low"), ("high", "high")):
            assert run["curve"][key] == pytest.approx([point[name] for point in points], rel=1e-5)


@pytest.mark.seconds
def test_the_command_names_the_method_with_every_setting(finished: Plan) -> None:
    """What `dotbench fit` reads of the command is what was run."""
    part = chapter(_source(finished), finished.study("ranking"), Path("results/pages/index.html"))
    for run in part.runs.values():
        words = shlex.split(run["again"])
        options = {name: words[k + 1] for k, name in enumerate(words) if name.startswith("--") and name != "--set"}
        sets = [words[k + 1] for k, name in enumerate(words) if name == "--set"]
        method = choose_method(
            options["--model"], options.get("--loss"), options.get("--solver"), parse_assignments(sets)
        )
        assert method.names == (run["model"], run["loss"], run["solver"])
        assert method.settings == run["settings"]
        assert options["--dataset"] == run["dataset"]


@pytest.mark.seconds
def test_what_is_not_finished_is_left_out(finished: Plan) -> None:
    entry = next(entry for entry in finished.entries if entry.method.names[1] == "wrmf")
    for seed in (0, 1, 2, 3):
        (paths.fit("sim-ratings", entry.folders[0], seed, seed) / "metrics.json").unlink()
    part = chapter(_source(finished), finished.study("ranking"), Path("results/pages/index.html"))
    [line] = [
        line
        for board in part.content["boards"]
        if board["dataset"] == "sim-ratings"
        for line in board["lines"]
        if line["method"] == "MF WRMF (ALS)"
    ]
    assert line["run"] is None


@pytest.mark.slow
@pytest.mark.seconds
def test_a_line_of_a_simulation_is_the_mean_of_its_replications(workdir: Path) -> None:
    import_runs(EVIDENCE / "t2rec" / "runs.parquet")
    folder = EVIDENCE / "t2rec" / "questions"
    plan = Plan(load_benchmark([folder / "configuration.json"]))
    part = chapter(Source(plan, folder, flat=True, configuration=""), plan.study("t2rec"), Path("index.html"))
    lines = [(board, line) for board in part.content["boards"] for line in board["lines"]]
    assert len(lines) == 86
    for board, line in lines:
        run, key = part.runs[line["run"]], board["measures"][0]["key"]
        values = [row[key] for row in run["replications"] if row["status"] == "ok"]
        assert np.mean(values) == pytest.approx(line["values"][key][0], rel=1e-6)
        assert len(run["replications"]) == line["seeds"]
        assert run["machines"]
        assert run["settings"]
        assert len(run["trials"]["points"]) == 4 * line["seeds"]  # four learning rates in every replication
        assert sum(run["trials"]["picked"]) == line["seeds"] - line["failed"]


def test_the_trials_of_a_simulation_are_means_over_folds_with_one_chosen_in_each_replication() -> None:
    """By hand: two replications, two settings, two folds; a fold of one setting failed."""
    a, b = '{"depth":[1,2],"rate":0.1}', '{"depth":[3],"rate":0.1}'
    tuning = [(0, a, 1.0), (0, a, 3.0), (0, b, 1.0), (0, b, 2.0), (1, a, 4.0), (1, a, 5.0), (1, b, 2.0), (1, b, None)]
    names = ["replication", "hyperparameters", "valid_rmse"]
    reported = pd.DataFrame([(0, b, 1.5), (1, a, 4.5)], columns=names)
    rows = pd.concat([pd.DataFrame(tuning, columns=names), reported], ignore_index=True)
    found = tuning_trials(rows, reported, "replication")
    assert found["grid"] == {"depth": [[1, 2], [3]], "rate": [0.1]}
    trials = found["trials"]
    assert trials["points"] == [[[1, 2], 0.1], [[3], 0.1], [[1, 2], 0.1], [[3], 0.1]]
    assert trials["replication"] == [0, 0, 1, 1]
    assert trials["validation"] == [2.0, 1.5, 4.5, None]
    assert trials["status"] == ["ok", "ok", "ok", "failed"]
    assert trials["picked"] == [False, True, True, False]
    assert tuning_trials(reported[:1], reported[:1], "replication")["trials"] is None
    assert tuning_trials(rows[["replication"]], reported, "replication")["trials"] is None


# datasets


@pytest.mark.seconds
def test_a_summary_of_a_dataset_shows_what_its_data_show(finished: Plan, tmp_path: Path) -> None:
    """The data are removed; what is kept of them is small, and other datasets of the file stay."""
    name, file = "sim-ratings", tmp_path / SUMMARY
    of_data = card(name, finished.datasets[name])["series"]
    file.write_text('{"other": {"values": {"": {"x": [1.0], "y": [2]}}}}')
    assert write_distributions(finished, file)
    assert file.stat().st_size < 10_000
    kept = read_distributions(file)
    assert kept == {"other": [{"panel": "values", "series": "", "x": 1.0, "y": 2}], name: of_data}
    (paths.data(name) / "interactions.parquet").unlink()
    assert card(name, finished.datasets[name])["series"] == []
    (paths.data(name) / SUMMARY).write_text(json.dumps(kept[name]))
    assert card(name, finished.datasets[name])["series"] == of_data


# verdicts


@pytest.mark.seconds
def test_published_intervals_and_ours_make_the_tolerance(finished: Plan) -> None:
    found = verdicts(paths.study("pages", "rg2"), "rg2")
    assert found is not None
    judged = [line for line in found["lines"] if line["tolerance"] is not None]
    assert judged
    for line in judged:
        ours = (line["ours_high"] - line["ours_low"]) / 2
        published = (line["published_high"] - line["published_low"]) / 2
        assert np.hypot(ours, published) == pytest.approx(line["tolerance"])
        assert line["published"] == pytest.approx((line["published_high"] + line["published_low"]) / 2)
    assert sum(found["counts"].values()) == len(found["lines"])


def test_every_verdict_is_explained() -> None:
    told = set()
    for file in EVIDENCE.rglob("paper_vs_ours.csv"):
        told |= {row["verdict"] for row in read_rows(file)}
    assert told <= set(VERDICTS)
    assert verdicts(EVIDENCE, "rg2") is None


@pytest.mark.seconds
def test_claims_have_the_rows_of_each_side(finished: Plan) -> None:
    found = claims(paths.study("pages", "rg2"))
    assert found is not None
    rows = read_rows(paths.study("pages", "rg2") / "claims_rows.csv")
    ours = sum(len(line["rows"]) for line in found["lines"])
    assert ours == sum(row["side"] == "ours" for row in rows) > 0
    assert sum(map(len, found["printed"].values())) == len(rows) - ours
    assert claims(EVIDENCE) is None


def test_every_verdict_of_a_claim_is_explained() -> None:
    files = list(EVIDENCE.rglob("claims.csv"))
    told = {row[f"{side}_verdict"] for file in files for row in read_rows(file) for side in ("print", "ours")}
    assert told == {*CLAIMS}
    assert {*CLAIMS} == {HOLDS, FAILS, OPEN}


# the page


@pytest.mark.seconds
def test_a_page_is_the_same_when_it_is_made_again(finished: Plan) -> None:
    page = build_plan(finished)
    assert page == Path("results/pages/index.html")
    first = page.read_bytes()
    build_plan(finished)
    assert page.read_bytes() == first
    assert len(first) < 1_000_000


@pytest.mark.seconds
def test_without_results_there_is_no_page(finished: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    assert build_plan(finished) is None
    assert list(empty.iterdir()) == []


@pytest.mark.seconds
def test_links_lead_to_files(finished: Plan) -> None:
    content = chapter(_source(finished), finished.study("t2rec"), Path("results/pages/index.html")).content
    links = [link for item in (*content["tables"], *content["figures"]) for link in item["files"].values()]
    links += [figure["picture"] for figure in content["figures"]]
    assert "t2rec/figures/depth_curve.png" in links
    assert all((Path("results/pages") / link).is_file() for link in links)


def test_data_cannot_end_its_element() -> None:
    text = script_json({"</script><script>alert(1)": "\u2028<!--"})
    assert "<" not in text
    assert json.loads(text) == {"</script><script>alert(1)": "\u2028<!--"}


def test_markup_in_markdown_is_text() -> None:
    html = to_html("| a |\n|---|\n| <img src=x onerror=y> **b** <ins>c</ins> [d](javascript:e) |\n")
    assert "<img" not in html
    assert "<strong>b</strong> <ins>c</ins>" in html
    assert "javascript" not in to_html("[d](x.md) e", links=False)
    assert to_html("[d](x.md) e", links=False) == "<p>d e</p>\n"


def test_a_table_and_its_notes_come_apart() -> None:
    assert table_and_notes("| a |\n|---|\n| 1 |\n\n- note\n") == ("| a |\n|---|\n| 1 |", "- note\n")


def test_values_are_plain() -> None:
    assert plain({"a": np.float64("nan"), 1: (np.int64(2), 0.1234567891)}) == {"a": None, "1": [2, 0.123457]}
    assert plain(0.1 + 0.2, EXACT) == 0.1 + 0.2
    assert plain([True, None, "x", float("inf")]) == [True, None, "x", None]


def test_an_empty_cell_is_none_and_a_word_is_a_word(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b,c\n1,,NA\n2,0.5,x\n")
    assert read_rows(tmp_path / "a.csv") == [{"a": 1, "b": None, "c": "NA"}, {"a": 2, "b": 0.5, "c": "x"}]
    (tmp_path / "b.csv").write_text("")
    assert read_rows(tmp_path / "b.csv") == []


@pytest.mark.parametrize("arguments", [["--evidence", "-c", "x.yaml"], ["--out", "x.html"]])
def test_options_that_exclude_each_other(arguments: list[str], workdir: Path) -> None:
    from typer.testing import CliRunner

    from dotbench.cli.main import app

    result = CliRunner().invoke(app, ["site", *arguments])
    assert isinstance(result.exception, DotbenchError)
    assert "allowed" in str(result.exception)
