"""Adjacency lists, RecBole's atomic files and Parquet: what is read, and what is said of a file of another kind."""

import gzip
import json
import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from dotbench.datasets.parsers import adjacency, parquet, recbole
from dotbench.datasets.parsers._formats import suggestion
from dotbench.datasets.parsers.base import parsers
from dotbench.errors import DotbenchError

COLUMNS = {"user": "u", "item": "i"}
COMMON = ("user", "item")
FIELDS = {"user": "user_id", "item": "item_id", "rating": "rating", "timestamp": "timestamp"}


def read(parser: str, *files: Path, **values: Any) -> pd.DataFrame:
    cls = parsers()[parser]
    frame: pd.DataFrame = cls(cls.Settings.model_validate(values)).read(files)
    return frame


def rows(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    return list(frame.itertuples(index=False, name=None))


def problem(parser: str, path: Path, **values: Any) -> str:
    with pytest.raises(DotbenchError) as caught:
        read(parser, path, **values)
    message = str(caught.value)
    assert message.startswith(str(path))
    return message.removeprefix(str(path))


@pytest.fixture
def file(tmp_path: Path):
    """``file(text)`` writes a file and gives its path."""

    def write(text: str | bytes, name: str = "ratings.txt") -> Path:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


# adjacency lists


def test_an_adjacency_list_gives_a_pair_for_every_item(file) -> None:
    path = file("\ufeff0 7 8\n1\n\nx-2 \t7  é \r\n 3 9")
    assert rows(read("adjacency", path)) == [("0", "7"), ("0", "8"), ("x-2", "7"), ("x-2", "é"), ("3", "9")]


IDS = st.text(st.characters(codec="utf-8", exclude_categories=["Z", "C"]), min_size=1, max_size=3)


@given(st.dictionaries(IDS, st.lists(IDS, max_size=5), min_size=1), st.integers(1, 4))
@settings(max_examples=100, deadline=None)
def test_every_pair_of_an_adjacency_list_is_read(lists: dict[str, list[str]], block: int) -> None:
    import tempfile

    lists = {"user": ["item"], **lists}
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        patched.setattr(adjacency, "BLOCK", block)
        path = Path(folder, "train.txt.gz")
        path.write_bytes(gzip.compress("\n".join(" ".join([user, *its]) for user, its in lists.items()).encode()))
        assert rows(read("adjacency", path)) == [(user, item) for user, its in lists.items() for item in its]


def test_several_files_may_have_the_same_users(file) -> None:
    paths = [file("0 1\n", "train.txt"), file("0 2\n", "test.txt")]
    assert rows(read("adjacency", *paths)) == [("0", "1"), ("0", "2")]


def test_a_user_on_two_lines_is_told(file) -> None:
    message = problem("adjacency", file("0 1 2\n\n5 1\n0 3\n"))
    assert message.startswith(", line 4: found user '0' again, after line 1; allowed is a user and its items on each")
    assert "looks like" not in message


@pytest.mark.parametrize("text", ["", "\n \n", "0\n1\n"])
def test_an_adjacency_list_without_a_pair_is_told(file, text: str) -> None:
    assert problem("adjacency", file(text)).startswith(": found no item of any user; allowed is a user and its items")


# atomic files of RecBole

INTER = "user_id:token\titem_id:token\trating:float\ttimestamp:float\tgenre:token_seq\n"


def test_an_atomic_file_is_read_by_the_names_in_its_header(file) -> None:
    path = file(INTER + '"1\t"\t4\t8.5E8\ta b\r\n\n2\ta,b\t-.5\t-1.5\t\n')
    frame = read("recbole", path, fields=FIELDS)
    assert rows(frame) == [('"1', '"', 4.0, 850_000_000), ("2", "a,b", -0.5, -2)]
    assert frame.dtypes.astype(str).tolist()[2:] == ["float32", "int64"]
    assert rows(read("recbole", path)) == [('"1', '"'), ("2", "a,b")]  # the usual names of user and item
    assert rows(read("recbole", path, fields={"user": "item_id", "item": "user_id"})) == [('"', '"1'), ("a,b", "2")]


def test_blocks_of_an_atomic_file_are_one_table(file, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recbole, "BLOCK", 3)
    path = file(INTER + "".join(f"{k}\t{k * k}\t1\t{k}\t\n" for k in range(10)))
    assert rows(read("recbole", path)) == [(str(k), str(k * k)) for k in range(10)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ": found no line after the header"),
        (INTER, ": found no line after the header"),
        ("user_id\titem_id\n1\t2\n", ", line 1: found 'user_id' in the header; allowed are names with types, name:tok"),
        ("user_id:token\titem_id:int\n1\t2\n", ", line 1: found 'item_id:int' in the header; allowed are names with"),
        ("user_id:token\trating:float\n1\t2\n", ", line 1: no field 'item_id'; the header has user_id, rating"),
        (INTER.replace("genre", "rating") + "1\t2\t3\t4\t\n", ", line 1: two fields 'rating'; the header has user_id"),
        (
            INTER.replace("item_id:token", "item_id:float"),
            ", line 1: field 'item_id' is of the type float; allowed for the item is token",
        ),
        (INTER + "1\t2\t3\n", ", line 2: found 3 fields separated by tabs; allowed are 5, as in the header"),
        (INTER + "\n1\t\t3\t4\t\n", ", line 3: item is ''; allowed is any text but an empty one"),
        *(
            (INTER + f"1\t2\t{value}\t4\t\n", f", line 2: rating is '{value}'; allowed is a finite number")
            for value in ("", "good", "nan", "inf", "1e39", "1_0")
        ),
        *(
            (
                INTER + f"1\t2\t3\t{value}\t\n",
                f", line 2: timestamp is '{value}'; allowed is a number of seconds since 1970",
            )
            for value in ("", "2014-05-26", "nan", "1400000000000", "1_0")
        ),
    ],
)
def test_what_is_wrong_with_an_atomic_file_is_told(file, text: str, said: str) -> None:
    assert problem("recbole", file(text), fields=FIELDS).startswith(said)


# Parquet


def save(path: Path, **columns: Any) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


IDS_OF = {
    "text": pa.array(["1", "b", "é"]),
    "large text": pa.array(["1", "b", "é"], pa.large_string()),
    "categories": pa.array(["1", "b", "é"]).dictionary_encode(),
    "whole numbers": pa.array([1, 2**62, -3]),
    "unsigned": pa.array([1, 2**63, 3], pa.uint64()),
}


@pytest.mark.parametrize("ids", IDS_OF.values(), ids=IDS_OF)
def test_ids_of_parquet_are_text_or_whole_numbers(tmp_path: Path, ids: pa.Array) -> None:
    path = save(tmp_path / "a.parquet", u=ids, i=pa.array(["x", "y", "z"]))
    assert read("parquet", path, columns=COLUMNS)["user"].tolist() == [str(value) for value in ids.to_pylist()]


WHEN = datetime(2014, 5, 26, 1, 9, 28, 999_999, UTC)
EARLIER = datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC)
SECONDS = [1_401_066_568, -1]
ZONE = timezone(timedelta(hours=5, minutes=30))
TIMES = {
    "microseconds": pa.array([WHEN.replace(tzinfo=None), EARLIER.replace(tzinfo=None)], pa.timestamp("us")),
    "nanoseconds": pa.array([WHEN, EARLIER], pa.timestamp("ns", "UTC")),
    "another zone": pa.array([WHEN.astimezone(ZONE), EARLIER.astimezone(ZONE)], pa.timestamp("ms", "Asia/Kolkata")),
    "seconds": pa.array(SECONDS),
    "decimals of seconds": pa.array([WHEN.timestamp(), EARLIER.timestamp()]),
    "small numbers": pa.array(SECONDS, pa.int32()),
}


@pytest.mark.parametrize("times", TIMES.values(), ids=TIMES)
def test_times_of_parquet_become_seconds(tmp_path: Path, times: pa.Array) -> None:
    path = save(tmp_path / "a.parquet", u=["a", "b"], i=["x", "y"], t=times)
    frame = read("parquet", path, columns={**COLUMNS, "timestamp": "t"})
    assert frame["timestamp"].tolist() == SECONDS
    assert frame["timestamp"].dtype == np.int64


def test_the_setting_of_times_is_that_of_the_other_formats(tmp_path: Path, file) -> None:
    for time, values in {
        "milliseconds": [1_401_066_568_999, -1],
        "iso": ["2014-05-26 01:09:28", "1969-12-31T23:59:59"],
    }.items():
        path = save(tmp_path / "a.parquet", u=["a", "b"], i=["x", "y"], t=values)
        assert read("parquet", path, columns={**COLUMNS, "timestamp": "t"}, time=time)["timestamp"].tolist() == SECONDS
        path = file(INTER + "".join(f"1\t2\t3\t{value}\t\n" for value in values))
        assert read("recbole", path, fields=FIELDS, time=time)["timestamp"].tolist() == SECONDS


@pytest.mark.parametrize("kind", [pa.date32(), pa.date64()])
def test_dates_of_parquet_are_midnight(tmp_path: Path, kind: pa.DataType) -> None:
    days = [date(1970, 1, 3), date(1600, 2, 29)]
    path = save(tmp_path / "a.parquet", u=["a", "b"], i=["x", "y"], t=pa.array(days, kind))
    found = read("parquet", path, columns={**COLUMNS, "timestamp": "t"})["timestamp"].tolist()
    assert found == [(day - date(1970, 1, 1)).days * 86_400 for day in days]


@pytest.mark.parametrize(
    "ratings", [pa.array([1, 5], pa.int8()), pa.array([1.0, 5.0]), pa.array([Decimal("1.0"), Decimal("5.0")])]
)
def test_ratings_of_parquet_are_numbers(tmp_path: Path, ratings: pa.Array) -> None:
    path = save(tmp_path / "a.parquet", u=["a", "b"], i=["x", "y"], r=ratings)
    frame = read("parquet", path, columns={**COLUMNS, "rating": "r"})
    assert frame["rating"].tolist() == [1.0, 5.0]
    assert frame["rating"].dtype == np.float32


def test_what_pandas_writes_is_read(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"u": rng.integers(0, 50, 900), "i": pd.Categorical([f"i{k % 7}" for k in range(900)])})
    frame.index = rng.permutation(900)
    frame.to_parquet(tmp_path / "a.parquet", row_group_size=100)
    found = read("parquet", tmp_path / "a.parquet", columns=COLUMNS)
    assert rows(found) == [(str(user), item) for user, item in zip(frame["u"], frame["i"], strict=True)]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"u": ["a"]}, ": no column 'i'; the file has u"),
        ({"u": [1.5], "i": ["x"]}, ": column 'u' is of the type double; allowed is a column of text or of whole"),
        ({"t": [True]}, ": column 't' is of the type bool; allowed is a column of dates, of times, of numbers or of"),
        ({"u": [True], "i": ["x"]}, ": column 'u' is of the type bool; allowed is"),
        ({"r": ["5"]}, ": column 'r' is of the type string; allowed is a column of numbers"),
        (
            {"t": ["2014-05-26"]},
            ", row 1: timestamp is '2014-05-26'; allowed is a number of seconds since 1970, of the",
        ),
        (
            {"u": pa.array([], pa.string()), "i": pa.array([], pa.string())},
            ": found no row; allowed are rows of interactions",
        ),
        ({"u": ["a", None, "c"]}, ", row 2: user is None; allowed is any text or number"),
        ({"i": ["a", "b", ""]}, ", row 3: item is ''; allowed is any text or number"),
        ({"r": [1.0, np.nan]}, ", row 2: rating is nan; allowed is a finite number"),
        ({"r": [1.0, None]}, ", row 2: rating is None; allowed is a finite number"),
        ({"r": [-np.inf]}, ", row 1: rating is -inf; allowed is a finite number"),
        ({"r": [1e39]}, ", row 1: rating is 1e+39; allowed is a finite number"),
        ({"t": [0, 1_400_000_000_000]}, ", row 2: timestamp is 1400000000000; allowed is a number of seconds"),
        ({"t": [0.0, np.nan]}, ", row 2: timestamp is nan; allowed is"),
        ({"t": pa.array([None], pa.timestamp("ns"))}, ", row 1: timestamp is None; allowed is"),
    ],
)
@pytest.mark.parametrize("block", [1, 1000])
def test_what_is_wrong_with_a_parquet_file_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, columns: dict[str, Any], said: str, block: int
) -> None:
    monkeypatch.setattr(parquet, "BLOCK", block)
    n = len(next(iter(columns.values())))
    columns = columns if "no column" in said else {"u": ["a"] * n, "i": ["b"] * n, **columns}
    wanted = {**COLUMNS, **{key: key[0] for key in ("rating", "timestamp") if key[0] in columns}}
    assert problem("parquet", save(tmp_path / "a.parquet", **columns), columns=wanted).startswith(said)


def test_two_columns_of_one_name_are_told(tmp_path: Path) -> None:
    pq.write_table(pa.table([["a"], ["b"], ["c"]], names=["u", "i", "u"]), tmp_path / "a.parquet")
    message = problem("parquet", tmp_path / "a.parquet", columns=COLUMNS)
    assert message == ": two columns 'u'; the file has u, i, u"


def test_a_parquet_file_that_is_cut_off_is_told(tmp_path: Path) -> None:
    path = save(tmp_path / "a.parquet", u=["a"] * 1000, i=["b"] * 1000)
    path.write_bytes(path.read_bytes()[:300])
    assert problem("parquet", path, columns=COLUMNS).startswith(": cannot be read as Parquet: ")


# files of another kind

RECORD = {"user": "a b", "item": "x", "n": None}
SAMPLES = {
    "adjacency": ("0 4 5 6\n1 4\n2 5 8\n", "{parser: adjacency}"),
    "recbole": (INTER + "1\t2\t3\t4\t\n", "{parser: recbole}"),
    "json-lines": (f"{json.dumps(RECORD)}\n" * 2, "{parser: json-lines, fields: {user: …, item: …}}"),
    "python-lines": (f"{RECORD!r}\n" * 2, "{parser: python-lines, fields: {user: …, item: …}}"),
    "comma": ("u,i\na b,x\nc,y\na b,y\n", '{separator: ",", columns: {user: …, item: …}}'),
    "tab": ("a\tx\t1\nb\ty\t2\na\ty\t3\n", '{separator: "\\t", columns: {user: …, item: …}}'),
    "colons": ("1::2::3::978300760\n" * 3, '{separator: "::", columns: {user: …, item: …}}'),
    "blank": ("1 2\n1 3\n", '{separator: " ", columns: {user: …, item: …}}'),
    "parquet": (None, "{parser: parquet, columns: {user: …, item: …}}"),
}


def sample(folder: Path, kind: str) -> Path:
    text = SAMPLES[kind][0]
    path = folder / "ratings"
    if text is None:
        return save(path, u=["a"], i=["x"])
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", SAMPLES)
@pytest.mark.parametrize(("parser", "values"), [("adjacency", {}), ("recbole", {}), ("parquet", {"columns": COLUMNS})])
def test_the_error_names_the_format_that_fits(tmp_path: Path, kind: str, parser: str, values: dict[str, Any]) -> None:
    path = sample(tmp_path, kind)
    if kind == parser:
        assert len(read(parser, path, **values))
        assert suggestion(path, parser) == ""
    else:
        assert problem(parser, path, **values).endswith(f"; the file looks like one of 'format: {SAMPLES[kind][1]}'")


@pytest.mark.parametrize("content", [b"", b"\n\n", b"word\n", b"\x00\xff\xfe" * 50, b"one\ntwo words\none\n", b"{a:\n"])
def test_nothing_is_suggested_where_nothing_is_clear(file, content: bytes) -> None:
    assert suggestion(file(content), "parquet") == ""
    assert suggestion(file(content, "broken.gz"), "parquet") == ""
    assert suggestion(file(gzip.compress(content), "whole.gz"), "parquet") == ""


# the table of the documentation

PAGE = Path(__file__).parents[2] / "docs" / "datasets.md"
SNIPPETS = {
    cells[1]: (re.findall("`(.*?)`", cells[2]), yaml.safe_load(cells[3].strip("`")))
    for line in PAGE.read_text("utf-8").splitlines()
    if len(cells := [cell.strip() for cell in line.split("|")]) == 5 and cells[3].startswith("`{")
}


def test_the_documentation_has_a_snippet_for_every_format() -> None:
    assert {values.get("parser", "delimited") for _, values in SNIPPETS.values()} == set(parsers())


@pytest.mark.parametrize("kind", SNIPPETS)
def test_a_snippet_of_the_documentation_reads_the_file_beside_it(file, kind: str) -> None:
    lines, values = SNIPPETS[kind]
    parser = values.pop("parser", "delimited")
    names = values.get("columns", values.get("fields", {}))
    if parser == "yelp":  # needs two files; tests/unit/test_records.py reads them
        parsers()[parser].Settings.model_validate(values)
        return
    path = file("\n".join(lines).replace("\\t", "\t") + "\n")
    if parser == "parquet":
        path = save(path, user_id=[196], item_id=["242"], rating=[3], time=pa.array([WHEN], pa.timestamp("us", "UTC")))
    frame = read(parser, path, **values)
    assert list(frame.columns) == [key for key in ("user", "item", "rating", "timestamp") if key in {*names, *COMMON}]
    assert len(frame) == (4 if parser == "adjacency" else 1)
    assert (frame[["user", "item"]] != "").all(axis=None)
