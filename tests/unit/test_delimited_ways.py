"""The fast way of reading delimited text and the exact one agree, and both agree with an independent reading."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from fuzz_data import COLUMNS, check_ways, delimited_files, outcome, ways_cases
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dotbench.datasets.parsers._delimited import ExactReader, Layout, read_fast
from dotbench.datasets.parsers.delimited import DelimitedSettings

PLAIN: dict[str, Any] = {
    "quote": None,
    "header": False,
    "columns": {"user": 0, "item": 1},
    "time": "seconds",
    "encoding": "utf-8",
    "block": 1,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ways")


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(**ways_cases)
@example(**PLAIN | {"file": ("\t", " \t \n")})
@example(**PLAIN | {"file": (",", "1,2,3,0x10\n"), "columns": COLUMNS})
@example(**PLAIN | {"file": (",", '"1","2","3""","4"\r"1","""","3","4"\n'), "quote": '"', "block": 1 << 20})
@example(**PLAIN | {"file": (",", "1,2\n\ufeff1,2\n")})
def test_both_ways_give_the_same_rows_or_the_same_error(**case: Any) -> None:
    check_ways(**case)


@settings(max_examples=100, deadline=None)
@given(delimited_files())
def test_rows_are_those_of_the_lines(folder: Path, file: tuple[str, str]) -> None:
    separator, text = file
    path = folder / "lines"
    path.write_bytes(text.encode())
    columns = {"user": 0, "item": 2}
    lines = [line for line in text.removeprefix("\ufeff").replace("\r", "\n").split("\n") if line.strip(" \t")]
    rows = [line.split(separator) for line in lines]
    wrong = not rows or len(rows[0]) < 3 or len({len(row) for row in rows}) > 1
    wrong = wrong or any(not row[k].strip(" \t") for row in rows for k in (0, 2))
    found = outcome(path, DelimitedSettings(separator=separator, quote=None, columns=columns))
    if wrong:
        assert isinstance(found, str)
    else:
        assert found[1] == [[repr(row[0]), repr(row[2])] for row in rows]


quoted = st.text('1a,"é ', max_size=4)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(quoted, quoted, quoted, quoted), min_size=1, max_size=5), st.booleans())
def test_a_quoted_file_is_read_as_it_was_written(folder: Path, texts: list[tuple[str, ...]], everywhere: bool) -> None:
    rows = [[f"u{user}", further, f"{item}i", last] for user, further, item, last in texts]
    sink = io.StringIO()
    csv.writer(sink, quoting=csv.QUOTE_ALL if everywhere else csv.QUOTE_MINIMAL).writerows(rows)
    path = folder / "quoted"
    path.write_text(sink.getvalue(), newline="")
    found = outcome(path, DelimitedSettings(columns={"user": 0, "item": 2}))
    assert found[1] == [[repr(row[0]), repr(row[2])] for row in rows]


@pytest.mark.parametrize(
    ("separator", "quote", "text"),
    [
        (",", None, "1,2,3\n4,5,6\n"),
        ("::", None, "1::2::3\n4::5:6::7\n"),
        ("→", None, "1→2→3\r\n"),
        (",", '"', '"1","2","3""4"\n"5",6,"7,8"\n'),
        (",", '"', '1,"",3\n'),
    ],
)
def test_plain_files_go_the_fast_way(separator: str, quote: str | None, text: str) -> None:
    layout = Layout(Path("file"), separator, quote, 3, {"user": 0, "item": 2}, "seconds")
    table = read_fast(text.encode(), layout)
    assert table is not None
    assert table.to_pylist() == ExactReader(layout).read(text, 1).to_pylist()
