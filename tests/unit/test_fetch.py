"""Raw files are found, downloaded and verified; no manifest without verification or acceptance."""

import gzip
import hashlib
import io
import os
import re
import socket
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dotbench import paths
from dotbench.datasets import catalogue
from dotbench.datasets.catalogue import load_dataset
from dotbench.datasets.ensure import ensure_prepared
from dotbench.datasets.fetch import fetch
from dotbench.datasets.fetched import is_as_fetched, is_later
from dotbench.datasets.manifest import raw_files
from dotbench.errors import DotbenchError
from dotbench.files import file_digest, read_json

pytestmark = pytest.mark.seconds

CONTENT = b"1,7,5,0\n1,8,4,0\n2,7,3,0\n"
OTHER = b"1,7,1,0\n"
FORMAT = {"columns": {"user": 0, "item": 1, "rating": 2, "timestamp": 3}}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def git_blob(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def zipped(content: bytes = CONTENT, path: str = "own/ratings.csv", compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as bundle:
        bundle.writestr(zipfile.ZipInfo(path), content, compression)
        bundle.writestr(zipfile.ZipInfo("own/README"), b"read me")
    return stream.getvalue()


@pytest.fixture
def raw(workdir: Path) -> Path:
    """The folder that fetched files go to."""
    return workdir / "resources" / "own"


def quiet(_: str) -> None:
    pass


def problem(raw: Path, name: str = "own") -> str:
    """The message of the error that fetching gives; there is no manifest then."""
    with pytest.raises(DotbenchError) as caught:
        fetch(name, raw, quiet)
    assert not (raw / "manifest.json").exists()
    return str(caught.value)


def left(raw: Path) -> list[str]:
    """Files in the folder, apart from the lock."""
    return sorted(path.name for path in raw.rglob("*") if path.is_file() and path.name != ".lock")


# own files


def test_own_files_are_taken_where_they_lie(define, workdir: Path, raw: Path) -> None:
    (workdir / "own.csv").write_bytes(CONTENT)
    define("own", source={"file": "own.csv"}, format=FORMAT, licence="mine", citation="me")
    manifest = fetch("own", raw, quiet)
    assert manifest == manifest | {
        "dataset": "own",
        "origin": "own files",
        "verified": None,  # no digest is known
        "files": [{"path": "own.csv", "role": "ratings", "bytes": len(CONTENT), "sha256": sha256(CONTENT)}],
        "licence": "mine",
        "citation": "me",
    }
    assert read_json(raw / "manifest.json") == manifest
    assert raw_files(raw / "manifest.json") == [Path("own.csv")]
    assert [path.name for path in raw.iterdir()] == ["manifest.json"]


def test_several_own_files_keep_their_order(define, workdir: Path, raw: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (workdir / name).write_bytes(CONTENT)
    define("own", source={"files": ["b.csv", "a.csv"]}, format=FORMAT)
    assert [entry["path"] for entry in fetch("own", raw, quiet)["files"]] == ["b.csv", "a.csv"]


@pytest.mark.parametrize("algorithm", ["sha256", "md5", "git_blob"])
def test_an_own_file_with_its_digest_is_verified(define, workdir: Path, raw: Path, algorithm: str) -> None:
    (workdir / "own.csv").write_bytes(CONTENT)
    known = {"sha256": sha256, "md5": lambda c: hashlib.md5(c).hexdigest(), "git_blob": git_blob}[algorithm](CONTENT)
    define("own", source={"file": "own.csv", algorithm: known}, format=FORMAT)
    assert fetch("own", raw, quiet)["verified"] is True


def test_every_known_digest_must_agree(define, workdir: Path, raw: Path) -> None:
    (workdir / "own.csv").write_bytes(CONTENT)
    define("own", source={"file": "own.csv", "sha256": sha256(CONTENT), "git_blob": git_blob(OTHER)}, format=FORMAT)
    assert problem(raw).startswith(f"own.csv: git-blob is {git_blob(CONTENT)}; allowed is {git_blob(OTHER)}. ")


def test_an_absent_own_file_is_told_with_where_it_was_looked_for(define, workdir: Path, raw: Path) -> None:
    define("own", source={"file": "data/own.csv"}, format=FORMAT)
    assert problem(raw) == f"own: key 'source': found no file 'data/own.csv' in {workdir}"


def test_generated_data_cannot_be_fetched(raw: Path) -> None:
    assert problem(raw, "sim-tiny") == "sim-tiny: the data are generated; there is nothing to fetch"


# local copies

UNREACHABLE = "http://127.0.0.1:9/own.zip"


@pytest.fixture
def local(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of local copies, named by DOTBENCH_DATA."""
    folder = workdir / "copies"
    folder.mkdir()
    monkeypatch.setenv("DOTBENCH_DATA", str(folder))
    return folder


def archive_source(**changed: Any) -> dict[str, Any]:
    member = {"path": "own/ratings.csv", "sha256": sha256(CONTENT)}
    return {"urls": [UNREACHABLE], "sha256": sha256(zipped()), "members": [member], **changed}


@pytest.mark.parametrize("place", ["own.zip", "own/own.zip"])
def test_a_local_archive_is_unpacked(define, local: Path, raw: Path, place: str) -> None:
    (local / place).parent.mkdir(exist_ok=True)
    (local / place).write_bytes(zipped())
    define("own", source=archive_source(), format=FORMAT)
    manifest = fetch("own", raw, quiet)
    assert (manifest["origin"], manifest["verified"]) == ("local copy", True)
    [path] = raw_files(raw / "manifest.json")
    assert path.read_bytes() == CONTENT
    assert manifest["files"] == [
        {"path": str(path), "role": "ratings", "bytes": len(CONTENT), "sha256": sha256(CONTENT)}
    ]


def test_local_unpacked_files_are_taken_where_they_lie(define, local: Path, raw: Path) -> None:
    (local / "own").mkdir()
    (local / "own" / "ratings.csv").write_bytes(CONTENT)
    define("own", source=archive_source(), format=FORMAT)
    manifest = fetch("own", raw, quiet)
    assert (manifest["origin"], manifest["verified"]) == ("local copy", True)
    assert [entry["path"] for entry in manifest["files"]] == [str(local / "own" / "ratings.csv")]


def test_a_local_file_that_is_no_archive_is_taken_as_it_is(define, local: Path, raw: Path) -> None:
    (local / "own.csv").write_bytes(CONTENT)
    define("own", source={"urls": ["http://127.0.0.1:9/own.csv"], "sha256": sha256(CONTENT)}, format=FORMAT)
    manifest = fetch("own", raw, quiet)
    assert (manifest["verified"], manifest["files"][0]["path"]) == (True, str(local / "own.csv"))


def test_digests_of_the_members_alone_verify_an_archive(define, local: Path, raw: Path) -> None:
    (local / "own.zip").write_bytes(zipped())
    define("own", source=archive_source(sha256=None), format=FORMAT)
    assert fetch("own", raw, quiet)["verified"] is True


def accept(how: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Accept a difference of 'own' by the variable or by the definition; what the definition says."""
    if how == "variable":
        monkeypatch.setenv("DOTBENCH_ACCEPT_UNVERIFIED", "other, own")
    return {"accept_unverified": True} if how == "definition" else {}


def test_a_wrong_archive_is_refused_with_both_digests(define, local: Path, raw: Path) -> None:
    (local / "own.zip").write_bytes(zipped(OTHER))
    define("own", source=archive_source(), format=FORMAT)
    message = problem(raw)
    found, allowed = sha256(zipped(OTHER)), sha256(zipped())
    assert message.startswith(f"{local / 'own.zip'}: sha256 is {found}; allowed is {allowed}. ")
    assert "DOTBENCH_ACCEPT_UNVERIFIED=own or 'accept_unverified: true'" in message


def test_a_wrong_unpacked_file_is_refused_with_both_digests(define, local: Path, raw: Path) -> None:
    (local / "own").mkdir()
    path = local / "own" / "ratings.csv"
    path.write_bytes(OTHER)
    define("own", source=archive_source(), format=FORMAT)
    assert problem(raw).startswith(f"{path}: sha256 is {sha256(OTHER)}; allowed is {sha256(CONTENT)}. ")


@pytest.mark.parametrize("how", ["variable", "definition"])
def test_a_wrong_unpacked_file_can_be_accepted(define, local: Path, raw: Path, monkeypatch, how: str) -> None:
    (local / "own").mkdir()
    (local / "own" / "ratings.csv").write_bytes(OTHER)
    define("own", source=archive_source(), format=FORMAT, **accept(how, monkeypatch))
    manifest = fetch("own", raw, quiet)
    assert manifest["verified"] is False
    assert manifest["files"][0]["sha256"] == sha256(OTHER)


@pytest.mark.parametrize("size", [len(zipped()), 5])
def test_the_size_of_a_local_archive_is_checked(define, local: Path, raw: Path, size: int) -> None:
    (local / "own.zip").write_bytes(zipped())
    define("own", source=archive_source(sha256=None, bytes=size), format=FORMAT)
    if size == 5:
        assert problem(raw).startswith(f"{local / 'own.zip'}: size is {len(zipped())} bytes; allowed is 5. ")
    else:
        assert fetch("own", raw, quiet)["verified"] is True  # by its member


def test_a_size_alone_verifies_nothing(define, workdir: Path, raw: Path) -> None:
    (workdir / "own.csv").write_bytes(CONTENT)
    define("own", source={"file": "own.csv", "bytes": len(CONTENT)}, format=FORMAT)
    assert fetch("own", raw, quiet)["verified"] is None


@pytest.mark.parametrize("how", ["variable", "definition"])
def test_a_wrong_archive_can_be_accepted(define, local: Path, raw: Path, monkeypatch, how: str) -> None:
    (local / "own.zip").write_bytes(zipped() + b"\n")  # other bytes, the same file inside
    define("own", source=archive_source(), format=FORMAT, **accept(how, monkeypatch))
    manifest = fetch("own", raw, quiet)
    assert manifest["verified"] is False
    assert manifest["files"][0]["sha256"] == sha256(CONTENT)


@pytest.mark.parametrize("how", ["variable", "definition"])
def test_a_wrong_file_in_an_archive_can_be_accepted(define, local: Path, raw: Path, monkeypatch, how: str) -> None:
    (local / "own.zip").write_bytes(zipped(OTHER))
    define("own", source=archive_source(), format=FORMAT, **accept(how, monkeypatch))
    manifest = fetch("own", raw, quiet)
    assert manifest["verified"] is False
    assert manifest["files"][0]["sha256"] == sha256(OTHER)


def test_a_wrong_file_in_an_archive_is_refused_with_both_digests(define, local: Path, raw: Path) -> None:
    (local / "own.zip").write_bytes(zipped(OTHER))
    define("own", source=archive_source(sha256=sha256(zipped(OTHER))), format=FORMAT)
    message = problem(raw)
    assert str(local / "own.zip") in message
    assert f"own/ratings.csv: sha256 is {sha256(OTHER)}; allowed is {sha256(CONTENT)}" in message
    assert left(raw) == []


def test_a_wrong_archive_leaves_what_is_there(define, local: Path, raw: Path) -> None:
    (local / "own.zip").write_bytes(zipped())
    define("own", source=archive_source(sha256=None), format=FORMAT)
    fetch("own", raw, quiet)
    (local / "own.zip").write_bytes(zipped(OTHER))
    with pytest.raises(DotbenchError, match="sha256 is"):
        fetch("own", raw, quiet)
    [path] = raw_files(raw / "manifest.json")  # as it was verified
    assert path.read_bytes() == CONTENT


def test_a_way_of_compression_that_is_unknown_is_told(define, local: Path, raw: Path) -> None:
    content = bytearray(zipped(compression=zipfile.ZIP_STORED))
    for start in (content.find(b"PK\x03\x04") + 8, content.find(b"PK\x01\x02") + 10):
        content[start : start + 2] = (97).to_bytes(2, "little")
    (local / "own.zip").write_bytes(content)
    define("own", source=archive_source(sha256=None), format=FORMAT)
    assert "own.zip: 'own/ratings.csv' cannot be read" in problem(raw)
    assert left(raw) == []


def test_acceptance_of_another_dataset_is_none(define, local: Path, raw: Path, monkeypatch) -> None:
    (local / "own.zip").write_bytes(zipped(OTHER))
    define("own", source=archive_source(), format=FORMAT)
    monkeypatch.setenv("DOTBENCH_ACCEPT_UNVERIFIED", "own-2,ml-1m")
    problem(raw)


def test_an_archive_without_the_file_is_told(define, local: Path, raw: Path) -> None:
    content = zipped(path="own/else.csv")
    (local / "own.zip").write_bytes(content)
    define("own", source=archive_source(sha256=sha256(content)), format=FORMAT)
    assert problem(raw) == f"{local / 'own.zip'}: holds no file 'own/ratings.csv'"


@pytest.mark.parametrize("kept", [0.2, 0.9])
def test_half_a_local_archive_is_told(define, local: Path, raw: Path, kept: float) -> None:
    content = zipped()[: int(kept * len(zipped()))]
    (local / "own.zip").write_bytes(content)
    define("own", source=archive_source(sha256=sha256(content)), format=FORMAT)
    assert problem(raw).startswith(f"{local / 'own.zip'}: not a complete zip archive: ")


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_a_damaged_local_archive_is_told(define, local: Path, raw: Path, compression: int) -> None:
    text = b"".join(b"%d,%d,3,0\n" % (k * k % 997, k * 31 % 499) for k in range(300))
    content = bytearray(zipped(text, compression=compression))
    content[45:53] = b"\xff" * 8  # the first bytes of the file inside
    (local / "own.zip").write_bytes(content)
    define("own", source=archive_source(sha256=sha256(bytes(content))), format=FORMAT)
    assert problem(raw).startswith(f"{local / 'own.zip'}: not a complete zip archive: ")


def test_a_variable_that_names_no_folder_is_told(define, workdir: Path, raw: Path, monkeypatch) -> None:
    define("own", source=archive_source(), format=FORMAT)
    monkeypatch.setenv("DOTBENCH_DATA", str(workdir / "nowhere"))
    assert problem(raw).startswith("local copies (DOTBENCH_DATA or 'data_dir'): found no folder ")
    assert str(workdir / "nowhere") in problem(raw)


def test_a_file_that_is_gone_since_is_told(define, workdir: Path, raw: Path) -> None:
    (workdir / "own.csv").write_bytes(CONTENT)
    define("own", source={"file": "own.csv"}, format=FORMAT)
    fetch("own", raw, quiet)
    (workdir / "own.csv").unlink()
    with pytest.raises(DotbenchError, match=r"own\.csv: is not the file of 24 bytes that .*manifest\.json names"):
        raw_files(raw / "manifest.json")


# downloads


def test_a_download_is_verified_unpacked_and_described(define, server, raw: Path) -> None:
    server.content["/own.zip"] = zipped()
    url = server.url("/own.zip")
    define("own", source=archive_source(urls=[url]), format=FORMAT, licence="free to use", citation="Somebody 2020")
    said: list[str] = []
    manifest = fetch("own", raw, said.append)
    assert (manifest["origin"], manifest["verified"]) == (url, True)
    assert manifest["files"][0]["sha256"] == sha256(CONTENT)
    assert raw_files(raw / "manifest.json")[0].read_bytes() == CONTENT
    assert said == ["own: free to use", "own: please cite Somebody 2020", f"own: downloading {url}"]
    assert server.asked == ["/own.zip"]


def test_what_has_been_downloaded_is_not_downloaded_again(define, server, raw: Path) -> None:
    server.content["/own.zip"] = zipped()
    define("own", source=archive_source(urls=[server.url("/own.zip")]), format=FORMAT)
    first = fetch("own", raw, quiet)
    assert fetch("own", raw, quiet) == first
    assert server.asked == ["/own.zip"]


def test_a_single_file_without_digest_is_not_verified(define, server, raw: Path) -> None:
    server.content["/own.csv"] = CONTENT
    define("own", source={"urls": [server.url("/own.csv")]}, format=FORMAT)
    manifest = fetch("own", raw, quiet)
    assert manifest["verified"] is False
    assert raw_files(raw / "manifest.json")[0].read_bytes() == CONTENT


def test_the_second_address_serves_where_the_first_does_not(define, server, raw: Path) -> None:
    server.content["/mirror/own.zip"] = zipped()
    urls = [server.url("/gone/own.zip"), server.url("/mirror/own.zip")]
    define("own", source=archive_source(urls=urls), format=FORMAT)
    manifest = fetch("own", raw, quiet)
    assert manifest["verified"] is True
    assert server.asked == ["/gone/own.zip", "/mirror/own.zip"]
    assert manifest["origin"] == urls[1]


def test_the_second_address_serves_where_the_first_gives_wrong_bytes(define, server, raw: Path) -> None:
    server.content |= {"/a/own.zip": zipped(OTHER), "/b/own.zip": zipped()}
    define("own", source=archive_source(urls=[server.url("/a/own.zip"), server.url("/b/own.zip")]), format=FORMAT)
    assert fetch("own", raw, quiet)["files"][0]["sha256"] == sha256(CONTENT)


def test_a_download_with_the_wrong_digest_is_refused_with_both(define, server, raw: Path) -> None:
    server.content["/own.zip"] = zipped(OTHER)
    url = server.url("/own.zip")
    define("own", source=archive_source(urls=[url]), format=FORMAT)
    message = problem(raw)
    for part in (url, sha256(zipped(OTHER)), sha256(zipped())):
        assert part in message
    assert left(raw) == []


def test_a_server_that_refuses_is_told_with_the_way_out(define, raw: Path, server) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        url = f"http://127.0.0.1:{free.getsockname()[1]}/own.zip"
        define("own", source=archive_source(urls=[url, server.url("/none/own.zip")]), format=FORMAT)
        message = problem(raw)
    assert message.startswith("own: no address delivered the file:\n")
    assert f"\n  {url}: no connection to the server\n" in message
    assert re.search(rf"\n  {server.url('/none/own.zip')}: 404 ", message)
    assert message.endswith("set DOTBENCH_DATA to a folder that holds own.zip or own/ratings.csv")


def test_a_connection_that_ends_early_is_told(define, server, reply, raw: Path) -> None:
    server.content["/own.zip"] = reply(zipped(), sends=100)
    define("own", source=archive_source(urls=[server.url("/own.zip")], sha256=None), format=FORMAT)
    assert f"  {server.url('/own.zip')}: the connection broke after 100 of {len(zipped())} bytes\n" in problem(raw)
    assert len(server.asked) > 3


BROKEN = {
    "half an archive": zipped()[:100],
    "an archive of other data": zipped(OTHER),
    "no archive": b"<html>come back later</html>",
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_broken_archive_is_told(define, server, raw: Path, content: bytes) -> None:
    server.content["/own.zip"] = content
    define("own", source=archive_source(urls=[server.url("/own.zip")], sha256=None), format=FORMAT)
    message = problem(raw)
    assert "own.zip" in message
    assert "not a complete zip archive" in message or "allowed is" in message


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("digests", [{"sha256": None}, {"sha256": None, "git_blob": git_blob(zipped())}])
def test_a_broken_download_is_not_used_again(define, server, raw: Path, content: bytes, digests) -> None:
    server.content["/own.zip"] = content
    define("own", source=archive_source(urls=[server.url("/own.zip")], **digests), format=FORMAT)
    problem(raw)
    server.content["/own.zip"] = zipped()  # the server has been mended
    fetch("own", raw, quiet)
    assert raw_files(raw / "manifest.json")[0].read_bytes() == CONTENT


def test_a_single_file_without_digest_is_not_downloaded_again(define, server, raw: Path) -> None:
    server.content |= {"/a/own.csv": CONTENT, "/b/own.csv": OTHER}
    define("own", source={"urls": [server.url("/gone/own.csv"), server.url("/a/own.csv")]}, format=FORMAT)
    first = fetch("own", raw, quiet)
    assert fetch("own", raw, quiet) == first
    assert server.asked == ["/gone/own.csv", "/a/own.csv"]


def test_terms_are_shown_before_the_first_download_only(define, server, reply, raw: Path) -> None:
    url = server.url("/own.zip")
    server.content["/own.zip"] = [reply(zipped(), etag='"one"', sends=100), 503]
    define("own", source=archive_source(urls=[url]), format=FORMAT, licence="free to use", citation="Somebody 2020")
    said: list[str] = []
    with pytest.raises(DotbenchError):
        fetch("own", raw, said.append)
    assert said[:3] == ["own: free to use", "own: please cite Somebody 2020", f"own: downloading {url}"]
    said.clear()
    server.content["/own.zip"] = reply(zipped(), etag='"one"')
    fetch("own", raw, said.append)
    assert said == [f"own: downloading {url}"]
    said.clear()
    manifest = fetch("own", raw, said.append)
    assert said == []
    assert (manifest["licence"], manifest["citation"]) == ("free to use", "Somebody 2020")
    assert server.sent[-1] == len(zipped()) - 100


def test_terms_of_a_local_copy_stand_in_the_manifest_alone(define, local: Path, raw: Path) -> None:
    (local / "own.zip").write_bytes(zipped())
    define("own", source=archive_source(), format=FORMAT, licence="free to use")
    said: list[str] = []
    assert fetch("own", raw, said.append)["licence"] == "free to use"
    assert said == []


@pytest.mark.parametrize("known", [True, False])
def test_the_next_address_continues_only_what_a_digest_will_check(define, server, reply, raw, known: bool) -> None:
    server.content |= {"/a/own.zip": [reply(zipped(), sends=100), 503], "/b/own.zip": reply(zipped())}
    urls = [server.url("/a/own.zip"), server.url("/b/own.zip")]
    define("own", source=archive_source(urls=urls, **({} if known else {"sha256": None})), format=FORMAT)
    manifest = fetch("own", raw, quiet)
    assert (manifest["origin"], manifest["verified"]) == (urls[1], True)
    assert server.sent[-1] == len(zipped()) - (100 if known else 0)


def test_a_download_is_continued_where_it_began(define, server, reply, raw: Path) -> None:
    server.content |= {"/a/own.zip": 404, "/b/own.zip": [reply(zipped(), etag='"one"', sends=100), 503]}
    urls = [server.url("/a/own.zip"), server.url("/b/own.zip")]
    define("own", source=archive_source(urls=urls, sha256=None), format=FORMAT)
    problem(raw)
    server.asked.clear()
    server.content |= {"/a/own.zip": zipped(), "/b/own.zip": reply(zipped(), etag='"one"')}
    assert fetch("own", raw, quiet)["origin"] == urls[1]
    assert (server.asked, server.sent[-1]) == (["/b/own.zip"], len(zipped()) - 100)


def test_members_that_are_wrong_send_to_the_next_address(define, server, raw: Path) -> None:
    server.content |= {"/a/own.zip": zipped(OTHER), "/b/own.zip": zipped()}
    urls = [server.url("/a/own.zip"), server.url("/b/own.zip")]
    define("own", source=archive_source(urls=urls, sha256=None), format=FORMAT)
    manifest = fetch("own", raw, quiet)
    assert (manifest["origin"], manifest["verified"]) == (urls[1], True)


def test_a_wrong_digest_of_a_member_does_not_cost_the_right_archive(define, server, raw: Path) -> None:
    server.content["/own.zip"] = zipped()
    url = server.url("/own.zip")
    for digest in (sha256(OTHER), sha256(CONTENT)):  # the definition is mended
        member = {"path": "own/ratings.csv", "sha256": digest}
        define("own", source=archive_source(urls=[url, url], members=[member]), format=FORMAT)
        if digest == sha256(OTHER):
            assert problem(raw).startswith(f"{raw}/own.zip, member own/ratings.csv: sha256 is ")
    fetch("own", raw, quiet)
    assert server.asked == ["/own.zip"]


@pytest.mark.parametrize("how", ["variable", "definition"])
def test_a_wrong_download_can_be_accepted(define, server, raw: Path, monkeypatch, how: str) -> None:
    server.content["/own.zip"] = zipped(OTHER)
    source = archive_source(urls=[server.url("/own.zip")], bytes=5)
    define("own", source=source, format=FORMAT, **accept(how, monkeypatch))
    manifest = fetch("own", raw, quiet)
    assert (manifest["verified"], manifest["files"][0]["sha256"]) == (False, sha256(OTHER))


def test_an_archive_is_verified_by_members_only_if_each_has_a_digest(define, server, raw: Path) -> None:
    server.content["/own.zip"] = zipped()
    members = [{"path": "own/ratings.csv", "sha256": sha256(CONTENT)}, {"path": "own/README"}]
    define("own", source={"urls": [server.url("/own.zip")], "members": members}, format=FORMAT)
    assert fetch("own", raw, quiet)["verified"] is False
    members[1]["md5"] = hashlib.md5(b"read me").hexdigest()
    define("own", source={"urls": [server.url("/own.zip")], "members": members}, format=FORMAT)
    assert fetch("own", raw, quiet)["verified"] is True


def test_an_address_may_end_in_a_query(define, server, raw: Path) -> None:
    server.content["/own%20data.csv?download=1"] = CONTENT
    define("own", source={"urls": [server.url("/own%20data.csv?download=1")]}, format=FORMAT)
    fetch("own", raw, quiet)
    assert [path.name for path in raw_files(raw / "manifest.json")] == ["own data.csv"]


@pytest.mark.slow
def test_two_processes_download_once(define, server, reply, workdir: Path, raw: Path) -> None:
    second_waits = threading.Event()
    server.content["/own.zip"] = reply(zipped(), wait_for=second_waits)
    define("own", source=archive_source(urls=[server.url("/own.zip")], sha256=None), format=FORMAT)
    command = [sys.executable, "-m", "dotbench.cli.fetch", "--dataset", "own", "--folder", "resources/own"]
    processes = [subprocess.Popen(command, cwd=workdir, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    lines: list[str] = []

    def listen(process: subprocess.Popen[str]) -> None:
        for line in process.stderr:
            lines.append(line)
            if "waiting" in line:
                second_waits.set()

    threads = [threading.Thread(target=listen, args=(process,)) for process in processes]
    for thread in threads:
        thread.start()
    assert [process.wait(30) for process in processes] == [0, 0]
    for thread in threads:
        thread.join()
    assert sorted(lines) == [
        f"own: downloading {server.url('/own.zip')}\n",
        "own: waiting for another process that fetches it\n",
    ]
    assert server.asked == ["/own.zip"]
    assert raw_files(raw / "manifest.json")[0].read_bytes() == CONTENT
    assert left(raw) == [".own.zip.json", "manifest.json", "own.zip", "ratings.csv"]


def test_a_disk_that_cannot_take_a_member_is_told(define, local: Path, workdir: Path, raw: Path) -> None:
    large = b"1,7,5,0\n" * 50_000
    (local / "own.zip").write_bytes(zipped(large))
    source = archive_source(sha256=sha256(zipped(large)), members=[{"path": "own/ratings.csv"}])
    define("own", source=source, format=FORMAT)
    program = (
        "import resource; from pathlib import Path; from dotbench.datasets.fetch import fetch\n"
        "from dotbench.cli.stage import run\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))\n"
        "run(lambda: fetch('own', Path('resources/own')))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=workdir, capture_output=True, text=True)
    assert done.returncode == 1
    assert re.fullmatch(
        r"error: resources/own/raw/own/ratings\.csv: cannot be written: File too large: "
        r"400\.0 kB are needed, [\d.,]+ .B are free there\n",
        done.stderr,
    )
    assert left(raw) == []


def test_another_address_is_another_file(define, server, workdir: Path) -> None:
    server.content |= {"/a/own.csv": CONTENT, "/b/own.csv": OTHER}
    for place, rows in (("a", 3), ("b", 1)):
        url = server.url(f"/{place}/own.csv")
        define("own", source={"urls": [url]}, format=FORMAT, prepare={"core": 1})
        stats = read_json(ensure_prepared("own", quiet) / "stats.json")
        assert (stats["raw"]["rows"], stats["origin"]) == (rows, url)


def test_a_local_copy_goes_before_a_download(define, server, local: Path, raw: Path) -> None:
    (local / "own.zip").write_bytes(zipped())
    define("own", source=archive_source(urls=[server.url("/own.zip")]), format=FORMAT)
    assert fetch("own", raw, quiet)["origin"] == "local copy"
    assert server.asked == []


def test_own_definitions_and_built_in_ones_are_the_same(
    define: Callable[..., Path], server, workdir: Path, raw: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.content["/own.zip"] = zipped()
    path = define("own", source=archive_source(urls=[server.url("/own.zip")]), format=FORMAT, prepare={"core": 1})
    own, manifest = load_dataset("own"), fetch("own", raw, quiet)
    with monkeypatch.context() as patched:
        patched.setattr(catalogue, "BUILT_IN", path.parent)
        patched.setattr(catalogue, "USER", Path("nowhere"))
        assert load_dataset("own") == own
        assert fetch("own", raw, quiet) == manifest


def test_an_own_download_is_prepared_like_any_other(define, server, workdir: Path) -> None:
    server.content["/own.zip"] = zipped()
    define("own", source=archive_source(urls=[server.url("/own.zip")]), format=FORMAT, prepare={"core": 1})
    folder = ensure_prepared("own", quiet)
    stats = read_json(folder / "stats.json")
    assert (stats["users"], stats["items"], stats["interactions"], stats["verified"]) == (2, 2, 3, True)
    server.content.clear()
    assert ensure_prepared("own", quiet) == folder  # nothing is fetched or prepared again
    assert server.asked == ["/own.zip"]


def test_an_own_file_that_changed_is_prepared_again(define, workdir: Path) -> None:
    (workdir / "own.csv").write_bytes(CONTENT)
    define("own", source={"file": "own.csv"}, format=FORMAT, prepare={"core": 1})
    folder = ensure_prepared("own", quiet)
    before = file_digest(folder / "ratings.parquet")
    (workdir / "own.csv").write_bytes(CONTENT.replace(b"5", b"4"))
    ensure_prepared("own", quiet)
    assert file_digest(folder / "ratings.parquet") != before


def test_a_file_is_as_fetched_as_long_as_its_content_is(define, workdir: Path) -> None:
    file, manifest = workdir / "own.csv", paths.manifest("own")
    file.write_bytes(CONTENT)
    define("own", source={"file": "own.csv"}, format=FORMAT)
    assert not is_as_fetched(manifest, Path("own.csv"))
    fetch("own", manifest.parent, quiet)
    os.utime(file, (4e9, 4e9))
    assert is_later(file, manifest)
    assert is_as_fetched(manifest, Path("own.csv"))
    assert not is_as_fetched(manifest, Path("other.csv"))
    file.write_bytes(CONTENT.replace(b"5", b"4"))
    assert not is_as_fetched(manifest, Path("own.csv"))
    file.unlink()
    assert not is_as_fetched(manifest, Path("own.csv"))
    assert not is_later(file, manifest)


# definitions


def definition_problem(name: str = "own") -> str:
    with pytest.raises(DotbenchError) as caught:
        load_dataset(name)
    return str(caught.value)


def test_the_name_of_a_built_in_dataset_is_taken(define, raw: Path) -> None:
    define("ml-100k", source={"file": "own.csv"}, format=FORMAT)
    assert re.match(r"config/datasets/ml-100k\.yaml: the name 'ml-100k' is taken by ", definition_problem("ml-100k"))


def test_an_unknown_dataset_is_told_with_the_nearest(workdir: Path) -> None:
    message = definition_problem("ml-100")
    assert message.startswith("unknown dataset 'ml-100': did you mean 'ml-100k'? allowed are ")


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("name: own\nsource: {file: a.csv}\nformat: {columns: {user: 0, item: 1}}\ncore: 3\n", "4: key 'core'"),
        ("name: own\nsource: {file: a}\nformat: {columns: {user: 0}}\n", "3: in 'format': key 'columns.item'"),
        ("name: own\nsource: {file: a}\nformat:\n  parser: delimted\n", "4: key 'format.parser'"),
        ("name: other\nsource: {file: a}\nformat: {columns: {user: 0, item: 1}}\n", "1: key 'name'"),
        ("name: own\nsource:\n  file: a\n  urls: [b]\n", "2: key 'source'"),
        ("name: own\nsource:\n  generator: sim-rating\n", "3: key 'source.generator'"),
        ("name: own\nsource:\n  file: a\n  sha256: abc\n", "4: key 'source.sha256'"),
        ("name: own\nsource: {file: a}\nprepare:\n  core: 0\n", "4: key 'prepare.core'"),
        ("name: own\nsource: {file: a\n", "3: not valid YAML"),
    ],
)
def test_a_wrong_definition_is_told_with_file_line_and_key(workdir: Path, text: str, where: str) -> None:
    path = workdir / "config" / "datasets" / "own.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert definition_problem().startswith(f"config/datasets/own.yaml, line {where}")


# files of several kinds, and those that a person has to bring


def by_hand(**changed: Any) -> dict[str, Any]:
    members = [
        {"path": "reviews.csv", "sha256": sha256(CONTENT)},
        {"path": "people.txt", "role": "users"},
        {"path": "things.txt", "role": "items"},
    ]
    return {"obtain": "fill in the form of the owner", "members": members, **changed}


def test_files_that_no_address_gives_are_asked_for(define, raw: Path) -> None:
    define("own", source=by_hand(), format=FORMAT)
    message = problem(raw)
    assert message.startswith("own: cannot be downloaded: fill in the form of the owner. Needed are ")
    assert "reviews.csv, people.txt, things.txt" in message
    assert "DOTBENCH_DATA" in message


def test_a_manifest_says_what_each_file_holds(define, local: Path, raw: Path) -> None:
    (local / "theirs").mkdir()
    for name in ("reviews.csv", "people.txt", "things.txt"):
        (local / "theirs" / name).write_bytes(CONTENT)
    define("own", source=by_hand(folder="theirs"), format=FORMAT)
    manifest = fetch("own", raw, quiet)
    assert [entry["role"] for entry in manifest["files"]] == ["ratings", "users", "items"]
    assert manifest["verified"] is False  # two members have no digest
    kinds = {role: raw_files(raw / "manifest.json", role) for role in ("ratings", "users", "items")}
    assert {role: [path.name for path in paths] for role, paths in kinds.items()} == {
        "ratings": ["reviews.csv"],
        "users": ["people.txt"],
        "items": ["things.txt"],
    }


def test_a_source_to_obtain_names_its_files(define) -> None:
    define("own", source={"obtain": "ask"}, format=FORMAT)
    with pytest.raises(DotbenchError, match="'obtain' needs 'members'"):
        load_dataset("own")


GZIPPED = {"urls": ["http://127.0.0.1:9/own.csv.gz"], "members": [{"path": "own.csv", "sha256": sha256(CONTENT)}]}


def test_the_file_in_a_gz_is_verified_as_a_member(define, local: Path, raw: Path) -> None:
    (local / "own.csv.gz").write_bytes(gzip.compress(CONTENT, mtime=0))
    define("own", source=GZIPPED, format=FORMAT)
    assert fetch("own", raw, quiet)["verified"] is True
    [path] = raw_files(raw / "manifest.json")
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (gzip.compress(CONTENT, mtime=0)[:-9], "own.csv.gz: not a complete gz archive"),
        (b"no archive", "own.csv.gz: not a complete gz archive"),
        (gzip.compress(OTHER, mtime=0), "member own.csv: sha256 is"),
    ],
)
def test_a_gz_that_is_wrong_is_told_and_nothing_stays(define, local: Path, raw: Path, content, message) -> None:
    (local / "own.csv.gz").write_bytes(content)
    define("own", source=GZIPPED, format=FORMAT)
    assert message in problem(raw)
    assert left(raw) == []


def test_the_content_of_a_gz_may_lie_unpacked(define, local: Path, raw: Path) -> None:
    (local / "own.csv").write_bytes(CONTENT)
    define("own", source=GZIPPED, format=FORMAT)
    fetch("own", raw, quiet)
    assert raw_files(raw / "manifest.json") == [local / "own.csv"]


def test_an_equal_manifest_keeps_its_time(define, workdir: Path, raw: Path) -> None:
    (workdir / "own.csv").write_bytes(CONTENT)
    define("own", source={"file": "own.csv"}, format=FORMAT)
    fetch("own", raw, quiet)
    os.utime(raw / "manifest.json", (1, 1))
    fetch("own", raw, quiet)
    assert (raw / "manifest.json").stat().st_mtime == 1
    (workdir / "own.csv").write_bytes(OTHER)
    fetch("own", raw, quiet)
    assert (raw / "manifest.json").stat().st_mtime > 1
