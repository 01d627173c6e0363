"""Tuning for each seed, from the configuration to the table and the page."""

import csv
import json

import pytest

pytestmark = pytest.mark.slow

CONFIG = "config/nested.yaml"
METHODS = ["popularity-none-direct", "mf-rg2-als"]
# seeds 0 and 1 choose different values of this grid
NESTED = """
name: nested
datasets: [sim-tiny]
seeds: [0, 1]
studies:
  - study: ranking
    methods:
      - {model: popularity}
      - {model: mf, loss: rg2, solver: als, set: {embedding_size: 8, epochs: 2}, grid: {regularization: [0.1, 0.14]}}
"""


@pytest.fixture
def nested(project):
    (project.root / CONFIG).write_text(NESTED)
    result = project.dotbench("run", "--config", CONFIG)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    return project


def test_every_seed_is_tuned_and_fitted_for_itself(nested):
    shown = nested.root / "results/nested"
    with open(shown / "ranking/tables/ranking.csv") as stream:
        rows = {row["model"]: row for row in csv.DictReader(stream)}
    row = rows["mf"]
    assert (row["seeds"], row["tuned"]) == ("2", "regularization=0.1 (1 of 2) or 0.14 (1 of 2)")
    folders = row["folder"].split("; ")
    assert len(folders) == 2
    for seed, folder in enumerate(folders):
        run = nested.root / folder
        chosen = json.loads((run / "chosen.json").read_text())["hyperparameters"]
        assert chosen["regularization"] == [0.1, 0.14][seed]
        assert [fit.name for fit in run.glob("split*")] == [f"split{seed}-init{seed}"]
        record = json.loads((run / f"split{seed}-init{seed}/metrics.json").read_text())
        assert record["hyperparameters"] == chosen
        with open(run / "trials.csv") as stream:
            values = {float(trial["regularization"]): float(trial["validation"]) for trial in csv.DictReader(stream)}
        assert record["metrics"]["valid"]["ndcg@10"] == pytest.approx(values[chosen["regularization"]], abs=1e-9)
    assert rows["popularity"]["folder"] in {
        str(path.relative_to(nested.root)) for path in (nested.root / "results/runs/sim-tiny").iterdir()
    }
    table = (shown / "ranking/tables/ranking.md").read_text()
    assert "chosen for each seed on the validation part of its own split, without the test part." in table
    page = (shown / "index.html").read_text()
    assert "regularization=0.14!" in page
    assert json.loads((shown / "configuration.json").read_text())["tuning"] == "nested"

    # one more seed tunes and fits that seed alone
    assert nested.planned(config=CONFIG) == []
    nested.edit(CONFIG, "seeds: [0, 1]", "seeds: [0, 1, 2]")
    jobs = [f"{stage} {method} on sim-tiny, split 2" for stage in ("fit", "evaluate") for method in METHODS]
    jobs += ["split sim-tiny for ranking, seed 2", f"tune {METHODS[1]} on sim-tiny"]
    assert nested.planned(config=CONFIG) == sorted([*jobs, "figure convergence of ranking", "table ranking of ranking"])
    nested.edit(CONFIG, "seeds: [0, 1, 2]", "seeds: [1]")
    assert nested.planned(config=CONFIG) == ["figure convergence of ranking", "table ranking of ranking"]
