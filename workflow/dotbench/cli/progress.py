"""How far a configuration is: what is done, to do and failed."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dotbench import paths
from dotbench.config.plan import Plan
from dotbench.config.runs import MethodEntry
from dotbench.files import read_json
from dotbench.seals import damage
from dotbench.simulations.entry import SimulationEntry


@dataclass(kw_only=True)
class Progress:
    """How many jobs are done, done with a failed fit, and to do, with the reason and the log of the last failure."""

    done: int = 0
    failed: int = 0
    to_do: int = 0
    reason: str | None = None
    log: str | None = None

    @property
    def counts(self) -> tuple[str, str, str]:
        """The three numbers as text, empty for zero."""
        done, failed, to_do = (str(n) if n else "" for n in (self.done, self.failed, self.to_do))
        return done, failed, to_do


@dataclass
class State(Progress):
    """How far a method of a study is on a dataset."""

    entry: MethodEntry
    tuned: str = "to do"
    failed_fits: list[Path] = field(default_factory=list)


def states(plan: Plan) -> list[State]:
    """One state for every study × dataset × method of the configuration."""
    plan_states = []
    for entry in plan.entries:
        state = State(entry)
        choices = {folder: _whole(chosen_file(entry, folder)) for folder in entry.folders}
        trials = len(entry.method.trials())
        done = sum(trials if choice else _kept(entry, folder) for folder, choice in choices.items())
        statuses = [choice["status"] for choice in choices.values() if choice]
        if len(statuses) == len(choices):
            state.tuned = next((status for status in statuses if status != "ok"), "ok")
        elif done:
            state.tuned = f"{done} of {len(choices) * trials}"
        for fit in plan.fits(entry):
            content = _whole(fit / "fit.json") and _whole(fit / "metrics.json")
            if content is None:
                state.to_do += 1
            elif content["status"] == "ok":
                state.done += 1
            else:
                state.failed += 1
                state.failed_fits.append(fit)
                state.reason, state.log = content["reason"], content["log"]
        plan_states.append(state)
    return plan_states


def chosen_file(entry: MethodEntry, folder: str) -> Path:
    """The choice of a tuning of a method."""
    return paths.run(entry.dataset, folder) / "chosen.json"


def _kept(entry: MethodEntry, folder: str) -> int:
    """How many trials an unfinished tuning has done."""
    return len(list((paths.CHECKPOINTS / entry.dataset / folder / "tune").glob("*.json")))


@dataclass
class SimulationState(Progress):
    """How far a simulation is, in jobs. ``failed``: done, with a failed fit among those that are reported."""

    entry: SimulationEntry
    failed_jobs: list[Path] = field(default_factory=list)


def simulation_states(plan: Plan) -> list[SimulationState]:
    """One state for every simulation of the configuration."""
    plan_states = []
    for entry in plan.simulations:
        state = SimulationState(entry)
        for label in entry.jobs:
            record = entry.rows(label).with_suffix(".json")
            content = _whole(record)
            if content is None:
                state.to_do += 1
            elif content["failed"]:
                state.failed += 1
                state.failed_jobs.append(record)
                state.reason, state.log = content["reason"], content["log"]
            else:
                state.done += 1
        plan_states.append(state)
    return plan_states


def _whole(record: Path) -> dict[str, Any] | None:
    """The content of a record. None where it is not there, or is damaged and so will be made again."""
    if not record.is_file() or damage(record):
        return None
    content: dict[str, Any] = read_json(record)
    return content


def drop_failed(plan: Plan) -> list[Path]:
    """Delete the records of failed fits and tunings, and the tables and figures that show them. Returns the folders.

    A table that is there keeps Snakemake from asking for what it was made from.
    """
    dropped = []
    for state in states(plan):
        for fit in state.failed_fits:
            for name in ("fit.json", "metrics.json"):
                (fit / name).unlink(missing_ok=True)
            dropped.append(fit)
        for chosen in (chosen_file(state.entry, folder) for folder in state.entry.folders):
            if (_whole(chosen) or {"status": "ok"})["status"] != "ok":
                chosen.unlink()
                dropped.append(chosen.parent)
        if state.failed_fits:
            for target in plan.targets(state.entry.study):
                Path(target).unlink(missing_ok=True)
    for simulation in simulation_states(plan):
        for record in simulation.failed_jobs:
            record.unlink()
            dropped.append(record)
        if simulation.failed_jobs:
            for target in plan.targets(plan.study(simulation.entry.simulation.study)):
                Path(target).unlink(missing_ok=True)
    return dropped
