"""Writes are atomic, errors name their file, equal values have equal digests."""

import errno
import hashlib
import json
import math
import os
import stat
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dotbench.errors import DotbenchError
from dotbench.files import (
    FULL,
    atomic,
    canonical_json,
    digest,
    file_digest,
    read_arrays,
    read_json,
    write_csv,
    write_json,
    write_npy,
    write_npz,
    write_parquet,
    write_text,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A file with content, alone in its folder."""
    path = tmp_path / "folder" / "facts.json"
    path.parent.mkdir()
    path.write_text("old")
    return path


def is_untouched(path: Path) -> bool:
    return path.read_text() == "old" and [p.name for p in path.parent.iterdir()] == [path.name]


def write_half(path: Path, error: BaseException) -> None:
    """Write something, then fail."""
    with atomic(path) as temporary:
        temporary.write_text("half")
        raise error


def test_content_is_replaced_only_when_the_block_ends(old: Path) -> None:
    with atomic(old) as temporary:
        temporary.write_text("new")
        assert old.read_text() == "old"
    assert old.read_text() == "new"
    assert list(old.parent.iterdir()) == [old]


def test_the_temporary_file_lies_beside_the_target_with_its_suffix(old: Path) -> None:
    with atomic(old) as temporary:
        assert temporary.parent == old.parent
        assert temporary.suffix == old.suffix
        assert temporary.name.startswith(".")


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()])
def test_an_exception_leaves_the_old_file_and_no_temporary_file(old: Path, error: BaseException) -> None:
    with pytest.raises(type(error)):
        write_half(old, error)
    assert is_untouched(old)


def test_an_os_error_is_told_with_the_name_of_the_target(old: Path) -> None:
    with pytest.raises(DotbenchError) as caught:
        write_half(old, OSError(errno.EIO, "Input/output error"))
    assert str(caught.value) == f"{old}: cannot be written: Input/output error"
    assert is_untouched(old)


def test_no_space_while_writing_is_told_and_leaves_the_old_file(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, *_: object, **__: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_text", full)
        with pytest.raises(DotbenchError) as caught:
            write_text(old, "new")
    assert str(caught.value) == f"{old}: cannot be written: No space left on device; {FULL}"
    assert is_untouched(old)


def test_an_error_while_moving_leaves_the_old_file(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", refuse)
        with pytest.raises(DotbenchError, match=r"facts\.json: cannot be written: Permission denied"):
            write_json(old, {})
    assert is_untouched(old)


def test_a_folder_that_is_a_file_is_told(old: Path) -> None:
    with pytest.raises(DotbenchError) as caught:
        write_text(old / "below.txt", "x")
    assert str(caught.value).startswith(f"{old / 'below.txt'}: cannot be written: ")
    assert is_untouched(old)


@pytest.fixture
def tiny_disk(tmp_path: Path):
    """A file system of 256 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    try:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=256k", "dotbench-test", str(folder)], capture_output=True, text=True
        )
    except FileNotFoundError:
        pytest.skip("there is no command 'mount'")
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_leaves_the_old_files_and_no_temporary_file(tiny_disk: Path) -> None:
    big = np.random.default_rng(0).random((500, 500))  # 2 MB that no compression makes small
    writers = {
        "a.txt": lambda path: write_text(path, "x" * big.nbytes),
        "a.json": lambda path: write_json(path, big.tolist()),
        "a.csv": lambda path: write_csv(path, ({"x": value} for value in big.ravel()), ["x"]),
        "a.npy": lambda path: write_npy(path, big),
        "a.npz": lambda path: write_npz(path, big=big),
        "a.parquet": lambda path: write_parquet(path, pd.DataFrame({"x": big.ravel()})),
    }
    for name in writers:
        (tiny_disk / name).write_text("old")
    for name, write in writers.items():
        with pytest.raises(DotbenchError) as caught:
            write(tiny_disk / name)
        assert str(caught.value).startswith(f"{tiny_disk / name}: cannot be written: "), name
        assert {path.name: path.read_text() for path in tiny_disk.iterdir()} == dict.fromkeys(writers, "old"), name


def test_folders_are_made_and_permissions_follow_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "facts.json"
    before = os.umask(0o027)
    try:
        write_json(path, {})
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_written_files_are_read_back(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"ü": [1, None]})
    assert read_json(tmp_path / "a.json") == {"ü": [1, None]}
    write_csv(tmp_path / "a.csv", [{"x": 1}, {"x": "a,b", "y": 2}], ["x", "y"])
    assert (tmp_path / "a.csv").read_text() == 'x,y\n1,\n"a,b",2\n'
    write_npy(tmp_path / "a.npy", np.arange(3))
    assert read_arrays(tmp_path / "a.npy").tolist() == [0, 1, 2]
    write_npz(tmp_path / "a.npz", x=np.arange(2))
    with read_arrays(tmp_path / "a.npz") as arrays:
        assert arrays["x"].tolist() == [0, 1]
    frame = pd.DataFrame({"x": [1.5], "y": ["01"]})
    write_parquet(tmp_path / "a.parquet", frame)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "a.parquet"), frame)


def test_bad_json_is_told_with_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{\n "a": 1,\n "b": }\n')
    with pytest.raises(DotbenchError) as caught:
        read_json(path)
    assert str(caught.value).startswith(f"{path}, line 3: not valid JSON: ")


@pytest.mark.parametrize("read", [read_json, read_arrays])
def test_an_absent_file_is_told(tmp_path: Path, read) -> None:
    with pytest.raises(DotbenchError) as caught:
        read(tmp_path / "none")
    assert str(caught.value) == f"{tmp_path / 'none'}: cannot be read: No such file or directory"


def test_a_file_without_arrays_is_told(tmp_path: Path) -> None:
    for name, content in (("text.npy", b"hello"), ("empty.npy", b"")):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(DotbenchError) as caught:
            read_arrays(path)
        assert str(caught.value).startswith(f"{path}: not a NumPy array file: ")


@pytest.mark.parametrize("suffix", ["npy", "npz"])
def test_half_a_file_of_arrays_is_told(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    write = {"npy": write_npy, "npz": lambda path, array: write_npz(path, x=array)}[suffix]
    write(path, np.arange(1000))
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(DotbenchError) as caught:
        read_arrays(path)
    assert str(caught.value).startswith(f"{path}: not a NumPy array file: ")


def reordered(value):
    """The same value with the keys of every mapping in the opposite order."""
    if isinstance(value, dict):
        return {key: reordered(inner) for key, inner in reversed(value.items())}
    return [reordered(inner) for inner in value] if isinstance(value, list) else value


@given(JSON)
def test_equal_values_have_equal_json_and_digest(value) -> None:
    assert canonical_json(reordered(value)) == canonical_json(value)
    assert digest(reordered(value)) == digest(value)
    assert json.loads(canonical_json(value)) == value


def test_canonical_json_is_short_sorted_and_unescaped() -> None:
    assert canonical_json({"b": [1, 2.5, None], "a": "ü"}) == '{"a":"ü","b":[1,2.5,null]}'


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_nan_and_infinity_have_no_canonical_json(value: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical_json([value])


def test_digest_is_the_beginning_of_the_sha256_of_the_text() -> None:
    assert digest({}) == "44136fa355"  # sha256 of {}
    assert digest({}, 64) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    assert digest({"ü": 1}, 64) == hashlib.sha256('{"ü":1}'.encode()).hexdigest()


@pytest.mark.parametrize(
    ("content", "algorithm", "expected"),
    [
        (b"", "git-blob", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"),
        (b"hello\n", "git-blob", "ce013625030ba8dba906f756967f9e9ca394464a"),
        (b"", "md5", "d41d8cd98f00b204e9800998ecf8427e"),
        (b"abc", "sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ],
)
def test_file_digests_are_the_published_ones(tmp_path: Path, content: bytes, algorithm: str, expected: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    assert file_digest(path, algorithm) == expected


def test_the_git_blob_digest_covers_every_block(tmp_path: Path) -> None:
    content = os.urandom((1 << 20) + 17)
    path = tmp_path / "file"
    path.write_bytes(content)
    expected = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    assert file_digest(path, "git-blob") == expected


@pytest.mark.parametrize("value", [math.nan, np.float64("nan")])
def test_what_is_no_number_is_not_written(tmp_path: Path, value: float) -> None:
    write_csv(tmp_path / "a.csv", [{"x": 1, "y": 2.0}, {"x": "nan", "y": value}], ["x", "y"])
    assert (tmp_path / "a.csv").read_text() == "x,y\n1,2.0\nnan,\n"
    with pytest.raises(DotbenchError, match=r"a.json: would hold NaN"):
        write_json(tmp_path / "a.json", {"x": [1.0, float(value)]})
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
