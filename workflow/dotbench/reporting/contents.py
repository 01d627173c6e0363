"""What a table or a figure shows, as the plan says it to the stage that makes it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal

from pydantic import ConfigDict, TypeAdapter

from dotbench.datasets.splits.base import Splitter
from dotbench.reporting.records import MethodRuns, dataset_facts, dataset_label
from dotbench.tuning.mode import TuningMode


@dataclass(frozen=True)
class SplitFacts:
    """What notes say of a split. The fields are those of `dotbench.datasets.splits.base.Splitter`."""

    headline: str
    remark: str
    seedless: bool
    variant: str
    same_test: bool
    validates_by_test: bool
    test_to_train: float
    parts_to_train: dict[str, float] = field(default_factory=dict)

    def to_train(self, part: str) -> float:
        """Size of a test part over that of the training part."""
        return self.parts_to_train.get(part, self.test_to_train)

    @classmethod
    def of(cls, splitter: Splitter) -> "SplitFacts":
        return cls(**{fact.name: getattr(splitter, fact.name) for fact in fields(cls)})


@dataclass(frozen=True)
class Contents:
    """``name``: the configuration's; ``report_item``: the table's or figure's, ``kind``: how it is made, both empty for
    paper-versus-ours; ``title``: its first note; ``validation_metric``: ends training early and chooses settings;
    ``grid``: which grids the configuration names; ``tuning``, ``tuning_seed``: on which split settings are chosen;
    ``published``: the paper whose numbers the study is set beside; ``simulations``: as
    `dotbench.simulations.entry.SimulationEntry.described`; ``features``: those whose tables are shown; ``titles``:
    dataset → its full name; ``layout``, ``columns`` and ``size``: those of the study, None where it names none."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    name: str
    study: str
    report_item: str
    kind: str
    title: str
    grid: str
    published: str | None
    task: str
    metrics: list[str]
    validation_metric: str
    seeds: list[int]
    tuning: TuningMode
    tuning_seed: int
    split: SplitFacts
    runs: list[MethodRuns] = field(default_factory=list)
    simulations: list[dict[str, Any]] = field(default_factory=list)
    features: str | None = None
    titles: dict[str, str] = field(default_factory=dict)
    layout: Literal["long", "wide"] | None = None
    columns: list[str] | None = None
    size: Literal["single", "double"] = "double"

    @property
    def datasets(self) -> dict[str, dict[str, Any]]:
        """Dataset of the runs → the content of its ``stats.json``."""
        return dataset_facts(run.dataset for run in self.runs)

    def titled(self, dataset: str) -> str:
        """The title of a dataset. Its name if the definition gives no title."""
        return self.titles.get(dataset, dataset)

    @property
    def labels(self) -> dict[str, str]:
        """Dataset of the runs → its full name in tables and figures, with the marks of `dataset_label`."""
        return {name: dataset_label(stats, self.titled(name)) for name, stats in self.datasets.items()}

    def finished(self) -> "Contents":
        """The same with those methods of which a reported run is finished, each with its own finished seeds."""
        return replace(self, runs=[run for run in map(MethodRuns.finished, self.runs) if run is not None])

    def to_json(self) -> dict[str, Any]:
        """In plain types."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Contents":
        """The inverse of `to_json`."""
        return TypeAdapter(cls).validate_python(values)
