"""Published numbers: what may stand in a file of them, and that the shipped ones are about things that exist."""

from pathlib import Path

import pytest
import yaml

from dotbench.datasets.catalogue import definition_files
from dotbench.errors import DotbenchError
from dotbench.losses.base import losses
from dotbench.models.base import models
from dotbench.papers.t2rec.simulations.table1 import shipped
from dotbench.reporting.published import PAPERS, load_published, read_published
from dotbench.reporting.replications import scenario_text
from dotbench.simulations.base import simulations
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


OURS = {"model": "mf", "loss": "rg2", "solver": "als"}


def write(folder: Path, **changes: object) -> Path:
    path = folder / "own.yaml"
    path.write_text(yaml.safe_dump(GOOD | changes))
    return path


def test_a_method_may_be_a_row_of_a_simulation(tmp_path: Path) -> None:
    both = {**GOOD["methods"][0], "simulation": "t2rec-table1", "rows": ["svd", "svd-biased"]}
    method = read_published(write(tmp_path, methods=[both])).method("RG2")
    assert method.ours()[2:] == [("t2rec-table1", "svd"), ("t2rec-table1", "svd-biased")]
    assert method.stated() == [("mf", "rg2", "als"), ("t2rec-table1", "svd")]


def test_a_method_names_ours_that_it_is_compared_with(tmp_path: Path) -> None:
    found = read_published(write(tmp_path))
    assert found.method("RG2").ours() == [("mf", "rg2", "als"), ("mf", "rg2-released", "als")]
    assert found.cells[0].sd is None


def test_a_method_may_ask_for_settings_of_ours(tmp_path: Path) -> None:
    asks = {**GOOD["methods"][0], "set": {"features": "movielens", "offset": "none"}}
    method = read_published(write(tmp_path, methods=[{**asks, "simulation": "t2rec-table1", "rows": ["svd"]}])).method(
        "RG2"
    )
    same = {"features": "movielens", "offset": "none", "learning_rate": 0.1}
    assert method.is_met_by(("mf", "rg2", "als"), same)
    assert not method.is_met_by(("mf", "rg2", "als"), {**same, "offset": "mean"})
    assert not method.is_met_by(("mf", "rg2", "als"), {"features": "movielens"})
    assert method.is_met_by(("t2rec-table1", "svd"), {})  # rows of a simulation are told by name alone


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"cells": [{**GOOD["cells"][0], "valu": 1}]},
            r"own\.yaml, line \d+: key 'cells\.0\.valu': unknown key; allowed",
        ),
        ({"cells": [{**GOOD["cells"][0], "method": "RG"}]}, "unknown method of the paper 'RG': did you mean 'RG2'"),
        ({"cells": [GOOD["cells"][0]] * 2}, "the cell Table 2, ml-10m, RG2, ndcg@10 is listed more than once"),
        ({"cells": [{**GOOD["cells"][0], "metric": "ndgc@20"}]}, r"key 'cells\.0\.metric': found 'ndgc@20'"),
        ({"cells": [{**GOOD["cells"][0], "sd": -0.1}]}, r"key 'cells\.0\.sd': found -0\.1"),
        ({"seeds": 0}, "key 'seeds': found 0"),
        ({"seeds": 1, "cells": [{**GOOD["cells"][0], "sd": 0.1}]}, "'seeds': found 1, but a number has a ±"),
        ({"seeds": 1, "cells": [{**GOOD["cells"][0], "se": 0.1}]}, "'seeds': found 1, but a number has a ±"),
        ({"cells": [{**GOOD["cells"][0], "sd": 0.1, "se": 0.1}]}, "has 'sd' and 'se'; allowed is one of them"),
        ({"facts": [{"table": "T", "about": "d", "numbers": {}}]}, r"key 'facts\.0\.numbers'"),
        ({"methods": [{"name": "RG2", "absent": "why", **OURS}]}, "needs either a method of ours, or 'absent'"),
        ({"methods": [{"name": "RG2", "model": "mf"}]}, "needs all of 'model', 'loss', 'solver', or both of 'simul"),
        ({"methods": [{"name": "RG2", "simulation": "t2rec-table1"}]}, "or both of 'simulation', 'rows'"),
        ({"methods": [{"name": "RG2"}]}, "needs either a method of ours"),
    ],
)
def test_a_mistake_is_told(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    path = write(tmp_path, **changes)
    with pytest.raises(DotbenchError, match=message):
        read_published(path)


def scenarios(name: str) -> set[str]:
    """The scenarios of a simulation, as its table names them."""
    cls = simulations()[name]
    return {scenario_text(cls.keys, job.settings) for job in cls(cls.Settings()).jobs()}


@pytest.mark.parametrize("key", sorted(path.parent.name for path in PAPERS.glob("*/published.yaml")))
def test_shipped_numbers_are_about_a_study_and_things_that_exist(key: str) -> None:
    found = load_published(key)
    assert key in [study.published for study in studies().values()]
    for cell in found.cells:
        simulation = found.method(cell.method).simulation
        assert cell.dataset in (definition_files().keys() | (scenarios(simulation) if simulation else set()))
        assert 0 < cell.value < (3 if cell.metric == "rmse" else 1)
    for method in found.methods:
        for names in method.ours():
            if len(names) == 2:
                assert names[0] in simulations()
            elif names[1] == "none":
                assert models()[names[0]].solver == names[2]
            else:
                assert solvers()[names[2]].can_solve(models()[names[0]], losses()[names[1]])


def test_the_simulation_of_t2rec_is_there_in_full() -> None:
    found = load_published("t2rec")
    simulated = [cell for cell in found.cells if cell.dataset != "yelp"]
    assert {cell.dataset for cell in simulated} == scenarios("t2rec-table1")
    assert len(simulated) == 9 * 5
    assert len(found.cells) == len(simulated) + 3 * 5
    values = {(cell.dataset, cell.method): cell.value for cell in simulated}
    assert (values["n = 1500, d = 20", "T2Rec"], values["n = 3000, d = 40", "SVD++"]) == (0.496, 2.219)
    rows = {row for method in found.methods for row in method.rows}
    assert rows <= set(shipped())


def test_the_spread_of_a_cell_is_its_own_or_that_of_its_standard_error(tmp_path: Path) -> None:
    found = read_published(write(tmp_path, seeds=25))
    [cell] = found.cells
    assert found.spread(cell) is None
    assert found.spread(cell.model_copy(update={"sd": 0.3})) == 0.3
    assert found.spread(cell.model_copy(update={"se": 0.02})) == pytest.approx(0.1)


def test_every_printed_cell_is_there() -> None:
    """The sizes of the papers' tables: nine losses or four of them, three datasets, two metrics, two cells absent."""
    rg2, t2rec, nimc = (load_published(key) for key in ("rg2", "t2rec", "nimc"))
    counts = {name: sum(cell.table == name for cell in rg2.cells) for name in ("Table 2", "Table 4", "Table 5")}
    assert counts == {"Table 2": 9 * 3 * 2 - 2, "Table 4": 9 * 3 * 2, "Table 5": 4 * 3 * 2}
    twice = {(c.dataset, c.method, c.metric): c.value for c in rg2.cells if c.table == "Table 4"}
    assert all(twice[c.dataset, c.method, c.metric] == c.value for c in rg2.cells if c.table == "Table 2")
    assert all((cell.sd is not None) == (cell.table == "Table 4") for cell in rg2.cells)
    assert all(cell.se is not None for cell in t2rec.cells)
    assert sum(len(fact.numbers) for fact in t2rec.facts) == 10 * 6
    assert len(nimc.cells) + sum(len(fact.numbers) for fact in nimc.facts) == 59


def test_the_overall_column_of_yelp_is_of_pairs_that_are_new_on_both_sides() -> None:
    """overall² = w cold² + (1 − w) warm², w the share of such pairs: it holds but for the cell that is suspect."""
    users, items = 15_000 / 35_906, 10_000 / 15_090
    both = (1 - users) * (1 - items)
    weight = both / (both + 0.3 * users * items)
    yelp = {(c.method, c.part): c.value for c in load_published("t2rec").cells if c.dataset == "yelp"}
    made = {
        method: (weight * yelp[method, "cold"] ** 2 + (1 - weight) * yelp[method, "warm"] ** 2) ** 0.5
        for method in ("rSVD", "KNN", "Co-Ca", "SVD++", "T2Rec")
    }
    off = {method: abs(value - yelp[method, "overall"]) > 0.001 for method, value in made.items()}
    assert off == {"rSVD": False, "KNN": False, "Co-Ca": False, "SVD++": True, "T2Rec": False}


def test_the_suspect_cells_are_marked() -> None:
    cells = [cell for cell in load_published("t2rec").cells if cell.suspect]
    assert [(cell.dataset, cell.part, cell.method) for cell in cells] == [("yelp", "warm", "SVD++")]
    cells = [cell for cell in load_published("rg2").cells if cell.suspect]
    assert [(cell.table, cell.dataset, cell.method, cell.metric) for cell in cells] == [
        ("Table 4", "ml-10m", "UIB", "ndcg@10")
    ]
    sml = next(c for c in load_published("rg2").cells if (c.method, c.metric) == ("SML", "ndcg@10"))
    assert sml.value == cells[0].value
