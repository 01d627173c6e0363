"""Which simulation a study runs, with which settings."""

from typing import Any

from pydantic import Field, ValidationError

from dotbench.registry import unknown
from dotbench.runs.method import WrongChoice
from dotbench.settings import Settings, explain
from dotbench.simulations.base import Simulation, simulations


class SimulationChoice(Settings):
    """One entry of a study's ``simulations``."""

    simulation: str = Field(description="a name of `dotbench list simulations`")
    set: dict[str, Any] = Field(default={}, description="settings that differ from the simulation's defaults")
    label: str | None = Field(None, description="name in tables and figures; the simulation's title if absent")


def resolve_simulation(choice: SimulationChoice, study: str) -> Simulation:
    """The simulation with its settings. Raises WrongChoice, which names the key below the entry."""
    allowed = {name: cls for name, cls in simulations().items() if cls.study == study}
    if choice.simulation not in allowed:
        message = str(unknown(f"simulation of the study '{study}'", choice.simulation, allowed))
        raise WrongChoice(("simulation",), message)
    cls = allowed[choice.simulation]
    try:
        simulation: Simulation = cls(cls.Settings.model_validate(choice.set))
    except ValidationError as error:
        path, message = explain(error, cls.Settings)[0]
        raise WrongChoice(("set", *path), message) from None  # type: ignore[arg-type]
    for key in cls.Settings.model_fields:
        _refuse_repeated(key, getattr(simulation.settings, key))
    return simulation


def _refuse_repeated(key: str, values: Any) -> None:
    """Two equal values would be two jobs of the same name, or the same fit tried twice."""
    repeated = [value for k, value in enumerate(values) if value in values[:k]] if isinstance(values, list) else []
    if repeated:
        raise WrongChoice(("set", key), f"found {repeated[0]!r} more than once; allowed is every value once")
