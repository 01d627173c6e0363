"""Paper versus ours: every published number that is known, beside what was run."""

import itertools
from pathlib import Path
from typing import Any

from dotbench.evaluation.metrics.base import WATCHED, parse_metric
from dotbench.files import write_csv, write_text
from dotbench.reporting.claims.deciding import derived_numbers
from dotbench.reporting.claims.derived import Derived
from dotbench.reporting.claims.language import Claim, load_claims
from dotbench.reporting.claims.numbers import OUR_PART, Ours, metric_titles
from dotbench.reporting.contents import Contents
from dotbench.reporting.formats import Column, Row, number, render_page
from dotbench.reporting.judging import MIN_SEEDS, judged
from dotbench.reporting.kind import Kind
from dotbench.reporting.method_columns import metric_title
from dotbench.reporting.published import Cell, Published, load_published
from dotbench.reporting.records import dataset_label, joined
from dotbench.reporting.replications import is_scenario, published_rows, read_simulations
from dotbench.reporting.rows import cold_parts, column, method_row
from dotbench.statistics.intervals import overlap_factor, t_interval

OURS = ("mean", "sd", "low", "high")
COLUMNS = ["table", "dataset", "paper_method", "metric", "published", "published_sd", "published_se", "method"]
COLUMNS += [*(f"ours_{name}" for name in OURS), "seeds", "difference", "tolerance", "verdict", "verdict_corrected"]
COLUMNS += ["notes", "folder"]
ORDER_COLUMNS = ["table", "metric", "paper_dataset", "dataset", "methods", "paper_order", "our_order"]
ORDER_COLUMNS += ["kendall_tau", "folder"]


class PaperVersusOurs(Kind):
    """Every known published number, beside ours if its dataset and method were run. Then the differences and gains that
    the paper names, beside ours on the same seeds, and the paper's order of the methods beside ours on the datasets
    that were run. A number reproduces if it differs by no more than the tolerance, which comes from both intervals.
    With fewer than three seeds of ours there is no verdict.
    """

    name = "paper_vs_ours"
    title = "Paper versus ours"
    reads = ("metrics", "chosen", "trials", "statistics", "simulations")
    files = (".csv", "_order.csv", ".md", ".html")
    in_report = {".html": {}}
    category = "Paper versus ours"

    def write(self, contents: Contents, folder: Path) -> None:
        paper_versus_ours(contents, folder)


def paper_versus_ours(contents: Contents, folder: Path) -> None:
    """Write ``paper_vs_ours.{csv,md,html}`` (a line for every published number and method of ours that it is compared
    with) and ``paper_vs_ours_order.csv`` (the paper's order of the methods beside ours on each dataset that was run).

    ``contents``: of a study whose runs are all there, or what of it is `dotbench.reporting.records.finished`.
    """
    published = load_published(str(contents.published))
    facts = contents.datasets
    runs = contents.runs
    ours = [method_row(run, contents.metrics, facts[run.dataset], cold_parts(runs)) for run in runs]
    for run, row in zip(runs, ours, strict=True):
        row |= {"settings": run.settings()}
        row |= {"names": (row["model"], row["loss"], row["solver"]), "planned": len(contents.seeds)}
        row |= {"label": dataset_label(facts[row["dataset"]]), "test_to_train": contents.split.test_to_train}
        row |= {"parts_to_train": contents.split.parts_to_train}
    ours += [row for entries in read_simulations(contents) for row in published_rows(entries, WATCHED[contents.task])]
    lines = [line for cell in published.cells for line in _lines(cell, published, ours)]
    claims = load_claims(str(contents.published))
    made = derived_numbers(claims, published, Ours(contents, published)) if claims else []
    lines += [_derived_line(claim, number, published.seeds) for claim, number in made]
    orders = _orders(published, ours)
    write_csv(folder / "paper_vs_ours.csv", lines, COLUMNS)
    write_csv(folder / "paper_vs_ours_order.csv", orders, ORDER_COLUMNS)
    parts = {
        "Published numbers beside ours": (lines, NUMBERS),
        "Order of the methods, best first": (orders, ORDERS),
    }
    overlap = bool(runs) and contents.split.test_to_train > 0
    notes = _notes(published, contents, _corrected(lines) if overlap else [])
    for kind, text in render_page(parts, notes, _warning(published, ours)).items():
        write_text(folder / f"paper_vs_ours.{kind}", text)


def judge(cell: Cell, row: Row, seeds: int, share: float | None = None) -> Row:
    """Difference (ours − published), tolerance and verdict of a published number and a line of ours.

    See `dotbench.reporting.judging`. ``seeds``: runs behind the published number. ``share``: of the published number,
    the tolerance, where it is stated.
    """
    values, n = {name: row[f"{_column(cell)}_{name}"] for name in OURS}, row["seeds"] - row["failed"]
    mean, sd = values["mean"], values["sd"]
    judgement: Row = {f"ours_{name}": value for name, value in values.items()} | {"seeds": n}
    if mean is None:
        return judgement | {"verdict": "failed"}
    published_sd = cell.sd if cell.se is None else cell.se * seeds**0.5
    ratio = row.get("test_to_train", 0.0)  # simulations draw their data anew
    ratio = row.get("parts_to_train", {}).get(OUR_PART[cell.part], ratio)
    stated = share and share * abs(cell.value)
    return judgement | judged(cell.value, published_sd, seeds, mean, sd, n, bool(cell.suspect), ratio, stated)


def kendall_tau(first: list[float], second: list[float]) -> float:
    """(concordant − discordant pairs) / all pairs of two lists of values of the same things. A tie is neither."""
    pairs = list(itertools.combinations(range(len(first)), 2))
    signs = [(first[a] - first[b]) * (second[a] - second[b]) for a, b in pairs]
    return (sum(sign > 0 for sign in signs) - sum(sign < 0 for sign in signs)) / len(pairs)


def _lines(cell: Cell, published: Published, ours: list[Row]) -> list[Row]:
    """A line for every method of ours that the cell is compared with. If none was run, one line says so."""
    line: Row = {"table": cell.table, "dataset": cell.where, "paper_method": cell.method, "metric": cell.metric}
    line |= {"published": cell.value, "published_sd": cell.sd, "published_se": cell.se}
    method = published.method(cell.method)
    candidates = [row for row in ours if row["dataset"] == cell.dataset and f"{_column(cell)}_mean" in row]
    rows = [
        row
        for names in method.ours()
        for row in candidates
        if row["names"] == names and method.is_met_by(names, row.get("settings", {}))
    ]
    printed = [f"published: {text}" for text in (cell.suspect, cell.note) if text]
    if not rows:
        was_run = any(row["dataset"] == cell.dataset for row in ours)
        why = f"the {'method' if candidates else 'dataset'} was not run"
        if method.absent:
            why = method.absent
        elif was_run and not candidates and cell.part is None:
            why = "the metric is not among those of the study"
        return [{**line, "verdict": "not run", "notes": "; ".join([*printed, why])}]
    lines = []
    for row in rows:
        notes = [*printed]
        if row["names"] not in method.stated():
            notes.append(f"another {'method' if method.rows else 'objective'} than the paper states")
        if row["on_edge"]:
            notes.append(f"on the grid's edge: {row['on_edge']}")
        notes += [row["label"]] if row["label"] != cell.dataset else []
        notes += [f"{row['seeds']} of {row['planned']} seeds were run"] if row["seeds"] < row["planned"] else []
        notes += [f"{row['failed']} of {row['seeds']} seeds failed"] if row["failed"] else []
        judgement = judge(cell, row, published.seeds, published.tolerance)
        own = {"method": row["method"], "notes": "; ".join(notes), "folder": row["folder"]}
        lines.append({**line, **own, **judgement})
    return lines


def _derived_line(claim: Claim, made: Derived, seeds: int) -> Row:
    """A difference or a gain that the paper names, beside ours on the same seeds, with the interval that is corrected
    for overlapping training parts."""
    line: Row = {"table": claim.where, "dataset": made.dataset, "paper_method": made.what, "metric": made.metric}
    line |= {"published": made.prints}
    if made.ours is None:
        return line | {"verdict": "not run", "notes": f"not run: {', '.join(made.missing)}"}
    each, ratio = list(made.ours.each.values()), made.test_to_train
    found = t_interval(each, factor=overlap_factor(len(each), ratio))
    line |= {f"ours_{name}": getattr(found, name) for name in OURS}
    line |= {"method": made.ours.label, "seeds": len(made.ours.each), "notes": "paired over the seeds"}
    line |= {"folder": made.ours.source}
    return line | judged(made.prints, None, seeds, found.mean, found.sd, len(each), False, test_to_train=ratio)


def _column(cell: Cell) -> str:
    """What our rows call the cell's metric."""
    return column(OUR_PART[cell.part], cell.metric)


def _orders(published: Published, ours: list[Row]) -> list[Row]:
    """The paper's order of the methods in each of its tables, beside ours on each dataset that was run. Only methods
    that both have are ordered, each by the first of ours that is the method as the paper states it. Suspect cells are
    left out. A scenario of a simulation stands beside itself alone."""
    orders = []
    blocks: dict[tuple[str, str, str], list[Cell]] = {}
    for cell in published.cells:
        blocks.setdefault((cell.table, cell.metric, cell.where), []).append(cell)
    for ((table, metric, paper_dataset), cells), dataset in itertools.product(
        blocks.items(), dict.fromkeys(row["dataset"] for row in ours)
    ):
        theirs, mean = cells[0].dataset, f"{_column(cells[0])}_mean"
        if theirs != dataset and (is_scenario(theirs) or is_scenario(dataset)):
            continue
        values = {cell.method: cell.value for cell in cells if not cell.suspect}
        means: dict[str, float] = {}
        folders: dict[str, str] = {}
        for name, row in itertools.product(values, ours):
            method = published.method(name)
            stated = row["dataset"] == dataset and row["names"] in method.stated()
            if stated and method.is_met_by(row["names"], row.get("settings", {})) and row.get(mean) is not None:
                means.setdefault(name, row[mean])
                folders.setdefault(name, row["folder"])
        names = list(means)
        if len(names) > 1:
            line = {"table": table, "metric": metric, "paper_dataset": paper_dataset, "dataset": dataset}
            line["methods"] = len(names)
            for key, by in (("paper_order", values), ("our_order", means)):
                sign = 1 if parse_metric(metric).lower_is_better else -1
                line[key] = " > ".join(sorted(names, key=lambda name: sign * by[name]))
            tau = kendall_tau([values[name] for name in names], [means[name] for name in names])
            orders.append({**line, "kendall_tau": tau, "folder": joined(folders.values())})
    return orders


def _warning(published: Published, ours: list[Row]) -> str:
    """What a reader must know first where nothing was run that has published numbers."""
    theirs = list(dict.fromkeys(cell.dataset for cell in published.cells))
    run = list(dict.fromkeys(row["dataset"] for row in ours))
    if set(theirs) & set(run):
        return ""
    return (
        "No number can be compared, only the order of the methods: the paper's numbers known here are of "
        f"{', '.join(theirs)}; run: {', '.join(run) or 'nothing yet'}."
    )


def _tolerance(seeds: int) -> str:
    if seeds == 1:
        return (
            "h √(n + 1), h the half width of the 95 % interval (Student's t) of our mean over n runs: the published "
            "number counts as one more run"
        )
    return (
        "√(h² + h′²), h and h′ the half widths of the 95 % intervals (Student's t) of our mean and of the published "
        f"one, with its ± over {seeds} runs; h′ = h if its ± is not known"
    )


def _corrected(lines: list[Row]) -> list[str]:
    """What overlapping training parts do to the verdicts."""
    told = [line for line in lines if str(line["verdict"]).startswith(("reproduces", "differs"))]
    if not told:
        return []
    changed = [line for line in told if line["verdict"] != line["verdict_corrected"]]
    names = ", ".join(f"{line['paper_method']} ({line['dataset']}, {line['metric']})" for line in changed)
    return [
        "The training parts of our splits overlap. The intervals of differences and gains have Nadeau and Bengio's "
        "correction; those of methods are Student's, and so is the tolerance. With the correction of both intervals "
        f"{len(changed) or 'none'} of {len(told)} verdicts {'changes' if len(changed) < 2 else 'change'}"
        f"{': ' + names if changed else ''} (column verdict_corrected of the csv)."
    ]


def _notes(published: Published, contents: Contents, corrected: list[str]) -> list[str]:
    return [
        f"{published.paper}. Numbers: {published.source}.",
        *_judged_by(published),
        *corrected,
        *(
            [
                f"Ours: means over the seeds {', '.join(map(str, contents.seeds))}; grids: {contents.grid}"
                + ("; hyperparameters chosen for each seed." if contents.tuning == "nested" else ".")
            ]
            if contents.runs
            else []
        ),
        *(f"{entry.label}: {note}" for entry in read_simulations(contents) for note in entry.simulation.notes()),
        "Orders compare means, whether or not the differences are real. Kendall's τ is 1 for the same order and −1 "
        "for the reverse. If the datasets differ, agreeing orders do not reproduce the numbers.",
        *(f"Protocol: {note}" for note in published.protocol),
        *(f"Not known here: {note}" for note in published.missing),
    ]


def _judged_by(published: Published) -> list[str]:
    """How a verdict comes about."""
    if published.tolerance is not None:
        return [
            f"Tolerance: {100 * published.tolerance:g} % of the published number, and not from intervals, because both "
            "numbers come from single runs on one published division. A number reproduces if the difference is within "
            "it."
        ]
    return [
        f"Tolerance: {_tolerance(published.seeds)}. A number reproduces if the difference is within the tolerance: "
        f"the two cannot be distinguished, which is easier with wider intervals. With fewer than {MIN_SEEDS} seeds of "
        "ours there is no verdict. Differences and gains that the paper names are compared with ours on the same "
        "seeds; their intervals are much narrower than those of the two numbers."
    ]


def _number(row: Row, key: str, form: str = "{:.4f}") -> str:
    return number(row.get(key), form, missing="")


def _plus_minus(mean: str, sd: str) -> Any:
    return lambda row: _number(row, mean) + (f" ± {row[sd]:.4f}" if row.get(sd) is not None else "")


def _published(row: Row) -> str:
    text: str = _plus_minus("published", "published_sd")(row)
    se = row.get("published_se")
    return text if se is None else f"{text} (SE {se:.4f})"


def _interval(row: Row) -> str:
    return "" if row.get("ours_low") is None else f"[{row['ours_low']:.4f}, {row['ours_high']:.4f}]"


def _text(key: str) -> Any:
    return lambda row: str(row.get(key) or "")


NUMBERS = [
    Column("Table", _text("table")),
    Column("Dataset", _text("dataset")),
    Column("Method of the paper", _text("paper_method")),
    Column("Metric", lambda row: ", ".join(metric_titles(row["metric"]))),
    Column("Published", _published),
    Column("Ours", _plus_minus("ours_mean", "ours_sd")),
    Column("95 % interval", _interval),
    Column("Our method", _text("method")),
    Column("Difference", lambda row: _number(row, "difference", "{:+.4f}")),
    Column("Tolerance", lambda row: _number(row, "tolerance")),
    Column("Verdict", _text("verdict"), bold=lambda row: row["verdict"] == "reproduces"),
    Column("Notes", _text("notes")),
]
ORDERS = [
    Column("Table", _text("table")),
    Column("Metric", lambda row: metric_title(row["metric"])),
    Column("The paper's, on", _text("paper_dataset")),
    Column("Order of the paper", _text("paper_order")),
    Column("Ours, on", _text("dataset")),
    Column("Our order", _text("our_order")),
    Column("Kendall's τ", lambda row: f"{row['kendall_tau']:.2f}"),
]
