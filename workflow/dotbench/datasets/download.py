"""One file over HTTP: continued where it broke off, tried again, checked before it gets its name."""

import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
import urllib3

from dotbench.datasets._disk import room
from dotbench.datasets._progress import progress
from dotbench.datasets.definition import Digests
from dotbench.datasets.verify import difference
from dotbench.files import read_json, write_json

TRIES = 5
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0  # seconds between tries, doubled each time
TIMEOUT = (10.0, 60.0)  # seconds without a connection, without a byte
BLOCK = 1 << 16


class DownloadFailed(Exception):
    """An address does not give the file. Another one may."""


class _Broken(Exception):
    """A try failed, and another one may not. ``wait``: the seconds that the server asks for."""

    def __init__(self, message: str, wait: float = 0.0) -> None:
        super().__init__(message)
        self.wait = wait


def download(url: str, target: Path, expected: Digests, say: Callable[[str], None] = print) -> None:
    """Bring the file at an address to ``target``, in place of a file that is not the right one (see ``finished``).

    Until it is complete and has the expected size and digests it is ``<target>.part``. A broken connection, a full disk
    or the end of the process leaves that part. The next try continues it if the server still has the same file, or if a
    digest will decide in the end. ``If-Range`` with the ETag or the date of the first answer tells whether the file is
    the same (RFC 9110, section 13.1.5). Otherwise the download begins again.

    Lost connections, short bodies and the statuses 408, 429 and 5xx are tried again after 1, 2, 4, … seconds, until
    ``TRIES`` of them in a row have failed. One that brought new bytes counts as the first.
    Raises DownloadFailed if this address does not give the file, DotbenchError if the disk does not take it.
    """
    part = _part(target)
    furthest, failures, again = _size(part), 0, False
    while True:
        try:
            continued = _receive(url, target, expected, say)
        except _Broken as error:
            failures = failures + 1 if _size(part) <= furthest else 1
            furthest = max(furthest, _size(part))
            if failures == TRIES:
                raise DownloadFailed(str(error)) from None
            wait = min(max(FIRST_WAIT * 2 ** (failures - 1), error.wait), LONGEST_WAIT)
            say(f"{target.name}: {error}; trying again in {wait:.3g} s")
            time.sleep(wait)
            continue
        wrong = difference(part, expected)
        if wrong is None:
            break
        discard(target)
        if again or not continued:
            raise DownloadFailed(wrong)
        say(f"{target.name}: {wrong}; it was a continued download, and begins again from the start")
        furthest, again = 0, True
    write_json(_note(target), origin(target) | {"bytes": _size(part)})
    os.replace(part, target)


def origin(target: Path) -> dict[str, Any]:
    """``url``, ``validator`` and ``bytes`` of the answer that ``target``, or its part, is from. Empty if unknown."""
    return read_json(_note(target)) if _note(target).is_file() else {}


def finished(target: Path, urls: Sequence[str], expected: Digests) -> str | None:
    """The address that ``target`` is from. None if the file is not there, or is not the right one.

    Where no digest is known, right is what an earlier download from one of the addresses has left.
    """
    if not target.is_file() or difference(target, expected):
        return None
    note = origin(target)
    if note.get("url") in urls and note["bytes"] == _size(target):
        return str(note["url"])
    return urls[0] if expected.known() else None


def discard(target: Path) -> None:
    """Remove ``target`` and what is kept beside it."""
    for path in (target, _part(target), _note(target)):
        path.unlink(missing_ok=True)


def _part(target: Path) -> Path:
    return target.with_name(f"{target.name}.part")


def _note(target: Path) -> Path:
    return target.with_name(f".{target.name}.json")


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _receive(url: str, target: Path, expected: Digests, say: Callable[[str], None]) -> bool:
    """One try to complete the part. Returns whether it continued an earlier one. Raises as ``download``, or _Broken."""
    part, note = _part(target), origin(target)
    done = _size(part)
    headers = _range(url, done, note, expected)
    if headers and done == note.get("bytes"):
        return True  # complete, but the process ended before it was checked
    with _answer(url, headers) as response:
        start, total = _extent(response, done)
        if start is None or (start and note.get("bytes") not in (None, total)):
            part.unlink(missing_ok=True)
            raise _Broken("the server cannot continue the file")
        if total is None:
            total = expected.bytes
        elif expected.bytes not in (None, total):
            raise DownloadFailed(f"size is {total} bytes; allowed is {expected.bytes}")
        if start == 0:
            done = 0
            part.unlink(missing_ok=True)
            target.unlink(missing_ok=True)  # the note will be the new file's
        left = None if total is None else total - done
        with room(part, left, ". The next try continues where this one stopped"):
            write_json(_note(target), {"url": url, "validator": _validator(response), "bytes": total})
            with part.open("ab") as stream, progress(target.name, say) as show:
                show(done, total)
                for block in _blocks(response):
                    stream.write(block)
                    stream.flush()  # what has come survives the process
                    done += len(block)
                    show(done, total)
    if total is not None and done < total:
        raise _Broken(f"the connection broke after {done} of {total} bytes")
    return start > 0


def _range(url: str, done: int, note: dict[str, Any], expected: Digests) -> dict[str, str]:
    """Headers that ask for the rest of the file. None where it would not be safe to continue."""
    headers = {"Range": f"bytes={done}-"}
    if done and note.get("url") == url and note["validator"]:
        return headers | {"If-Range": note["validator"]}
    return headers if done and expected.known() else {}


@contextmanager
def _answer(url: str, headers: dict[str, str]) -> Iterator[requests.Response]:
    """The answer to a request, whose body is still to be read. It is usable, or has the status 416."""
    identity = {"Accept-Encoding": "identity"}  # bytes as they are stored
    try:
        response = requests.get(url, headers=identity | headers, stream=True, timeout=TIMEOUT)
    except requests.Timeout:
        raise _Broken("no answer in time") from None
    except (requests.exceptions.SSLError, requests.exceptions.ProxyError) as error:
        raise DownloadFailed(str(error)) from None
    except requests.ConnectionError:
        raise _Broken("no connection to the server") from None
    except requests.RequestException as error:
        raise DownloadFailed(str(error)) from None
    with response:
        status = response.status_code
        if status in (408, 429) or status >= 500:
            after = response.headers.get("Retry-After", "")
            raise _Broken(f"{status} {response.reason}", float(after) if after.isdecimal() else 0.0)
        if status not in (200, 206, 416):
            raise DownloadFailed(f"{status} {response.reason}")
        yield response


def _extent(response: requests.Response, done: int) -> tuple[int | None, int | None]:
    """The first byte of the answer, 0 or ``done`` (None: neither), and the size of the whole file (None: unknown)."""
    if response.status_code == 200:
        return 0, response.raw.length_remaining
    given = re.fullmatch(rf"bytes {done}-\d+/(\d+)", response.headers.get("Content-Range", ""))
    return (done, int(given[1])) if given and response.status_code == 206 else (None, None)


def _validator(response: requests.Response) -> str | None:
    """What ``If-Range`` may name: a strong ETag, otherwise the date of the last change."""
    etag = response.headers.get("ETag", "W/")
    return response.headers.get("Last-Modified") if etag.startswith("W/") else etag


def _blocks(response: requests.Response) -> Iterator[bytes]:
    """The body as it comes, without decoding. If it breaks off although its size was stated, it just ends."""
    try:
        while block := response.raw.read1(BLOCK, decode_content=False):
            yield block
    except (urllib3.exceptions.HTTPError, OSError) as error:
        if response.raw.length_remaining is None:
            raise _Broken("the connection broke") from error
