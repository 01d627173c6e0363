"""The numbers that a paper published, typed in by hand: `studies/published/<key>.yaml`."""

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, model_validator

from dotbench.errors import DotbenchError
from dotbench.registry import unknown
from dotbench.settings.base import Settings, dotted, explain
from dotbench.settings.yaml_lines import place, read_yaml

FOLDER = Path(__file__).parents[1] / "studies" / "published"


class PublishedMethod(Settings):
    """A method by the paper's name, and ours that it is compared with."""

    name: str
    model: str
    loss: str
    solver: str
    also: list[str] = Field([], description="further losses of ours that it is compared with")

    def ours(self) -> list[tuple[str, str, str]]:
        """(model, loss, solver) of ours; the first is the method as the paper states it."""
        return [(self.model, loss, self.solver) for loss in (self.loss, *self.also)]


class Cell(Settings):
    """One published number."""

    table: str = Field(description="where it is printed")
    dataset: str
    method: str = Field(description="a name of `methods`")
    metric: Literal["ndcg@10", "mrr@10"]
    value: float
    sd: float | None = Field(None, ge=0, description="the published ±")
    suspect: str | None = Field(None, description="why it is not to be trusted")


class Published(Settings):
    """All numbers of a paper that are known here."""

    paper: str
    source: str = Field(description="where the numbers were read")
    seeds: int = Field(ge=2, description="runs behind a published ±")
    protocol: list[str] = Field(description="where the paper's protocol differs from ours, or is not stated")
    missing: list[str] = Field(description="what the paper prints and is not known here")
    methods: list[PublishedMethod]
    cells: list[Cell]

    @model_validator(mode="after")
    def _known_and_once(self) -> "Published":
        names = [method.name for method in self.methods]
        keys = [(cell.table, cell.dataset, cell.method, cell.metric) for cell in self.cells]
        for cell, key in zip(self.cells, keys, strict=True):
            if cell.method not in names:
                raise ValueError(str(unknown("method of the paper", cell.method, names)))
            if keys.count(key) > 1:
                raise ValueError(f"the cell {', '.join(key)} is there more than once")
        return self

    def method(self, name: str) -> PublishedMethod:
        return next(method for method in self.methods if method.name == name)


def published_path(key: str) -> Path:
    return FOLDER / f"{key}.yaml"


def load_published(key: str, folder: Path = FOLDER) -> Published:
    """The published numbers of a paper; a DotbenchError names file, line and key of what is wrong."""
    path = folder / f"{key}.yaml"
    values = read_yaml(path)
    try:
        return Published.model_validate(values)
    except ValidationError as error:
        problems = explain(error, Published)
        raise DotbenchError(
            "\n".join(f"{place([path], at)}: key '{dotted(at)}': {message}" for at, message in problems)
        ) from None
