"""Times in seconds, milliseconds, floats of seconds and ISO 8601: single values and columns give the same seconds."""

import datetime
import math
from typing import Any, get_args

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dotbench.datasets.parsers._times import ALLOWED, EARLIEST, LATEST, Time, allowed, column_seconds, seconds

TIMES: tuple[Time, ...] = get_args(Time)
texts = st.one_of(
    st.text(max_size=12),
    st.from_regex(r"[ +-]?[0-9]{1,20}(\.[0-9]{0,3})?(e[+-]?[0-9]{1,3})?\s?", fullmatch=True),
    st.datetimes().map(str),
    st.datetimes(timezones=st.timezones()).map(datetime.datetime.isoformat),
    st.dates().map(str),
    st.sampled_from(["nan", "inf", "-inf", "0x10", "1_0", "", "٣", "1e400", "+5", "-0", ".5", "1."]),
)


def value_or_none(value: Any, time: Time) -> int | None:
    try:
        return seconds(value, time)
    except ValueError:
        return None


@pytest.mark.parametrize(
    ("value", "time", "expected"),
    [
        ("978300760", "seconds", 978300760),
        (978300760.0, "seconds", 978300760),
        (" -5 ", "seconds", -5),
        (978300760999, "milliseconds", 978300760),
        ("978300760999", "milliseconds", 978300760),
        (-1, "milliseconds", -1),
        ("978300760.75", "float-seconds", 978300760),
        ("9.783e8", "float-seconds", 978300000),
        (-0.5, "float-seconds", -1),
        ("2014-05-26", "iso", 1401062400),
        ("2014-05-26 01:09:28", "iso", 1401066568),
        ("2014-05-26T01:09:28.9Z", "iso", 1401066568),
        ("2014-05-26T03:09:28+02:00", "iso", 1401066568),
    ],
)
def test_known_moments(value: Any, time: Time, expected: int) -> None:
    assert seconds(value, time) == expected
    assert column_seconds(pa.array([value, value]), time).to_pylist() == [expected] * 2


@pytest.mark.parametrize(
    ("value", "time"),
    [
        ("12.5", "seconds"),
        (12.5, "milliseconds"),
        (True, "seconds"),
        (None, "seconds"),
        (math.nan, "float-seconds"),
        (math.inf, "float-seconds"),
        ("nan", "float-seconds"),
        ("0x10", "seconds"),
        ("1_0", "seconds"),
        (1393545600000, "seconds"),
        (10**400, "milliseconds"),
        (20140526, "iso"),
        ("26.05.2014", "iso"),
        ([1], "seconds"),
    ],
)
def test_what_is_no_time_is_refused(value: Any, time: Time) -> None:
    assert value_or_none(value, time) is None


@given(st.lists(st.none() | texts, max_size=8), st.sampled_from(TIMES))
def test_a_column_of_texts_is_read_as_its_values(values: list[str | None], time: Time) -> None:
    expected = [value_or_none(value, time) for value in values]
    assert column_seconds(pa.array(values, pa.string()), time).to_pylist() == expected
    halves = pa.chunked_array([values[:3], values[3:]], pa.large_string())
    assert column_seconds(halves, time).to_pylist() == expected


@given(st.lists(st.none() | st.integers(-(2**63), 2**63 - 1) | st.integers(-(10**10), 10**13), max_size=8))
def test_a_column_of_numbers_is_read_as_its_values(values: list[int | None]) -> None:
    for time in TIMES:
        expected = [value_or_none(value, time) for value in values]
        assert column_seconds(pa.array(values, pa.int64()), time).to_pylist() == expected


@given(st.lists(st.none() | st.floats() | st.integers(-(10**13), 10**15).map(float), max_size=8))
def test_a_column_of_floats_is_read_as_its_values(values: list[float | None]) -> None:
    for time in TIMES:
        expected = [value_or_none(value, time) for value in values]
        assert column_seconds(pa.array(values, pa.float64()), time).to_pylist() == expected


@given(st.lists(st.datetimes(), min_size=1, max_size=8), st.sampled_from(["s", "ms", "us"]))
def test_a_column_of_moments_says_its_unit_by_its_type(values: list[datetime.datetime], unit: str) -> None:
    expected = [math.floor(v.replace(tzinfo=datetime.UTC, microsecond=0).timestamp()) for v in values]
    column = pa.array([v.replace(microsecond=0) for v in values], pa.timestamp(unit))
    for time in TIMES:
        assert column_seconds(column, time).to_pylist() == expected
    days = pa.array([v.date() for v in values], pa.date32())
    assert column_seconds(days, "iso").to_pylist() == [86400 * (second // 86400) for second in expected]


def test_the_last_and_the_first_second_are_in() -> None:
    found = column_seconds(pa.array([EARLIEST - 1, EARLIEST, LATEST, LATEST + 1]), "seconds").to_pylist()
    assert found == [None, EARLIEST, LATEST, None]
    assert column_seconds(pa.array([2**64 - 1, 7], pa.uint64()), "seconds").to_pylist() == [None, 7]
    before = pa.array([-1, 1], pa.timestamp("ns"))
    assert column_seconds(before, "iso").to_pylist() == [-1, 0]


@pytest.mark.parametrize(
    ("value", "time", "better"),
    [
        ("1998-01-02", "seconds", "iso"),
        (1393545600000, "seconds", "milliseconds"),
        ("978300760.5", "seconds", "float-seconds"),
        ("978300760", "iso", "seconds"),
    ],
)
def test_an_error_names_the_setting_that_fits(value: Any, time: Time, better: Time) -> None:
    assert allowed(value, time) == f"{ALLOWED[time]}; `time: {better}` reads what was found"
    assert allowed("later", time) == ALLOWED[time]
