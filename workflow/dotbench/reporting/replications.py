"""Finished jobs of simulations, summed up over replications: one line for every scenario and method."""

from collections import Counter
from typing import Any

from dotbench import paths
from dotbench.files import read_json
from dotbench.lazy import pd
from dotbench.reporting.contents import Contents
from dotbench.reporting.formats import Row
from dotbench.simulations.entry import SimulationEntry, from_description
from dotbench.statistics.intervals import t_interval

ENDS = ("mean", "sd", "se", "low", "high")
PAIR = ("difference", "low", "high", "p", "p_holm")
Scenario = tuple[list[Row], list["pd.DataFrame"]]


def read_simulations(contents: Contents) -> list[SimulationEntry]:
    """The simulations that a table or figure shows. ``contents`` as `dotbench.config.plan.Plan.contents` gives it."""
    return [from_description(described) for described in contents.simulations]


def read_rows(entry: SimulationEntry) -> "pd.DataFrame":
    """Rows of all jobs that are there, in the order of the jobs."""
    files = [entry.rows(label) for label in entry.jobs]
    return pd.concat([pd.read_parquet(file) for file in files if file.is_file()], ignore_index=True)


def folder_of(entry: SimulationEntry) -> str:
    """The folder of a simulation's jobs, as tables name it."""
    return str(paths.STUDIES / entry.simulation.study / entry.folder)


def labelled(entries: list[SimulationEntry]) -> "pd.DataFrame":
    """Rows of all simulations, with a column ``label``: that of the configuration's entry, empty where it has none. And
    a column ``folder``: where the jobs lie."""
    tables = [read_rows(entry).assign(label=entry.setting, folder=folder_of(entry)) for entry in entries]
    return pd.concat(tables, ignore_index=True)


def read_records(entry: SimulationEntry) -> list[dict[str, Any]]:
    """The record of every job that is there."""
    files = [entry.rows(label).with_suffix(".json") for label in entry.jobs]
    return [read_json(file) for file in files if file.is_file()]


def is_there(entry: SimulationEntry) -> bool:
    """Whether a job is finished."""
    return any(entry.rows(label).with_suffix(".json").is_file() for label in entry.jobs)


def scenarios(entry: SimulationEntry) -> list[Scenario]:
    """The lines of every scenario and the rows behind each, in the order of the jobs."""
    rows, simulation, all_scenarios = read_rows(entry), entry.simulation, []
    for _, group in rows.groupby(list(simulation.keys), sort=False, dropna=False):
        scenario: Row = {"label": entry.label, "folder": folder_of(entry)}
        scenario |= {key: _plain(group[key].iloc[0]) for key in simulation.keys}
        parts = list(group.groupby(simulation.compared, sort=False))
        lines = [scenario | {simulation.compared: _plain(name)} | _line(entry, part) for name, part in parts]
        all_scenarios.append((lines, [part for _, part in parts]))
    return all_scenarios


def published_rows(entry: SimulationEntry, metric: str) -> list[Row]:
    """The lines of a simulation as published numbers are set beside them: its first metric, as ``metric``, its
    scenarios as datasets."""
    simulation = entry.simulation
    if not is_there(entry):
        return []
    return [
        {
            "dataset": scenario_text(simulation.keys, line),
            "label": scenario_text(simulation.keys, line),
            "names": (simulation.name, line[simulation.compared]),
            "method": line[simulation.titled] + (f" ({entry.setting})" if entry.setting else ""),
            "seeds": line["replications"],
            "planned": line["replications"],
            "failed": line["failed"],
            "on_edge": line["on_edge"],
            "folder": line["folder"],
            **{f"{metric}_{end}": line[f"{simulation.metrics[0]}_{end}"] for end in ("mean", "sd", "low", "high")},
        }
        for lines, _ in scenarios(entry)
        for line in lines
    ]


def scenario_text(keys: dict[str, str], line: Row) -> str:
    """A scenario in words, e.g. ``n = 1500, d = 20``. ``keys``: column → symbol. Keys without a value are left out."""
    values = {symbol: line[key] for key, symbol in keys.items() if line[key] is not None}
    return ", ".join(
        f"{symbol} = {value if isinstance(value, str) else f'{value:g}'}" for symbol, value in values.items()
    )


def metric_text(metric: str) -> str:
    """A metric in words, e.g. ``test RMSE``."""
    return metric.replace("_", " ").replace("rmse", "RMSE")


def is_scenario(name: str) -> bool:
    """Whether a name is one that `scenario_text` gives, and not a dataset's."""
    return " = " in name


def columns(entry: SimulationEntry) -> list[str]:
    """Columns of the csv."""
    simulation = entry.simulation
    names = ["label", *simulation.keys, simulation.compared, simulation.titled, "replications", "failed"]
    names += [f"{metric}_{end}" for metric in simulation.metrics for end in ENDS] + ["standing"]
    return [*names, "chosen", "on_edge", "seconds_mean", "cpu_seconds_mean", "tuning_cpu_seconds", "failure", "folder"]


def pair_columns(entry: SimulationEntry) -> list[str]:
    """Columns of the csv of pairs."""
    return ["label", *entry.simulation.keys, "metric", "first", "second", *PAIR, "folder"]


def _plain(value: Any) -> Any:
    """A cell as Python has it. None where there is nothing."""
    return None if pd.isna(value) else getattr(value, "item", lambda: value)()


def reported_rows(entry: SimulationEntry, rows: "pd.DataFrame") -> "pd.DataFrame":
    for column, value in entry.simulation.reported.items():
        rows = rows[rows[column] == value]
    return rows


def _line(entry: SimulationEntry, rows: "pd.DataFrame") -> Row:
    """What is known of a method in a scenario."""
    simulation = entry.simulation
    reported = reported_rows(entry, rows)
    good, bad = (reported[(reported["status"] == "ok") == ok] for ok in (True, False))
    line: Row = {simulation.titled: rows[simulation.titled].iloc[0], "replications": len(reported), "failed": len(bad)}
    for metric in simulation.metrics:
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
