"""A method of an experiment with what is fixed and what is tuned."""

import itertools
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from dotbench.experiments.methods.base import rating_methods
from dotbench.registry import unknown
from dotbench.settings.base import Settings, dotted, explain
from dotbench.settings.dataset import Name

GridName = Literal["reduced", "paper"]


class RatingChoice(Settings):
    """One method of an experiment. In a grid ``a=b`` gives two settings the same value."""

    name: Name = Field(description="names the parts, and the method in the rows")
    title: str = Field(description="the method in tables")
    method: str = Field(description="a rating baseline of `dotbench list models`, or a method of experiments")
    set: dict[str, Any] = Field(default={}, description="hyperparameters that are fixed")
    grid: dict[str, list[Any]] = Field(default={}, description="hyperparameters that are tuned, each with its values")
    paper_grid: dict[str, list[Any]] | None = Field(
        None, description="in the place of `grid` where the experiment says `grid: paper`"
    )

    @model_validator(mode="after")
    def _valid(self) -> "RatingChoice":
        """The method is known, and so is every value of both grids."""
        if self.method not in rating_methods():
            raise ValueError(str(unknown("method", self.method, rating_methods())))
        for name in ("grid", "paper_grid"):
            grid = getattr(self, name) or {}
            for key, values in grid.items():
                if not values or any(part in self.set for part in key.split("=")):
                    raise ValueError(f"'{name}.{key}' needs one or more values, and no value of its own in 'set'")
            for point in points(grid):
                self._check(name, {**self.set, **point})
        return self

    def _check(self, section: str, values: dict[str, Any]) -> None:
        cls = rating_methods()[self.method].Settings
        try:
            cls.model_validate(values)
        except ValidationError as error:
            path, message = explain(error, cls)[0]
            raise ValueError(f"'set' or '{section}', key '{dotted(path)}': {message}") from None

    def stated(self, grid: GridName) -> dict[str, Any]:
        """What a part holds of it, in plain types. Defaults are left to the method: a setting that it gets later does
        not make another part."""
        tuned = self.paper_grid if grid == "paper" and self.paper_grid is not None else self.grid
        return {"name": self.name, "title": self.title, "method": self.method, "set": self.set, "grid": tuned}


def points(grid: dict[str, list[Any]]) -> list[dict[str, Any]]:
    """The points of a grid in the order of its product; one without values if nothing is tuned."""
    found = []
    for values in itertools.product(*grid.values()):
        pairs = [(key, value) for keys, value in zip(grid, values, strict=True) for key in keys.split("=")]
        found.append(dict(pairs))
    return found


def on_edge(grid: dict[str, list[Any]], point: dict[str, Any]) -> list[str]:
    """Tuned numbers of which the point has the least or greatest value of several."""
    found = []
    for keys, values in grid.items():
        key = keys.split("=")[0]
        numbers = len(values) > 1 and all(isinstance(value, int | float) for value in values)
        if numbers and point[key] in (min(values), max(values)):
            found.append(f"{keys} ({'low' if point[key] == min(values) else 'high'})")
    return found


def settings_of(stated: dict[str, Any], point: dict[str, Any]) -> Any:
    """The method's settings at a point of its grid; ``stated`` as `RatingChoice.stated`."""
    return rating_methods()[stated["method"]].Settings.model_validate({**stated["set"], **point})
