"""A card for every dataset: where it is from, its licence, counts and distributions."""

from typing import Any

from dotbench import paths
from dotbench.datasets.definition import Dataset
from dotbench.files import read_json
from dotbench.reporting.inventory import Holding, holding
from dotbench.reporting.profile import profile_series
from dotbench.site.values import plain

DRAWN = ("ratings.parquet", "interactions.parquet")
POINTS = 120  # of a curve of counts


def card(name: str, dataset: Dataset) -> dict[str, Any]:
    """What is known of a dataset; ``series``: the numbers of its page, empty where its data are not here."""
    held, folder = holding(name), paths.data(name)
    stats = folder / "stats.json"
    facts = read_json(stats) if stats.is_file() else None
    there = facts is not None and all((folder / file).is_file() for file in DRAWN)
    return {
        "name": name,
        "title": dataset.title or name,
        "generated": dataset.generated,
        "facts": _facts(held, facts),
        "licence": dataset.licence,
        "citation": dataset.citation,
        "series": _thin(profile_series(folder, facts)) if facts is not None and there else [],
    }


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
