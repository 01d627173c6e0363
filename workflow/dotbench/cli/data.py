"""What `dotbench data` shows."""

from pathlib import Path

from dotbench.cli.lock import refuse_beside_a_run
from dotbench.cli.stage import say
from dotbench.datasets.ensure import ensure_prepared, is_prepared
from dotbench.reporting.inventory import Holding, holding, holdings
from dotbench.reporting.profile import profile

Listing = tuple[list[str], list[tuple[str, ...]]]


def overview() -> Listing:
    """(header, rows): every dataset that there is, the package's and the user's."""
    rows: list[tuple[str, ...]] = [
        (h.dataset.name, h.source, h.state, h.size, h.counts, h.dataset.licence or "") for h in holdings()
    ]
    return ["name", "source", "state", "size", "users × items, interactions", "licence"], rows


def page(name: str) -> tuple[dict[str, str], list[Path]]:
    """Facts of one dataset, and the files of its picture."""
    if not is_prepared(name):
        refuse_beside_a_run()
    folder = ensure_prepared(name, say)
    entry = holding(name)
    facts = page_facts(entry)
    return facts, profile(folder, entry.dataset.title or name, facts)


def page_facts(found: Holding) -> dict[str, str]:
    """Name → text, of a prepared dataset."""
    dataset, stats = found.dataset, found.stats
    assert stats is not None
    raw = stats["raw"]
    prepare = dataset.prepare
    threshold = "every rating" if prepare.min_rating is None else f"ratings of {prepare.min_rating:g} and more"
    density = stats["interactions"] / (stats["users"] * stats["items"])
    division = ", ".join(f"{part} {n:,}" for part, n in stats.get("parts", {}).items())
    facts = {
        "name": dataset.name,
        "source": f"{found.source}; {found.state}",
        "raw": f"{raw['users']:,} users, {raw['items']:,} items, {raw['rows']:,} rows, "
        f"{raw['duplicates']:,} of them repeat a pair",
        "preparation": f"{threshold}, the first of each pair, {prepare.core}-core. Left out: "
        f"{stats['below_min_rating']:,} rows below the threshold, {stats['duplicates_dropped']:,} repeated, "
        f"{stats['outside_core']:,} outside the core",
        "interactions": found.counts,
        "division": f"{division} (split `files`)" if division else "",
        "density": f"{density:.3%}; {stats['interactions'] / stats['users']:.1f} interactions per user, "
        f"{stats['interactions'] / stats['items']:.1f} per item",
        "licence": dataset.licence or "",
        "cite": dataset.citation or "",
    }
    return {name: text for name, text in facts.items() if text}
