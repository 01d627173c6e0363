"""A suite by the command: what is done already is not done again, and what has no data is listed."""

import csv

import pytest

pytestmark = pytest.mark.slow
SUITE = """
suite: own
parts:
  - {config: [config/smoke.yaml], targets: [ranking]}
  - {config: [config/smoke.yaml], set: {name: absent, datasets: [yelp]}}
"""


def test_a_suite_runs_what_it_can_and_lists_the_rest(own):
    (own.root / "own.yaml").write_text(SUITE)
    run = own.dotbench("run", "own.yaml")
    assert run.returncode == 0, run.stderr
    assert "fit " not in run.stdout  # the runs are those of the smoke configuration
    assert "not run on yelp: cannot be downloaded" in run.stdout
    with (own.root / "results/own/parts.csv").open() as stream:
        rows = {row["part"]: row for row in csv.DictReader(stream)}
    assert {name: row["status"] for name, row in rows.items()} == {"smoke": "done", "absent": "not run"}
    made, before = (own.root / f"results/{name}/ranking/tables/ranking_pairs.csv" for name in ("own-smoke", "smoke"))
    assert made.read_text() == before.read_text()
    page = (own.root / "results/own/index.html").read_text()
    assert "own-smoke" in page
    assert "nothing to do: everything is up to date" in own.dotbench("run", "own.yaml", "smoke").stdout
