"""What is known of a line of a simulation: settings, every replication, hardware and versions of its jobs."""

from typing import Any

from dotbench.lazy import pd
from dotbench.reporting.formats import Row
from dotbench.reporting.replications import is_there, metric_text, read_records, read_rows, reported_rows
from dotbench.simulations.base import Simulation
from dotbench.simulations.entry import SimulationEntry
from dotbench.site.details import machine_text
from dotbench.site.values import EXACT, plain

SHOWN = ("status", "reason", "hyperparameters", "on_edge", "seconds", "cpu_seconds")


def replication_key(simulation: Simulation | type[Simulation], label: str, row: Row) -> str:
    """A name of the line of a method, or of whatever is compared, in a scenario; ``label``: of the entry."""
    values = [row.get(key) for key in (*simulation.keys, simulation.compared)]
    return "/".join([simulation.name, label, *map(_text, values)])


def replication_details(entry: SimulationEntry) -> dict[str, dict[str, Any]]:
    """Key → what a page says of a line; nothing if no job is here."""
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
    rows = reported_rows(entry, read_rows(entry))
    columns = [*simulation.metrics, *(name for name in SHOWN if name in rows)]
    details = {}
    for _, group in rows.groupby([*simulation.keys, simulation.compared], sort=False, dropna=False):
        first = plain(group.iloc[0].to_dict())
        values = group[[simulation.replication, *columns]].astype(object)
        values = values.rename(columns={simulation.replication: "seed"})
        replications = plain(values.where(values.notna(), None).to_dict("records"), EXACT)
        details[replication_key(simulation, entry.label, first)] = shared | {"replications": replications}
    return details


def _text(value: Any) -> str:
    if value is None or (isinstance(value, float) and pd.isna(value)):
        return ""
    return f"{value:g}" if isinstance(value, int | float) else str(value)
