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


@pytest.mark.parametrize("separator", ["::", "||", "\t\t", "→", "→→"])
def test_half_a_separator_in_a_field_is_text(file, separator: str) -> None:
    lines = [["a", "b"], [separator[0] + "x" if len(separator) > 1 else "é", "http:/|/x"], ["1:2", "3"]]
    path = file("".join(separator.join(line) + "\n" for line in lines))
    assert rows(read(path, separator=separator, columns={"user": 0, "item": 1})) == [tuple(line) for line in lines]


STRAY = '1\t2\t3\t4\n1\t"b\t3\t4\n2\tc\t3\t4\n3\td"\t3\t4\n"4"\t5\t3\t4\n'


def test_quotes_between_tabs_are_text_and_no_row_is_lost(file) -> None:
    assert [row[:2] for row in rows(read(file(STRAY), separator="\t"))] == [
        ("1", "2"),
        ("1", '"b'),
        ("2", "c"),
        ("3", 'd"'),
        ('"4"', "5"),
    ]


@pytest.mark.parametrize("lines", [5, pytest.param(200_000, marks=pytest.mark.slow)])
def test_a_quote_that_does_not_close_is_told_where_fields_are_quoted(file, lines: int) -> None:
    path = file("1,2,3,4\n" * (lines - 2) + '1,"b,3,4\n1,2,3,4\n1,b",3,4\n')
    message = problem(path)
    assert message.startswith(
        f"{path}, line {lines - 1}: the field '\"b' begins with a quote and does not end with one"
    )
    assert "`quote: null` reads quotes as text" in message
    assert len(read(path, quote=None)) == lines + 1


@pytest.mark.parametrize("lines", [5, pytest.param(200_000, marks=pytest.mark.slow)])
def test_stray_quotes_in_columns_that_are_not_read_do_not_count(file, lines: int) -> None:
    path = file("1,x,2\n" * lines + '1,"x,2\n1,5" x,2\n"1","x, y",3\n1,"x" x,2\n')
    frame = read(path, columns={"user": 0, "item": 2})
    assert rows(frame)[lines:] == [("1", "2"), ("1", "2"), ("1", "3"), ("1", "2")]
    assert len(frame) == lines + 4


@pytest.mark.parametrize("lines", [5, pytest.param(200_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("columns", [{"user": 0, "item": 1}, {"user": 0, "item": 2}])
def test_a_quoted_line_end_is_told_whatever_the_size_of_the_file(file, lines: int, columns: dict[str, int]) -> None:
    path = file("1,2,x\n" * lines + '3,4,"good\nred,blue,green"\n')
    if columns["item"] == 2:
        assert problem(path, columns=columns).startswith(f"{path}, line {lines + 1}: the field '\"good' begins")
    else:
        expected = f"{path}, line {lines + 2}: a quoted field ends here that may begin in line {lines + 1}"
        assert problem(path, columns=columns).startswith(expected)


@pytest.mark.parametrize("separator", [",", "\t", "::", " "])
def test_any_character_may_quote(file, separator: str) -> None:
    line = separator.join(["'a" + separator + "b'", "'it''s'", "o'c", "'3'"])
    frame = read(file(line + "\n"), separator=separator, quote="'", columns={"user": 0, "item": 1})
    assert rows(frame) == [(f"a{separator}b", "it's")]


def test_a_whole_file_in_quotes_is_read_without_them(file) -> None:
    text = "".join(";".join(f'"{value}"' for value in row) + "\r\n" for row in ROWS)
    assert rows(read(file(text), separator=";")) == ROWS
    assert read(file(text), separator=";", quote=None, columns={"user": 0, "item": 1})["user"].tolist()[0] == '"1"'


@pytest.mark.parametrize("separator", [",", "\t", " ", "::"])
def test_a_line_of_white_space_is_a_blank_line(file, separator: str) -> None:
    lines = [separator.join(map(str, row)) for row in ROWS if separator != " " or " " not in row[1]]
    path = file("  \n" + "\n \t \n\t\t\t\n\n".join(lines) + "\n \n\n")
    assert len(read(path, separator=separator)) == len(lines)


def test_a_column_that_is_there_twice_is_told_if_it_is_read(file) -> None:
    path = file("user,item,item,x,x\n1,2,3,4,5\n")
    message = problem(path, header=True, columns={"user": "user", "item": "item"})
    assert message == f"{path}, line 1: 2 columns 'item'; the header has user, item, item, x, x"
    assert rows(read(path, header=True, columns={"user": "user", "item": 2})) == [("1", "3")]


@pytest.mark.parametrize(
    ("time", "text", "expected"),
    [
        ("milliseconds", "978300760123", 978300760),
        ("float-seconds", "978300760.9", 978300760),
        ("float-seconds", "9.783e8", 978300000),
        ("iso", "2000-12-31 22:12:40", 978300760),
        ("iso", "2000-12-31T23:12:40+01:00", 978300760),
    ],
)
def test_times_are_read_in_the_format_that_is_named(file, time: str, text: str, expected: int) -> None:
    path = file(f"1,2,3,{text}\n" * 3)
    assert read(path, time=time)["timestamp"].tolist() == [expected] * 3
    if time != "iso" or "+" not in text:
        assert f"`time: {time}` reads what was found" in problem(path)


def test_the_separator_that_fits_is_named(file) -> None:
    path = file("1\t2\t3\t4\n")
    assert problem(path).endswith("needs at least 4; '\\t' separates more")


def test_utf_16_is_read_when_named(file) -> None:
    assert rows(read(file(text_of(",").encode("utf-16")), encoding="utf-16")) == ROWS


def test_a_line_longer_than_a_block_is_read(file) -> None:
    long = "x" * 3_000_000
    assert read(file(f"1,{long},3,4\n1,2,3,4\n"))["item"].tolist() == [long, "2"]


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


@pytest.mark.parametrize("value", ["later", "", "0x10", "1_0", "99999999999999999999"])
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
    expected = f"{path}, line {lines_before + 1}: cannot be read as utf-8: byte 0xe9, invalid continuation byte; "
    assert problem(path, separator=separator) == expected + "name the file's encoding with `encoding:`, now utf-8"


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
        ({"columns": {"user": 0, "item": 1}, "separator": ":;"}, "one character, or one character repeated"),
        ({"columns": {"user": 0, "item": 1}, "separator": ""}, "separator"),
        ({"columns": {"user": 0, "item": 1}, "separator": "\n"}, "not a line end"),
        ({"columns": {"user": 0, "item": 1}, "quote": ","}, "other than the separator and a line end"),
        ({"columns": {"user": 0, "item": 1}, "separator": "\ud800"}, "unable to parse raw data as a unicode string"),
        ({"columns": {"user": 0, "item": 1}, "quote": "''"}, "a quote must be one character"),
        ({"columns": {"user": 0, "item": 1}, "encoding": "hex"}, "unknown encoding 'hex'"),
        ({"columns": {"user": 0, "item": 1}, "time": "minutes"}, "time"),
        ({"columns": {"user": 0}}, "columns.item"),
        ({"columns": {"user": 0, "item": 0}}, "item"),
        ({"columns": {"user": 0, "item": 1, "stars": 2}}, "columns.stars"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        DelimitedSettings(**settings)
    assert words in str(caught.value)


def test_an_adjacency_list_is_told_from_ragged_lines(tmp_path):
    (tmp_path / "train.txt").write_text("0 4 17 23\n1 4\n2 8 9\n")
    parser = Delimited(DelimitedSettings(separator=" ", columns={"user": 0, "item": 1}))
    with pytest.raises(DotbenchError, match=r"line 2: found 2 columns; .*like one of 'format: .parser: adjacency"):
        parser.read([tmp_path / "train.txt"])
