"""Reading and writing files: every write is atomic, every error names its file."""

import csv
import errno
import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dotbench.errors import DotbenchError
from dotbench.lazy import np

if TYPE_CHECKING:
    import pandas as pd

FULL = "make room on this disk and repeat the command"
CLOSED = "allow this user to write there, or work in another folder"
REMEDIES = {errno.ENOSPC: FULL, errno.EDQUOT: FULL, errno.EROFS: CLOSED, errno.EACCES: CLOSED, errno.EPERM: CLOSED}


@contextmanager
def atomic(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` and move it there when the block ends without an error.

    Raises DotbenchError where the system refuses to write (no space, no permission). Nothing is left behind.
    """
    path = Path(path)
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent)
        os.close(descriptor)
        temporary = Path(name)
        temporary.chmod(0o666 & ~_umask())
        yield temporary
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())  # a power loss after the renaming must not leave an empty file
        os.replace(temporary, path)
    except OSError as error:
        raise DotbenchError(f"{path}: cannot be written: {refused(error)}") from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def refused(error: OSError) -> str:
    """Why the system refuses to write, and what helps."""
    remedy = REMEDIES.get(error.errno or 0)
    words = os.strerror(error.errno) if error.errno else str(error)
    return f"{words}; {remedy}" if remedy else words


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces: equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: Any, length: int = 10) -> str:
    """First ``length`` hexadecimal digits of the sha256 of the value's canonical JSON."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:length]


def write_text(path: Path | str, text: str) -> None:
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def read_text(path: Path | str) -> str:
    """A text file. A DotbenchError names one that cannot be read."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise DotbenchError(f"{path}: not text in UTF-8: {error}") from error
    except OSError as error:
        raise DotbenchError(f"{path}: cannot be read: {error.strerror or error}") from error


def write_json(path: Path | str, value: Any) -> None:
    """Raises DotbenchError for NaN and infinity, which JSON has not. Nothing is written then."""
    try:
        text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise DotbenchError(f"{path}: would hold NaN or infinity; needed are numbers or null") from error
    write_text(path, text + "\n")


def read_json(path: Path | str) -> Any:
    """Parsed content of a JSON file. A DotbenchError names the file and line of what is wrong."""
    text = read_text(path)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise DotbenchError(f"{path}, line {error.lineno}: not valid JSON: {error.msg}") from error


def read_json_if_whole(path: Path | str) -> Any:
    """Content of a file that is worth a fresh start and no more: None where it is not there or cannot be read."""
    try:
        return read_json(path)
    except DotbenchError:
        return None


def write_csv(path: Path | str, rows: Iterable[Mapping[str, Any]], columns: list[str]) -> None:
    """Write mappings as CSV with the given columns. What is absent, None or NaN is an empty cell."""
    with atomic(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: None if value != value else value for name, value in row.items()} for row in rows)


def write_parquet(path: Path | str, frame: "pd.DataFrame") -> None:
    with atomic(path) as temporary:
        frame.to_parquet(temporary, index=False)


def write_columns(path: Path | str, columns: "Mapping[str, np.ndarray]", further: Path | None = None) -> None:
    """Write arrays of one length as Parquet. ``further``: a Parquet file whose columns are put beside them.

    The further columns pass through memory a row group at a time.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table(dict(columns))
    with atomic(path) as temporary:
        if further is None:
            pq.write_table(table, temporary)
            return
        source = pq.ParquetFile(further)
        schema = pa.schema([*table.schema, *source.schema_arrow])
        start = 0
        with pq.ParquetWriter(temporary, schema) as writer:
            for group in range(source.num_row_groups):
                block = source.read_row_group(group)
                beside = table.slice(start, len(block))
                writer.write_table(pa.table([*beside.columns, *block.columns], schema=schema))
                start += len(block)


def write_npz(path: Path | str, **arrays: Any) -> None:
    with atomic(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, **arrays)


def write_npy(path: Path | str, array: Any) -> None:
    with atomic(path) as temporary, temporary.open("wb") as stream:
        np.save(stream, array)


def read_arrays(path: Path | str) -> Any:
    """Content of a ``.npy`` or ``.npz`` file. A DotbenchError names a file that is absent or not one."""
    try:
        return np.load(path, allow_pickle=False)
    except OSError as error:
        raise DotbenchError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise DotbenchError(f"{path}: not a NumPy array file: {error}") from error


def file_digest(path: Path | str, algorithm: str = "sha256") -> str:
    """Hexadecimal digest of a file. ``git-blob`` is the id that git gives the same bytes."""
    path = Path(path)
    with path.open("rb") as stream:
        if algorithm != "git-blob":
            return hashlib.file_digest(stream, algorithm).hexdigest()
        running = hashlib.sha1(f"blob {path.stat().st_size}\0".encode())
        while block := stream.read(1 << 20):
            running.update(block)
        return running.hexdigest()
