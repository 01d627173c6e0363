"""What the fuzz test and ``tools/fuzz.py`` throw at every parser and at every class of settings, and what must hold.

Parsers and settings are found by discovery, and settings are made from their annotations: a new one takes part as soon
as its file is there.
"""

import gzip
import importlib
import io
import json
import math
import pkgutil
import types
import warnings
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

import dotbench
from dotbench.datasets.parsers import base, delimited
from dotbench.datasets.parsers._times import EARLIEST, LATEST
from dotbench.datasets.parsers.base import Parser, RawFiles, parsers
from dotbench.datasets.parsers.delimited import Delimited, DelimitedSettings
from dotbench.errors import DotbenchError
from dotbench.settings import Settings, validate

NAMES = ["user", "item", "rating", "timestamp", "text"]
SEPARATORS = [",", "\t", "::", ";", " ", "|", "→", ":"]

COMMON = {
    "separator": st.sampled_from([",", *SEPARATORS, "\n", ":;"]),
    "quote": st.sampled_from([None, '"', "'", ","]),
    "encoding": st.sampled_from(["utf-8", "utf-8", "latin-1", "utf-16", "cp037", "utf-7", "hex", "idna", "undefined"]),
}

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 5),
    st.integers(),
    st.just(10**400),
    st.floats(),
    st.text(max_size=6),
    st.sampled_from([*NAMES, *SEPARATORS, '"', "utf-8", "latin-1", "utf-16", "iso", "seconds", "helpful.0", "1e3"]),
    st.dates(),
    st.datetimes(),
    st.binary(max_size=3),
)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(scalars, inner, max_size=3), max_leaves=6
)


def of_annotation(annotation: Any) -> st.SearchStrategy[Any]:
    """Values that a field of this type may well take."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return of_annotation(arguments[0])
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (Union, types.UnionType):
        return st.one_of([of_annotation(part) for part in arguments])
    if origin in (list, tuple, set, frozenset):
        parts = [of_annotation(part) for part in arguments if part is not ...]
        return st.lists(st.one_of(parts), max_size=3) if parts else st.just([])
    if origin is dict:
        return st.dictionaries(of_annotation(arguments[0]), of_annotation(arguments[1]), max_size=2)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return st.deferred(lambda: likely(annotation))
    plain: dict[Any, st.SearchStrategy[Any]] = {
        type(None): st.none(),
        bool: st.booleans(),
        int: st.integers(-1, 4),
        float: st.floats(-1, 10) | st.integers(0, 3),
        str: st.sampled_from([*NAMES, *SEPARATORS, '"', "latin-1", "utf-8", "utf-16", "helpful.0", "cp037"]),
    }
    return plain.get(annotation, anything)


@cache
def likely(cls: type[BaseModel]) -> st.SearchStrategy[dict[str, Any]]:
    """Mappings with the keys of a class of settings, its values likely, a few absent."""
    fields = {name: of_annotation(field.annotation) for name, field in cls.model_fields.items()}
    fields |= {name: values for name, values in COMMON.items() if name in fields}
    named = {name: st.sampled_from([name, name, name, *NAMES]) for name in NAMES if name in fields}
    if not {"user", "item"} <= set(named):
        return _mapping(cls, fields)
    placed = {name: st.integers(k, k + 1) if k else st.just(0) for k, name in enumerate(NAMES) if name in fields}
    by_name = _mapping(cls, fields | named)
    return st.one_of(by_name, _mapping(cls, fields | placed)) if int in _parts(cls, "user") else by_name


def _parts(cls: type[BaseModel], name: str) -> tuple[Any, ...]:
    return get_args(cls.model_fields[name].annotation)


def _mapping(cls: type[BaseModel], fields: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    needed = {name: fields[name] for name, field in cls.model_fields.items() if field.is_required()}
    return st.fixed_dictionaries(needed, optional={name: fields[name] for name in fields if name not in needed})


@st.composite
def wild(draw: st.DrawFn, cls: type[BaseModel]) -> Any:
    """A mapping as YAML may hold it where settings belong: likely in parts, and anything elsewhere."""
    values = dict(draw(likely(cls)))
    for key in draw(st.lists(st.sampled_from([*cls.model_fields, "further"]), max_size=2)):
        values[key] = draw(anything)
    return values


@cache
def settings_classes() -> list[type[Settings]]:
    """Every class of settings in the package."""
    for module in pkgutil.walk_packages(dotbench.__path__, "dotbench."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)

    def below(cls: type[Settings]) -> list[type[Settings]]:
        return [cls, *(further for child in cls.__subclasses__() for further in below(child))]

    own = {cls for cls in below(Settings) if cls.__module__.startswith("dotbench.")}
    return sorted(own, key=lambda cls: (cls.__module__, cls.__qualname__))


def check_settings(cls: type[Settings], values: Any) -> None:
    """Settings are valid, or the error says what is wrong."""
    try:
        validate(cls, values, "here")
    except DotbenchError as error:
        if not str(error).startswith("here: "):
            raise AssertionError("the error does not say where") from error


tokens = st.one_of(
    st.sampled_from(
        ["1", "2", "3.5", "978300760", "978300760123", "2014-05-26", "2014-05-26 01:09:28", "", " ", "nan"]
    ),
    st.sampled_from(['"', '"a', 'a"', '"a"', '""', "'", ":", "x:y", "0x10", "1_0", "-1", "1e400", "\ufeff", "é", "→"]),
    st.sampled_from([*NAMES, "user_id:token", "item_id:token", "rating:float", "timestamp:float", "a,b", "a\tb"]),
    st.integers(0, 30).map(str),
    st.text(max_size=4),
)
values = st.one_of(
    tokens, st.integers(), st.floats(), st.none(), st.booleans(), st.lists(st.integers(-5, 5), max_size=2)
)
ids = st.sampled_from(["a", "b", "1", "é"])
good_records = st.fixed_dictionaries(
    {"user": ids, "item": ids},
    optional={"rating": st.integers(1, 5), "timestamp": st.integers(0, 10**9), "business_id": ids, "city": ids},
)
records = st.one_of(
    good_records,
    good_records,
    st.dictionaries(st.sampled_from([*NAMES, "business_id", "city", "state", "helpful"]), values, max_size=8),
)


@st.composite
def tables(draw: st.DrawFn) -> bytes:
    """A Parquet file with columns of several types."""
    n = draw(st.integers(0, 3))
    kinds = {
        pa.string(): st.text(max_size=3),
        pa.int64(): st.integers(-5, 10**13),
        pa.float64(): st.floats(),
        pa.timestamp("us"): st.integers(-(10**15), 10**15),
        pa.date32(): st.dates(),
        pa.bool_(): st.booleans(),
        pa.list_(pa.int64()): st.lists(st.integers(0, 3), max_size=2),
    }
    columns = {}
    for name in draw(st.lists(st.sampled_from([*NAMES, "further"]), unique=True, min_size=1)):
        kind = draw(st.sampled_from(list(kinds)))
        values = draw(st.lists(st.none() | kinds[kind], min_size=n, max_size=n))
        columns[name] = pa.array(values, kind)
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    """Lines of a delimited file, mostly with as many columns."""
    separator = draw(st.sampled_from([",", ",", ",", *SEPARATORS]))
    n = draw(st.integers(2, 5))
    kind = draw(st.sampled_from([st.integers(0, 9).map(str), tokens]))
    good = st.lists(kind, min_size=n, max_size=n)
    rows = draw(st.lists(st.one_of(*[good] * 5, st.lists(tokens, max_size=6)), max_size=6))
    if draw(st.booleans()):
        rows.insert(0, NAMES[:n])
    end = draw(st.sampled_from(["\n", "\n", "\r\n", "\r", "\n\n"]))
    text = "".join(separator.join(row) + end for row in rows)
    return text.encode(draw(st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1"])), errors="replace")


def _encoded(rows: list[dict[str, Any]], write: Any) -> bytes:
    return "".join(write(row) + "\n" for row in rows).encode(errors="surrogatepass")


@st.composite
def contents(draw: st.DrawFn) -> bytes:
    """Bytes of a file: of some format, then perhaps cut, changed or compressed; or any bytes."""
    rows = st.lists(records, max_size=4)
    made = st.one_of(
        lines(),
        lines(),
        rows.map(lambda records: _encoded(records, json.dumps)),
        rows.map(lambda records: _encoded(records, repr)),
        tables(),
        st.binary(max_size=60),
    )
    data = draw(made)
    damage = st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=3)), max_size=2)
    for place, piece in draw(st.just([]) | damage):
        data = data[:place] + piece + data[place + draw(st.integers(0, 2)) :]
    if draw(st.booleans()) and draw(st.booleans()):
        data = gzip.compress(data)[: draw(st.integers(0, 200)) or None]
    return data


def check_parser(parser: type[Parser], settings: dict[str, Any], ratings: bytes, items: bytes, ending: str) -> bool:
    """Rows are as a parser promises, or the error names the file. Whether there were rows."""
    try:
        made = parser.Settings.model_validate(settings)
    except ValidationError:
        return False
    with TemporaryDirectory() as folder:
        files = Path(folder, f"ratings{ending}"), Path(folder, f"items{ending}")
        for path, data in zip(files, (ratings, items), strict=True):
            path.write_bytes(data)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SyntaxWarning)
                read = list(parser(made).tables(RawFiles(files[:1], files[1:])))
        except DotbenchError as error:
            if folder not in str(error):
                raise AssertionError("the error does not name the file") from error
            return False
    for table in read:
        for row in table.to_pylist():
            assert all(isinstance(row[key], str) and row[key] for key in ("user", "item"))
            assert math.isfinite(row.get("rating", 0))
            assert EARLIEST <= row.get("timestamp", 0) <= LATEST
    return sum(map(len, read)) > 0


ENDINGS = ["", ".csv", ".gz", ".parquet"]


def parser_cases(name: str) -> dict[str, st.SearchStrategy[Any]]:
    """Arguments of `check_parser` for the parser of a name."""
    cls = parsers()[name].Settings
    return {
        "settings": likely(cls),
        "ratings": contents(),
        "items": contents(),
        "ending": st.sampled_from(ENDINGS),
    }


COLUMNS = {"user": 0, "item": 2, "rating": 1, "timestamp": 3}

fields = st.one_of(
    st.sampled_from(
        ["1", "2", "u", "3.5", "-1", "+4", " 5 ", "1e2", "0x10", "1_0", "nan", "inf", "1e400", "", " ", "\t"]
    ),
    st.sampled_from(
        ['"', '""', '"1"', '"a,b"', '"3"', '5"x', '"a', 'b"', '"a""b"', '"""', "\ufeff", "é", "٣", "\x1f", ":"]
    ),
    st.text('1a:"|,é →\t', max_size=4),
)
wholes = st.integers(0, 9).map(str)


@st.composite
def delimited_files(draw: st.DrawFn) -> tuple[str, str]:
    """(separator, text) of a small file, mostly well formed."""
    separator = draw(st.sampled_from([*SEPARATORS, "||", "a", "1"]))
    kind = draw(st.sampled_from([wholes, wholes | fields, fields]))
    good = st.lists(kind, min_size=4, max_size=4)
    rows = draw(st.lists(st.one_of(*[good] * 9, st.lists(fields, max_size=5)), min_size=1, max_size=5))
    end = st.sampled_from(["\n", "\n", "\n", "\r\n", "\r", "\n\n", " \n", "\n \t \n"])
    text = "".join(separator.join(row) + draw(end) for row in rows)
    return separator, text[: len(text) - draw(st.integers(0, 1))]


def outcome(path: Path, settings_: DelimitedSettings) -> Any:
    """Types and rows, or the message of the error."""
    try:
        table = pa.concat_tables(Delimited(settings_).tables(RawFiles([path])))
    except DotbenchError as error:
        return str(error)
    return table.schema, [list(map(repr, row.values())) for row in table.to_pylist()]


ways_cases: dict[str, st.SearchStrategy[Any]] = {
    "file": delimited_files(),
    "quote": st.sampled_from([None, '"', "'", "default"]),
    "header": st.booleans(),
    "columns": st.sampled_from([COLUMNS, {"user": 0, "item": 1}, {"user": 3, "item": 1, "rating": 0}]),
    "time": st.sampled_from(["seconds", "seconds", "milliseconds", "float-seconds", "iso"]),
    "encoding": st.sampled_from(["utf-8", "utf-16", "latin-1"]),
    "block": st.sampled_from([1, 7, 1 << 20]),
}


def check_ways(file: tuple[str, str], quote: str | None, encoding: str, block: int, **values: Any) -> bool:
    """The fast and the exact way give the same rows or the same error. Whether there were rows."""
    separator, text = file
    further = {} if quote == "default" else {"quote": quote}
    made = DelimitedSettings.model_validate({"separator": separator, "encoding": encoding, **values, **further})
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        path = Path(folder, "file")
        path.write_bytes(text.encode(encoding, errors="replace"))
        patch.setattr(base, "BLOCK", block)
        found = outcome(path, made)
        patch.setattr(delimited, "read_fast", lambda data, layout: None)
        assert outcome(path, made) == found
    return not isinstance(found, str)
