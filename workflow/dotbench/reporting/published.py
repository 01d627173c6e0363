"""The numbers that a paper published, typed in by hand: `papers/<key>/published.yaml`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from dotbench.errors import DotbenchError
from dotbench.evaluation.metrics.base import parse_metric
from dotbench.registry import PAPERS, unknown
from dotbench.settings import Settings
from dotbench.yaml_lines import read_yaml_as


class PublishedMethod(Settings):
    """A method by the paper's name, and ours that it is compared with: on datasets, in a simulation, or both."""

    name: str
    model: str | None = None
    loss: str | None = None
    solver: str | None = None
    set: dict[str, Any] = Field({}, description="settings that ours must have")
    also: list[str] = Field([], description="further losses of ours that it is compared with")
    simulation: str | None = Field(None, description="a name of `dotbench list simulations`")
    rows: list[str] = Field([], description="names of its methods; the first is the method as the paper states it")
    absent: str | None = Field(None, description="why there is none of ours")

    @model_validator(mode="after")
    def _ours_are_named(self) -> "PublishedMethod":
        whole = all((self.model, self.loss, self.solver))
        if whole != any((self.model, self.loss, self.solver)) or bool(self.simulation) != bool(self.rows):
            raise ValueError("needs all of 'model', 'loss', 'solver', or both of 'simulation', 'rows'")
        if (whole or bool(self.simulation)) == bool(self.absent):
            raise ValueError("needs either a method of ours, or 'absent' with the reason why there is none")
        return self

    def ours(self) -> list[tuple[str, ...]]:
        """(model, loss, solver) of ours on datasets, (simulation, method) in a simulation."""
        runs = [(str(self.model), str(loss), str(self.solver)) for loss in (self.loss, *self.also) if self.model]
        return [*runs, *((str(self.simulation), row) for row in self.rows)]

    def is_met_by(self, names: tuple[str, ...], settings: Mapping[str, Any]) -> bool:
        """Whether a method of ours, named as in `ours`, has the required settings. Methods of simulations have no
        settings."""
        return len(names) == 2 or all(settings.get(key) == value for key, value in self.set.items())

    def stated(self) -> list[tuple[str, ...]]:
        """Of `ours` those that are the method as the paper states it."""
        ours = self.ours()
        return ours[:1] + ours[len(ours) - len(self.rows) :][:1]


class Fact(Settings):
    """Printed numbers that no run of ours is set beside: counts, settings, bounds."""

    table: str = Field(description="where they are printed")
    about: str = Field(description="a dataset, or what else they are about")
    of: str = Field("", description="a line of the table")
    numbers: dict[str, float | str | list[float]] = Field(min_length=1, description="name → number, or text")
    note: str | None = Field(None, description="what a reader has to know")


class Cell(Settings):
    """One published number."""

    table: str = Field(description="where it is printed")
    dataset: str = Field(description="a dataset, or a scenario of a simulation as its table names it")
    part: Literal["warm", "cold", "overall"] | None = Field(
        None, description="which test ratings, where the paper tells them apart"
    )
    method: str = Field(description="a name of `methods`")
    metric: str = Field(description="with its cut-off, e.g. ndcg@10")
    value: float
    sd: float | None = Field(None, ge=0, description="the published standard deviation over the paper's runs")
    se: float | None = Field(None, ge=0, description="the published standard error of their mean")
    suspect: str | None = Field(None, description="why it cannot be trusted")
    note: str | None = Field(None, description="what a reader has to know of it")

    @field_validator("metric")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            parse_metric(value)
        except DotbenchError as error:
            raise ValueError(str(error)) from None
        return value

    @property
    def where(self) -> str:
        return f"{self.dataset}, {self.part}" if self.part else self.dataset


class Published(Settings):
    """All numbers of a paper that are known here."""

    paper: str
    source: str = Field(description="where the numbers were read")
    seeds: int = Field(ge=1, description="runs behind a published number; 1 where their number is not known")
    decimals: int = Field(4, ge=0, description="digits after the point of a printed cell")
    tolerance: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="the share of a published number by which ours may differ, in the place of intervals: for numbers "
        "of single runs on one published division",
    )
    protocol: list[str] = Field(description="where the paper's protocol differs from ours, or is not stated")
    missing: list[str] = Field(description="what the paper prints and is not known here")
    methods: list[PublishedMethod]
    facts: list[Fact] = []
    cells: list[Cell]

    @model_validator(mode="after")
    def _known_and_once(self) -> "Published":
        if self.seeds == 1 and any(cell.sd is not None or cell.se is not None for cell in self.cells):
            raise ValueError(
                "'seeds': found 1, but a number has a ±; allowed is the number of runs behind the ±, 2 or more"
            )
        names = [method.name for method in self.methods]
        keys = [(cell.table, cell.where, cell.method, cell.metric) for cell in self.cells]
        for cell, key in zip(self.cells, keys, strict=True):
            if cell.sd is not None and cell.se is not None:
                raise ValueError(f"the cell {', '.join(key)} has 'sd' and 'se'; allowed is one of them")
            if cell.method not in names:
                raise ValueError(str(unknown("method of the paper", cell.method, names)))
            if keys.count(key) > 1:
                raise ValueError(f"the cell {', '.join(key)} is listed more than once")
        return self

    def method(self, name: str) -> PublishedMethod:
        return next(method for method in self.methods if method.name == name)

    def spread(self, cell: Cell) -> float | None:
        """The standard deviation over the paper's runs, as printed or from the standard error. None if neither is."""
        return cell.sd if cell.se is None else cell.se * self.seeds**0.5


def published_path(key: str) -> Path:
    return PAPERS / key / "published.yaml"


def load_published(key: str) -> Published:
    """The published numbers of a paper. A DotbenchError names file, line and key of what is wrong."""
    return read_published(published_path(key))


def read_published(path: Path) -> Published:
    """The numbers in a file. A DotbenchError names file, line and key of what is wrong."""
    return read_yaml_as(path, Published)
