"""Digests beside records: damage and change are found, and nothing else is."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dotbench.cli import verifying
from dotbench.errors import DotbenchError
from dotbench.files import atomic, file_digest, write_json
from dotbench.seals import SMALL, damage, seal, sealed


@pytest.fixture
def record(workdir: Path) -> Path:
    """A record with a small table, and with arrays and a frame too large for a quick look."""
    folder = Path("results/runs/d/m/split0-init0")
    folder.mkdir(parents=True)
    (folder / "curve.csv").write_text("epoch,loss\n1,0.5\n")
    np.savez(folder / "fitted.npz", values=np.arange(SMALL // 4, dtype=np.float64))
    pd.DataFrame({"x": np.random.default_rng(0).random(SMALL // 4)}).to_parquet(folder / "per_user.parquet")
    write_json(folder / "fit.json", {"status": "ok"})
    seal(folder / "fit.json", [folder / name for name in ("curve.csv", "fitted.npz", "per_user.parquet")])
    return folder / "fit.json"


FILES = ["fit.json", "curve.csv", "fitted.npz", "per_user.parquet"]


def test_what_is_whole_is_not_damaged(record: Path) -> None:
    assert damage(record) is None
    assert damage(record, thorough=True) is None
    assert verifying.verify() == []
    assert len(sealed(record)) == 4
    assert all(digest == file_digest(file) for file, digest in sealed(record).items())


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("share", [0, 0.5, 0.999])
def test_a_file_that_was_cut_short_is_found(record: Path, name: str, share: float) -> None:
    file = record.with_name(name)
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * share)])
    assert str(file) in str(damage(record))
    assert [name in reason for reason in verifying.verify()] == [True]


@pytest.mark.parametrize("name", FILES)
def test_one_changed_byte_is_found(record: Path, name: str) -> None:
    file = record.with_name(name)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    assert file.name in str(damage(record, thorough=True))


def test_what_is_not_there_is_no_damage(record: Path) -> None:
    """An imported run has no vectors; a record without digests is of an older version, or of other tools."""
    record.with_name("fitted.npz").unlink()
    assert damage(record, thorough=True) is None
    record.with_name("fit.sha256").unlink()
    assert damage(record) is None
    record.write_text("")
    assert damage(record) == f"{record}: no complete JSON"


def test_a_list_of_digests_that_is_none_is_told(record: Path) -> None:
    record.with_name("fit.sha256").write_text("half a li")
    assert "not a list of digests" in str(damage(record))


def test_sha256sum_reads_the_digests(record: Path) -> None:
    if shutil.which("sha256sum") is None:
        pytest.skip("no sha256sum on this machine")
    checked = ["sha256sum", "--check", "--strict", "--quiet", str(record.with_name("fit.sha256"))]
    assert subprocess.run(checked, check=False).returncode == 0
    record.with_name("curve.csv").write_text("")
    assert subprocess.run(checked, check=False, capture_output=True).returncode == 1


def test_a_write_reaches_the_disk_before_it_has_its_name(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr("os.fsync", lambda number: calls.append(Path("there").exists()))
    with atomic("there") as temporary:
        temporary.write_text("text")
    assert calls == [False]
    assert Path("there").read_text() == "text"


def test_what_is_wrong_with_a_seal_names_it(record: Path) -> None:
    record.with_name("fit.sha256").write_bytes(b"\xff\xfe")
    with pytest.raises(DotbenchError, match=r"fit\.sha256: not text in UTF-8"):
        sealed(record)
