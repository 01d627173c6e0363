"""The pages of the repository: links lead somewhere, commands are commands, README's numbers are those of the runs."""

import csv
import importlib.util
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest
import torch
import typer
import yaml
from pages_data import PAGES, REPOSITORY, WRITTEN, anchors, blocks, commands, links, mentions, name

from dotbench import registry
from dotbench.cli import targets
from dotbench.cli.main import app
from dotbench.cli.workflow import load_plan
from dotbench.config.benchmark import Benchmark
from dotbench.config.plan import Plan
from dotbench.config.suite import find_suite, load_suite
from dotbench.evaluation.metrics.base import metrics
from dotbench.losses.base import losses
from dotbench.models.base import models
from dotbench.solvers.base import solvers

README = REPOSITORY / "README.md"
SHOWN = REPOSITORY / "docs" / "evidence" / "readme"
SHELL = {"source", "cd", "cp"}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    for path, anchor in links(page):
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{name(page)}: no {path}"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), f"{name(page)}: {path} has no #{anchor}"


@pytest.mark.parametrize("page", WRITTEN, ids=name)
def test_blocks_say_their_language(page: Path) -> None:
    fences = re.findall(r"^```(.*)$", page.read_text("utf-8"), re.MULTILINE)
    assert len(fences) % 2 == 0
    assert all(fences[0::2]), f"{name(page)}: a block without a language"


@pytest.mark.seconds
@pytest.mark.parametrize("page", WRITTEN, ids=name)
def test_commands_are_commands(page: Path) -> None:
    made = {block.file for block in blocks(page) if block.file}
    for words in commands(page):
        _check(page, [word for word in words if not re.match(r"[A-Z_]+=", word)], made)


def _check(page: Path, words: list[str], made: set[str]) -> None:
    program, *rest = words
    said = f"{name(page)}: {' '.join(words)}"
    files = [rest[k + 1] for k, word in enumerate(rest[:-1]) if word in ("-c", "--config", "--configfile")]
    missing = [file for file in files if file.endswith(".yaml") and not (REPOSITORY / file).is_file()]
    missing = [file for file in missing if not file.startswith("results/")]  # of what a run writes
    assert set(missing) <= made | {"config/mine.yaml"}, f"{said}: no such configuration"
    if program == "dotbench":
        named = _parse(said, rest)
        if named and (suite := find_suite(named[0])):
            load_suite(suite, named[1:])
        elif named != ["my-suite.yaml"] and all((REPOSITORY / file).is_file() for file in files):
            targets.check(_plan(tuple(files)), named)
    elif program == "make":
        known = re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text("utf-8"), re.MULTILINE)
        assert set(rest) <= set(known), said
    elif program == "python" and rest[0] == "-m":
        assert importlib.util.find_spec(rest[1]), said
    elif program == "python" and rest[0] != "-c":
        assert (REPOSITORY / rest[0]).is_file(), said
    elif program == "python":
        compile(rest[1], said, "exec")
    elif program == "snakemake":
        from snakemake.cli import get_argument_parser

        options = get_argument_parser().parse_args(rest)
        assert not options.workflow_profile or Path(REPOSITORY, options.workflow_profile).is_dir(), said
    elif program == "pip":
        assert all((REPOSITORY / rest[k + 1]).is_file() for k, word in enumerate(rest) if word == "-c"), said
    else:
        assert program in SHELL, said


def _commands() -> dict[str, click.Command]:
    root = typer.main.get_command(app)
    return dict(root.commands)  # type: ignore[attr-defined]


def _parse(said: str, words: list[str]) -> list[str]:
    """The targets of a command of dotbench; what the command line refuses is refused, nothing runs."""
    assert words, f"{said}: no command"
    assert words[0] in _commands(), f"{said}: no such command"
    try:
        context = _commands()[words[0]].make_context(words[0], list(words[1:]))
    except Exception as error:  # click's own, of whichever copy typer uses
        pytest.fail(f"{said}: {error}")
    return list(context.params.get("targets") or [])


@pytest.mark.parametrize("page", [page for page in WRITTEN if page.name != "CHANGELOG.md"], ids=name)
def test_commands_in_prose_have_known_names(page: Path) -> None:
    for words in mentions(page):
        assert words[0] in _commands(), f"{name(page)}: dotbench {words[0]}"
        known = {option for parameter in _commands()[words[0]].params for option in parameter.opts}
        own = [word for before, word in zip(["", *words], words, strict=False) if before != "-o"]  # not Snakemake's
        options = [word.split("=")[0] for word in own if re.match(r"--?[a-z]", word)]
        assert set(options) <= known, f"{name(page)}: dotbench {' '.join(words)}"


@cache
def _plan(files: tuple[str, ...]) -> Plan:
    return load_plan([REPOSITORY / file for file in files])


@pytest.mark.parametrize("page", WRITTEN, ids=name)
def test_yaml_on_pages_is_yaml(page: Path) -> None:
    for block in blocks(page):
        if block.language == "yaml":
            yaml.safe_load(block.text)


def test_the_loss_of_readme_is_a_loss() -> None:
    found: dict[str, Any] = {}
    exec(next(block.text for block in blocks(README) if block.language == "python"), found)
    loss = found["Hinge"]
    assert (loss.name, loss.title, registry._lacking(loss)) == ("hinge", "Hinge", [])
    values = loss(loss.Settings()).formula(torch.tensor([2.0, 0.5]), torch.tensor([0.0, 0.0]))
    assert values.tolist() == [0.0, 0.5]


def test_readme_is_short() -> None:
    assert len(README.read_text("utf-8").splitlines()) < 100


def test_readme_has_the_table_of_the_runs() -> None:
    assert (SHOWN / "quality_seconds.md").read_text("utf-8").strip() in README.read_text("utf-8")


def test_numbers_of_readme_are_in_its_table() -> None:
    with (SHOWN / "quality_seconds.csv").open(encoding="utf-8", newline="") as stream:
        rows = {row["method"]: row for row in csv.DictReader(stream)}
    text = " ".join(README.read_text("utf-8").split())
    wide = {method: float(row["wide_mean"]) for method, row in rows.items()}
    paper = {method: float(row["paper_mean"]) for method, row in rows.items()}
    seconds = {method: float(row["wide_cpu_seconds"]) for method, row in rows.items() if method != "Popularity"}
    assert f"paper prints ({paper['WRMF']:.3f})" in text
    assert min(set(paper) - {"Popularity"}, key=lambda method: paper[method]) == "WRMF"
    assert f"on a wider one ({wide['WRMF']:.3f})" in text
    assert rows["WRMF"]["standing"] == rows["RG2, by Adam"]["standing"] == "tie"
    assert "in a tenth of a second" in text
    assert round(seconds["RG2, by ALS"], 1) == 0.1
    assert all(seconds["RG2, by ALS"] * 20 < value for method, value in seconds.items() if method != "RG2, by ALS")
    assert f"within {max(wide.values()) - wide['RG2, by ALS']:.3f} of the best" in text


def test_wrmf_is_the_last_of_ten_on_the_papers_grid() -> None:
    with (SHOWN.parent / "rg2/ml-100k/rg2/table2.csv").open(encoding="utf-8", newline="") as stream:
        means = {row["method"]: float(row["ndcg@10_mean"]) for row in csv.DictReader(stream)}
    trained = {method: mean for method, mean in means.items() if method != "Popularity"}
    assert len(trained) == 10
    assert min(trained, key=lambda method: trained[method]) == "MF WRMF (ALS)"


HEADS = {  # study → files of the evidence, column that names a row of the page's first table, columns of its numbers
    "rg2": (
        [f"rg2/{part}/rg2/table2.csv" for part in ("ml-100k", "ml-100k-extended", "ml-1m", "ml-1m-extended")],
        "method",
        ["ndcg@10_mean", "ndcg@10_sd"],
    ),
    "t2rec": (["t2rec/table1/t2rec/paper_vs_ours.csv"], "dataset", ["published", "ours_mean"]),
    "nimc": (
        [f"nimc/{part}/nimc/{file}.csv" for part in ("ml-100k", "ml-1m") for file in ("table1", "paper_vs_ours")],
        "method",
        ["rmse_mean", "rmse_sd", "published"],
    ),
}


@pytest.mark.parametrize("study", HEADS)
def test_the_first_table_of_a_study_is_that_of_the_evidence(study: str) -> None:
    files, key, columns = HEADS[study]
    known: dict[str, set[float]] = {}
    for file in files:
        with (SHOWN.parent / file).open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                values = {float(row[column]) for column in columns if row.get(column)}
                values |= {float(row["rmse_sd"]) / float(row["seeds"]) ** 0.5} if "rmse_sd" in row else set()
                known.setdefault(row[key], set()).update(values)
    head = (REPOSITORY / "docs" / "studies" / f"{study}.md").read_text("utf-8").split("\n## ")[0]
    lines = [line.strip("| ").split(" | ", 1) for line in head.splitlines() if line.startswith("| ")][1:]
    assert len(lines) >= 6
    for label, cells in lines:
        numbers = re.findall(r"\d\.\d+", cells)
        assert numbers
        for text in numbers:
            digits = len(text.split(".")[1])
            assert text in {f"{value:.{digits}f}" for value in known[label]}, f"{study}: {label}: {text}"


def test_pictures_of_readme_are_small() -> None:
    pictures = sorted(SHOWN.glob("*.svg"))
    assert len(pictures) == 2
    assert all(picture.stat().st_size < 150_000 for picture in pictures)


@pytest.mark.slow
def test_readme_is_made_of_the_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readme = _tool("readme")
    monkeypatch.setattr(sys, "argv", ["readme.py", "--to", str(tmp_path)])
    readme.main()
    for file in ("quality_seconds.csv", "quality_seconds.md"):
        assert (tmp_path / file).read_text("utf-8") == (SHOWN / file).read_text("utf-8")


def test_the_reference_has_every_key_and_component() -> None:
    pages = _tool("docs/reference").pages()
    for page in pages.keys() - {"reference/datasets.md"}:  # whose last column is a licence
        assert not re.findall(r"^\| .*\|  \|$", pages[page], re.MULTILINE), f"{page}: a row without a sentence"
    for page, found in (("losses", losses), ("models", models), ("solvers", solvers), ("metrics", metrics)):
        assert all(f"## `{component}`" in pages[f"reference/{page}.md"] for component in found())
    assert all(f"| `{key}` |" in pages["reference/configuration.md"] for key in Benchmark.model_fields)
    assert all(f"## dotbench {command}" in pages["reference/command-line.md"] for command in _commands())


def test_the_reference_says_what_the_code_says() -> None:
    """After a change of settings or docstrings: `make schemas`."""
    for page, text in _tool("docs/reference").pages().items():
        assert (REPOSITORY / "docs" / page).read_text("utf-8") == f"{text}\n", page


def _tool(path: str):  # a module of tools/
    file = REPOSITORY / "tools" / f"{path}.py"
    sys.path.insert(0, str(file.parent))
    try:
        return importlib.import_module(file.stem)
    finally:
        sys.path.remove(str(file.parent))
