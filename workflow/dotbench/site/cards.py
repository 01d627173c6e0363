"""A card for every dataset: where it is from, its licence, counts and distributions.

The distributions are a few kB of counts, without data. If the data are prepared here, the distributions are computed.
Otherwise they are read from a summary, which `write_distributions` keeps beside exported results.
"""

import json
from pathlib import Path
from typing import Any

from dotbench import paths
from dotbench.config.plan import Plan
from dotbench.datasets.definition import Dataset
from dotbench.files import read_json, write_text
from dotbench.reporting.inventory import Holding, holding
from dotbench.reporting.profile import profile_series
from dotbench.site.values import plain

DRAWN = ("ratings.parquet", "interactions.parquet")
POINTS = 120  # of a curve of counts
SUMMARY = "distributions.json"


def card(name: str, dataset: Dataset) -> dict[str, Any]:
    """What is known of a dataset. ``series``: its distributions, empty where neither its data nor a summary is here."""
    held, folder = holding(name), paths.data(name)
    stats = folder / "stats.json"
    facts = read_json(stats) if stats.is_file() else None
    return {
        "name": name,
        "title": dataset.title or name,
        "generated": dataset.generated,
        "facts": _facts(held, facts),
        "licence": dataset.licence,
        "citation": dataset.citation,
        "series": _series(folder, facts),
    }


def write_distributions(plan: Plan, file: Path) -> bool:
    """Write the distributions of the configuration's datasets that are prepared here. Others stay as the file has
    them. Returns whether there is a file."""
    kept: dict[str, Any] = read_json(file) if file.is_file() else {}
    for name in sorted(plan.datasets):
        stats = paths.data(name) / "stats.json"
        if stats.is_file() and _is_prepared(paths.data(name)):
            kept[name] = _columns(_thin(profile_series(paths.data(name), read_json(stats))))
    if kept:
        write_text(file, json.dumps(kept, ensure_ascii=False, separators=(",", ":")) + "\n")
    return bool(kept)


def read_distributions(file: Path) -> dict[str, list[dict[str, Any]]]:
    """Name of a dataset → its distributions, as `write_distributions` keeps them."""
    return {name: _points(summary) for name, summary in read_json(file).items()}


def _series(folder: Path, facts: dict[str, Any] | None) -> list[dict[str, Any]]:
    if facts is not None and _is_prepared(folder):
        return _thin(profile_series(folder, facts))
    series: list[dict[str, Any]] = read_json(folder / SUMMARY) if (folder / SUMMARY).is_file() else []
    return series


def _is_prepared(folder: Path) -> bool:
    return all((folder / file).is_file() for file in DRAWN)


def _columns(series: list[dict[str, Any]]) -> dict[str, dict[str, dict[str, list[Any]]]]:
    """panel → series → x and y: the points without the names that repeat."""
    panels: dict[str, dict[str, dict[str, list[Any]]]] = {}
    for point in series:
        line = panels.setdefault(point["panel"], {}).setdefault(point["series"], {"x": [], "y": []})
        line["x"].append(point["x"])
        line["y"].append(point["y"])
    return panels


def _points(panels: dict[str, dict[str, dict[str, list[Any]]]]) -> list[dict[str, Any]]:
    return [
        {"panel": panel, "series": name, "x": x, "y": y}
        for panel, lines in panels.items()
        for name, line in lines.items()
        for x, y in zip(line["x"], line["y"], strict=True)
    ]


def _facts(held: Holding, facts: dict[str, Any] | None) -> dict[str, str]:
    shown = {"source": held.source}
    if facts is None:
        return shown | {"state": "not prepared here"}
    raw = facts.get("raw") or {}
    shown |= {name: f"{facts[name]:,}" for name in ("users", "items", "interactions")}
    shown["density"] = f"{100 * facts['interactions'] / (facts['users'] * facts['items']):.2f} % of all pairs"
    if raw:
        shown["raw"] = f"{raw['rows']:,} rows of {raw['users']:,} users and {raw['items']:,} items"
    verified = {True: "yes", False: "NO: the digest is not the official one", None: "no digest is known"}
    if facts["origin"] != "generated":
        shown |= {"origin": facts["origin"], "verified": verified[facts["verified"]]}
    published = "; ".join(facts["counts_differ"]) if facts["counts_differ"] else "as published"
    return shown | ({"counts": published} if facts.get("published") else {})


def _thin(series: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The series without points that nobody sees: of a curve of counts at most POINTS stay, the ends among them."""
    kept = []
    for name in dict.fromkeys((row["panel"], row["series"]) for row in series):
        rows = [row for row in series if (row["panel"], row["series"]) == name]
        step = max(1, -(-len(rows) // POINTS)) if name[0] == "counts" else 1
        kept += [row for k, row in enumerate(rows) if k % step == 0 or k == len(rows) - 1]
    return [plain(row) for row in kept]
