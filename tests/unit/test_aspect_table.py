"""The table of aspects, from the features of reviews that are counted by hand."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from features_data import reviews, split_of, write_prepared
from runs_data import SPLIT, contents, write_dataset

from dotbench import paths
from dotbench.features.writing import write_features
from dotbench.papers.t2rec.tables import aspects
from dotbench.reporting.kind import table_kinds

pytestmark = pytest.mark.seconds

OWN_SPLIT = SPLIT | {"variant": "-own"}


def write_table(folder: Path, **told: Any) -> None:
    table_kinds()["aspects"]().write(contents(("d", "mf-a-b-1"), kind="aspects", seeds=2, **told), folder)


@pytest.fixture
def table(workdir: Path) -> Path:
    """The sound is mentioned three times, the cable twice, the nan once; the last review is no training one."""
    rows = [
        (0, 0, 5.0, "The sound is great. The sound is terrible. A nan."),
        (0, 1, 5.0, "My cable is good."),
        (1, 0, 1.0, "The cable is terrible. The sound is good."),
    ]
    frame = reviews(rows)
    data = write_prepared(paths.data("d"), frame, 2, 2)
    folder = paths.split("d", "rating", 0, OWN_SPLIT["variant"])
    folder.mkdir(parents=True)
    split_of(frame, np.array([0, 0, 2]), 2, 2).save(folder / "split.npz")
    write_dataset("d")
    write_features("aspects", {"leaky": True}, data, folder / "split.npz", folder / "features", [])
    told = {
        "study": "t2rec",
        "task": "rating",
        "metrics": ["rmse"],
        "validation_metric": "rmse",
        "split": OWN_SPLIT,
        "features": "aspects-leaky",
    }
    write_table(workdir, **told, title="A title.")
    return workdir / "shown.csv"


def test_mentions_and_polarity_of_all_reviews(table: Path) -> None:
    with table.open() as stream:
        rows = {row["aspect"]: row for row in csv.DictReader(stream)}
    assert list(rows) == ["sound", "cable", "nan"]
    assert [row["frequency"] for row in rows.values()] == ["3", "2", "1"]
    assert float(rows["sound"]["mean"]) == pytest.approx((0.8 - 1 + 0.7) / 3, abs=1e-5)
    assert [float(rows["cable"][f"mean_{rating}"]) for rating in (1, 5)] == pytest.approx([-1, 0.7])
    assert [rows["nan"][key] for key in ("sd", "mean_1", "mean_5")] == ["", "", "0.0"]


def test_the_text_has_the_most_frequent_ones(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = table.with_suffix(".md").read_text()
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")]
    assert lines[0] == ["Dataset", "Aspect", "Mentions", "Polarity", "Quartiles", "Rated 1", "Rated 5"]
    assert lines[3] == ["d", "cable", "2", "-0.150 ± 1.202", "-0.575 / -0.150 / 0.275", "-1.000", "0.700"]
    assert lines[4][1:4] == ["nan", "1", "0.000"]
    assert lines[4][5:] == ["–", "0.000"]
    assert "- A title." in text
    monkeypatch.setattr(aspects, "SHOWN", 1)
    told = {"study": "t2rec", "task": "rating", "metrics": ["rmse"], "validation_metric": "rmse"}
    told |= {"split": OWN_SPLIT, "features": "aspects-leaky"}
    write_table(table.parent, **told)
    assert "cable" not in table.with_suffix(".md").read_text()
    assert "cable" in table.read_text()
