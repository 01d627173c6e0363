"""Delimited files: rows are read exactly; what is wrong is told with file, line, finding and what is allowed."""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from dotbench.datasets.parsers._times import SECONDS
from dotbench.datasets.parsers.delimited import Delimited, DelimitedSettings
from dotbench.errors import DotbenchError

ALL = {"user": 0, "item": 1, "rating": 2, "timestamp": 3}
ROWS = [("1", "242", 3.0, 881250949), ("01", "NA", 4.5, 891717742), ("1", "a b", 1.0, -5)]


def read(*files: Path, separator: str = ",", columns: dict[str, Any] = ALL, **settings: Any) -> pd.DataFrame:
    parser = Delimited(DelimitedSettings(separator=separator, columns=columns, **settings))
    return parser.read(files)


def problem(*files: Path, **settings: Any) -> str:
    """The message of the error that reading gives."""
    with pytest.raises(DotbenchError) as caught:
        read(*files, **settings)
    return str(caught.value)


def rows(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    return list(frame.itertuples(index=False, name=None))


@pytest.fixture
def file(tmp_path: Path):
    """``file(text)`` writes a raw file."""

    def write(text: str | bytes, name: str = "ratings.txt") -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


def text_of(separator: str, end: str = "\n") -> str:
    return "".join(separator.join(map(str, row)) + end for row in ROWS)


@pytest.mark.parametrize("separator", ["\t", ",", "::", ";", "|", "||"])
def test_every_separator_gives_the_same_rows(file, separator: str) -> None:
    assert rows(read(file(text_of(separator)), separator=separator)) == ROWS


def test_a_space_separates(file) -> None:
    assert rows(read(file("1 2 3 4\n5 6 7 8\n"), separator=" ")) == [("1", "2", 3.0, 4), ("5", "6", 7.0, 8)]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("separator", [",", "::"])
def test_line_ends_and_blank_lines_do_not_matter(file, separator: str, end: str) -> None:
    text = text_of(separator, end).replace(end, end + end, 1)
    assert rows(read(file(text), separator=separator)) == ROWS
    assert rows(read(file(text.removesuffix(end)), separator=separator)) == ROWS


def test_columns_have_the_documented_types(file) -> None:
    frame = read(file(text_of(",")))
    assert frame["rating"].dtype == np.float32
    assert frame["timestamp"].dtype == np.int64
    assert all(type(value) is str for key in ("user", "item") for value in frame[key])


@pytest.mark.parametrize("text", ["01", "1.0", "NA", "nan", "null", "None", "-1", "007", "1e3", "ü", " 1", "N/A"])
def test_ids_are_kept_exactly_as_text(file, text: str) -> None:
    frame = read(file(f"{text},{text},3,0\n"))
    assert rows(frame) == [(text, text, 3.0, 0)]


def test_a_quoted_field_may_hold_the_separator(file) -> None:
    assert rows(read(file('"a,b",2,3,4\n'))) == [("a,b", "2", 3.0, 4)]


def test_quotes_are_text_beside_a_repeated_separator(file) -> None:
    assert rows(read(file('"a::2::3::4\n'), separator="::")) == [('"a', "2", 3.0, 4)]


def test_columns_are_found_by_name_in_any_order(file) -> None:
    path = file("movieId,stars,extra,userId\n7,3.5,x,9\n")
    columns = {"user": "userId", "item": "movieId", "rating": "stars"}
    assert rows(read(path, header=True, columns=columns)) == [("9", "7", 3.5)]


def test_columns_are_found_by_position_under_a_header(file) -> None:
    path = file("a,b,c\n7,3.5,9\n")
    assert rows(read(path, header=True, columns={"user": 2, "item": 0})) == [("9", "7")]


def test_a_blank_line_before_the_header_does_not_matter(file) -> None:
    path = file("\nuser,item\n1,2\n")
    assert rows(read(path, header=True, columns={"user": "user", "item": "item"})) == [("1", "2")]


def test_a_byte_order_mark_does_not_hide_the_first_column(file) -> None:
    path = file("user,item\n1,2\n".encode("utf-8-sig"))
    assert rows(read(path, header=True, columns={"user": "user", "item": "item"})) == [("1", "2")]


def test_rating_and_timestamp_are_optional(file) -> None:
    path = file("1,2,3,4\n")
    assert list(read(path, columns={"user": 0, "item": 1}).columns) == ["user", "item"]
    assert list(read(path, columns={"user": 0, "item": 1, "timestamp": 3}).columns) == ["user", "item", "timestamp"]


@pytest.mark.parametrize("separator", [",", "::"])
def test_gz_is_read_as_it_is(file, separator: str) -> None:
    path = file(gzip.compress(text_of(separator).encode()), "ratings.csv.gz")
    assert rows(read(path, separator=separator)) == ROWS


def test_several_files_are_read_one_after_the_other(file) -> None:
    first, second = file("1,2,3,4\n", "a.csv"), file(gzip.compress(b"01,2,5,6\n"), "b.csv.gz")
    frame = read(second, first)
    assert rows(frame) == [("01", "2", 5.0, 6), ("1", "2", 3.0, 4)]
    assert list(frame.index) == [0, 1]


def test_other_encodings_are_read_when_named(file) -> None:
    path = file("é,2,3,4\n".encode("latin-1"))
    assert rows(read(path, encoding="latin-1"))[0][0] == "é"


GOOD = "1{s}2{s}3{s}4\n"


@pytest.mark.parametrize("separator", [",", "::", "\t"])
@pytest.mark.parametrize(("line", "found"), [("1{s}2{s}3\n", 3), ("1{s}2{s}3{s}4{s}5\n", 5), ("1\n", 1)])
def test_a_short_or_long_line_is_told(file, separator: str, line: str, found: int) -> None:
    path = file((GOOD * 4 + line + GOOD).format(s=separator))
    expected = f"{path}, line 5: found {found} columns; allowed are 4, as in the first line"
    assert problem(path, separator=separator) == expected


def test_the_line_is_counted_with_header_and_blank_lines(file) -> None:
    path = file("user,item,rating,time\n\n1,2,3,4\n1,2,3\n")
    assert problem(path, header=True).startswith(f"{path}, line 4: found 3 columns")


def test_half_a_separator_is_no_separator(file) -> None:
    path = file("1::2::3::4\n1:x:2::3::4\n")
    assert problem(path, separator="::") == f"{path}, line 2: found 3 columns; allowed are 4, as in the first line"


@pytest.mark.parametrize("separator", [",", "::"])
@pytest.mark.parametrize("value", ["good", "", "nan", "NaN", "inf", "-inf", "3,5", "1_0"])
def test_a_rating_that_is_no_finite_number_is_told(file, separator: str, value: str) -> None:
    quoted = f'"{value}"' if "," in value and separator == "," else value
    path = file((GOOD * 2).format(s=separator) + separator.join(["1", "2", quoted, "4"]) + "\n")
    expected = f"{path}, line 3: rating is {value!r}; allowed is a finite number"
    assert problem(path, separator=separator) == expected


def test_a_rating_beyond_the_precision_of_the_table_is_told(file) -> None:
    path = file("1,2,3,4\n1,3,1e300,4\n")
    assert problem(path).startswith(f"{path}, line 2: rating is '1e300'; allowed is ")


@pytest.mark.parametrize("value", ["later", "", "12.5", "1998-01-02", "1_0", "99999999999999999999"])
def test_a_timestamp_that_is_no_whole_number_is_told(file, value: str) -> None:
    path = file(f"1,2,3,4\n1,2,3,{value}\n")
    assert problem(path) == f"{path}, line 2: timestamp is {value!r}; allowed is {SECONDS}"


@pytest.mark.parametrize(("line", "key"), [(",2,3,4", "user"), ("1,,3,4", "item")])
def test_an_empty_id_is_told(file, line: str, key: str) -> None:
    path = file(f"1,2,3,4\n{line}\n")
    assert problem(path) == f"{path}, line 2: {key} is ''; allowed is any text but an empty one"


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
@pytest.mark.parametrize("text", ["", "\n\n"])
def test_an_empty_file_is_told(file, text: str, name: str) -> None:
    path = file(gzip.compress(text.encode()) if name.endswith("gz") else text, name)
    assert problem(path) == f"{path}: found an empty file; allowed are lines of ratings"


@pytest.mark.parametrize("separator", [",", "::"])
@pytest.mark.parametrize("end", ["", "\n", "\n\n"])
def test_a_header_alone_is_told(file, separator: str, end: str) -> None:
    path = file(separator.join(["user", "item", "rating", "time"]) + end)
    expected = f"{path}: found no line after the header; allowed are lines of ratings"
    assert problem(path, separator=separator, header=True) == expected


def test_an_absent_column_is_told_with_those_that_are_there(file) -> None:
    path = file("userId,movieId\n1,2\n")
    message = problem(path, header=True, columns={"user": "userId", "item": "itemId"})
    assert message == f"{path}, line 1: no column 'itemId'; the header has userId, movieId"


def test_a_position_beyond_the_columns_is_told(file) -> None:
    path = file("1\t2\t3\n")
    message = problem(path, separator="\t")
    assert message == f"{path}, line 1: found 3 columns separated by '\\t'; needs at least 4"


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.99])
def test_half_a_gz_file_is_told(file, kept: float) -> None:
    random = np.random.default_rng(0).integers(1, 10**6, (5000, 2))
    content = gzip.compress("".join(f"{u},{i},3,4\n" for u, i in random).encode())
    path = file(content[: int(kept * len(content))], "a.csv.gz")
    message = problem(path)
    assert message.startswith(f"{path}: cannot be read: ")
    assert "ended before the end" in message


def test_what_is_no_gz_file_is_told(file) -> None:
    path = file("1,2,3,4\n", "a.csv.gz")
    assert problem(path).startswith(f"{path}: cannot be read: Not a gzipped file")


@pytest.mark.parametrize("separator", [",", "::"])
@pytest.mark.parametrize("lines_before", [0, 3, 20_000])
def test_another_encoding_is_told(file, separator: str, lines_before: int) -> None:
    text = (GOOD * lines_before + "é{s}2{s}3{s}4\n").format(s=separator)
    path = file(text.encode("latin-1"))
    message = problem(path, separator=separator)
    assert message.startswith(f"{path}: cannot be read: ")
    assert "utf-8" in message


def test_an_encoding_that_does_not_exist_is_refused(file) -> None:
    path = file("1,2,3,4\n")
    with pytest.raises((DotbenchError, ValidationError), match="klingon"):
        read(path, encoding="klingon")


def test_an_absent_file_is_told(tmp_path: Path) -> None:
    assert problem(tmp_path / "none.csv").startswith(f"{tmp_path / 'none.csv'}: cannot be read: ")


def test_the_file_that_is_wrong_is_named_among_several(file) -> None:
    good, bad = file("1,2,3,4\n", "good.csv"), file("1,2,x,4\n", "bad.csv")
    assert problem(good, bad).startswith(f"{bad}, line 1: rating is 'x'")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"columns": {"user": "u", "item": 1}}, "column 'user' has the name 'u', but 'header' is false"),
        ({"columns": {"user": 0, "item": -1}}, "column 'item' is at -1; positions begin at 0"),
        ({"columns": {"user": 0, "item": 1}, "separator": ":;"}, "one character, or one that is repeated"),
        ({"columns": {"user": 0, "item": 1}, "separator": ""}, "separator"),
        ({"columns": {"user": 0}}, "columns.item"),
        ({"columns": {"user": 0, "item": 0}}, "item"),
        ({"columns": {"user": 0, "item": 1, "stars": 2}}, "columns.stars"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        DelimitedSettings(**settings)
    assert words in str(caught.value)
