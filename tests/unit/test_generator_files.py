"""Files of the public formats: they parse as the real ones do, with exactly the counts that were asked for."""

import ast
import gzip
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dotbench.datasets.generators import files
from dotbench.datasets.generators._prose import BAD, GOOD
from dotbench.datasets.generators.files import (
    Reviews,
    draw_reviews,
    reviews_in,
    write_amazon,
    write_steam,
    write_yelp,
)
from dotbench.datasets.kcore import k_core
from dotbench.errors import DotbenchError

pytestmark = pytest.mark.seconds

COUNTS = (90, 40, 1300)
REAL = "amazon-musical-instruments/reviews_Musical_Instruments_5.json"


@pytest.fixture(scope="module")
def reviews() -> Reviews:
    return draw_reviews(*COUNTS, seed=3)


def objects(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def literals(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        return [ast.literal_eval(line) for line in stream]


def counts(records: list[dict[str, Any]], user: str, item: str) -> tuple[int, int, int]:
    """Users, items and different pairs, all of which must be in the 5-core."""
    frame = pd.DataFrame({"user": [r[user] for r in records], "item": [r[item] for r in records]})
    assert not frame.duplicated().any()
    codes = [pd.factorize(frame[column])[0] for column in ("user", "item")]
    assert k_core(codes[0], codes[1], 5).all()
    return frame["user"].nunique(), frame["item"].nunique(), len(frame)


def judgement(text: str) -> int:
    words = [word.strip(".,!:").lower() for word in text.split()]
    return sum(word in GOOD for word in words) - sum(word in BAD for word in words)


def test_amazon(reviews: Reviews, tmp_path: Path) -> None:
    write_amazon(tmp_path / "a.json", reviews)
    records = objects(tmp_path / "a.json")
    assert counts(records, "reviewerID", "asin") == COUNTS
    assert any("reviewerName" not in record for record in records)
    for record in records:
        day = datetime.fromtimestamp(record["unixReviewTime"], UTC)
        assert (day.hour, day.minute, day.second) == (0, 0, 0)
        assert record["reviewTime"] == f"{day:%m} {day.day}, {day.year}"
        assert 0 <= record["helpful"][0] <= record["helpful"][1]
        assert record["overall"] in (1.0, 2.0, 3.0, 4.0, 5.0)


def test_amazon_has_the_keys_and_types_of_the_real_file(reviews: Reviews, tmp_path: Path, local_data: Path) -> None:
    if not (local_data / REAL).is_file():
        pytest.skip(f"needs {REAL} below DOTBENCH_DATA")
    with (local_data / REAL).open() as stream:
        real = json.loads(next(stream))
    write_amazon(tmp_path / "a.json", reviews)
    ours = objects(tmp_path / "a.json")[0]
    assert {key: type(value) for key, value in ours.items()} == {key: type(value) for key, value in real.items()}
    assert list(ours) == list(real)


def test_steam(reviews: Reviews, tmp_path: Path) -> None:
    write_steam(tmp_path / "s.json.gz", reviews)
    records = literals(tmp_path / "s.json.gz")
    assert counts(records, "username", "product_id") == COUNTS
    keys = ["username", "hours", "products", "product_id", "page_order", "date", "text", "early_access", "page"]
    assert all(list(record) == keys for record in records)
    assert [type(records[0][key]) for key in keys] == [str, float, int, str, int, str, str, bool, int]
    assert {"李", "'", '"'} <= set("".join(record["username"] for record in records))
    assert pd.DataFrame(records).groupby("product_id")[["page", "page_order"]].value_counts().max() == 1
    with gzip.open(tmp_path / "s.json.gz", "rt", encoding="ascii") as stream:
        assert next(stream).startswith("{u'username': u'")


def test_yelp(reviews: Reviews, tmp_path: Path) -> None:
    write_yelp(tmp_path, reviews)
    users, businesses, records = (
        objects(tmp_path / f"yelp_academic_dataset_{kind}.json") for kind in ("user", "business", "review")
    )
    assert counts(records, "user_id", "business_id") == COUNTS
    assert len({record["review_id"] for record in records}) == len(records)
    for table, key in ((users, "user_id"), (businesses, "business_id")):
        assert {record[key] for record in table} == {record[key] for record in records}
        assert len(table) == len({record[key] for record in table})
        assert all(len(record[key]) == 22 for record in table)
        told = {record[key]: record["review_count"] for record in table}
        assert told == pd.Series([record[key] for record in records]).value_counts().to_dict()
    assert {record["elite"] == "" for record in users} == {True, False}
    assert any(record["categories"] is None for record in businesses)
    assert len({record["city"] for record in businesses}) > 2


def test_sentiment_goes_with_the_stars() -> None:
    reviews = draw_reviews(300, 200, 4000)
    records = pd.DataFrame([json.loads(line) for line in files.amazon_lines(reviews)])
    score = records["reviewText"].map(judgement).groupby(records["overall"]).mean()
    assert score.is_monotonic_increasing
    assert score[5.0] > 3
    assert score[1.0] < -3
    assert records["reviewText"].str.contains("battery").mean() > 0.1


def test_blocks_do_not_repeat_each_other_and_equal_seeds_give_equal_bytes(
    reviews: Reviews, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "BLOCK", 500)
    texts = [record["text"] for record in map(ast.literal_eval, files.steam_lines(reviews))]
    assert len(texts) == 1300
    assert texts[:300] != texts[500:800]
    for name in ("one.json.gz", "two.json.gz"):
        write_steam(tmp_path / name, draw_reviews(*COUNTS, seed=3))
    assert (tmp_path / "one.json.gz").read_bytes() == (tmp_path / "two.json.gz").read_bytes()
    assert list(files.steam_lines(draw_reviews(*COUNTS, seed=4))) != list(files.steam_lines(reviews))


@pytest.mark.parametrize("sizes", [(1, 1, 1), (3, 2, 6), (10, 4, 11), (2, 30, 30)])
def test_small_sizes_are_exact_too(sizes: tuple[int, int, int]) -> None:
    drawn = draw_reviews(*sizes)
    assert (len(np.unique(drawn.user)), len(np.unique(drawn.item)), len(drawn.user)) == sizes


@pytest.mark.parametrize("sizes", [(5, 3, 4), (5, 3, 16)])
def test_impossible_sizes_are_told(sizes: tuple[int, int, int]) -> None:
    with pytest.raises(DotbenchError, match="5 users and 3 items allow 5 to 15"):
        draw_reviews(*sizes)


def test_the_command_meets_a_number_of_bytes(tmp_path: Path) -> None:
    out = tmp_path / "a.json"
    command = [sys.executable, "-m", "dotbench.datasets.generators.files", "amazon", "--out", str(out)]
    done = subprocess.run([*command, "--bytes", "4MB", "--users", "500"], capture_output=True, text=True, check=True)
    assert out.stat().st_size == pytest.approx(4e6, rel=0.05)
    assert len({record["reviewerID"] for record in objects(out)}) == 500
    assert f"500 users, {reviews_in('amazon', 4_000_000) // 27} items" in done.stdout
    wrong = subprocess.run([*command, "--bytes", "4 elephants"], capture_output=True, text=True)
    assert wrong.returncode == 1
    assert wrong.stderr.strip() == "error: --bytes: found '4 elephants'; allowed is a number and kB, MB or GB, as 500MB"
