"""The notebook docs/quickstart.ipynb runs from top to bottom, and its stored outputs are short."""

import json
from pathlib import Path
from typing import Any

import pytest

NOTEBOOK = Path(__file__).resolve().parents[2] / "docs" / "quickstart.ipynb"
LINES = 12  # of an output

pytestmark = pytest.mark.seconds


def cells() -> list[dict[str, Any]]:
    content = json.loads(NOTEBOOK.read_text("utf-8"))
    return [cell for cell in content["cells"] if cell["cell_type"] == "code"]


@pytest.mark.slow
def test_the_notebook_runs(workdir: Path) -> None:
    names: dict[str, Any] = {}
    for cell in cells():
        exec("".join(cell["source"]), names)
    assert names["table"]["method"][0] == "Popularity"
    assert names["table"]["ndcg@10_mean"].idxmin() == 0
    assert (workdir / names["folder"] / "fit.json").is_file()


def test_its_outputs_are_there_and_short() -> None:
    assert [cell["execution_count"] for cell in cells()] == list(range(1, len(cells()) + 1))
    outputs = [output for cell in cells() for output in cell["outputs"]]
    assert len(outputs) >= len(cells()) - 1
    for output in outputs:
        assert output["output_type"] == "execute_result"
        assert len(output["data"]["text/plain"]) <= LINES
