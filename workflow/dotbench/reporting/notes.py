"""The notes under a table: protocol, marks, hardware and versions."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from dotbench import paths
from dotbench.evaluation.metrics.base import WATCHED, headers, parse_metric
from dotbench.files import read_json
from dotbench.reporting.cells import BOLD, UNDERLINED, Legend
from dotbench.reporting.comparison import is_compared
from dotbench.reporting.contents import Contents
from dotbench.reporting.method_columns import PARTS, metric_title
from dotbench.reporting.rows import INERT, cold_parts
from dotbench.statistics.intervals import overlap_factor
from dotbench.statistics.paired import MIN_USERS
from dotbench.statistics.replications import MIN_REPLICATIONS

SECOND = Legend(
    "Underlined: second best, and better than every other method but the best. ≈²: not distinguishable from the "
    "second best mean.",
    UNDERLINED,
    "²",
)
COLD_NOTE = (
    "Warm: the ordinary test part. New users, new items, both new: the user, the item or both have no training pair."
)
COLD_BY_TASK = {
    "rating": " Cold: all of these. Overall: warm and cold.",
    "ranking": " Where the item is new, only items without a training pair are ranked.",
}
WARM_ALONE = " Bold and ≈ refer to the warm test only."
BEST = Legend(
    "Bold: better than every other method of the dataset (p < .05, moderated paired t-test over users, Holm over all "
    f"pairs). ≈: not distinguishable from the best mean. Nothing is compared if a seed has fewer than {MIN_USERS} "
    "test users.",
    BOLD,
    "≈",
)
BEST_BY_PART = Legend(
    "Bold: better than every other method of the dataset on this part (p < .05, paired t-test over seeds with Nadeau "
    "and Bengio's correction for overlapping training parts, Holm over all pairs). ≈: not distinguishable from the "
    f"best mean. Fewer than {MIN_REPLICATIONS} seeds are not compared. All seeds are draws from the same ratings, so "
    "the result holds for other draws of them and says nothing about other data.",
    BOLD,
    "≈",
)
EDGE = Legend("! marks a chosen setting on the edge of its grid.", "!")
INERT_NOTE = (
    "† marks a setting that hardly matters: over its whole grid, with the other settings as chosen, validation "
    f"{{metric}} varies by less than {INERT}."
)
CLIPPED_NOTE = (
    "In columns that say clipped, predictions below the lowest or above the highest training rating are set to it."
)
BY = "{} on the validation part stops training early and chooses the hyperparameters."
COSTS = Legend("Seconds are those of training only, in one run; * marks runs that shared the machine.", "*")
UPDATES = "Updates are gradient steps, or half sweeps of ALS."


def notes(
    contents: Contents,
    rows: list[dict[str, Any]],
    facts: dict[str, dict[str, Any]],
    shown: Collection[str],
    by_part: bool = False,
    second: bool = False,
) -> list[str]:
    """Sentences that a reader needs to judge the numbers. ``shown``: what the table has beside the means.
    ``by_part``: methods are compared on every part of the test. ``second``: the second place is marked too."""
    records = [record for run in contents.runs for record in run.metrics()]
    seeds, split, watched = contents.seeds, contents.split, metric_title(contents.validation_metric)
    if split.seedless:
        each = "an initialisation; the split is the same (but for ties)"
    elif split.same_test:
        each = "an initialisation and, where it is drawn, a validation part; the test part is the same"
    else:
        each = "a split and an initialisation"
    spread = f" ± standard {'error' if by_part else 'deviation'}" if "spread" in shown else ""
    interval = " [95 % interval, Student's t]" if "interval" in shown else ""
    inert = Legend(INERT_NOTE.format(metric=watched), "†")
    lines = [
        *([contents.title] if contents.title else []),
        split.headline + _protocol(contents),
        *_untested(contents, by_part),
        *([split.remark] if split.remark else []),
        *(_unseen(name, contents) for name in facts if split.variant),
        *(_cold(contents.task, by_part) if cold_parts(contents.runs) else []),
        *([CLIPPED_NOTE] if "rmse_clipped" in contents.metrics else []),
        *([BY.format(watched)] if contents.validation_metric != WATCHED[contents.task] else []),
        Legend(
            f"Mean{spread}{interval} over {len(seeds)} seeds, each {each} (seeds {', '.join(map(str, seeds))}).",
            *"±[",
        ),
        *_overlap(contents, shown, by_part),
        f"Hyperparameters are chosen {_tuned_on(contents)}.",
        *_refit(records),
        _edge(contents),
        *([inert] if "chosen" in shown and any(row["inert"] for row in rows) else []),
        *_halving(contents),
        *_budgets(contents, rows),
        *([_grids(contents.grid)] if contents.published or contents.grid != "paper" else []),
        BEST_BY_PART if by_part else BEST,
        *([SECOND] if second else []),
        *([COSTS] if "seconds" in shown else []),
        *([UPDATES] if "updates" in shown else []),
    ]
    lines += data_notes(contents, facts)
    for row in rows:
        if row["failed"]:
            failed = f"{row['failed']} of {row['seeds']} seeds failed"
            where = f"{contents.titled(row['dataset'])}, {row['method']}"
            lines.append(f"{where}: {failed}: {row['failure']}; log: {row['failure_log']}.")
    for name in dict.fromkeys(row["dataset"] for row in rows if row["failed"]):
        lacking = ", ".join(row["method"] for row in rows if row["dataset"] == name and row["failed"])
        lines.append(
            f"{contents.titled(name)}: no method is marked as best or second, because seeds of {lacking} are missing."
        )
    return [*lines, *hardware_notes(records)]


def _tuned_on(contents: Contents) -> str:
    """On which validation part: of every seed's own split, or of one split for all seeds."""
    split = contents.split
    if split.validates_by_test:
        return "on the test part itself, and so is the epoch that a fit keeps"
    if contents.tuning == "nested":
        if split.same_test and not split.seedless:
            return "for each seed on its validation part of the same division, without the test part"
        own = "this same" if split.seedless else "its own"
        return f"for each seed on the validation part of {own} split, without the test part"
    if split.seedless:
        return "on the validation part of this same split, without its test part"
    if split.same_test:
        return (
            "on the validation part of the same division, without its test part (where validation is drawn, with seed "
            f"{contents.tuning_seed}, which is not among the reported ones)"
        )
    return (
        "on the validation part of a split that is not among the reported ones "
        f"(seed {contents.tuning_seed}; its training and validation pairs overlap their test pairs)"
    )


def _refit(records: Iterable[Mapping[str, Any]]) -> list[str]:
    """That what is tested was trained again on more pairs than validation watched."""
    if not any("refit" in record for record in records):
        return []
    return [
        "Then every method is trained again, on training and validation pairs together, with the chosen settings and "
        "for as many epochs as validation found best; the test is of this fit, epochs and seconds are of the first."
    ]


def _edge(contents: Contents) -> Legend:
    """What ! marks; where every seed has a choice of its own, how many of them are on an edge."""
    choices = [tuning.chosen for run in contents.runs for tuning in run.tunings]
    tuned = [chosen for chosen in choices if chosen["trials"]]
    if contents.tuning == "single" or not tuned:
        return EDGE
    edges = sum(bool(chosen["on_edge"]) for chosen in tuned)
    return Legend(
        "! marks a setting that at least one seed chose on the edge of its grid "
        f"({edges or 'none'} of {len(tuned)} choices; column on_edge of the csv counts the seeds).",
        "!",
    )


def _cold(task: str, by_part: bool) -> list[str]:
    """What the parts with new users and items are."""
    return [COLD_NOTE + COLD_BY_TASK[task] + ("" if by_part else WARM_ALONE)]


def _protocol(contents: Contents) -> str:
    """How a held-out part is scored: what is ranked, and how the metrics are normalised if their names do not say
    it."""
    if contents.task == "rating":
        return " of all ratings; predictions not clipped."
    said: dict[str, set[str]] = {}
    for metric in map(parse_metric, contents.metrics):
        if metric.note:
            said.setdefault(metric.note, set()).add(str(metric.cutoff))
    notes = [note.format(k=min(cutoffs) if len(cutoffs) == 1 else "k") for note, cutoffs in said.items()]
    return "; ".join(
        ["", "all items ranked, train and validation masked", *notes, "means over users with a test item."]
    )


def _untested(contents: Contents, by_part: bool) -> list[str]:
    """Which metrics are computed from all lists together, so that methods cannot be compared user by user."""
    shared = [key for key in contents.metrics if not is_compared(parse_metric(key))]
    if not shared or by_part:
        return []
    return [f"{headers(shared)}: not a mean over users, so intervals are over seeds and differences are not tested."]


def data_notes(contents: Contents, facts: dict[str, dict[str, Any]]) -> list[str]:
    """Counts and origin of every dataset."""
    lines = []
    for name, stats in facts.items():
        counts = f"{stats['users']:,} users, {stats['items']:,} items, {stats['interactions']:,} interactions"
        if contents.task == "rating":
            raw = stats["raw"]
            counts = f"{raw['users']:,} users, {raw['items']:,} items, {raw['rows']:,} ratings"
        doubt = ", NOT VERIFIED against an official digest" if stats["verified"] is False else ""
        doubt += f", OTHER COUNTS: {'; '.join(stats['counts_differ'])}" if stats["counts_differ"] else ""
        title = contents.titled(name)
        lines.append(f"{title}{f' ({name})' if title != name else ''}: {counts}; {stats['origin']}{doubt}.")
    return lines


def hardware_notes(records: Iterable[dict[str, Any]]) -> list[str]:
    """Machines, threads and versions behind the fits, or parts of simulations, with these records."""
    records = list(records)
    machines = {f"{r['machine']['gpu'] or r['machine']['cpu']}, {r['machine']['cores']} cores" for r in records}
    threads = sorted({record["threads"] for record in records})
    versions = {f"{name} {value}" for record in records for name, value in record["versions"].items()}
    return [
        f"Hardware: {'; '.join(sorted(machines))}; threads of a fit: {', '.join(map(str, threads))}.",
        f"Versions: {', '.join(sorted(versions))}.",
    ]


def _overlap(contents: Contents, shown: Collection[str], by_part: bool) -> list[str]:
    """Which intervals the table shows, and by how much they are too narrow because training parts overlap."""
    n, ratio = len(contents.seeds), contents.split.test_to_train
    if n < 2 or not ratio:
        return []
    of_parts = [
        f"{PARTS[part]}: {overlap_factor(n, contents.split.to_train(part)):.2f}"
        for part in (cold_parts(contents.runs) if by_part else [])
    ]
    others = f"; of other parts, {', '.join(of_parts)}" if of_parts else ""
    which = "Intervals shown" if "interval" in shown else "Intervals of the csv"
    return [
        Legend(
            f"{which} are Student's t, which takes the splits as independent. Their training parts overlap, so these "
            f"intervals are too narrow. Nadeau and Bengio's corrected interval, which is not shown, is "
            f"{overlap_factor(n, ratio):.2f} times as wide around the same mean (column overlap_factor of the "
            f"csv{others}).",
            "[",
        )
    ]


def _halving(contents: Contents) -> list[str]:
    """How far the settings were trained in tuning, where not all to the end."""
    chosen = [tuning.chosen for run in contents.runs for tuning in run.tunings]
    ladders = {tuple((r["trials"], r["epochs"], r["updates"]) for r in c["rungs"]) for c in chosen if "rungs" in c}
    if not ladders:
        return []
    texts = [
        ", then ".join(f"{trials} for {epochs} epochs and {updates} updates" for trials, epochs, updates in ladder)
        for ladder in sorted(ladders)
    ]
    return [
        f"Methods trained by gradients are tuned by successive halving: {'; or '.join(texts)}; the best of the last "
        "is chosen. Other methods are trained to the end at every point of their grid.",
        *_cut(chosen),
    ]


def _cut(chosen: Sequence[Mapping[str, Any]]) -> list[str]:
    """How many settings were dropped although they still improved, where tuning counted them."""
    counted = [one for one in chosen if "cut_while_rising" in one]
    if not counted:
        return []
    cut, tried = (sum(one[key] for one in counted) for key in ("cut_while_rising", "trials"))
    return [f"Settings that were dropped while their validation still rose: {cut or 'none'} of {tried}."]


def _budgets(contents: Contents, rows: list[dict[str, Any]]) -> list[str]:
    """Least and greatest number of settings that the tuned methods of a dataset were tuned over, where they differ."""
    lines = []
    for name in dict.fromkeys(row["dataset"] for row in rows):
        tried = {row["trials"] for row in rows if row["dataset"] == name and row["trials"]}
        if len(tried) > 1:
            tried_text = f"settings tried for a method: {min(tried)} to {max(tried)}; see the csv."
            lines.append(f"{contents.titled(name)}: {tried_text}")
    return lines


def _grids(name: str) -> str:
    names = {
        "reduced": "the reduced ones, for two cores",
        "paper": "those of the papers",
        "extended": "the extended ones, where the papers' are too narrow",
    }
    return f"Grids: {names[name]}; a method's own grid if the configuration has one."


def _unseen(dataset: str, contents: Contents) -> str:
    """How many users and items of the held-out pairs have no training pair, and how many pairs are set apart, as means
    over the seeds."""
    folders = [paths.split(dataset, contents.task, seed, contents.split.variant) for seed in contents.seeds]
    splits = [read_json(folder / "split.json") for folder in folders]
    numbers = [(m["test"], m["unseen"]["users"], m["unseen"]["items"], sum(m["cold"].values())) for m in splits]
    test, users, items, cold = (f"{sum(column) / len(column):,.6g}" for column in zip(*numbers, strict=True))
    return (
        f"{contents.titled(dataset)}: {test} test pairs; {users} users and {items} items of the held-out pairs have "
        f"no training pair; {cold} held-out pairs are set apart (means over the seeds)."
    )
