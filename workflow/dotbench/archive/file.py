"""Finished runs as one small Parquet file: reading and writing it. docs/results.md describes the columns."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dotbench.archive.checking import check_rows
from dotbench.archive.job_rows import JobRow, check_jobs, job_key
from dotbench.archive.rows import FIT, TUNING, Row, folder, key
from dotbench.errors import DotbenchError
from dotbench.files import atomic
from dotbench.lazy import np
from dotbench.runs.evaluating import RANKING, RATING
from dotbench.simulations.base import EXPERIMENT, PART

if TYPE_CHECKING:
    import pyarrow as pa

CURVES = ("trials_curves", "curve")  # tables of numbers, which are laid down column by column
# Hits are noise to a compressor but for their bytes' frequencies, which depend on how many items are relevant: they lie
# in the order of that number, and Brotli, unlike Zstandard, changes its codes along the way. Users and counts repeat.
STORED = {"hits": "hits_by_n_relevant"}  # column of a row → its name in the file, where it is another
ENCODINGS = {"user": "DELTA_BINARY_PACKED", "hits": "BYTE_STREAM_SPLIT"}
BROTLI = ("hits",)
JOBS = ("study", EXPERIMENT, PART, "record", "rows")  # columns of jobs of simulations, where there are any


def schema() -> "pa.Schema":
    """Columns of runs and their types. An array of a fit is a list."""
    import pyarrow as pa

    text, number, kinds = pa.string(), pa.int32(), {"int64": pa.int32(), "uint16": pa.uint16(), "float64": pa.float64()}
    fields: dict[str, pa.DataType] = {"dataset": text, "method": text, "split_seed": number, "init_seed": number}
    fields |= dict.fromkeys(["dotbench", "commit", "stats", "split_folder", "split", *TUNING, *FIT], text)
    fields |= {name: pa.list_(kinds[kind]) for name, kind in (RANKING | RATING).items()}
    return pa.schema(list(fields.items()))


def _schema_with_jobs() -> "pa.Schema":
    import pyarrow as pa

    return pa.schema([*schema(), *((name, pa.string()) for name in JOBS)])


def _order(row: Row) -> tuple[Any, ...]:
    """By method, its tuning before its fits."""
    return tuple(-1 if part is None else part for part in key(row))


def write_archive(path: Path, rows: Iterable[Row], jobs: Iterable[JobRow] = ()) -> None:
    """Write the rows, sorted by key: compressed column by column, so that like stands beside like.

    Jobs of simulations follow the runs. Without them the file has no columns for them."""
    import pyarrow as pa
    import pyarrow.parquet as parquet

    jobs = sorted(jobs, key=job_key)
    fits = [_by_n_relevant(row) for row in sorted(rows, key=_order)]
    rows = [*_transposed(path, fits), *jobs]
    fields = list(_schema_with_jobs() if jobs else schema())
    table = pa.table(
        {_stored(field.name): pa.array([row.get(field.name) for row in rows], field.type) for field in fields}
    )
    leaves = {_leaf(field): field.name in BROTLI for field in fields}
    with atomic(path) as temporary:
        parquet.write_table(
            table,
            temporary,
            compression={leaf: "brotli" if brotli else "zstd" for leaf, brotli in leaves.items()},
            compression_level={leaf: 11 if brotli else 22 for leaf, brotli in leaves.items()},
            use_dictionary=False,
            column_encoding={_leaf(field): ENCODINGS[field.name] for field in fields if field.name in ENCODINGS},
            data_page_size=1 << 27,
            write_statistics=False,
            write_page_checksum=True,
        )


def read_archive(path: Path) -> list[Row]:
    """The runs of a file, by method, its tuning before its fits.

    Raises DotbenchError for a file that cannot be read, is another one, is damaged, or contradicts itself.
    """
    rows = [row for row in _read(path) if row["dataset"] is not None or row.get(PART) is None]
    rows = _transposed(path, [{name: row[name] for name in schema().names} for row in rows])
    rows = [_by_n_relevant(row, back=True) for row in rows]
    check_rows(path, rows)
    return sorted(rows, key=_order)


def read_jobs(path: Path) -> list[JobRow]:
    """The jobs of simulations of a file. Raises DotbenchError as `read_archive` does."""
    rows = [row for row in _read(path) if row["dataset"] is None and row.get(PART) is not None]
    jobs = [{name: row[name] for name in ("dotbench", "commit", *JOBS)} for row in rows]
    check_jobs(path, jobs)
    return jobs


def _read(path: Path) -> list[Row]:
    import pyarrow as pa
    import pyarrow.parquet as parquet

    try:
        table = parquet.read_table(path, page_checksum_verification=True)
    except FileNotFoundError:
        raise DotbenchError(f"{path}: cannot be read: no such file") from None
    except (OSError, pa.ArrowException) as error:
        raise DotbenchError(f"{path}: not a Parquet file, or a damaged one: {error}") from None
    expected = [(list(map(_stored, fields.names)), fields.types) for fields in (schema(), _schema_with_jobs())]
    if (table.column_names, table.schema.types) not in expected:
        raise DotbenchError(
            f"{path}: not a file of runs; found the columns {', '.join(table.column_names)}; "
            "allowed is what 'dotbench export --runs' wrote"
        )
    table = table.rename_columns({stored: name for name, stored in STORED.items()})
    return [{name: _value(table[name][k]) for name in table.column_names} for k in range(len(table))]


def _stored(name: str) -> str:
    return STORED.get(name, name)


def _leaf(field: "pa.Field") -> str:
    """Where Parquet has the values of a column."""
    import pyarrow as pa

    return f"{_stored(field.name)}.list.element" if pa.types.is_list(field.type) else _stored(field.name)


def _by_n_relevant(row: Row, back: bool = False) -> Row:
    """The row with its hits in the order of the users' relevant items, or back in the order of the users."""
    hits, counts = row["hits"], row["n_relevant"]
    if hits is None or counts is None or len(hits) != len(counts):
        return row
    order = np.argsort(counts, kind="stable")
    return row | {"hits": hits[np.argsort(order, kind="stable") if back else order]}


def _transposed(path: Path, rows: list[Row]) -> list[Row]:
    """The rows with the rows of their curves for columns, and the other way round."""

    def transposed(row: Row, name: str) -> str | None:
        lines = [line.split(",") for line in (row[name] or "").splitlines()]
        try:
            columns = list(zip(*lines, strict=True))
        except ValueError:
            raise DotbenchError(f"{path}: {folder(row)}: {name} has lines of different lengths") from None
        return row[name] and "".join(",".join(column) + "\n" for column in columns)

    return [row | {name: transposed(row, name) for name in CURVES} for row in rows]


def _value(scalar: "pa.Scalar") -> Any:
    values = getattr(scalar, "values", None)
    return scalar.as_py() if values is None else values.to_numpy(zero_copy_only=False)
