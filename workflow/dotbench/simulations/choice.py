"""A method of a simulation with what is fixed and what is tuned."""

from typing import Any

from pydantic import Field, ValidationError, model_validator

from dotbench.datasets.definition import Name
from dotbench.registry import unknown
from dotbench.settings import Settings, dotted, explain
from dotbench.simulations.rating_methods import rating_methods
from dotbench.tuning.grid import Grid, GridName, are_named, named_grid, points


class RatingChoice(Settings):
    """One method of a simulation. In a grid ``a=b`` gives two settings the same value."""

    name: Name = Field(description="names the jobs, and the method in the rows")
    title: str = Field(description="the method in tables")
    method: str = Field(description="a rating baseline of `dotbench list models`, or a method of simulations")
    set: dict[str, Any] = Field(default={}, description="hyperparameters that are fixed")
    grid: dict[str, Any] = Field(
        default={},
        description="hyperparameters that are tuned, each with its values; or several such grids under the names "
        "`reduced`, `paper`, `extended`, of which the simulation's `grid` takes one",
    )

    @model_validator(mode="after")
    def _valid(self) -> "RatingChoice":
        """The method is known, and so is every value of every grid."""
        if self.method not in rating_methods():
            raise ValueError(str(unknown("method", self.method, rating_methods())))
        grids = self.grid if are_named(self.grid) else {"": self.grid}
        for name, grid in grids.items():
            section = f"grid.{name}" if name else "grid"
            if not isinstance(grid, dict):
                raise ValueError(f"'{section}': found {grid!r}; allowed is a mapping of hyperparameters to values")
            for key, values in grid.items():
                if not isinstance(values, list) or not values or any(part in self.set for part in key.split("=")):
                    raise ValueError(f"'{section}.{key}' needs one or more values, and no value of its own in 'set'")
            for point in points(grid):
                self._check(section, {**self.set, **point})
        return self

    def _check(self, section: str, values: dict[str, Any]) -> None:
        cls = rating_methods()[self.method].Settings
        try:
            cls.model_validate(values)
        except ValidationError as error:
            path, message = explain(error, cls)[0]
            raise ValueError(f"'set' or '{section}', key '{dotted(path)}': {message}") from None

    def stated(self, name: GridName) -> dict[str, Any]:
        """What a job holds of it, in plain types. Defaults are left to the method: a setting that it gets later does
        not make another job."""
        grid: Grid = named_grid(self.grid, name) or {}
        return {"name": self.name, "title": self.title, "method": self.method, "set": self.set, "grid": grid}


def settings_of(stated: dict[str, Any], point: dict[str, Any]) -> Settings:
    """The method's settings at a point of its grid. ``stated`` as `RatingChoice.stated`."""
    cls: type[Settings] = rating_methods()[stated["method"]].Settings
    return cls.model_validate({**stated["set"], **point})
