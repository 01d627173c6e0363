"""Which code made a record, where and when."""

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from dotbench import paths
from dotbench.datasets.interactions import Split
from dotbench.execution import provenance
from dotbench.execution.hardware import Execution
from dotbench.interface.methods import choose_method
from dotbench.runs import fitting

pytestmark = pytest.mark.seconds
GIT = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C"]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(paths, "PROJECT", tmp_path)
    provenance.commit.cache_clear()
    yield tmp_path
    provenance.commit.cache_clear()


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run([*GIT, str(folder), *arguments], check=True, capture_output=True, text=True).stdout.strip()


def test_the_commit_is_that_of_the_code_that_runs_and_tells_of_changes(checkout: Path) -> None:
    assert provenance.commit() is None  # nothing to name
    git(checkout, "init", "--quiet")
    (checkout / "a.py").write_text("A = 1\n")
    git(checkout, "add", "a.py")
    git(checkout, "commit", "--quiet", "--message", "one")
    provenance.commit.cache_clear()
    head = git(checkout, "rev-parse", "HEAD")
    assert provenance.commit() == head
    (checkout / "a.py").write_text("A = 2\n")
    assert provenance.commit() == head  # of the process, whatever is edited meanwhile
    provenance.commit.cache_clear()
    assert provenance.commit() == f"{head}-dirty"


def test_a_fit_names_its_code_its_split_host_and_date() -> None:
    pairs = np.array([[0, 0], [0, 1], [1, 1]])
    method, execution = choose_method("popularity", None, None, {}), Execution("cpu", say=lambda _: None)
    before = datetime.now(UTC).replace(microsecond=0)
    made = []
    for test in (pairs[:1], pairs[1:2]):
        split = Split(2, 3, pairs, pairs[:1], test, ratings={})
        fit = fitting.fit(method, method.settings, fitting.Inputs("d", split), fitting.Seeds(0, 0), execution)
        found = fit.record.to_json()["provenance"]
        assert found.keys() == {"dotbench", "commit", "code", "split", "host", "finished"}
        assert found["split"] == split.content_digest()
        assert len(found["code"]) == 64
        assert before <= datetime.fromisoformat(found["finished"]) <= datetime.now(UTC)
        made.append(found)
    assert made[0]["code"] == made[1]["code"]
    assert made[0]["split"] != made[1]["split"]
