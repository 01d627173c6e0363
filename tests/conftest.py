"""What several tests share: a clean environment, a working directory, own datasets, local copies of public data."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

# one thread a process: tests run side by side, and threads that wait for a core spin
for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

REPOSITORY = Path(__file__).resolve().parents[1]
LOCAL_DATA = Path(os.environ.get("DOTBENCH_DATA") or REPOSITORY.parent / "shared" / "data")


@pytest.fixture(autouse=True, scope="session")
def no_dotbench_variables() -> Iterator[None]:
    """No test sees the DOTBENCH_* variables of whoever runs it."""
    with pytest.MonkeyPatch.context() as patched:
        for name in [name for name in os.environ if name.startswith("DOTBENCH_")]:
            patched.delenv(name)
        yield


@pytest.fixture
def workdir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory; every path of the package is relative to it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def define(workdir: Path) -> Callable[..., Path]:
    """``define(name, **content)`` writes a definition into ``config/datasets`` of the working directory."""

    def write(name: str, **content: Any) -> Path:
        path = workdir / "config" / "datasets" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump({"name": name, **content}, sort_keys=False), encoding="utf-8")
        return path

    return write


@pytest.fixture
def local_data() -> Path:
    """The folder of local copies: DOTBENCH_DATA, or ``shared/data`` beside the checkout."""
    if not LOCAL_DATA.is_dir():
        pytest.skip(f"no local copies of public datasets: no folder {LOCAL_DATA}; name one with DOTBENCH_DATA")
    return LOCAL_DATA


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of a cluster first, which wait for minutes; then those of the workflow: one worker makes the project that
    they share while the others go on."""
    items.sort(key=lambda item: ("slurm" not in item.path.parts, "workflow" not in item.path.parts))
    if not os.environ.get("DOTBENCH_LARGE"):
        skip = pytest.mark.skip(reason="takes minutes; set DOTBENCH_LARGE to run it")
        for item in items:
            if item.get_closest_marker("large"):
                item.add_marker(skip)
