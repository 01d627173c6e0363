"""Every configuration of the project, and the page about them, say what the settings allow."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from dotbench.config.benchmark import Benchmark, StudyChoice, load_benchmark
from dotbench.config.schema import main as schema
from dotbench.yaml_lines import read_yaml

REPOSITORY = Path(__file__).parents[2]
CONFIG = REPOSITORY / "config"
SCHEMAS = REPOSITORY / "workflow/schemas"
CONFIGURATIONS = sorted([*CONFIG.glob("*.yaml"), *CONFIG.glob("papers/*.yaml")])


@pytest.mark.parametrize("path", CONFIGURATIONS, ids=lambda path: path.stem)
def test_a_configuration_matches_the_schema(path):
    values = read_yaml(CONFIG / "config.yaml") | read_yaml(path)
    jsonschema.validate(values, json.loads((SCHEMAS / "config.schema.json").read_text()))


def test_the_schemas_are_those_of_the_settings(capsys, tmp_path):
    assert schema(["--check"]) == 0
    for name in ("config.schema.json", "dataset.schema.json"):
        (tmp_path / name).write_text((SCHEMAS / name).read_text())
    (tmp_path / "config.schema.json").write_text("{}")
    assert schema(["--check"], tmp_path) == 1
    assert "config.schema.json: not current, the settings have changed; run `make schemas`" in capsys.readouterr().err


@pytest.mark.parametrize(("heading", "settings"), [("Top-level keys", Benchmark), ("Keys of a study", StudyChoice)])
def test_the_page_has_every_key(heading, settings):
    section = (CONFIG / "README.md").read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    keys = set(re.findall(r"^\| `([a-z_]+)` \|", section, re.MULTILINE))
    assert keys >= set(settings.model_fields)
    assert keys <= set(settings.model_fields) | {"papers"}


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
