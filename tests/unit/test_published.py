"""Published numbers: what may stand in a file of them, and that the shipped ones are about things that exist."""

from pathlib import Path

import pytest
import yaml

from dotbench.datasets.catalogue import definition_files
from dotbench.errors import DotbenchError
from dotbench.losses.base import losses
from dotbench.models.base import models
from dotbench.settings.published import FOLDER, load_published
from dotbench.solvers.base import solvers
from dotbench.studies.base import studies

GOOD = {
    "paper": "A paper",
    "source": "its tables",
    "seeds": 5,
    "protocol": [],
    "missing": [],
    "methods": [{"name": "RG2", "model": "mf", "loss": "rg2", "also": ["rg2-released"], "solver": "als"}],
    "cells": [{"table": "Table 2", "dataset": "ml-10m", "method": "RG2", "metric": "ndcg@10", "value": 0.3}],
}


def write(folder: Path, **changes: object) -> None:
    (folder / "own.yaml").write_text(yaml.safe_dump(GOOD | changes))


def test_a_method_names_ours_that_it_is_compared_with(tmp_path: Path) -> None:
    write(tmp_path)
    found = load_published("own", tmp_path)
    assert found.method("RG2").ours() == [("mf", "rg2", "als"), ("mf", "rg2-released", "als")]
    assert found.cells[0].sd is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"cells": [{**GOOD["cells"][0], "valu": 1}]},
            r"own\.yaml, line \d+: key 'cells\.0\.valu': unknown key; allowed",
        ),
        ({"cells": [{**GOOD["cells"][0], "method": "RG"}]}, "unknown method of the paper 'RG': did you mean 'RG2'"),
        ({"cells": [GOOD["cells"][0]] * 2}, "the cell Table 2, ml-10m, RG2, ndcg@10 is there more than once"),
        ({"cells": [{**GOOD["cells"][0], "metric": "ndcg@20"}]}, r"key 'cells\.0\.metric': found 'ndcg@20'"),
        ({"cells": [{**GOOD["cells"][0], "sd": -0.1}]}, r"key 'cells\.0\.sd': found -0\.1"),
        ({"seeds": 1}, "key 'seeds': found 1"),
    ],
)
def test_a_mistake_is_told(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    write(tmp_path, **changes)
    with pytest.raises(DotbenchError, match=message):
        load_published("own", tmp_path)


@pytest.mark.parametrize("key", sorted(path.stem for path in FOLDER.glob("*.yaml")))
def test_shipped_numbers_are_about_a_study_and_registered_datasets(key: str) -> None:
    found = load_published(key)
    assert key in [study.published for study in studies().values()]
    assert {cell.dataset for cell in found.cells} <= set(definition_files())
    assert all(0 < cell.value < 1 for cell in found.cells)
    for method in found.methods:
        for model, loss, solver in method.ours():
            assert solvers()[solver].can_solve(models()[model], losses()[loss])


def test_the_suspect_cell_of_rg2_is_marked() -> None:
    cells = [cell for cell in load_published("rg2").cells if cell.suspect]
    assert [(cell.table, cell.dataset, cell.method, cell.metric) for cell in cells] == [
        ("Table 4", "ml-10m", "UIB", "ndcg@10")
    ]
    sml = next(c for c in load_published("rg2").cells if (c.method, c.metric) == ("SML", "ndcg@10"))
    assert sml.value == cells[0].value
