"""docs/results.md describes every file of results, key by key."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dotbench.cli.lock import alone

PAGE = Path(__file__).parents[2] / "docs" / "results.md"
LOCKED = ".snakemake/dotbench.json"  # exists only while a run works
METRIC = r"(ndcg@10|mrr@10|recall@10|rmse_clipped|rmse|mae|recall@20|mrr|gini@5)"


def sections() -> dict[str, list[tuple[str, bool]]]:
    """Path pattern → (name pattern, whether it may be absent) of every documented key."""
    found: dict[str, list[tuple[str, bool]]] = {}
    current = None
    for line in PAGE.read_text().splitlines():
        heading = re.match(r"### `(.*)`$", line)
        if line.startswith("#"):
            current = heading[1] if heading else None
            if current:
                found[current] = []
        row = re.match(r"\| (.+?) \| (.+) \|$", line)
        if current and row and row[1] not in ("key", "column", "array"):
            found[current] += [(name.strip(), row[2].startswith("optional")) for name in row[1].split(",")]
    return found


def names_in(path: Path) -> set[str]:
    if path.suffix == ".json":
        return set(json.loads(path.read_text()))
    if path.suffix == ".csv":
        with path.open() as stream:
            return set(next(csv.reader(stream)))
    if path.suffix == ".parquet":
        return set(pd.read_parquet(path).columns)
    with np.load(path) as arrays:
        return set(arrays.files)


def regex(name: str) -> str:
    known = {
        "<metric>": METRIC,
        "<hyperparameter>": "[a-z_]+",
        "<dataset>": "[a-z0-9-]+",
        "<part>": "(cold|cold_user|cold_item|cold_both|overall|overall_both)",
    }
    pattern = re.escape(name)
    for placeholder, allowed in known.items():
        pattern = pattern.replace(placeholder, allowed)
    return pattern


def described_by(path: Path) -> str:
    """The section about a file: of those that match, the one that spells most of its name."""
    matching = [p for p in sections() if path.match(re.sub(r"<[^>]+>", "*", p))]
    return max(matching, key=lambda p: len(re.sub(r"<[^>]+>", "", p)))


def assert_documented(pattern: str, files: list[Path]) -> None:
    documented = sections()[pattern]
    for path in files:
        actual = names_in(path)
        undocumented = {a for a in actual if not any(re.fullmatch(regex(name), a) for name, _ in documented)}
        assert not undocumented, f"{path}: not in docs/results.md"
        missing = [
            n for n, optional in documented if not optional and not any(re.fullmatch(regex(n), a) for a in actual)
        ]
        assert not missing, f"{path}: documented but absent"


@pytest.mark.slow  # every file of results has to be made
@pytest.mark.parametrize("pattern", sorted({*sections()} - {LOCKED}))
def test_files_have_the_documented_keys_and_no_others(
    project, paper, compared, simulated, all_simulations, reviewed, pattern
):
    simulations = pattern.startswith("results/studies/") or "/t2rec/" in pattern or "/nimc/" in pattern
    if pattern.endswith("manifest.json"):
        (project.root / "pairs.txt").write_text("\n".join(f"u{u} i{k}" for u in range(9) for k in range(9)) + "\n")
        definition = 'name: mine\nsource: {file: pairs.txt}\nformat: {separator: " ", columns: {user: 0, item: 1}}\n'
        (project.root / "config/datasets/mine.yaml").write_text(definition)
        assert project.snakemake("resources/mine/manifest.json").returncode == 0
    if "/features/" in pattern:
        assert project.snakemake("results/data/sim-tiny/split0/rating/features/item-factors.json").returncode == 0
    if "/further-" in pattern:
        text = (project.root / "config/smoke.yaml").read_text().replace("name: smoke", "name: further")
        text = text.replace("study: ranking\n", "study: ranking\n    metrics: [recall@20, mrr, gini@5]\n")
        (project.root / "config/further.yaml").write_text(text)
        assert project.snakemake("ranking", config="config/further.yaml").returncode == 0
    if pattern.endswith("index.csv"):
        assert project.dotbench("status", "--config", "config/smoke.yaml").returncode == 0
    if "/rg2/" in pattern or "paper_vs_ours" in pattern or "/claims" in pattern:
        assert project.snakemake(config=paper).returncode == 0
    glob = re.sub(r"<[^>]+>", "*", pattern)
    roots = [project.root, compared.root, *([reviewed.root] if "/tables/" in pattern else [])]
    roots = [simulated.root, all_simulations.root, reviewed.root] if simulations else roots
    files = [path for root in roots for path in root.glob(glob) if described_by(path) == pattern]
    assert files, f"no file matches {glob}"
    assert_documented(pattern, files)


@pytest.mark.slow  # every table has to be made
def test_every_row_of_a_table_names_the_folders_that_it_was_made_from(
    project, paper, compared, simulated, all_simulations, reviewed
):
    assert project.snakemake(config=paper).returncode == 0
    files = []
    for root in (project.root, compared.root, simulated.root, all_simulations.root, reviewed.root):
        own = [*root.glob("results/*/*/tables/*.csv"), *root.glob("results/*/*/figures/*.csv")]
        own += root.glob("results/*/*/paper_vs_ours*.csv")
        for file in own:
            frame = pd.read_csv(file, dtype=str, keep_default_na=False)
            folders = [folder for cell in set(frame["folder"]) - {""} for folder in cell.split("; ")]
            assert all((root / folder).is_dir() and list((root / folder).iterdir()) for folder in folders), file
            empty = frame[frame["folder"] == ""]
            if len(empty):  # published numbers that were not run, and references in figures
                assert set(empty["ours_mean" if file.stem == "paper_vs_ours" else "replications"]) == {""}
        files += own
    assert len(files) > 40


def test_the_file_about_the_holder_of_a_folder_has_the_documented_keys(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with alone():
        assert_documented(LOCKED, [tmp_path / LOCKED])
    assert not (tmp_path / LOCKED).exists()
