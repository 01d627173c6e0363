"""A download is continued, tried again and checked; a server on this machine shows every fault."""

import gzip
import hashlib
import os
import random
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dotbench.datasets import _progress, download
from dotbench.datasets.definition import Digests
from dotbench.datasets.download import DownloadFailed, discard, finished
from dotbench.errors import DotbenchError
from dotbench.files import read_json

pytestmark = pytest.mark.seconds

BODY = random.Random(0).randbytes(300_000)
CHANGED = random.Random(1).randbytes(300_000)
NOTHING = Digests()
KNOWN = Digests(sha256=hashlib.sha256(BODY).hexdigest())
ETAG = '"one"'
DATE = "Sun, 01 Mar 2026 10:00:00 GMT"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "own.gz"


@pytest.fixture
def part(target: Path) -> Path:
    return target.with_name("own.gz.part")


def bring(server, target: Path, expected: Digests = NOTHING, path: str = "/own.gz") -> list[str]:
    """Download; what was said."""
    said: list[str] = []
    download.download(server.url(path), target, expected, said.append)
    return said


def failure(server, target: Path, expected: Digests = NOTHING, path: str = "/own.gz") -> str:
    with pytest.raises(DownloadFailed) as caught:
        bring(server, target, expected, path)
    assert not target.exists()
    return str(caught.value)


def break_off(server, reply, target: Path, after: int = 1000, **answer) -> None:
    """Leave a part of the first bytes, from a server that then fails for good."""
    server.content["/own.gz"] = [reply(BODY, sends=after, **answer), 503]
    assert failure(server, target) == "503 Service Unavailable"
    for record in (server.asked, server.headers, server.sent):
        record.clear()


def files(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir())


# continued


def test_a_broken_connection_is_continued(server, reply, target: Path) -> None:
    server.content["/own.gz"] = [reply(BODY, etag=ETAG, sends=1000), reply(BODY, etag=ETAG)]
    said = bring(server, target)
    assert target.read_bytes() == BODY
    assert server.sent == [1000, len(BODY) - 1000]
    assert server.headers[1]["Range"] == "bytes=1000-"
    assert server.headers[1]["If-Range"] == ETAG
    assert said == ["own.gz: the connection broke after 1000 of 300000 bytes; trying again in 0.001 s"]
    assert files(target) == [".own.gz.json", "own.gz"]


@pytest.mark.parametrize(
    ("validators", "named"),
    [
        ({"etag": ETAG, "modified": DATE}, ETAG),
        ({"modified": DATE}, DATE),
        ({"etag": 'W/"one"', "modified": DATE}, DATE),
    ],
)
def test_a_later_call_continues_what_the_server_says_is_the_same(
    server, reply, target, part, validators, named
) -> None:
    break_off(server, reply, target, **validators)
    assert part.read_bytes() == BODY[:1000]
    server.content["/own.gz"] = reply(BODY, **validators)
    bring(server, target)
    assert target.read_bytes() == BODY
    assert server.sent == [len(BODY) - 1000]
    assert server.headers[0]["If-Range"] == named


def test_a_killed_process_is_continued(server, reply, target: Path, part: Path) -> None:
    held = threading.Event()
    server.content["/own.gz"] = reply(BODY, etag=ETAG, sends=len(BODY) // 2, wait_for=held)
    command = (
        "import sys; from pathlib import Path; from dotbench.datasets.download import download;"
        "from dotbench.datasets.definition import Digests; download(sys.argv[1], Path(sys.argv[2]), Digests())"
    )
    process = subprocess.Popen([sys.executable, "-c", command, server.url("/own.gz"), str(target)])
    sent = len(BODY) // 2 - 1
    until(lambda: part.is_file() and part.stat().st_size == sent)
    process.kill()
    process.wait()
    held.set()
    server.content["/own.gz"] = reply(BODY, etag=ETAG)
    bring(server, target)
    assert target.read_bytes() == BODY
    assert server.sent[-1] == len(BODY) - sent


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_file_that_has_changed_begins_again(server, reply, target: Path) -> None:
    break_off(server, reply, target, etag=ETAG)
    server.content["/own.gz"] = reply(CHANGED, etag='"two"')
    bring(server, target)
    assert target.read_bytes() == CHANGED
    assert server.headers[0]["If-Range"] == ETAG


def test_without_validator_and_digest_a_file_begins_again(server, reply, target: Path) -> None:
    break_off(server, reply, target)
    server.content["/own.gz"] = reply(BODY)
    bring(server, target)
    assert target.read_bytes() == BODY
    assert "Range" not in server.headers[0]


def test_a_digest_makes_it_safe_to_continue(server, reply, target: Path) -> None:
    break_off(server, reply, target)
    server.content["/own.gz"] = reply(BODY)
    bring(server, target, KNOWN)
    assert server.sent == [len(BODY) - 1000]
    assert target.read_bytes() == BODY


def test_a_part_of_another_file_is_found_out_by_the_digest(server, reply, target: Path, part: Path) -> None:
    break_off(server, reply, target)
    part.write_bytes(CHANGED[:1000])
    server.content["/own.gz"] = reply(BODY)
    said = bring(server, target, KNOWN)
    assert target.read_bytes() == BODY
    assert server.sent == [len(BODY) - 1000, len(BODY)]
    assert said[0].endswith(f"allowed is {KNOWN.sha256}; it was a continued download, and begins again from the start")


def test_wrong_bytes_after_continuing_are_asked_for_only_twice(server, reply, target: Path) -> None:
    break_off(server, reply, target)
    server.content["/own.gz"] = reply(CHANGED)
    assert failure(server, target, KNOWN).endswith(f"allowed is {KNOWN.sha256}")
    assert server.sent == [len(BODY) - 1000, len(BODY)]
    assert files(target) == []


@pytest.mark.parametrize("known", [True, False])
def test_another_address_continues_only_under_a_digest(server, reply, target: Path, known: bool) -> None:
    break_off(server, reply, target, etag=ETAG)
    server.content["/mirror.gz"] = reply(BODY, etag=ETAG)  # which says nothing about another address
    bring(server, target, KNOWN if known else NOTHING, path="/mirror.gz")
    assert target.read_bytes() == BODY
    assert server.sent == [len(BODY) - 1000 if known else len(BODY)]


def test_a_server_that_cannot_continue_sends_the_whole(server, reply, target: Path) -> None:
    break_off(server, reply, target, etag=ETAG)
    server.content["/own.gz"] = reply(BODY, etag=ETAG, ranges=False)
    bring(server, target)
    assert target.read_bytes() == BODY
    assert server.sent == [len(BODY)]


@pytest.mark.parametrize("content_range", ["bytes 0-1/300000", "bytes 1000-299999/400000", "nonsense"])
def test_another_range_than_the_one_asked_for_is_not_used(server, reply, target: Path, content_range: str) -> None:
    break_off(server, reply, target, etag=ETAG)
    server.content["/own.gz"] = reply(BODY, etag=ETAG, content_range=content_range)
    assert bring(server, target) == ["own.gz: the server cannot continue the file; trying again in 0.001 s"]
    assert target.read_bytes() == BODY


def test_a_part_longer_than_the_file_begins_again(server, reply, target: Path, part: Path) -> None:
    break_off(server, reply, target)
    part.write_bytes(BODY * 2)
    server.content["/own.gz"] = reply(BODY)
    bring(server, target, KNOWN)  # the server answers 416
    assert target.read_bytes() == BODY


def test_a_complete_part_is_only_checked(server, reply, target: Path, part: Path) -> None:
    break_off(server, reply, target, etag=ETAG)
    part.write_bytes(BODY)
    bring(server, target)
    assert target.read_bytes() == BODY
    assert server.asked == []


# tried again


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_a_status_that_may_pass_is_tried_again(server, reply, target: Path, status: int) -> None:
    server.content["/own.gz"] = [status, status, reply(BODY)]
    said = bring(server, target)
    assert target.read_bytes() == BODY
    assert [re.sub(r".*; ", "", text) for text in said] == ["trying again in 0.001 s", "trying again in 0.002 s"]
    assert said[0].startswith(f"own.gz: {status} ")


def test_waits_double_until_the_address_is_given_up(server, target: Path, monkeypatch) -> None:
    server.content["/own.gz"] = 500
    waits: list[float] = []
    monkeypatch.setattr(download, "FIRST_WAIT", 1.0)
    monkeypatch.setattr(download.time, "sleep", waits.append)
    assert failure(server, target) == "500 Internal Server Error"
    assert waits == [1, 2, 4, 8]
    assert len(server.asked) == 5


@pytest.mark.parametrize(("asked", "waited"), [("7", 7), ("9999", 60), ("Sun, 01 Mar 2026 10:00:00 GMT", 1)])
def test_the_server_may_ask_for_patience(server, reply, target: Path, monkeypatch, asked: str, waited: float) -> None:
    server.content["/own.gz"] = [reply(status=429, retry_after=asked), reply(BODY)]
    waits: list[float] = []
    monkeypatch.setattr(download, "FIRST_WAIT", 1.0)
    monkeypatch.setattr(download.time, "sleep", waits.append)
    bring(server, target)
    assert waits == [waited]


@pytest.mark.parametrize("status", [202, 401, 403, 404, 410])
def test_a_status_that_stays_is_not_tried_again(server, target: Path, status: int) -> None:
    server.content["/own.gz"] = status
    assert failure(server, target).startswith(f"{status} ")
    assert len(server.asked) == 1


def test_tries_that_bring_something_do_not_count(server, reply, target: Path) -> None:
    step = len(BODY) // 20 + 1
    server.content["/own.gz"] = reply(BODY, etag=ETAG, sends=step)
    bring(server, target)
    assert target.read_bytes() == BODY
    assert len(server.asked) == 20


def test_tries_that_end_at_the_same_place_count(server, reply, target: Path) -> None:
    server.content["/own.gz"] = reply(BODY, sends=1000)  # and cannot be continued
    assert failure(server, target) == "the connection broke after 1000 of 300000 bytes"
    assert len(server.asked) == 5


def test_a_server_that_does_not_answer_is_tried_again(target: Path, server) -> None:
    server.shutdown()
    server.server_close()
    assert failure(server, target) == "no connection to the server"


def test_a_server_that_falls_silent_is_tried_again(server, reply, target: Path, monkeypatch) -> None:
    monkeypatch.setattr(download, "TIMEOUT", (5, 1.0))
    held = threading.Event()
    server.content["/own.gz"] = [reply(BODY, etag=ETAG, sends=5000, wait_for=held), reply(BODY, etag=ETAG)]
    bring(server, target)
    held.set()
    assert target.read_bytes() == BODY
    assert server.headers[1]["Range"] == "bytes=4999-"


def test_an_address_of_another_kind_is_told(target: Path) -> None:
    with pytest.raises(DownloadFailed, match="ftp://"):
        download.download("ftp://127.0.0.1/own.gz", target, NOTHING)


# checked


@pytest.mark.parametrize("transfer", [{"length": None}, {"chunked": True}])
def test_a_size_that_nobody_states_is_found_by_the_end(server, reply, target: Path, transfer) -> None:
    server.content["/own.gz"] = reply(BODY, **transfer)
    bring(server, target)
    assert target.read_bytes() == BODY
    assert read_json(target.with_name(".own.gz.json"))["bytes"] == len(BODY)


def test_a_broken_chunk_is_tried_again(server, reply, target: Path) -> None:
    server.content["/own.gz"] = [reply(BODY, etag=ETAG, chunked=True, sends=4000), reply(BODY, etag=ETAG)]
    assert bring(server, target) == ["own.gz: the connection broke; trying again in 0.001 s"]
    assert target.read_bytes() == BODY


def test_a_short_body_shows_by_the_size_in_the_definition(server, reply, target: Path) -> None:
    server.content["/own.gz"] = [reply(BODY, length=None, sends=1000), reply(BODY)]
    said = bring(server, target, Digests(bytes=len(BODY)))
    assert said == ["own.gz: the connection broke after 1000 of 300000 bytes; trying again in 0.001 s"]
    assert target.read_bytes() == BODY


def test_a_wrong_size_is_refused_before_the_transfer(server, reply, target: Path) -> None:
    server.content["/own.gz"] = reply(BODY)
    assert failure(server, target, Digests(bytes=5)) == "size is 300000 bytes; allowed is 5"
    assert files(target) == []


def test_a_wrong_size_that_nobody_stated_is_refused_after_it(server, reply, target: Path) -> None:
    server.content["/own.gz"] = reply(BODY, length=None)
    assert failure(server, target, Digests(bytes=5)) == "size is 300000 bytes; allowed is 5"
    assert files(target) == []


def test_a_wrong_digest_leaves_nothing(server, reply, target: Path) -> None:
    server.content["/own.gz"] = CHANGED
    found = hashlib.sha256(CHANGED).hexdigest()
    assert failure(server, target, KNOWN) == f"sha256 is {found}; allowed is {KNOWN.sha256}"
    assert len(server.asked) == 1
    assert files(target) == []


def test_bytes_stay_as_they_are_stored(server, reply, target: Path) -> None:
    packed = gzip.compress(b"line\n" * 1000)
    server.content["/own.gz"] = reply(packed, encoding="gzip")  # as some servers say of a .gz file
    bring(server, target)
    assert target.read_bytes() == packed


def test_a_new_file_that_breaks_off_does_not_pass_for_the_old_one(server, reply, target: Path) -> None:
    server.content |= {"/own.gz": BODY, "/new.gz": [reply(CHANGED, sends=1000), 503]}
    bring(server, target)
    failure(server, target, path="/new.gz")
    assert finished(target, [server.url("/own.gz"), server.url("/new.gz")], NOTHING) is None


def test_a_finished_file_is_known_by_its_digest_or_its_address(server, reply, target: Path) -> None:
    here, other = server.url("/own.gz"), server.url("/other.gz")
    server.content["/own.gz"] = BODY
    assert finished(target, [here], NOTHING) is None
    bring(server, target)
    assert finished(target, [other, here], NOTHING) == here
    assert finished(target, [other], NOTHING) is None
    assert finished(target, [other], KNOWN) == other
    assert finished(target, [here], Digests(bytes=5)) is None
    target.write_bytes(BODY[:-1])
    assert finished(target, [here], NOTHING) is None
    assert finished(target, [here], KNOWN) is None
    discard(target)
    assert files(target) == []


# disk full


def limited(code: str, *arguments: str) -> str:
    """Message of the DotbenchError that a process gets which may write no file over 100 000 bytes."""
    program = (
        "import resource, sys; from pathlib import Path; from dotbench.errors import DotbenchError\n"
        "from dotbench.datasets.definition import Digests; import requests\n"
        "from dotbench.datasets.download import download\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))\n"
        f"try:\n    {code}\nexcept DotbenchError as error:\n    print(error)\n"
    )
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_a_limit_of_file_size_is_one_message_and_keeps_the_part(server, reply, target: Path, part: Path) -> None:
    server.content["/own.gz"] = reply(BODY, etag=ETAG)
    message = limited("download(sys.argv[1], Path(sys.argv[2]), Digests())", server.url("/own.gz"), str(target))
    assert re.fullmatch(
        rf"{part}: cannot be written: File too large: 300\.0 kB are needed, [\d.,]+ .B are free there\. "
        "The next try continues where this one stopped",
        message,
    )
    assert (part.stat().st_size, target.exists()) == (100_000, False)
    bring(server, target)
    assert target.read_bytes() == BODY
    assert server.sent == [len(BODY), len(BODY) - 100_000]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"no small disk: mounting a tmpfs needs root: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_file_that_will_not_fit_is_not_begun(server, reply, small_disk: Path) -> None:
    server.content["/own.gz"] = reply(BODY, etag=ETAG)
    with pytest.raises(
        DotbenchError, match=r"own\.gz\.part: .*no space left: 300\.0 kB are needed, 262\.1 kB are free"
    ):
        bring(server, small_disk / "own.gz")
    assert list(small_disk.iterdir()) == []


def test_a_full_disk_is_one_message_and_keeps_the_part(server, reply, small_disk: Path) -> None:
    server.content["/own.gz"] = reply(BODY, etag=ETAG, chunked=True)
    with pytest.raises(DotbenchError, match=r"own\.gz\.part: .*: No space left on device: an unknown number .* needed"):
        bring(server, small_disk / "own.gz")
    assert files(small_disk / "own.gz") == [".own.gz.json", "own.gz.part"]
    kept = (small_disk / "own.gz.part").read_bytes()
    assert kept == BODY[: len(kept)]
    subprocess.run(["mount", "-o", "remount,size=1m", small_disk], check=True)  # room is made
    bring(server, small_disk / "own.gz")
    assert (small_disk / "own.gz").read_bytes() == BODY
    assert server.sent[-1] == len(BODY) - len(kept)


# shown


def test_lines_tell_bytes_rate_and_remaining_time(monkeypatch) -> None:
    said: list[str] = []
    clock = iter([0, 0, 9, 10, 15, 20])
    monkeypatch.setattr(_progress.time, "monotonic", lambda: next(clock))
    with _progress.progress("own.gz", said.append) as show:
        for done in (100, 110, 600, 700, 900):  # 100 bytes were there before
            show(done, 1100)
    assert said == [
        "own.gz: 600 bytes of 1.1 kB (55%), 50 bytes/s, 0:00:10 left",
        "own.gz: 900 bytes of 1.1 kB (82%), 40 bytes/s, 0:00:05 left",
    ]


def test_lines_do_without_the_size(monkeypatch) -> None:
    said: list[str] = []
    clock = iter([0, 0, 10])
    monkeypatch.setattr(_progress.time, "monotonic", lambda: next(clock))
    with _progress.progress("own.gz", said.append) as show:
        show(0, None)
        show(5000, None)
    assert said == ["own.gz: 5.0 kB, 500 bytes/s"]


def test_a_terminal_gets_a_bar(server, reply, target: Path) -> None:
    server.content["/own.gz"] = reply(BODY)
    command = (
        "import sys; from pathlib import Path; from dotbench.datasets.download import download;"
        "from dotbench.datasets.definition import Digests; download(sys.argv[1], Path(sys.argv[2]), Digests())"
    )
    leader, follower = os.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    with subprocess.Popen(
        [sys.executable, "-c", command, server.url("/own.gz"), str(target)], stdout=follower, env=environment
    ) as process:
        process.wait()
    os.close(follower)
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", os.read(leader, 100_000).decode())
    os.close(leader)
    assert re.search(r"own\.gz ━+ 300\.0/300\.0 kB .*0:00:00", shown)
