"""One page about a prepared dataset: facts, ratings per user and item, their values, and their course in time."""

from itertools import pairwise
from pathlib import Path
from typing import Any

from dotbench.files import atomic, read_json, write_csv
from dotbench.lazy import np, pd
from dotbench.reporting.drawing import METADATA, pyplot, verbatim

VALUES = 40  # different ratings that get a bar each; more are put into as many classes
SERIES = {"user": "#0072B2", "item": "#D55E00"}  # Okabe and Ito


def profile(folder: Path, title: str, facts: dict[str, str]) -> list[Path]:
    """Draw ``folder/profile.{pdf,png}`` with the plotted numbers beside it in ``profile.csv``. Return the paths.

    ``folder``: a prepared dataset. ``facts``: printed on top, name → text.
    """
    plt = pyplot()
    stats = read_json(folder / "stats.json")
    series = profile_series(folder, stats)
    write_csv(folder / "profile.csv", series, ["panel", "series", "x", "y"])
    figure = plt.figure(figsize=(8.27, 11.69), layout="constrained")
    parts: Any = figure.subfigures(3, 1, height_ratios=[1.1, 1.3, 1.3])
    top, middle, bottom = parts
    top.suptitle(verbatim(title), fontsize=14, x=0.02, ha="left")
    for k, (name, text) in enumerate(facts.items()):
        top.text(0.02, 0.84 - 0.09 * k, name, weight="bold", va="top")
        top.text(0.22, 0.84 - 0.09 * k, verbatim(text), va="top", wrap=True)
    left, right = middle.subplots(1, 2)
    for kind, panel in (("user", left), ("item", right)):
        points = [row for row in series if row["panel"] == "counts" and row["series"] == kind]
        panel.step(
            [row["x"] for row in points], [row["y"] for row in points], where="pre", color=SERIES[kind], marker="."
        )
        panel.set(xscale="log", yscale="log", xlabel=f"interactions of {'a user' if kind == 'user' else 'an item'}, n")
        panel.set_ylabel(f"share of {kind}s with n and more")
        panel.grid(alpha=0.3)
    left, right = bottom.subplots(1, 2)
    _bars(left, [row for row in series if row["panel"] == "values"], "rating", "raw rows", "no ratings")
    months = [row for row in series if row["panel"] == "time"]
    if months:
        right.plot(pd.to_datetime([row["x"] for row in months]), [row["y"] for row in months], color="#009E73")
        right.set(xlabel="month", ylabel="raw rows a month", ylim=(0, None))
        right.tick_params(axis="x", rotation=30)
    else:
        _absent(right, "no timestamps")
    written = []
    for kind in ("pdf", "png"):
        path = folder / f"profile.{kind}"
        with atomic(path) as temporary:
            figure.savefig(temporary, format=kind, dpi=120, metadata=METADATA[kind])
        written.append(path)
    plt.close(figure)
    return written


def profile_series(folder: Path, stats: dict[str, Any]) -> list[dict[str, Any]]:
    """The plotted numbers: ``panel`` counts (share of users or items with n and more interactions), values (rows
    with a rating), time (raw rows a month)."""
    pairs = pd.read_parquet(folder / "interactions.parquet", columns=["user", "item"])
    rows: list[dict[str, Any]] = []
    for kind in ("user", "item"):
        counts = np.sort(np.bincount(pairs[kind], minlength=stats[f"{kind}s"]))
        values, first = np.unique(counts, return_index=True)
        shares = 1 - first / len(counts)
        rows += [{"panel": "counts", "series": kind, "x": int(n), "y": s} for n, s in zip(values, shares, strict=True)]
    import pyarrow.parquet as pq

    names = pq.read_schema(folder / "ratings.parquet").names
    columns = [name for name in ("rating", "timestamp") if name in names]
    raw = pd.read_parquet(folder / "ratings.parquet", columns=columns)
    if "rating" in raw:
        values, n = np.unique(raw["rating"].to_numpy(np.float64), return_counts=True)
        if len(values) > VALUES:
            n, edges = np.histogram(raw["rating"], VALUES)
            values = (edges[1:] + edges[:-1]) / 2
        rows += [{"panel": "values", "series": "", "x": float(v), "y": int(k)} for v, k in zip(values, n, strict=True)]
    if "timestamp" in raw:
        months = pd.to_datetime(raw["timestamp"], unit="s").dt.to_period("M").value_counts().sort_index()
        months = months.reindex(pd.period_range(months.index[0], months.index[-1], freq="M"), fill_value=0)
        rows += [{"panel": "time", "series": "", "x": str(month), "y": int(k)} for month, k in months.items()]
    return rows


def _bars(panel: Any, points: list[dict[str, Any]], x: str, y: str, otherwise: str) -> None:
    if not points:
        _absent(panel, otherwise)
        return
    values = [row["x"] for row in points]
    width = 0.8 * min([b - a for a, b in pairwise(values)] or [1.0])
    panel.bar(values, [row["y"] for row in points], width=width, color="#56B4E9")
    panel.set(xlabel=x, ylabel=y)


def _absent(panel: Any, text: str) -> None:
    panel.text(0.5, 0.5, text, ha="center", va="center", transform=panel.transAxes)
    panel.set_axis_off()
