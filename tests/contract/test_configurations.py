"""Every configuration of the project, and the page about them, say what the settings allow."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from dotbench.config.benchmark import Benchmark, StudyChoice, load_benchmark
from dotbench.config.schema import main as schema
from dotbench.config.suite import PartChoice, SuiteChoice, is_suite, load_suite
from dotbench.yaml_lines import read_yaml

REPOSITORY = Path(__file__).parents[2]
CONFIG = REPOSITORY / "config"
SCHEMAS = REPOSITORY / "workflow/schemas"
SUITES = [path for path in sorted(CONFIG.glob("*.yaml")) if is_suite(path)]
CONFIGURATIONS = sorted({*CONFIG.glob("*.yaml"), *CONFIG.glob("papers/*.yaml")} - {*SUITES})


@pytest.mark.parametrize("path", CONFIGURATIONS, ids=lambda path: path.stem)
def test_a_configuration_matches_the_schema(path):
    values = read_yaml(CONFIG / "config.yaml") | read_yaml(path)
    jsonschema.validate(values, json.loads((SCHEMAS / "config.schema.json").read_text()))


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.stem)
def test_a_suite_matches_the_schema_and_its_parts_load(path):
    jsonschema.validate(read_yaml(path), json.loads((SCHEMAS / "suite.schema.json").read_text()))
    parts = load_suite(path)
    assert all(part.plan.targets(study) for part in parts for study in part.plan.studies())


def test_every_configuration_is_in_the_full_benchmark():
    """Those on top of others alone are not run by themselves, nor are the two first looks."""
    named = {CONFIG / name for part in read_yaml(CONFIG / "full.yaml")["parts"] for name in part["config"]}
    assert {*CONFIGURATIONS} - named == {
        CONFIG / name for name in ("config.yaml", "smoke.yaml", "papers/rg2-extended.yaml")
    }


def test_the_schemas_are_those_of_the_settings(capsys, tmp_path):
    assert schema(["--check"]) == 0
    for name in ("config.schema.json", "dataset.schema.json", "suite.schema.json"):
        (tmp_path / name).write_text((SCHEMAS / name).read_text())
    (tmp_path / "config.schema.json").write_text("{}")
    assert schema(["--check"], tmp_path) == 1
    assert "config.schema.json: not current, the settings have changed; run `make schemas`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("heading", "settings"),
    [("Top-level keys", [Benchmark]), ("Keys of a study", [StudyChoice]), ("Suites", [SuiteChoice, PartChoice])],
)
def test_the_page_has_every_key(heading, settings):
    section = (CONFIG / "README.md").read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    keys = set(re.findall(r"^\| `([a-z_]+)` \|", section, re.MULTILINE))
    fields = {name for part in settings for name in part.model_fields}
    assert keys >= fields
    assert keys <= fields | {"papers"}


REDUCED = {path.parent.name: path for path in REPOSITORY.glob("workflow/dotbench/papers/*/reduced.yaml")}


def test_the_papers_reduced_studies_are_offered_by_name():
    offered = {choice.study for choice in load_benchmark([CONFIG / "config.yaml"]).studies if choice.on_request}
    assert offered == set(REDUCED)


def test_a_study_that_is_listed_is_not_offered_again(tmp_path):
    listed, *others = sorted(REDUCED)
    own = {"name": "own", "datasets": [], "studies": [read_yaml(REDUCED[listed]), {"papers": "reduced"}]}
    (tmp_path / "own.yaml").write_text(yaml.safe_dump(own))
    studies = load_benchmark([tmp_path / "own.yaml"]).studies
    assert [(choice.study, choice.on_request) for choice in studies] == [
        (listed, False),
        *((study, True) for study in others),
    ]
