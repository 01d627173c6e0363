"""Where the numbers of a table come from."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from dotbench.config.plan import Plan
from dotbench.errors import DotbenchError
from dotbench.files import read_json
from dotbench.seals import damage
from dotbench.simulations.entry import SimulationEntry
from dotbench.site.details import machine_text, run_details
from dotbench.studies.base import ReportItem, Study

OF_FIT = ["status", "reason", "best_epoch", "epochs", "train_seconds", "cpu_seconds", "peak_memory_bytes"]
OF_FIT += ["energy_joules", "gpu_energy_joules", "provenance"]


def explain(plan: Plan, target: str, row: str | None = None) -> list[dict[str, Any]]:
    """For each line of a table or figure, everything that is known of it. This includes its runs or jobs, their
    settings and the chosen ones, data, code, packages, hardware, seconds, and the command that repeats a run.

    ``target``: a name of `dotbench list targets`. ``row``: words that are in the dataset or the method of a line.
    Raises DotbenchError for another target, or if there is no finished line.
    """
    study, item = _item(plan, target)
    wanted = (row or "").lower().split()
    lines = [*_methods(plan, study, item), *map(_simulation, plan.item_simulations(study, item.name))]
    found = [line for line in lines if all(word in f"{line['dataset']} {line['method']}".lower() for word in wanted)]
    if not found:
        has = "; ".join(f"{line['dataset']}, {line['method']}" for line in lines) or "nothing yet: run it first"
        where = f"of the configuration '{plan.benchmark.name}' (another one is named with -c)"
        raise DotbenchError(f"{target} {where}: no finished line{f' with {row!r}' if row else ''}; it has {has}")
    return found


def outdated(plan: Plan, target: str) -> str | None:
    """Why a table does not show what is there now. None if it does, or is not there."""
    study, item = _item(plan, target)
    file = Path(plan.item_files(study, item)[0]).with_suffix(".csv")
    return damage(file, thorough=True) if file.is_file() else None


def text(line: dict[str, Any]) -> Iterator[str]:
    """A line of the table in words. All digests are in `explain` alone."""
    yield f"{line['dataset']}, {line['method']}"
    for key, value in line.items():
        if key in ("dataset", "method") or value in (None, [], {}):
            continue
        if key == "seeds":
            for one in value:
                made = one["provenance"] or {}
                known = {k: v for k, v in one.items() if k not in ("seed", "chosen", "provenance", "status", "test")}
                known |= one["test"] or {}
                known |= {k: made.get(k) for k in ("commit", "host", "finished")}
                chosen = f", chosen {one['chosen']};" if "chosen" in one else ","
                yield f"  seed {one['seed']:<5} {one['status']}{chosen} {_short(known)}"
        else:
            yield f"  {key:<10} {_short(value)}"


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}={_short(one)}" for key, one in value.items() if one not in (None, "", [], {}))
    if isinstance(value, list):
        return ", ".join(map(_short, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _item(plan: Plan, target: str) -> tuple[type[Study], ReportItem]:
    """The study and the table or figure of a name, or of a file of it."""
    named = {
        f"{study.name}_{item.name}": (study, item) for study in plan.studies() for item in plan.report_items(study)
    }
    files = {str(Path(file).with_suffix("")): name for name, of in named.items() for file in plan.item_files(*of)}
    name = files.get(str(Path(target).with_suffix("")), target)
    if name not in named:
        where = f"the configuration '{plan.benchmark.name}' (another one is named with -c)"
        raise DotbenchError(f"'{target}' is no table or figure of {where}; it has {', '.join(named)}")
    return named[name]


def _methods(plan: Plan, study: type[Study], item: ReportItem) -> Iterator[dict[str, Any]]:
    shown = plan.contents(study, item.name).runs
    for entry, whole in zip(plan.item_entries(study, item.name), shown, strict=True):
        run = whole.finished()
        if run is None:
            continue
        known = run_details(plan, entry, run)
        fits = [read_json(fit / "fit.json") for fit in run.fits]
        on_gpu = any(fit["device"] == "cuda" for fit in fits)
        yield {
            **{
                key: known[key] for key in ("dataset", "method", "folder", "settings", "grid", "edges", "split", "data")
            },
            "seeds": [
                {key: one[key] for key in ("seed", "chosen") if key in one}
                | {key: fit.get(key) for key in OF_FIT}
                | {"test": one["metrics"].get("test")}
                for one, fit in zip(known["seeds"], fits, strict=True)
            ],
            "energy": _energy([fit.get("energy_joules") for fit in fits]),
            "gpu_energy": _energy([fit.get("gpu_energy_joules") for fit in fits], "GPU") if on_gpu else None,
            **{key: known[key] for key in ("machines", "versions", "again")},
        }


def _energy(joules: Sequence[float | None], counted_part: str = "machine") -> str:
    """What the fits of all seeds used together, as far as their machines tell."""
    counted = [one for one in joules if one is not None]
    if not counted:
        return f"the {counted_part} reports none"
    seeds = "all seeds" if len(counted) == len(joules) else f"{len(counted)} of {len(joules)} seeds"
    return f"{sum(counted):.4g} J for {seeds}, of the whole {counted_part}"


def _simulation(entry: SimulationEntry) -> dict[str, Any]:
    files: Sequence[Path] = [entry.rows(label).with_suffix(".json") for label in entry.jobs]
    records = [read_json(file) for file in files if file.is_file()]
    return {
        "dataset": "simulation",
        "method": entry.label,
        "folder": str(files[0].parent),
        "settings": entry.described()["settings"],
        "jobs": f"{len(records)} of {len(files)} finished",
        "seconds": sum(record["seconds"] for record in records),
        "machines": sorted({machine_text(record) for record in records}),
        "versions": sorted({f"{name} {value}" for record in records for name, value in record["versions"].items()}),
        "commits": sorted({str((record.get("provenance") or {}).get("commit")) for record in records}),
    }
