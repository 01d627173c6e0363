"""Every claim of every paper, by discovery: it can be decided, and what it names exists."""

import re
from functools import cache
from pathlib import Path

import pytest

from dotbench.registry import PAPERS
from dotbench.reporting.claims.deciding import argument_module, verdicts
from dotbench.reporting.claims.findings import AGAINST, AGREES, FAILS, HOLDS, OPEN, Sides
from dotbench.reporting.claims.language import COSTS
from dotbench.reporting.claims.language import load_claims as read_claims_of
from dotbench.reporting.claims.numbers import Ours, Printed
from dotbench.reporting.contents import Contents
from dotbench.reporting.published import load_published as read_published
from dotbench.studies.base import studies

load_claims, load_published = cache(read_claims_of), cache(read_published)
ROOT = Path(__file__).parents[2]
KEYS = sorted(path.parent.name for path in PAPERS.glob("*/claims.yaml"))
CLAIMS = [(key, claim) for key in KEYS for claim in load_claims(key).claims]
each = pytest.mark.parametrize(("key", "claim"), CLAIMS, ids=[f"{key}-{claim.id}" for key, claim in CLAIMS])


def nothing_run(key: str) -> Contents:
    """A study of the paper without a run."""
    study = next(study for study in studies().values() if study.published == key)
    split = {
        "headline": "",
        "remark": "",
        "seedless": False,
        "variant": "",
        "same_test": False,
        "validates_by_test": False,
        "test_to_train": 0,
    }
    values = {"name": "own", "study": study.name, "report_item": "", "kind": "", "title": "", "grid": "paper"}
    values |= {
        "published": key,
        "task": study.task,
        "metrics": list(study.metrics),
        "tuning": "single",
        "tuning_seed": 1,
        "split": split,
    }
    return Contents.from_json({**values, "validation_metric": study.metrics[0], "seeds": [0], "runs": []})


@each
def test_what_a_claim_names_exists(key, claim):
    published = load_published(key)
    facts = [(fact.table, fact.about, None, name) for fact in published.facts for name in fact.numbers]
    known = [(cell.table, cell.dataset, cell.part, cell.metric) for cell in published.cells] + facts
    names = {method.name for method in published.methods} | {fact.of for fact in published.facts}
    for k, wanted in enumerate((claim.at.table, claim.at.dataset, claim.at.part, claim.at.metric)):
        assert {*wanted} <= {place[k] for place in known} | {*COSTS}
    for test in filter(None, (claim.in_print, claim.in_ours)):
        assert test.methods <= names
        assert {name for along in test.along for name in along} <= {*claim.at.dataset}
        assert not isinstance(test.prints, dict) or {*test.prints} <= {place[1] for place in known}


@each
def test_a_claim_is_decided_in_print_by_rows_that_agree_with_the_verdict(key, claim):
    published = load_published(key)
    [found] = [one for one in decided(key) if one.claim.id == claim.id]
    if claim.in_print is None:
        assert found.print.verdict == OPEN
        return
    costs = {*claim.at.metric} & {*COSTS}
    printed = {name for block in Printed(published).blocks(claim.at) for name in block.numbers}
    if claim.in_print.argument is None and (costs or not claim.in_print.methods <= printed):
        assert found.print.verdict == OPEN
        return
    says = {row["says"] for row in found.print.rows}
    assert (found.print.verdict == FAILS) == (AGAINST in says)
    assert (found.print.verdict == HOLDS) == (says <= {AGREES, ""} and AGREES in says)
    assert all(row["source"] for row in found.print.rows if claim.in_print.argument is None)


@each
def test_where_nothing_was_run_ours_say_what_to_run(key, claim):
    [found] = [one for one in decided(key) if one.claim.id == claim.id]
    assert (found.ours.verdict, found.ours.rows) == (OPEN, [])
    needed = claim.needs or load_claims(key).needs
    assert needed in found.ours.reason or (claim.print and not claim.test and not claim.ours and not claim.needs)
    for file in re.findall(r"config/[\w/.-]+\.yaml", needed):
        assert (ROOT / file).is_file(), file
    assert found.ours.reason.endswith(".")
    assert found.print.reason.endswith(".")


@pytest.mark.parametrize("key", KEYS)
def test_every_argument_is_used_and_there(key):
    tests = [test for claim in load_claims(key).claims for test in (claim.in_print, claim.in_ours) if test]
    used = {test.argument for test in tests if test.argument}
    module = argument_module(key)
    there = {} if module is None else __import__(module, fromlist=["ARGUMENTS"]).ARGUMENTS
    assert used == {*there}


@cache
def decided(key: str) -> list:
    """All claims of a paper, nothing of it being run."""
    claims = load_claims(key)
    assert claims is not None
    return verdicts(key, load_published(key), claims, nothing_run(key))


def test_sides_of_a_paper_without_runs_have_no_numbers_of_ours():
    published = load_published(KEYS[0])
    ours = Ours(nothing_run(KEYS[0]), published)
    assert Sides(KEYS[0], published, Printed(published), ours).ours.datasets == []
