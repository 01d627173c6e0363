"""The most frequent aspects of a dataset's reviews, and what is said of them."""

from functools import partial
from pathlib import Path
from typing import Any

from dotbench import paths
from dotbench.files import write_csv
from dotbench.lazy import pd
from dotbench.reporting.cells import Legend
from dotbench.reporting.contents import Contents
from dotbench.reporting.formats import Column, Row, number, write_table
from dotbench.reporting.kind import TableKind

SHOWN = 20  # aspects of a dataset in the text; the csv has all
COLUMNS = ["dataset", "aspect", "frequency", "mean", "sd", "q25", "median", "q75", "folder"]
AT = "mean_"  # column of the mean at a rating
NOTES = [
    Legend(
        f"The {SHOWN} most frequent aspects of all reviews; the csv has the others. An aspect is a common noun. A "
        "mention is a sentence with this noun. Its polarity, in [−1, 1], is the mean of the sentence's opinions, "
        "nearer ones with more weight; without an opinion it is 0."
    ),
    Legend(
        "Polarity: mean ± standard deviation and quartiles over mentions. Rated: the mean over mentions in reviews of "
        "that rating."
    ),
    "It is not known here which aspects the paper used and how it scored them, so its numbers cannot be compared "
    "aspect by aspect.",
]


class Aspects(TableKind):
    """The most frequent aspects of the reviews. For each aspect the table shows the number of sentences that
    mention it, the polarity of these sentences, and their mean polarity in the reviews of each rating. The notes under
    the table say how aspects are found and scored.
    """

    name = "aspects"
    title = "Aspects of reviews"
    reads = ("features", "statistics")

    def write(self, contents: Contents, folder: Path) -> None:
        """Write ``<table>.{csv,md,tex,html}``: of each aspect its mentions, its polarity over them, and that over the
        mentions in reviews of each rating."""
        facts, labels = contents.datasets, contents.labels
        blocks = [_rows(contents, dataset) for dataset in facts]
        levels = sorted({key for rows in blocks for row in rows for key in row if key.startswith(AT)}, key=_rating)
        columns = [
            Column("Dataset", lambda row: labels[row["dataset"]]),
            Column("Aspect", lambda row: row["aspect"]),
            Column("Mentions", lambda row: f"{row['frequency']:,}"),
            Column("Polarity", lambda row: _number(row, "mean") + ("" if row["sd"] is None else f" ± {row['sd']:.3f}")),
            Column("Quartiles", lambda row: " / ".join(_number(row, name) for name in ("q25", "median", "q75"))),
            *(Column(f"Rated {_rating(level):g}", partial(_number, key=level)) for level in levels),
        ]
        table_rows = [row for rows in blocks for row in rows[:SHOWN]]
        write_table(contents, folder, table_rows, columns, [contents.title, *NOTES])
        write_csv(folder / f"{contents.report_item}.csv", [row for rows in blocks for row in rows], [*COLUMNS, *levels])


def _rows(contents: Contents, dataset: str) -> list[Row]:
    """A row for each aspect, most frequent first."""
    split = paths.split(dataset, contents.task, contents.seeds[0], contents.split.variant)
    features = paths.features(split, str(contents.features))
    polarity, levels = (_read(features.with_name(f"{features.stem}-{table}.csv")) for table in ("polarity", "levels"))
    means: dict[str, Row] = {row["aspect"]: {} for row in polarity}
    for row in levels:
        means[row["aspect"]][f"{AT}{row['rating']:g}"] = row["mean"]
    own = {"dataset": dataset, "folder": str(features.parent)}
    return [{**own, **row, **means[row["aspect"]]} for row in polarity]


def _read(path: Path) -> list[Row]:
    frame = pd.read_csv(path, keep_default_na=False, na_values=[""])  # "nan" is an aspect
    rows: list[Any] = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return rows


def _rating(column: str) -> float:
    return float(column.removeprefix(AT))


def _number(row: Row, key: str) -> str:
    return number(row.get(key), "{:.3f}")
