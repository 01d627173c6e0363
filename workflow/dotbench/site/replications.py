"""What is known of a line of a simulation: settings, trials, every replication, hardware and versions of its jobs."""

import json
from typing import Any

from dotbench.lazy import pd
from dotbench.reporting.formats import Row
from dotbench.reporting.replications import is_there, metric_text, read_records, read_rows, reported_rows
from dotbench.simulations.base import Simulation
from dotbench.simulations.entry import SimulationEntry
from dotbench.site.details import machine_text
from dotbench.site.values import EXACT, plain

SETTING, VALIDATED = "hyperparameters", "valid_rmse"
SHOWN = ("status", "reason", "hyperparameters", "on_edge", "seconds", "cpu_seconds")


def replication_key(simulation: Simulation | type[Simulation], label: str, row: Row) -> str:
    """A name of the line of a method, or of whatever is compared, in a scenario. ``label``: of the entry."""
    values = [row.get(key) for key in (*simulation.keys, simulation.compared)]
    return "/".join([simulation.name, label, *map(_text, values)])


def replication_details(entry: SimulationEntry) -> dict[str, dict[str, Any]]:
    """Key → what a page says of a line. Nothing if no job is here."""
    if not is_there(entry):
        return {}
    simulation, records = entry.simulation, read_records(entry)
    shared = {
        "simulation": simulation.title,
        "settings": simulation.identity()["settings"],
        "notes": simulation.notes(),
        "machines": sorted({machine_text(record) for record in records}),
        "versions": sorted({f"{name} {value}" for record in records for name, value in record["versions"].items()}),
        "titles": {metric: metric_text(metric) for metric in simulation.metrics},
    }
    rows = read_rows(entry)
    columns = [*simulation.metrics, *(name for name in SHOWN if name in rows)]
    details = {}
    for _, group in rows.groupby([*simulation.keys, simulation.compared], sort=False, dropna=False):
        reported = reported_rows(entry, group)
        if reported.empty:
            continue
        first = plain(reported.iloc[0].to_dict())
        values = reported[[simulation.replication, *columns]].astype(object)
        values = values.rename(columns={simulation.replication: "seed"})
        replications = plain(values.where(values.notna(), None).to_dict("records"), EXACT)
        tuned = tuning_trials(group, reported, simulation.replication)
        details[replication_key(simulation, entry.label, first)] = shared | tuned | {"replications": replications}
    return details


def tuning_trials(rows: "pd.DataFrame", reported: "pd.DataFrame", replication: str) -> dict[str, Any]:
    """``grid``: tuned setting → its values, and ``trials``: a trial for every replication and setting that was tried,
    with its mean validation RMSE over the folds. Both are empty where nothing was tuned."""
    if VALIDATED not in rows or SETTING not in rows:
        return {"grid": {}, "trials": None}
    fits = rows[rows[SETTING].notna() & (rows[SETTING] != "{}")]
    if fits[SETTING].nunique() < 2:
        return {"grid": {}, "trials": None}
    trials = list(fits.groupby([replication, SETTING], sort=False))
    settings = [json.loads(str(setting)) for (_, setting), _ in trials]
    values = [group[VALIDATED].mean() if group[VALIDATED].notna().all() else None for _, group in trials]
    chosen = set(zip(reported[replication], reported[SETTING], strict=True))
    keys = list(settings[0])
    return {
        "grid": {key: _distinct([setting[key] for setting in settings]) for key in keys},
        "trials": {
            "keys": keys,
            "points": [[setting[key] for key in keys] for setting in settings],
            "replication": plain([seed for (seed, _), _ in trials]),
            "rung": [1] * len(trials),
            "status": ["failed" if value is None else "ok" for value in values],
            "validation": plain(values),
            "picked": [name in chosen for name, _ in trials],
        },
        "validation": "RMSE",
    }


def _distinct(values: list[Any]) -> list[Any]:
    """Values, which may be lists, in the order of their first places."""
    return [value for k, value in enumerate(values) if value not in values[:k]]


def _text(value: Any) -> str:
    if value is None or (isinstance(value, float) and pd.isna(value)):
        return ""
    return f"{value:g}" if isinstance(value, int | float) else str(value)
