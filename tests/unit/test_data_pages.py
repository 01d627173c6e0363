"""`dotbench data`: what is here of every dataset, and the page about one."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from dotbench.cli.data import overview, page
from dotbench.files import read_json
from dotbench.reporting.inventory import holding
from dotbench.reporting.profile import profile_series

pytestmark = pytest.mark.seconds

LINES = [
    ("a", "x", 5.0, 0),
    ("a", "y", 3.5, 86400 * 40),
    ("b", "x", 5.0, 86400 * 100),
    ("b", "y", 1.0, 0),
    ("a", "z", 2.0, 0),
]


def own(define: Callable[..., Path], workdir: Path, **others: object) -> None:
    (workdir / "own.csv").write_text("".join(",".join(map(str, line)) + "\n" for line in LINES))
    columns = {"user": 0, "item": 1, "rating": 2, "timestamp": 3}
    define("own", source={"file": "own.csv"}, format={"columns": columns}, prepare={"core": 2}, **others)


@pytest.mark.usefixtures("svg_alone")
def test_a_holding_goes_from_absent_to_prepared(define: Callable[..., Path], workdir: Path) -> None:
    own(define, workdir, published={"users": 2, "items": 2, "interactions": 4})
    before = holding("own")
    assert (before.source, before.state, before.size) == ("own files", "absent", "")
    assert before.counts == "published: 2 × 2, 4"
    page("own")
    after = holding("own")
    assert (after.state, after.size) == ("own files, prepared", "0.0 MB")
    assert after.counts == "2 × 2, 4: as published"


@pytest.mark.usefixtures("svg_alone")
def test_counts_that_are_not_the_published_ones_are_shown(define: Callable[..., Path], workdir: Path) -> None:
    own(define, workdir, published={"users": 2, "items": 3, "interactions": 4}, accept_counts=True)
    page("own")
    assert holding("own").counts == "2 × 2, 4; PUBLISHED: 2 × 3, 4"


def test_the_overview_has_every_dataset(define: Callable[..., Path], workdir: Path) -> None:
    own(define, workdir, licence="mine")
    header, rows = overview()
    found = {row[0]: dict(zip(header, row, strict=True)) for row in rows}
    assert {"own", "ml-1m", "electronics", "steam", "yelp", "sim-ratings"} <= set(found)
    assert found["own"]["licence"] == "mine"
    assert found["yelp"]["source"] == "local copy only"
    assert found["sim-ratings"]["state"] == "generated"


def test_the_plotted_numbers(define: Callable[..., Path], workdir: Path) -> None:
    own(define, workdir)
    facts, written = page("own")
    assert facts["raw"].startswith("2 users, 3 items, 5 rows, 0 of them")
    assert facts["preparation"].endswith("Left out: 0 rows below the threshold, 0 repeated, 1 outside the core")
    assert written[0].read_bytes().startswith(b"%PDF")
    assert written[1].read_bytes().startswith(b"\x89PNG")
    folder = Path("results/data/own")
    rows = pd.DataFrame(profile_series(folder, read_json(folder / "stats.json")))
    panels = {
        name: list(zip(part["series"], part["x"], part["y"], strict=True)) for name, part in rows.groupby("panel")
    }
    assert panels["counts"] == [("user", 2, 1.0), ("item", 2, 1.0)]
    assert panels["values"] == [("", 1.0, 1), ("", 2.0, 1), ("", 3.5, 1), ("", 5.0, 2)]
    assert panels["time"] == [("", "1970-01", 3), ("", "1970-02", 1), ("", "1970-03", 0), ("", "1970-04", 1)]


@pytest.mark.usefixtures("svg_alone")
def test_a_dataset_without_ratings_and_times_has_its_page(define: Callable[..., Path], workdir: Path) -> None:
    (workdir / "own.csv").write_text("a,x\nb,x\n")
    define("own", source={"file": "own.csv"}, format={"columns": {"user": 0, "item": 1}}, prepare={"core": 1})
    assert page("own")[1][0].is_file()


@pytest.mark.usefixtures("svg_alone")
def test_many_different_ratings_are_put_into_classes(define: Callable[..., Path], workdir: Path) -> None:
    (workdir / "own.csv").write_text("".join(f"u{k % 30},i{k // 30},{k * 0.37 % 7}\n" for k in range(900)))
    define("own", source={"file": "own.csv"}, format={"columns": {"user": 0, "item": 1, "rating": 2}})
    page("own")
    folder = Path("results/data/own")
    values = [r for r in profile_series(folder, read_json(folder / "stats.json")) if r["panel"] == "values"]
    assert len(values) == 40
    assert sum(row["y"] for row in values) == 900


@pytest.mark.slow
def test_files_that_are_gone_are_fetched_and_prepared_again(define: Callable[..., Path], workdir: Path) -> None:
    own(define, workdir)
    page("own")
    Path("results/data/own/interactions.parquet").unlink()
    page("own")
    assert Path("results/data/own/interactions.parquet").is_file()
