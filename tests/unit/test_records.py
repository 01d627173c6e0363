"""Files with one record a line: JSON, Python dictionaries, Yelp's selection; what is wrong is told with its line."""

import gzip
import json
import random
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from dotbench.datasets.parsers._records import RecordLines
from dotbench.datasets.parsers.base import RawFiles
from dotbench.datasets.parsers.json_lines import JsonLines
from dotbench.datasets.parsers.python_lines import PythonLines
from dotbench.datasets.parsers.yelp import Yelp
from dotbench.errors import DotbenchError

AMAZON = {
    "fields": {"user": "reviewerID", "item": "asin", "rating": "overall", "timestamp": "unixReviewTime"},
    "texts": {"text": "reviewText"},
    "counts": {"helpful_votes": "helpful.0"},
}
REVIEWS = [
    {
        "reviewerID": "A1",
        "asin": "007",
        "overall": 5.0,
        "unixReviewTime": 1393545600,
        "reviewText": 'né\u2028 "x"',
        "helpful": [3, 4],
    },
    {"reviewerID": "A2", "asin": "7", "overall": 4, "unixReviewTime": 1393545601, "helpful": [0, 0]},
    {
        "reviewerID": "A1",
        "asin": "7",
        "overall": 1.5,
        "unixReviewTime": -1,
        "reviewText": "",
        "helpful": [2147483647, 1],
    },
]
EXPECTED = [
    ("A1", "007", 5.0, 1393545600, 'né\u2028 "x"', 3),
    ("A2", "7", 4.0, 1393545601, "", 0),
    ("A1", "7", 1.5, -1, "", 2147483647),
]


def parser(kind: type[RecordLines], settings: dict[str, Any]) -> RecordLines:
    return kind(kind.Settings(**settings))


def rows(frame: Any) -> list[tuple[Any, ...]]:
    return list(frame.itertuples(index=False, name=None))


def write(path: Path, records: list[Any]) -> Path:
    text = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def problem(path: Path, kind: type[RecordLines] = JsonLines, settings: dict[str, Any] = AMAZON) -> str:
    with pytest.raises(DotbenchError) as caught:
        parser(kind, settings).read([path])
    return str(caught.value)


@pytest.mark.parametrize("name", ["reviews.json", "reviews.json.gz"])
def test_json_lines_give_every_field(tmp_path: Path, name: str) -> None:
    frame = parser(JsonLines, AMAZON).read([write(tmp_path / name, REVIEWS)])
    assert list(frame.columns) == ["user", "item", "rating", "timestamp", "text", "helpful_votes"]
    assert [str(kind) for kind in frame.dtypes[2:4]] == ["float32", "int64"]
    assert rows(frame) == EXPECTED


def test_a_last_line_without_its_end_and_blank_lines_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text("\n" + "\n\n".join(map(json.dumps, REVIEWS)))
    assert rows(parser(JsonLines, AMAZON).read([path])) == EXPECTED


def test_files_follow_each_other(tmp_path: Path) -> None:
    files = [write(tmp_path / f"{k}.json", [record]) for k, record in enumerate(REVIEWS)]
    assert rows(parser(JsonLines, AMAZON).read(files)) == EXPECTED


def test_blocks_make_no_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dotbench.datasets.parsers._records.BLOCK", 2)
    raw = RawFiles([write(tmp_path / "r.json", REVIEWS)])
    tables = list(parser(JsonLines, AMAZON).tables(raw))
    assert [len(table) for table in tables] == [2, 1]
    assert [tuple(row.values()) for table in tables for row in table.to_pylist()] == EXPECTED
    assert raw.bytes_read() == (tmp_path / "r.json").stat().st_size


STEAM = {"fields": {"user": "username", "item": "product_id", "timestamp": "date"}, "time": "iso"}


def test_python_dictionaries_are_read_as_literals(tmp_path: Path) -> None:
    path = tmp_path / "steam.json.gz"
    lines = [
        "{u'username': u'Chaos \"x\"', u'hours': 6.9, u'product_id': u'725280', u'date': u'2017-12-17', u'early': 0}",
        "{u'username': u'\\u2116 1', u'product_id': u'328100', u'date': u'1970-01-02', u'text': u\"it's\"}",
    ]
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    frame = parser(PythonLines, STEAM).read([path])
    assert rows(frame) == [('Chaos "x"', "725280", 1513468800), ("№ 1", "328100", 86400)]
    assert not parser(PythonLines, STEAM).has_ratings


def test_nothing_in_a_python_line_is_run(tmp_path: Path) -> None:
    path = tmp_path / "steam.json"
    path.write_text("{'username': __import__('os').getcwd(), 'product_id': '1', 'date': '2017-12-17'}\n")
    assert f"{path}, line 1: not a complete Python dictionary record" in problem(path, PythonLines, STEAM)


def test_a_line_cut_in_the_middle_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "r.json", REVIEWS)
    path.write_bytes(path.read_bytes()[:-30])
    assert f"{path}, line 3: not a complete JSON record" in problem(path)


def test_a_truncated_archive_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "r.json.gz", REVIEWS)
    path.write_bytes(path.read_bytes()[:-12])
    assert f"{path}: cannot be read: Compressed file ended" in problem(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"asin": ""}, "field 'asin' found ''; allowed is a text that is not empty"),
        ({"asin": 7}, "field 'asin' found 7; allowed is a text that is not empty"),
        ({"reviewerID": None}, "field 'reviewerID' found None"),
        ({"overall": "five"}, "field 'overall' found 'five'; allowed is a finite number"),
        ({"overall": float("nan")}, "field 'overall' found nan; allowed is a finite number"),
        ({"overall": 1e39}, "field 'overall' found 1e+39; allowed is a finite number"),
        ({"overall": True}, "field 'overall' found True"),
        ({"unixReviewTime": 1.5}, "field 'unixReviewTime' found 1.5; allowed is a whole number of seconds"),
        ({"helpful": []}, "field 'helpful' found []; allowed is a whole number"),
        ({"helpful": 3}, "field 'helpful' found 3; allowed is a whole number"),
        ({"reviewText": 3}, "field 'reviewText' found 3; allowed is a text"),
    ],
)
def test_a_wrong_field_is_named_with_its_line(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = write(tmp_path / "r.json", [REVIEWS[0], {**REVIEWS[1], **change}])
    assert f"{path}, line 2: {message}" in problem(path)


def test_a_missing_field_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "r.json", [{key: value for key, value in REVIEWS[0].items() if key != "overall"}])
    assert f"{path}, line 1: field 'overall' is missing; allowed is a finite number" in problem(path)


def test_a_record_that_is_no_mapping_and_an_empty_file(tmp_path: Path) -> None:
    assert "line 1: found list; allowed is a record" in problem(write(tmp_path / "a.json", [[1]]))
    assert "found no record of a rating" in problem(write(tmp_path / "b.json", []))


def test_a_wrong_date_is_named(tmp_path: Path) -> None:
    path = tmp_path / "steam.json"
    path.write_text("{'username': 'a', 'product_id': '1', 'date': '17.12.2017'}\n")
    assert "line 1: field 'date' found '17.12.2017'; allowed is an ISO 8601 date" in problem(path, PythonLines, STEAM)


YELP = {
    "fields": {"user": "user_id", "item": "business_id", "rating": "stars", "timestamp": "date"},
    "time": "iso",
    "texts": {"text": "text"},
    "counts": {"useful": "useful"},
    "min_city_businesses": 2,
    "min_business_reviews": 3,
}


def yelp_files(folder: Path, seed: int = 0) -> RawFiles:
    """Businesses b0…b9 in cities of 1, 2, 3 and 4 (two of one name in different states), 0 to 9 reviews each."""
    cities = [("A", "X"), *[("B", "X")] * 2, *[("B", "Y")] * 3, *[("C", "X")] * 4]
    businesses = [{"business_id": f"b{k}", "city": c, "state": s} for k, (c, s) in enumerate(cities)]
    reviews = [
        {
            "review_id": f"r{k}{n}",
            "user_id": f"u{n}",
            "business_id": f"b{k}",
            "stars": 4.0,
            "date": "2014-05-26 01:09:28",
            "text": "good",
            "useful": 2,
        }
        for k in range(10)
        for n in range((k * 7) % 10)
    ]
    random.Random(seed).shuffle(reviews)
    return RawFiles([write(folder / "review.json", reviews)], items=[write(folder / "business.json", businesses)])


def test_yelp_keeps_busy_businesses_of_large_cities(tmp_path: Path) -> None:
    raw = yelp_files(tmp_path)
    (table,) = parser(Yelp, YELP).tables(raw)
    count = {f"b{k}": (k * 7) % 10 for k in range(10)}
    expected = {b: n for b, n in count.items() if n >= 3 and b != "b0"}  # b0 is alone in its city
    found = table["item"].value_counts().to_pylist()
    assert {entry["values"]: entry["counts"] for entry in found} == expected
    assert set(table["timestamp"].to_pylist()) == {1401066568}


def test_a_city_is_a_name_in_a_state(tmp_path: Path) -> None:
    (table,) = parser(Yelp, {**YELP, "min_city_businesses": 3}).tables(yelp_files(tmp_path))
    assert not {"b1", "b2"} & set(table["item"].to_pylist())  # B in X has two; B in Y another three


def test_yelp_needs_its_businesses(tmp_path: Path) -> None:
    raw = yelp_files(tmp_path)
    with pytest.raises(DotbenchError, match="file of the businesses"):
        list(parser(Yelp, YELP).tables(RawFiles(raw.ratings)))


def test_a_lone_surrogate_is_no_id_and_is_replaced_in_a_text(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text(json.dumps({**REVIEWS[0], "reviewText": "good \ud83d thing"}) + "\n")
    assert parser(JsonLines, AMAZON).read([path])["text"].tolist() == ["good ? thing"]
    path.write_text(json.dumps({**REVIEWS[0], "asin": "\ud83d"}) + "\n")
    assert "line 1: field 'asin' found" in problem(path)


def test_milliseconds_are_no_seconds(tmp_path: Path) -> None:
    path = write(tmp_path / "r.json", [{**REVIEWS[0], "unixReviewTime": 1393545600000}])
    assert "field 'unixReviewTime' found 1393545600000; allowed is a whole number of seconds since 1970" in problem(
        path
    )


def test_the_offset_of_a_date_counts(tmp_path: Path) -> None:
    path = tmp_path / "steam.json"
    dates = ["2014-01-01T00:00:00+02:00", "2013-12-31 22:00:00", "2013-12-31T22:00:00Z"]
    path.write_text("".join(f"{{'username': 'a', 'product_id': '{d}', 'date': '{d}'}}\n" for d in dates))
    assert parser(PythonLines, STEAM).read([path])["timestamp"].tolist() == [1388527200] * 3


def test_a_dot_is_part_of_a_field_name(tmp_path: Path) -> None:
    path = write(tmp_path / "r.json", [{"user.id": "u", "item.id": "i"}])
    assert rows(parser(JsonLines, {"fields": {"user": "user.id", "item": "item.id"}}).read([path])) == [("u", "i")]


def test_progress_is_told_in_both_passes_of_yelp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dotbench.datasets.parsers.base.PAUSE", 0.0)
    review = {"user_id": "u", "business_id": "b", "stars": 4, "date": "2014-05-26 01:09:28", "text": "", "useful": 0}
    reviews = write(tmp_path / "review.json", [review] * 10_000)
    businesses = write(tmp_path / "business.json", [{"business_id": f"b{k}", "city": "A"} for k in range(3)])
    said: list[str] = []
    with pytest.raises(DotbenchError, match="no record of a rating"):
        list(parser(Yelp, YELP).tables(RawFiles([reviews], items=[businesses], say=said.append)))
    assert len(said) == 2
    assert all(line.startswith("review.json: line 10,000, ") for line in said)


def test_a_byte_order_mark_is_no_part_of_the_first_record(tmp_path: Path) -> None:
    path = write(tmp_path / "r.json", REVIEWS)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert rows(parser(JsonLines, AMAZON).read([path])) == EXPECTED


def test_another_encoding_is_told_with_its_line_and_read_when_named(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_bytes(
        ("\n" + "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in [*REVIEWS[1:], REVIEWS[0]]))
        .replace("\u2028", "")
        .encode("latin-1")
    )
    expected = f"{path}, line 4: cannot be read as utf-8: byte 0xe9, invalid continuation byte; "
    assert problem(path) == expected + "name the file's encoding with `encoding:`, now utf-8"
    frame = parser(JsonLines, {**AMAZON, "encoding": "latin-1"}).read([path])
    assert frame["text"].tolist()[-1] == 'né "x"'


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8", "ascii"])
def test_the_line_of_a_wrong_byte_is_right_far_into_a_file(tmp_path: Path, encoding: str) -> None:
    lines = "".join(json.dumps(REVIEWS[1]) + "\n" for _ in range(3000)).encode(encoding)
    path = tmp_path / "r.json.gz"
    path.write_bytes(gzip.compress(lines + (b"\xff\xdf" if encoding == "utf-16" else b"\xff") + b"\n\0"))
    message = problem(path, settings={**AMAZON, "encoding": encoding})
    assert message.startswith(f"{path}, line 3001: cannot be read as {encoding}: byte 0xff, ")


@pytest.mark.parametrize(
    ("time", "value"),
    [
        ("milliseconds", 1393545600999),
        ("milliseconds", "1393545600999"),
        ("float-seconds", 1393545600.5),
        ("iso", "2014-02-28T00:00:00Z"),
        ("seconds", "1393545600"),
    ],
)
def test_times_are_read_in_the_format_that_is_named(tmp_path: Path, time: str, value: Any) -> None:
    path = write(tmp_path / "r.json", [{**REVIEWS[0], "unixReviewTime": value}])
    assert parser(JsonLines, {**AMAZON, "time": time}).read([path])["timestamp"].tolist() == [1393545600]
    if time != "seconds":
        assert f"`time: {time}` reads what was found" in problem(path)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"texts": {"user": "reviewText"}}, "two columns have the name 'user'"),
        ({"texts": {"a": "x"}, "counts": {"a": "y"}}, "two columns have the name 'a'"),
        (
            {"counts": {"votes": "helpful.first"}},
            "count 'votes' is at 'helpful.first'; what follows the dot must be a position",
        ),
        ({"encoding": "klingon"}, "unknown encoding 'klingon'"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        parser(JsonLines, {**AMAZON, **settings})


@pytest.mark.parametrize(
    "line", ["{[]: 1}", "{'username': 1j, 'product_id': '1', 'date': '2017-12-17'}", "-" * 5000 + "1"]
)
def test_a_literal_that_is_no_record_is_told(tmp_path: Path, line: str) -> None:
    path = tmp_path / "steam.json"
    path.write_text(line + "\n")
    assert problem(path, PythonLines, STEAM).startswith(f"{path}, line 1: ")


def test_a_number_too_large_to_be_shown_is_told(tmp_path: Path) -> None:
    path = tmp_path / "steam.json"
    path.write_text("{'username': 0x" + "f" * 5000 + ", 'product_id': '1', 'date': '2017-12-17'}\n")
    assert "line 1: field 'username' found a int too large to be shown" in problem(path, PythonLines, STEAM)


@pytest.mark.parametrize(
    ("where", "change"), [("items", {"business_id": ["b"]}), ("items", {"city": {}}), ("ratings", {})]
)
def test_yelp_tells_a_field_of_another_kind(tmp_path: Path, where: str, change: dict[str, Any]) -> None:
    raw = yelp_files(tmp_path)
    path = (raw.items if where == "items" else raw.ratings)[0]
    path.write_text(json.dumps({"business_id": "b", "city": "A"} | change if change else {"business_id": []}) + "\n")
    with pytest.raises(DotbenchError, match=f"{path}, line 1: field '{next(iter(change), 'business_id')}' found "):
        list(parser(Yelp, YELP).tables(raw))


def test_a_damaged_archive_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "r.json.gz", REVIEWS * 50)
    data = bytearray(path.read_bytes())
    data[40:60] = b"\0" * 20
    path.write_bytes(bytes(data))
    assert problem(path).startswith(f"{path}")
