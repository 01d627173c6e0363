"""What a simulation is."""

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import ValidationInfo

from dotbench.errors import DotbenchError
from dotbench.files import digest
from dotbench.registry import Component, discover
from dotbench.settings import Settings, SettingsBase, without_later

if TYPE_CHECKING:
    from dotbench.execution.checkpoint import Checkpoint
    from dotbench.execution.hardware import Execution

Row = dict[str, Any]
# of a simulation and of its job in records and in files of runs, whose names stay as they are
EXPERIMENT, PART = "experiment", "part"


@dataclass(frozen=True)
class Column:
    """Type of a column of a simulation's rows, and one line on what it means, with units. Absent values are null."""

    kind: Literal["int64", "float64", "str"]
    meaning: str


# every row is a fit: whether it can be used, and what its training alone took
FIT_COLUMNS = {
    "status": Column("str", "`ok` or `failed`"),
    "reason": Column("str", "why the fit failed"),
    "seconds": Column("float64", "wall seconds of training alone"),
    "cpu_seconds": Column("float64", "CPU seconds of training alone"),
}


OF_JOB = {"of_part": True}


def knows_lists(info: ValidationInfo) -> bool:
    """Whether settings are validated as a configuration has them: those that a job is run with lack the lists."""
    return not (info.context and info.context.get("of_part"))


@dataclass(frozen=True)
class Job:
    """One job of a simulation. ``label``: names its files, [a-z0-9-]+. ``settings``: its own, in plain types.
    ``modules``: what of the package it uses besides the simulation. ``gpu``: whether it can use one."""

    label: str
    settings: dict[str, Any] = field(default_factory=dict)
    modules: tuple[str, ...] = ()
    gpu: bool = False


def seed_packs(first: int, replications: int, pack: int) -> list[list[int]]:
    """The seeds of the replications, ``pack`` of them for a job, the last one's may be fewer."""
    seeds = range(first, first + replications)
    return [list(seeds[k : k + pack]) for k in range(0, replications, pack)]


@dataclass(frozen=True)
class Trend:
    """How a simulation is drawn: ``x``, a column, runs along the horizontal axis. ``logarithmic``: axes, of "xy".

    ``x`` is one of the keys, when a line is a thing that is compared and shows the first metric, or it is what is
    compared, when a line is a metric. Rows without a value on the axis are drawn across. The other keys have
    a panel for each of their values.
    """

    x: str
    x_title: str
    y_title: str
    logarithmic: str = ""


class Simulation(Component):
    """Many small fits, packed into jobs, each of which leaves rows.

    ``study``: whose simulation it is. ``lists``: the settings that say which jobs there are (scenarios, methods,
    replications): the digest leaves them out, so that more of them compute only the new jobs. ``columns``: of the
    rows. A table tells a row's scenario by ``keys``, what is compared by ``compared`` (and what it is called by
    ``titled``), the replication by ``replication``. It shows ``metrics``, all errors (lower is better), of the rows
    that have the values of ``reported``. ``marks_best``: whether what is compared competes, so that the best is marked.
    `references` do not. ``expected_failures``: reasons for a row without a value that are a result, and no failure of
    the run.
    """

    study: ClassVar[str]
    Settings: ClassVar[type[SettingsBase]] = Settings
    settings: SettingsBase
    lists: ClassVar[tuple[str, ...]] = ()
    columns: ClassVar[dict[str, Column]]
    keys: ClassVar[dict[str, str]]  # column → symbol in tables
    compared: ClassVar[str] = "method"
    titled: ClassVar[str] = "title"
    compared_title: ClassVar[str] = "Method"  # the header over what is compared
    replication: ClassVar[str] = "replication"
    metrics: ClassVar[tuple[str, ...]]
    marks_best: ClassVar[bool] = True
    trend: ClassVar[Trend | None] = None  # of its figures
    reported: ClassVar[dict[str, str]] = {}
    expected_failures: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, settings: SettingsBase) -> None:
        self.settings = settings

    @abstractmethod
    def jobs(self) -> list[Job]:
        """The jobs. Cheap: no data, no numerical library. The same settings give the same jobs and labels, and a
        label is the same whatever other jobs there are."""

    @abstractmethod
    def run(self, job: dict[str, Any], execution: "Execution", checkpoint: "Checkpoint") -> list[Row]:
        """Rows of the job with these settings. What ``checkpoint`` holds from an interrupted run is not computed again.

        The simulation's own settings may lack those of ``lists``."""

    def guides(self, lines: list[Row]) -> dict[str, list[tuple[float, float]]]:
        """Curves to see a panel of the figure against: title → points (x, y). ``lines``: the lines of the panel, as
        in the csv of the table."""
        return {}

    @property
    def references(self) -> frozenset[str]:
        """What of ``compared`` is there to read the others by, and does not compete with them."""
        return frozenset()

    def competes(self, line: Row) -> bool:
        """Whether a line of the table may be marked as best."""
        return self.marks_best and line[self.compared] not in self.references

    @abstractmethod
    def notes(self) -> list[str]:
        """What a reader of a table must know of the protocol, a sentence or two each."""

    def identity(self) -> dict[str, Any]:
        """What the digest covers: the settings that every job shares.

        A setting that the simulation got later is left out at its default: see `dotbench.settings.LATER`."""
        settings = self.settings.model_dump(mode="json", exclude=set(self.lists))
        return {EXPERIMENT: self.name, "settings": without_later(settings, self.Settings)}

    def drawn(self) -> Trend:
        """How figures and slopes show the simulation. Raises an error if the class does not say."""
        if self.trend is None:
            raise DotbenchError(f"simulation '{self.name}' cannot be drawn: its class has no `trend`")
        return self.trend

    @property
    def folder(self) -> str:
        """Name of the folder of the jobs: ``<simulation>-<digest>``."""
        return f"{self.name}-{digest(self.identity())}"


def simulations() -> dict[str, type[Any]]:
    """Simulations by name."""
    return discover("simulations", Simulation)
