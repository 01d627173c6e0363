"""Finished runs as one small Parquet file: the rows, and reading and writing them.

A row is a tuning or a fit, with the text of its files; what it was made from (``stats.json``, ``split.json``) is
repeated in it and costs nothing once compressed. docs/results.md describes the columns.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dotbench.errors import DotbenchError
from dotbench.files import atomic, digest
from dotbench.lazy import np
from dotbench.runs import paths
from dotbench.runs.evaluating import RANKING, RATING

if TYPE_CHECKING:
    import pyarrow as pa

Row = dict[str, Any]  # column → text, number, array, or None where it does not apply
Key = tuple[str, str, int | None, int | None]

TUNING = {"chosen": "chosen.json", "trials": "trials.csv", "trials_curves": "trials_curves.csv"}
FIT = {"fit": "fit.json", "curve": "curve.csv", "metrics": "metrics.json"}
NAMES = {
    "dataset": "[a-z0-9]+(-[a-z0-9]+)*",
    "method": "[a-z0-9-]+-[0-9a-f]{10}",
    "split_folder": r"split\d+(-[a-z0-9-]+-[0-9a-f]{10})?/(ranking|rating)",
}
JSON = ("stats", "split", "chosen", "fit", "metrics")
# hits are noise to a compressor but for their bytes' frequencies; users and their counts repeat
ENCODINGS = {"user": "DELTA_BINARY_PACKED", "hits": "BYTE_STREAM_SPLIT"}


def schema() -> "pa.Schema":
    """Columns and their types; an array of a fit is a list."""
    import pyarrow as pa

    text, number, kinds = pa.string(), pa.int32(), {"int64": pa.int32(), "uint16": pa.uint16(), "float64": pa.float64()}
    fields: dict[str, pa.DataType] = {"dataset": text, "method": text, "split_seed": number, "init_seed": number}
    fields |= dict.fromkeys(["dotbench", "commit", "stats", "split_folder", "split", *TUNING, *FIT], text)
    fields |= {name: pa.list_(kinds[kind]) for name, kind in (RANKING | RATING).items()}
    return pa.schema(list(fields.items()))


def key(row: Row) -> Key:
    """Dataset, method and the seeds, which are None for a tuning."""
    return row["dataset"], row["method"], row["split_seed"], row["init_seed"]


def _order(row: Row) -> tuple[Any, ...]:
    """By method, its tuning before its fits."""
    return tuple(-1 if part is None else part for part in key(row))


def is_fit(row: Row) -> bool:
    return row["split_seed"] is not None


def folder(row: Row) -> Path:
    """Where the row's files lie."""
    return paths.fit(*key(row)) if is_fit(row) else paths.run(row["dataset"], row["method"])  # type: ignore[arg-type]


def per_user_columns(row: Row) -> dict[str, "np.ndarray"]:
    """The arrays of a fit, as `dotbench.runs.evaluating.per_user_table` takes them."""
    kinds = RATING if row["hits"] is None else RANKING
    return {name: row[name].astype(kind) for name, kind in kinds.items()}


def manifests(rows: Iterable[Row]) -> dict[Path, str]:
    """Path → text of the manifests of the data and splits that the rows were made from."""
    found = {}
    for row in rows:
        found[paths.data(row["dataset"]) / "stats.json"] = row["stats"]
        if row["split"] is not None:
            found[paths.data(row["dataset"]) / row["split_folder"] / "split.json"] = row["split"]
    return found


def disagreement(here: dict[Path, str], there: dict[Path, str]) -> str | None:
    """The first manifest that names other data, with both digests; None if none does.

    Prepared data are told by their counts and by the rows of users and items; splits by their arrays. The digests of
    Parquet files differ between versions of the library that writes them.
    """
    for path in sorted(here.keys() & there.keys(), key=lambda path: (path.name != "stats.json", path)):
        ours, theirs = (_content_digest(json.loads(text)) for text in (here[path], there[path]))
        if ours != theirs:
            return f"{path} has the digest {ours}, that of the file is {theirs}"
    return None


def _content_digest(manifest: dict[str, Any]) -> str:
    if "content" in manifest:
        return manifest["content"]
    counts = [manifest[name] for name in ("users", "items", "interactions", "raw")]
    return digest([counts, [manifest["sha256"][f"{kind}.csv"] for kind in ("users", "items")]])


def write_archive(path: Path, rows: Iterable[Row]) -> None:
    """Write the rows, sorted by key: compressed column by column, so that like stands beside like."""
    import pyarrow as pa
    import pyarrow.parquet as parquet

    rows = sorted(rows, key=_order)
    table = pa.table({field.name: pa.array([row[field.name] for row in rows], field.type) for field in schema()})
    with atomic(path) as temporary:
        parquet.write_table(
            table,
            temporary,
            compression="zstd",
            compression_level=22,
            use_dictionary=False,
            column_encoding={f"{name}.list.element": encoding for name, encoding in ENCODINGS.items()},
            data_page_size=1 << 27,
            write_statistics=False,
            write_page_checksum=True,
        )


def read_archive(path: Path) -> list[Row]:
    """The rows of a file, by method, its tuning before its fits.

    Raises DotbenchError for a file that cannot be read, is another one, or is damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as parquet

    try:
        table = parquet.read_table(path, page_checksum_verification=True)
    except FileNotFoundError:
        raise DotbenchError(f"{path}: cannot be read: no such file") from None
    except (OSError, pa.ArrowException) as error:
        raise DotbenchError(f"{path}: not a Parquet file, or a damaged one: {error}") from None
    expected = schema()
    if table.column_names != expected.names or table.schema.types != expected.types:
        raise DotbenchError(
            f"{path}: not a file of runs; found the columns {', '.join(table.column_names)}; "
            "allowed is what 'dotbench export --runs' wrote"
        )
    rows = [{name: _value(table[name][k]) for name in table.column_names} for k in range(len(table))]
    for number, row in enumerate(rows):
        problem = _problem(row)
        if problem:
            raise DotbenchError(f"{path}, row {number}: {problem}")
    return sorted(rows, key=_order)


def _value(scalar: "pa.Scalar") -> Any:
    values = getattr(scalar, "values", None)
    return scalar.as_py() if values is None else values.to_numpy(zero_copy_only=False)


def _problem(row: Row) -> str | None:
    """What makes a row unusable: a name that is none, an absent or broken text, arrays of different lengths."""
    for name, pattern in NAMES.items():
        optional = name == "split_folder" and row["split"] is None
        if not optional and not re.fullmatch(pattern, row[name] or ""):
            return f"column '{name}': found {row[name]!r}; allowed is {pattern}"
    kinds = RATING if row["hits"] is None else RANKING
    needed = ["stats", *((*FIT, "init_seed", "split", *kinds) if is_fit(row) else TUNING)]
    for name in needed:
        if row[name] is None:
            return f"column '{name}' is empty"
    for name in JSON:
        try:
            json.loads(row[name] or "{}")
        except json.JSONDecodeError as error:
            return f"column '{name}': not valid JSON: {error.msg}"
    lengths = {name: len(row[name]) for name in kinds} if is_fit(row) else {}
    if len(set(lengths.values())) > 1:
        return f"arrays differ in length: {lengths}"
    return None
