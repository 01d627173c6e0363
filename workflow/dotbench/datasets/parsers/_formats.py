"""Which format a file seems to be of, for the error of a parser that was given another one."""

import ast
import gzip
import json
import re
import zlib
from pathlib import Path
from typing import Any

HEAD = 1 << 16  # bytes that are looked at
SEPARATORS = ("\t", "::", ",", ";", "|", " ")
TYPED = re.compile(r"[^:\s]+:(token|token_seq|float|float_seq)")  # a field of RecBole's header


def suggestion(path: Path, parser: str) -> str:
    """The end of a message that says what to write under ``format``, if the file's first lines are of another format
    than ``parser`` reads. Empty if they are not, or if they do not tell."""
    found = _marked(path) or _shaped(path)
    return f"; the file looks like one of 'format: {found}'" if found and _parser(found) != parser else ""


def is_another(path: Path, parser: str) -> bool:
    """Whether the file bears the marks of another format than ``parser`` reads."""
    found = _marked(path)
    return found is not None and _parser(found) != parser


def _marked(path: Path) -> str | None:
    """What to write under ``format`` for a file that can be of one format only: Parquet, JSON or Python records, a
    typed header. None for other files."""
    head = _head(path)
    if head.startswith(b"PAR1"):
        return "{parser: parquet, columns: {user: …, item: …}}"
    first = next(iter(_lines(head)), "")
    for name, read in (("json-lines", json.loads), ("python-lines", ast.literal_eval)):
        if first.startswith("{") and _is_record(first, read):
            return f"{{parser: {name}, fields: {{user: …, item: …}}}}"
    if all(map(TYPED.fullmatch, first.split("\t"))):
        return "{parser: recbole}"
    return None


def _shaped(path: Path) -> str | None:
    """What the shape of the first lines tells: as many columns in each, or a user and its items."""
    lines = _lines(_head(path))
    for separator in SEPARATORS:
        widths = {len(line.split(separator)) for line in lines}
        if len(widths) == 1 and widths != {1}:
            return f"{{separator: {json.dumps(separator)}, columns: {{user: …, item: …}}}}"
    words = [line.split() for line in lines]
    users = {line[0] for line in words}
    several = any(len(line) > 2 for line in words)
    if several and len(users) == len(words) > 1 and not any(mark in line for line in lines for mark in ',;|"{\t'):
        return "{parser: adjacency}"
    return None


def _parser(found: str) -> str:
    named = re.match(r"{parser: ([a-z-]+)", found)
    return named[1] if named else "delimited"


def _head(path: Path) -> bytes:
    """The first bytes, decompressed. Nothing if they cannot be read."""
    try:
        with path.open("rb") as stream:
            content: Any = gzip.GzipFile(fileobj=stream) if path.suffix == ".gz" else stream
            return bytes(content.read(HEAD))
    except (OSError, EOFError, zlib.error):
        return b""


def _lines(head: bytes) -> list[str]:
    """Complete lines that are not blank."""
    text = head.decode("utf-8-sig", errors="replace")
    lines = text.splitlines() if len(head) < HEAD else text.splitlines()[:-1]
    return [line.strip(" \r") for line in lines if line.strip()]


def _is_record(line: str, read: Any) -> bool:
    try:
        return isinstance(read(line), dict)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return False
