"""Raw ratings as columns: ids as codes, everything else in arrays, long texts on the disk."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dotbench.datasets.catalogue import generator_of, parser_of, parser_settings
from dotbench.datasets.definition import Dataset
from dotbench.datasets.interactions import PARTS
from dotbench.datasets.manifest import raw_files
from dotbench.datasets.parsers.base import RawFiles
from dotbench.errors import DotbenchError
from dotbench.files import refused
from dotbench.lazy import np

if TYPE_CHECKING:
    import pyarrow as pa

OWN = ("user", "item", "rating", "timestamp", "part")


@dataclass(frozen=True)
class RawTable:
    """The rows of a dataset's raw files, in order.

    ``users``, ``items``: shape (n,), int32, codes into ``user_ids`` and ``item_ids``, numbered in order of first
    appearance. ``rating`` float32 and ``timestamp`` int64, or None. ``part``: int8, index into PARTS, or None where
    the files are not divided. ``further``: a Parquet file with the other columns, row by row, or None.
    """

    users: "np.ndarray"
    items: "np.ndarray"
    user_ids: list[str]
    item_ids: list[str]
    rating: "np.ndarray | None"
    timestamp: "np.ndarray | None"
    part: "np.ndarray | None"
    further: Path | None

    def __len__(self) -> int:
        return len(self.users)


def read_raw(dataset: Dataset, manifest_path: Path | None, spool: Path, say: Callable[[str], None]) -> RawTable:
    """Read a dataset's raw files (or generate it: ``manifest_path`` None), a block of rows at a time.

    ``spool``: where further columns are put, so that texts need no memory. The caller removes it.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    chunks: dict[str, list[Any]] = {}
    writer = None
    try:
        for table in _tables(dataset, manifest_path, say):
            for name in OWN:
                if name in table.column_names:
                    column = table[name].combine_chunks()
                    coded = column.dictionary_encode() if name in ("user", "item") else column
                    chunks.setdefault(name, []).append(coded)
            further = table.drop_columns([name for name in OWN if name in table.column_names])
            if further.num_columns:
                spool.parent.mkdir(parents=True, exist_ok=True)
                writer = writer or pq.ParquetWriter(spool, further.schema)
                writer.write_table(further)
    except OSError as error:  # of the spool: parsers tell their own
        raise DotbenchError(f"{spool}: cannot be written: {refused(error)}") from error
    finally:
        if writer is not None:
            writer.close()
    users, items = (pa.chunked_array(chunks.pop(kind)).unify_dictionaries() for kind in ("user", "item"))
    values = {name: pa.chunked_array(arrays).to_numpy() for name, arrays in chunks.items()}
    return RawTable(
        users=np.concatenate([chunk.indices.to_numpy() for chunk in users.chunks]),
        items=np.concatenate([chunk.indices.to_numpy() for chunk in items.chunks]),
        user_ids=users.chunk(0).dictionary.to_pylist(),
        item_ids=items.chunk(0).dictionary.to_pylist(),
        rating=values.get("rating"),
        timestamp=values.get("timestamp"),
        part=values.get("part"),
        further=spool if writer is not None else None,
    )


def _tables(dataset: Dataset, manifest_path: Path | None, say: Callable[[str], None]) -> "Iterator[pa.Table]":
    import pyarrow as pa

    if manifest_path is None:
        yield pa.Table.from_pandas(generator_of(dataset).generate(), preserve_index=False)
        return
    parser = parser_of(dataset)(parser_settings(dataset))
    items = raw_files(manifest_path, "items")  # parsers read no users
    for role in PARTS if dataset.source.divided else ("ratings",):
        raw = RawFiles(raw_files(manifest_path, role), items, lambda text: say(f"{dataset.name}: {text}"))
        for table in parser.tables(raw):
            if role in PARTS:
                yield table.append_column("part", pa.array(np.full(len(table), PARTS.index(role), np.int8)))
            else:
                yield table
