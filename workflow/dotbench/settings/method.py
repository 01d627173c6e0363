"""A method: model × loss × solver with resolved settings, a search space, and the digest that names its runs."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field, ValidationError, create_model

from dotbench.errors import DotbenchError
from dotbench.files import canonical_json, digest
from dotbench.losses.base import losses
from dotbench.models.base import models
from dotbench.registry import Component, unknown
from dotbench.settings.base import LATER, Settings, explain
from dotbench.solvers.base import solvers

Grid = Literal["paper", "extended"]  # of a component: `grid` alone, or `extended_grid` in the place of its keys


class MethodChoice(Settings):
    """One entry of a study's ``methods``."""

    model: str = Field(description="a name of `dotbench list models`")
    loss: str | None = Field(None, description="a name of `dotbench list losses`; none for baselines")
    solver: str | None = Field(None, description="needed where several solvers can minimise the loss")
    set: dict[str, Any] = Field(default={}, description="hyperparameters that are fixed")
    grid: dict[str, list[Any]] | None = Field(
        None,
        description="hyperparameters that are tuned, each with its values; absent: the method's own grid",
    )
    extended_grid: dict[str, list[Any]] | None = Field(
        None, description="in the place of `grid` where the configuration says `grid: extended`"
    )
    label: str | None = Field(None, description="name in tables and figures; made from the components if absent")


class WrongChoice(DotbenchError):
    """A choice that cannot be resolved; ``key`` is the path below the method's entry."""

    def __init__(self, key: tuple[str, ...], message: str) -> None:
        super().__init__(message)
        self.key = key


@dataclass(frozen=True)
class Method:
    """A resolved choice: every setting has its value, every grid point has been validated."""

    model: type[Any]
    loss: type[Any] | None
    solver: type[Any] | None
    settings: dict[str, Any]
    grid: dict[str, list[Any]]
    label: str

    @property
    def names(self) -> tuple[str, str, str]:
        """(model, loss, solver); baselines have the loss ``none`` and name their own solver."""
        if self.solver is None:
            return self.model.name, "none", self.model.solver
        return self.model.name, self.loss.name if self.loss else "none", self.solver.name

    @property
    def task(self) -> str:
        """``ranking`` or ``rating``: which split and which metrics."""
        return self.loss.task if self.loss else self.model.task

    @property
    def features(self) -> tuple[str, ...]:
        """Labels of the features that the model reads, joined in this order; none if it reads none."""
        labels = self.settings.get("features", "none")
        return () if labels == "none" else tuple(labels.split("+"))

    @property
    def components(self) -> list[type[Component]]:
        return [part for part in (self.model, self.loss, self.solver) if part is not None]

    def trials(self) -> list[dict[str, Any]]:
        """Settings of every point of the grid, in the order of the grid's product; one if nothing is tuned."""
        points = itertools.product(*self.grid.values())
        return [{**self.settings, **dict(zip(self.grid, point, strict=True))} for point in points]

    def identity(self, protocol: Mapping[str, Any]) -> dict[str, Any]:
        """What the digest covers: components, search space, protocol; not the winner, not the hardware.

        Settings that a component got later are left out at their defaults: see `dotbench.settings.base.LATER`.
        """
        model, loss, solver = self.names
        unsaid = {
            (key, field.default)
            for cls in settings_classes(list(self.components))
            for key, field in cls.model_fields.items()
            if field.json_schema_extra == LATER
        }
        return {
            "model": model,
            "loss": loss,
            "solver": solver,
            "settings": {k: v for k, v in self.settings.items() if k not in self.grid and (k, v) not in unsaid},
            "grid": self.grid,
            "protocol": dict(protocol),
        }

    def folder(self, protocol: Mapping[str, Any]) -> str:
        """Name of the folder of the method's runs: ``<model>-<loss>-<solver>-<digest>``."""
        return "-".join((*self.names, digest(self.identity(protocol))))


def settings_classes(components: list[type[Any]]) -> list[type[Settings]]:
    """The settings of all components, and of the loss's batches if the solver draws any."""
    classes = [part.Settings for part in components]
    if any(getattr(part, "draws_batches", False) for part in components):
        classes += [part.Batches for part in components if hasattr(part, "Batches")]
    return list(dict.fromkeys(classes))


def settings_class(components: list[type[Any]]) -> type[Settings]:
    """One flat class with all of them."""
    bases = settings_classes(components)
    bases = [b for b in bases if not any(b is not c and issubclass(c, b) for c in bases)]
    return create_model("Hyperparameters", __base__=tuple(bases))


def resolve(choice: MethodChoice, grid_name: Grid = "paper") -> Method:
    """Find the components, check that they fit together, fill in defaults, and validate every grid point.

    ``grid_name``: which of the components' own grids a choice without one has. Raises WrongChoice, which names the key.
    """
    model, loss, solver = _components(choice)
    components = [part for part in (model, loss, solver) if part is not None]
    cls = settings_class(components)
    extended = grid_name == "extended" and choice.extended_grid is not None
    named, section = (choice.extended_grid, "extended_grid") if extended else (choice.grid, "grid")
    grid = named if named is not None else _own_grid(components, grid_name)
    if named is None:
        grid = {key: values for key, values in grid.items() if key not in choice.set}
    settings = _validated(cls, choice.set, "set")
    checked = {}
    for key, values in grid.items():
        if key in choice.set:
            raise WrongChoice((section, key), f"is both in 'set' and in '{section}'")
        checked[key] = [_validated(cls, {**choice.set, key: value}, section)[key] for value in values]
        if not values or len({canonical_json(value) for value in checked[key]}) < len(values):
            raise WrongChoice((section, key), f"found {values}; needs one or more different values")
    if model.needs_features and settings["features"] == "none":
        raise WrongChoice(
            ("set", "features"), f"missing; the model '{model.name}' sees users and items by features alone"
        )
    label = choice.label or _label(model, loss, solver)
    return Method(model, loss, solver, settings, checked, label)


def _own_grid(components: list[type[Any]], name: Grid) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for part in components:
        found |= part.grid
        if name == "extended":
            found |= part.extended_grid
    return found


def _validated(cls: type[Settings], values: dict[str, Any], section: str) -> dict[str, Any]:
    try:
        return cls.model_validate(values).model_dump(mode="json")
    except ValidationError as error:
        path, message = explain(error, cls)[0]
        raise WrongChoice((section, *map(str, path)), message) from None


def _components(choice: MethodChoice) -> tuple[type[Any], type[Any] | None, type[Any] | None]:
    def find(kind: str, name: str, registry: dict[str, type[Any]]) -> type[Any]:
        if name not in registry:
            raise WrongChoice((kind,), str(unknown(kind, name, registry)))
        return registry[name]

    model = find("model", choice.model, models())
    if model.is_baseline:
        for key in ("loss", "solver"):
            if getattr(choice, key) not in (None, "none"):
                found = getattr(choice, key)
                raise WrongChoice((key,), f"found '{found}'; the baseline '{model.name}' takes no {key}")
        return model, None, None
    if choice.loss in (None, "none"):
        raise WrongChoice(("loss",), f"missing; allowed are {', '.join(losses())}")
    loss = find("loss", str(choice.loss), losses())
    able = {name: s for name, s in solvers().items() if s.can_solve(model, loss)}
    if choice.solver is None and len(able) == 1:
        return model, loss, next(iter(able.values()))
    if choice.solver is None:
        raise WrongChoice(("solver",), f"missing; allowed for '{model.name}' and '{loss.name}': {', '.join(able)}")
    solver = find("solver", choice.solver, solvers())
    if solver.name not in able:
        allowed = ", ".join(able) or "none"
        raise WrongChoice(
            ("solver",),
            f"'{solver.name}' cannot minimise the loss '{loss.name}' of the model '{model.name}'; allowed: {allowed}",
        )
    return model, loss, solver


def _label(model: type[Any], loss: type[Any] | None, solver: type[Any] | None) -> str:
    if loss is None or solver is None:
        return model.title
    return f"{model.title} {loss.title} ({solver.title})"


def from_identity(identity: Mapping[str, Any]) -> Method:
    """The method that ``Method.identity`` describes."""
    baseline = identity["loss"] == "none"
    return resolve(
        MethodChoice(
            model=identity["model"],
            loss=None if baseline else identity["loss"],
            solver=None if baseline else identity["solver"],
            set=identity["settings"],
            grid=identity["grid"],
        )
    )
