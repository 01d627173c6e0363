"""Parquet files, as pandas, polars and Spark write them."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from dotbench.datasets.parsers._formats import suggestion
from dotbench.datasets.parsers._times import TIMES, Time, allowed, column_seconds
from dotbench.datasets.parsers.base import LARGEST, Parser, RawFiles
from dotbench.errors import DotbenchError
from dotbench.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK = 1 << 20  # rows held at a time
ALLOWED = {
    "user": "a column of text or of whole numbers",
    "item": "a column of text or of whole numbers",
    "rating": "a column of numbers",
    "timestamp": "a column of dates, of times, of numbers or of text (see `time:`)",
}


class Columns(Settings):
    """Names of the columns."""

    user: str
    item: str
    rating: str | None = None
    timestamp: str | None = None

    def named(self) -> dict[str, str]:
        return {key: value for key, value in self.model_dump().items() if value is not None}


class ParquetSettings(Settings):
    """The `format` of a dataset definition for this parser."""

    columns: Columns
    time: Time = Field("float-seconds", description=f"timestamps of numbers or text: {TIMES}")


class Parquet(Parser):
    """Named columns of a Parquet file.

    Ids are text or whole numbers. Timestamps are dates or times (without a zone: UTC), or numbers or text, as ``time``
    says. Fractions of a second are cut off.
    """

    name = "parquet"
    title = "Parquet"
    Settings = ParquetSettings
    settings: ParquetSettings

    @property
    def has_ratings(self) -> bool:
        return self.settings.columns.rating is not None

    def tables(self, raw: RawFiles) -> "Iterator[pa.Table]":
        import pyarrow as pa
        import pyarrow.parquet as pq

        names = self.settings.columns.named()
        for path in raw.ratings:
            rows = 0
            try:
                with pq.ParquetFile(path) as file:
                    self._check(path, file.schema_arrow)
                    for batch in file.iter_batches(BLOCK, columns=list(names.values())):
                        batch.validate(full=True)
                        yield pa.table({key: self._values(path, rows, key, batch[name]) for key, name in names.items()})
                        rows += len(batch)
            except (pa.ArrowException, OSError) as error:
                reason = str(error).splitlines()[0]
                hint = suggestion(path, self.name)
                raise DotbenchError(f"{path}: cannot be read as {self.title}: {reason}{hint}") from None
            if rows == 0:
                raise DotbenchError(f"{path}: found no row; allowed are rows of interactions")
            raw.has_read(path)

    def _check(self, path: Path, schema: "pa.Schema") -> None:
        """Raise for a column that is absent, there twice, or of another type."""
        import pyarrow.types as types

        def fits(key: str, kind: "pa.DataType") -> bool:
            kind = kind.value_type if types.is_dictionary(kind) else kind
            texts = (types.is_string, types.is_large_string, types.is_string_view)
            numbers = {
                "rating": (types.is_integer, types.is_floating, types.is_decimal),
                "timestamp": (types.is_integer, types.is_floating, types.is_timestamp, types.is_date, *texts),
            }
            ids = (*texts, types.is_integer)
            return any(is_one(kind) for is_one in numbers.get(key, ids))

        for key, name in self.settings.columns.named().items():
            if schema.names.count(name) != 1:
                found = "two columns" if name in schema.names else "no column"
                raise DotbenchError(f"{path}: {found} '{name}'; the file has {', '.join(schema.names)}")
            kind = schema.field(name).type
            if not fits(key, kind):
                raise DotbenchError(f"{path}: column '{name}' is of the type {kind}; allowed is {ALLOWED[key]}")

    def _values(self, path: Path, start: int, key: str, column: "pa.Array") -> "pa.Array":
        """A column in the type that a parser gives. ``start``: rows of the file before it."""
        import pyarrow as pa
        import pyarrow.compute as pc
        import pyarrow.types as types

        if types.is_dictionary(column.type):
            column = column.dictionary_decode()
        if key == "timestamp":
            text = types.is_string_view(column.type)
            values = column_seconds(column.cast(pa.string()) if text else column, self.settings.time)
            right = pc.is_valid(values)
        elif key == "rating":
            numbers = column.cast(pa.float64(), safe=False)
            right = pc.less_equal(pc.abs(numbers), LARGEST)  # false for NaN
            values = numbers.cast(pa.float32(), safe=False)
        else:
            values = column.cast(pa.string())
            right = pc.not_equal(values, "")
        row = pc.index(pc.fill_null(right, False), False).as_py()
        if row >= 0:
            found: Any = column[row].as_py()
            others = {"rating": "a finite number", "timestamp": allowed(found, self.settings.time)}
            may = others.get(key, "any text or number")
            raise DotbenchError(f"{path}, row {start + row + 1}: {key} is {found!r:.80}; allowed is {may}")
        return values
