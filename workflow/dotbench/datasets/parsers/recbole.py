"""RecBole's atomic files: columns separated by tabs, named and typed in the first line."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from dotbench.datasets.parsers._formats import TYPED, is_another, suggestion
from dotbench.datasets.parsers._times import TIMES, Time, allowed, seconds
from dotbench.datasets.parsers.base import LARGEST, Parser, RawFiles
from dotbench.errors import DotbenchError
from dotbench.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK = 200_000  # lines held at a time
TYPES = {"user": "token", "item": "token", "rating": "float", "timestamp": "float"}


class Fields(Settings):
    """Names of the fields, without their types."""

    user: str = "user_id"
    item: str = "item_id"
    rating: str | None = Field(None, description="field of the ratings, usually `rating`; null: ratings are not read")
    timestamp: str | None = Field(None, description="field of the times, usually `timestamp`; null: times are not read")

    def named(self) -> dict[str, str]:
        return {key: value for key, value in self.model_dump().items() if value is not None}


class RecBoleSettings(Settings):
    """The `format` of a dataset definition for this parser."""

    fields: Fields = Fields()
    time: Time = Field("float-seconds", description=f"timestamps: {TIMES}")


class RecBole(Parser):
    """RecBole's atomic file ``.inter``: the first line is ``user_id:token<TAB>item_id:token…``. A file that ends in .gz
    is decompressed.

    User and item are of the type ``token``, rating and timestamp ``float``. Fractions of a second are cut off.
    Quotes are characters like any other, as the format has no quoting.
    """

    name = "recbole"
    title = "atomic file of RecBole"
    Settings = RecBoleSettings
    settings: RecBoleSettings

    @property
    def has_ratings(self) -> bool:
        return self.settings.fields.rating is not None

    def tables(self, raw: RawFiles) -> "Iterator[pa.Table]":
        import pyarrow as pa

        kinds = {"user": pa.string(), "item": pa.string(), "rating": pa.float32(), "timestamp": pa.int64()}
        for path in raw.ratings:
            rows = self._rows(raw, path)
            empty = True
            while block := list(islice(rows, BLOCK)):
                empty = False
                columns = zip(self.settings.fields.named(), zip(*block, strict=True), strict=True)
                yield pa.table({key: pa.array(values, kinds[key]) for key, values in columns})
            if empty:
                raise DotbenchError(f"{path}: found no line after the header; allowed are lines of interactions")

    def _rows(self, raw: RawFiles, path: Path) -> Iterator[list[Any]]:
        """The wanted values of every line that is not blank, in the order of the settings."""
        if is_another(path, self.name):
            raise DotbenchError(f"{path}: is no {self.title}{suggestion(path, self.name)}")
        wanted: dict[str, int] = {}
        header: list[str] = []
        with raw.lines(path) as lines:
            for number, line in enumerate(lines, 1):
                if number % 10_000 == 0:
                    raw.at_line(path, number)
                if not line.strip():
                    continue
                values = line.rstrip("\r\n").split("\t")
                if not header:
                    header, wanted = values, self._positions(path, number, values)
                    continue
                if len(values) != len(header):
                    raise DotbenchError(
                        f"{path}, line {number}: found {len(values)} fields separated by tabs; "
                        f"allowed are {len(header)}, as in the header"
                    )
                yield [self._value(path, number, key, values[position]) for key, position in wanted.items()]

    def _positions(self, path: Path, number: int, header: list[str]) -> dict[str, int]:
        """Where each wanted field stands."""
        for field in header:
            if not TYPED.fullmatch(field):
                raise DotbenchError(
                    f"{path}, line {number}: found {field!r:.80} in the header; allowed are names with types, "
                    "name:token, name:float, name:token_seq or name:float_seq, separated by tabs"
                    + suggestion(path, self.name)
                )
        names, types = zip(*(field.rsplit(":", 1) for field in header), strict=True)
        positions = {}
        for key, name in self.settings.fields.named().items():
            if names.count(name) != 1:
                found = "two fields" if name in names else "no field"
                raise DotbenchError(f"{path}, line {number}: {found} '{name}'; the header has {', '.join(names)}")
            positions[key] = names.index(name)
            if types[positions[key]] != TYPES[key]:
                raise DotbenchError(
                    f"{path}, line {number}: field '{name}' is of the type {types[positions[key]]}; "
                    f"allowed for the {key} is {TYPES[key]}"
                )
        return positions

    def _value(self, path: Path, number: int, key: str, text: str) -> str | float | int:
        """A field's value: ids as they are, numbers as such."""
        try:
            if key == "timestamp":
                return seconds(text, self.settings.time)
            if key == "rating":
                return _rating(text)
            if text:
                return text
        except ValueError:
            pass
        right = {"rating": "a finite number", "timestamp": allowed(text, self.settings.time)}
        raise DotbenchError(
            f"{path}, line {number}: {key} is {text!r:.80}; allowed is {right.get(key, 'any text but an empty one')}"
        )


def _rating(text: str) -> float:
    value = float(text)
    if "_" in text or not abs(value) <= LARGEST:
        raise ValueError
    return value
