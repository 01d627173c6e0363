"""Finished parts of packed experiments, summed up over replications: one line for every scenario and method."""

from collections import Counter
from typing import Any

from dotbench.files import read_json
from dotbench.lazy import pd
from dotbench.reporting.formats import Row
from dotbench.runs.packed import Packed, from_description
from dotbench.statistics.intervals import t_interval

ENDS = ("mean", "sd", "se", "low", "high")
PAIR = ("difference", "low", "high", "p", "p_holm")
Scenario = tuple[list[Row], list["pd.DataFrame"]]


def read_packed(contents: dict[str, Any]) -> list[Packed]:
    """The experiments that a table or figure shows; ``contents`` as `dotbench.plan.Plan.contents` gives it."""
    return [from_description(described) for described in contents.get("experiments", [])]


def read_rows(packed: Packed) -> "pd.DataFrame":
    """Rows of all parts that are there, in the order of the parts."""
    files = [packed.rows(label) for label in packed.parts]
    return pd.concat([pd.read_parquet(file) for file in files if file.is_file()], ignore_index=True)


def labelled(packed: list[Packed]) -> "pd.DataFrame":
    """Rows of all experiments, with a column ``label``: that of the configuration's entry, empty where it has none."""
    return pd.concat([read_rows(entry).assign(label=entry.setting) for entry in packed], ignore_index=True)


def read_records(packed: Packed) -> list[dict[str, Any]]:
    """The record of every part that is there."""
    files = [packed.rows(label).with_suffix(".json") for label in packed.parts]
    return [read_json(file) for file in files if file.is_file()]


def is_there(packed: Packed) -> bool:
    """Whether a part is finished."""
    return any(packed.rows(label).with_suffix(".json").is_file() for label in packed.parts)


def scenarios(packed: Packed) -> list[Scenario]:
    """The lines of every scenario and the rows behind each, in the order of the parts."""
    rows, of, found = read_rows(packed), packed.experiment, []
    for _, group in rows.groupby(list(of.keys), sort=False, dropna=False):
        scenario = {"label": packed.label} | {key: _plain(group[key].iloc[0]) for key in of.keys}
        parts = list(group.groupby(of.compared, sort=False))
        lines = [scenario | {of.compared: _plain(name)} | _line(packed, part) for name, part in parts]
        found.append((lines, [part for _, part in parts]))
    return found


def published_rows(packed: Packed, metric: str) -> list[Row]:
    """The lines of an experiment as published numbers are set beside them: its first metric, as ``metric``, its
    scenarios as datasets."""
    of = packed.experiment
    if not is_there(packed):
        return []
    return [
        {
            "dataset": scenario_text(of.keys, line),
            "label": scenario_text(of.keys, line),
            "names": (of.name, line[of.compared]),
            "method": line[of.titled] + (f" ({packed.setting})" if packed.setting else ""),
            "seeds": line["replications"],
            "planned": line["replications"],
            "failed": line["failed"],
            "on_edge": line["on_edge"],
            **{f"{metric}_{end}": line[f"{of.metrics[0]}_{end}"] for end in ("mean", "sd", "low", "high")},
        }
        for lines, _ in scenarios(packed)
        for line in lines
    ]


def scenario_text(keys: dict[str, str], line: Row) -> str:
    """A scenario in words, e.g. ``n = 1500, d = 20``; ``keys``: column → symbol. Keys without a value are left out."""
    known = {symbol: line[key] for key, symbol in keys.items() if line[key] is not None}
    return ", ".join(
        f"{symbol} = {value if isinstance(value, str) else f'{value:g}'}" for symbol, value in known.items()
    )


def metric_text(metric: str) -> str:
    """A metric in words, e.g. ``test RMSE``."""
    return metric.replace("_", " ").replace("rmse", "RMSE")


def is_scenario(name: str) -> bool:
    """Whether a name is one that `scenario_text` gives, and not a dataset's."""
    return " = " in name


def columns(packed: Packed) -> list[str]:
    """Columns of the csv."""
    of = packed.experiment
    found = ["label", *of.keys, of.compared, of.titled, "replications", "failed"]
    found += [f"{metric}_{end}" for metric in of.metrics for end in ENDS] + ["standing"]
    return [*found, "chosen", "on_edge", "seconds_mean", "cpu_seconds_mean", "tuning_cpu_seconds", "failure"]


def pair_columns(packed: Packed) -> list[str]:
    """Columns of the csv of pairs."""
    return ["label", *packed.experiment.keys, "metric", "first", "second", *PAIR]


def _plain(value: Any) -> Any:
    """A cell as Python has it; None where there is nothing."""
    return None if pd.isna(value) else getattr(value, "item", lambda: value)()


def reported_rows(packed: Packed, rows: "pd.DataFrame") -> "pd.DataFrame":
    for column, value in packed.experiment.reported.items():
        rows = rows[rows[column] == value]
    return rows


def _line(packed: Packed, rows: "pd.DataFrame") -> Row:
    """What is known of a method in a scenario."""
    of = packed.experiment
    reported = reported_rows(packed, rows)
    good, bad = (reported[(reported["status"] == "ok") == ok] for ok in (True, False))
    line: Row = {of.titled: rows[of.titled].iloc[0], "replications": len(reported), "failed": len(bad)}
    for metric in of.metrics:
        interval = t_interval(list(good[metric])) if len(good) else None
        for end in ENDS:
            line[f"{metric}_{end}"] = getattr(interval, end, None)
        if interval and interval.sd is not None:
            line[f"{metric}_se"] = interval.sd / len(good) ** 0.5
    for name, column in (("chosen", "hyperparameters"), ("on_edge", "on_edge")):
        line[name] = counted(good[column]) if column in good else ""
    for fact in ("seconds", "cpu_seconds"):
        line[f"{fact}_mean"] = float(good[fact].mean()) if len(good) else None
    tuning = rows.drop(reported.index)["cpu_seconds"].sum()
    return line | {
        "tuning_cpu_seconds": float(tuning) / max(len(reported), 1),
        "failure": bad["reason"].iloc[0] if len(bad) else None,
    }


def counted(values: "pd.Series") -> str:
    """Different values with the number of replications that have them, the most frequent first."""
    counts = Counter(value for value in values.dropna() if value not in ("", "{}"))
    return "; ".join(f"{value} ({count})" for value, count in counts.most_common())
