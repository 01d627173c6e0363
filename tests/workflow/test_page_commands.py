"""Commands that a page marks by ``<!-- run -->`` run, from the first to the last, in a folder of their own."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit"))
from pages_data import REPOSITORY, WRITTEN, blocks, name

LARGE = "DOTBENCH_LARGE" in os.environ  # read before the tests' own environment is cleared
RUNNING = [page for page in WRITTEN if any(block.runs for block in blocks(page))]


def test_get_started_runs() -> None:
    assert "docs/get-started.md" in map(name, RUNNING)


@pytest.mark.slow
@pytest.mark.parametrize("page", RUNNING, ids=name)
def test_marked_commands_run(page: Path, tmp_path: Path) -> None:
    if name(page) == "docs/get-started.md" and not LARGE:
        pytest.skip("runs the default job, which takes minutes; set DOTBENCH_LARGE to run it")
    shutil.copytree(REPOSITORY / "config", tmp_path / "config")
    (tmp_path / "docs").symlink_to(REPOSITORY / "docs")
    paths = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for block in blocks(page):
        if block.file:
            (tmp_path / block.file).write_text(block.text, encoding="utf-8")
        if block.runs:
            ran = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", block.text],
                cwd=tmp_path,
                env=os.environ | {"PATH": paths},
                capture_output=True,
                text=True,
            )
            assert ran.returncode == 0, f"{name(page)}:\n{block.text}\n{ran.stdout[-3000:]}\n{ran.stderr[-3000:]}"
    for place in re.findall(r"`(results/[^`<]+)`", page.read_text("utf-8")):
        assert (tmp_path / place).exists(), f"{name(page)}: its commands do not make {place}"
