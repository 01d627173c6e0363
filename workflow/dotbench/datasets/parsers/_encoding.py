"""How a file's bytes become text: the setting, and where a file is not written in it."""

import codecs
import io
from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator


def _exists(value: str) -> str:
    try:
        io.TextIOWrapper(io.BytesIO(), encoding=value)
    except (LookupError, ValueError):
        raise ValueError(
            f"unknown encoding {value!a}; allowed are Python's names of text encodings, e.g. utf-8, latin-1, cp1252, "
            "utf-16"
        ) from None
    return value


Encoding = Annotated[str, AfterValidator(_exists)]


def without_mark(encoding: str) -> str:
    """The encoding that reads a file of ``encoding`` and leaves out the byte order mark at its beginning."""
    return "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding


def failing_line(lines: Iterable[bytes], encoding: str) -> tuple[int, str]:
    """(number, what is wrong) of the first line that is not in the encoding. ``lines``: the file's bytes, in pieces
    that end at the byte of a line feed."""
    decoder = codecs.getincrementaldecoder(encoding)()
    number = 1
    try:
        for line in lines:
            state = decoder.getstate()
            try:
                number += decoder.decode(line).count("\n")
            except UnicodeError:
                decoder.setstate(state)
                for byte in line:
                    number += decoder.decode(bytes([byte])).count("\n")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        return number, f"byte 0x{error.object[error.start]:02x}, {error.reason}"
    except UnicodeError as error:
        return number, str(error)
    return number, "it ends too early"
