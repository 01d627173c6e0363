"""A method: model × loss × solver with resolved settings, a search space, and the digest that names its runs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import Field, ValidationError, create_model

from dotbench.errors import DotbenchError
from dotbench.evaluation.metrics.base import WATCHED, parse_metric
from dotbench.files import canonical_json, digest
from dotbench.losses.base import losses
from dotbench.models.base import models
from dotbench.registry import Component, unknown
from dotbench.settings import Settings, explain, without_later
from dotbench.solvers.base import solvers
from dotbench.tuning.grid import Grid, GridName, named_grid, points


class MethodChoice(Settings):
    """One entry of a study's ``methods``."""

    model: str = Field(description="a name of `dotbench list models`")
    loss: str | None = Field(None, description="a name of `dotbench list losses`; none for baselines")
    solver: str | None = Field(None, description="if absent, the first that the loss names for itself")
    set: dict[str, Any] = Field(default={}, description="hyperparameters that are fixed")
    grid: dict[str, Any] | None = Field(
        None,
        description="hyperparameters that are tuned, each with its values; or several such grids under the names "
        "`reduced`, `paper`, `extended`, of which the configuration's `grid` takes one; absent: the method's own grid",
    )
    label: str | None = Field(None, description="name in tables and figures; made from the components if absent")


class WrongChoice(DotbenchError):
    """A choice that cannot be resolved. ``key`` is the path below the method's entry."""

    def __init__(self, key: tuple[str, ...], message: str) -> None:
        super().__init__(message)
        self.key = key


@dataclass(frozen=True)
class Method:
    """A resolved choice: every setting has its value, every grid point has been validated. ``validation_metric``: what
    stops training early and chooses among the grid's points. None: that of WATCHED. ``refit``: the reported fits are
    trained again, on training and validation pairs together."""

    model: type[Any]
    loss: type[Any] | None
    solver: type[Any] | None
    settings: dict[str, Any]
    grid: Grid
    label: str
    validation_metric: str | None = None
    refit: bool = False

    @property
    def names(self) -> tuple[str, str, str]:
        """(model, loss, solver). Baselines have the loss ``none`` and name their own solver."""
        if self.solver is None:
            return self.model.name, "none", self.model.solver
        return self.model.name, self.loss.name if self.loss else "none", self.solver.name

    @property
    def task(self) -> str:
        """``ranking`` or ``rating``: which split and which metrics."""
        task: str = self.loss.task if self.loss else self.model.task
        return task

    @property
    def features(self) -> tuple[str, ...]:
        """Labels of the features that the model reads, joined in this order. None if it reads none."""
        labels = self.settings.get("features", "none")
        return () if labels == "none" else tuple(labels.split("+"))

    @property
    def components(self) -> list[type[Component]]:
        return [part for part in (self.model, self.loss, self.solver) if part is not None]

    @property
    def watched(self) -> Any:
        """The metric on the validation part that stops training early and chooses among the grid's points."""
        return parse_metric(self.validation_metric or WATCHED[self.task], self.task)

    @property
    def modules(self) -> list[str]:
        """Modules of what was found by discovery: what its fits depend on, beside what the stage imports."""
        return [part.__module__ for part in (*self.components, type(self.watched))]

    def trials(self) -> list[dict[str, Any]]:
        """Settings of every point of the grid, in the order of the grid's product. One if nothing is tuned."""
        return [{**self.settings, **point} for point in points(self.grid)]

    def validated(self, hyperparameters: Mapping[str, Any]) -> Settings:
        """Hyperparameters as the settings of every component at once. An instance of each component's `Settings`."""
        return settings_class(list(self.components)).model_validate(dict(hyperparameters))

    def identity(self, protocol: Mapping[str, Any]) -> dict[str, Any]:
        """What the digest covers: components, search space and protocol, but neither the winner nor the hardware.

        Settings that a component got later are left out at their defaults: see `dotbench.settings.LATER`.
        """
        model, loss, solver = self.names
        settings = {key: value for key, value in self.settings.items() if key not in self.grid}
        return {
            "model": model,
            "loss": loss,
            "solver": solver,
            "settings": without_later(settings, *settings_classes(list(self.components))),
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


def resolve(choice: MethodChoice, grid_name: GridName = "paper") -> Method:
    """Find the components, check that they fit together, fill in defaults, and validate every grid point.

    ``grid_name``: which of the components' own grids a choice without one has. Raises WrongChoice, which names the key.
    """
    model, loss, solver = _components(choice)
    components = [part for part in (model, loss, solver) if part is not None]
    cls = settings_class(components)
    chosen = None if choice.grid is None else named_grid(choice.grid, grid_name)
    if chosen is None:
        own = [named_grid(part.grids, grid_name) or {} for part in components]
        grid = {key: values for part in own for key, values in part.items() if key not in choice.set}
    else:
        grid = _checked(chosen)
    alone = solver.alone if solver else {}
    capped = {other: 0 for cap, other in alone.items() if cap in choice.set | grid and other not in choice.set | grid}
    settings = _validated(cls, {**choice.set, **capped}, "set")
    checked = {}
    for key, values in grid.items():
        if key in choice.set:
            raise WrongChoice(("grid", key), "is both in 'set' and in 'grid'")
        checked[key] = [_validated(cls, {**choice.set, key: value}, "grid")[key] for value in values]
        if not values or len({canonical_json(value) for value in checked[key]}) < len(values):
            raise WrongChoice(("grid", key), f"found {values}; needs one or more different values")
    if model.needs_features and settings["features"] == "none":
        raise WrongChoice(
            ("set", "features"), f"missing; the model '{model.name}' sees users and items by features alone"
        )
    label = choice.label or _label(model, loss, solver)
    return Method(model, loss, solver, settings, checked, label)


def with_defaults(choice: MethodChoice) -> MethodChoice:
    """The same choice with its solver named, and with the loss's defaults for it where ``set`` says nothing.

    The defaults are of models whose vectors are all free. Others keep the components' own. None extends a cap that
    ``set`` gives. Raises WrongChoice.
    """
    model, loss, solver = _components(choice)
    if loss is None or solver is None:
        return choice
    named = solver.name if solver.name in loss.defaults else solver.defaults_of
    defaults = dict(loss.defaults.get(named, {})) if model.free_vectors else {}
    for cap, extension in solver.alone.items():
        if cap in choice.set:
            defaults.pop(extension, None)
    return choice.model_copy(update={"solver": solver.name, "set": {**defaults, **choice.set}})


def _checked(grid: Any) -> Grid:
    """The same grid. Raises WrongChoice where it is none, or where a hyperparameter has no list of values."""
    if not isinstance(grid, dict):
        raise WrongChoice(("grid",), f"found {grid!r}; allowed is a mapping of hyperparameters to lists of values")
    for key, values in grid.items():
        if not isinstance(values, list):
            raise WrongChoice(("grid", key), f"found {values!r}; allowed is a list of values")
    return dict(grid)


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
                value = getattr(choice, key)
                raise WrongChoice((key,), f"found '{value}'; the baseline '{model.name}' takes no {key}")
        return model, None, None
    if choice.loss in (None, "none"):
        raise WrongChoice(("loss",), f"missing; allowed are {', '.join(losses())}")
    loss = find("loss", str(choice.loss), losses())
    able = {name: s for name, s in solvers().items() if s.can_solve(model, loss)}
    if not able:
        raise WrongChoice(("loss",), _no_solver(model, loss))
    own = [name for name in (*loss.defaults, *able) if name in able]
    if choice.solver is None and own and (len(able) == 1 or own[0] in loss.defaults):
        return model, loss, able[own[0]]
    if choice.solver is None:
        raise WrongChoice(("solver",), f"missing; allowed for '{model.name}' and '{loss.name}': {', '.join(able)}")
    solver = find("solver", choice.solver, solvers())
    if solver.name not in able:
        raise WrongChoice(
            ("solver",),
            f"'{solver.name}' cannot minimise the loss '{loss.name}' of the model '{model.name}'; "
            f"allowed: {', '.join(able)}",
        )
    return model, loss, solver


def _no_solver(model: type[Any], loss: type[Any]) -> str:
    """That model and loss do not go together, and what each of them goes with."""

    def solved(model: type[Any], loss: type[Any]) -> bool:
        return any(solver.can_solve(model, loss) for solver in solvers().values())

    vector_models = [other for other in models().values() if not other.is_baseline]
    with_loss = ", ".join(other.name for other in vector_models if solved(other, loss)) or "no model"
    with_model = ", ".join(other.name for other in losses().values() if solved(model, other)) or "no loss"
    return (
        f"no solver can minimise the loss '{loss.name}' of the model '{model.name}'; '{loss.name}' goes with "
        f"{with_loss}; '{model.name}' goes with {with_model}"
    )


def _label(model: type[Any], loss: type[Any] | None, solver: type[Any] | None) -> str:
    if loss is None or solver is None:
        title: str = model.title
        return title
    return f"{model.title} {loss.title} ({solver.title})"


def from_identity(identity: Mapping[str, Any]) -> Method:
    """The method that ``Method.identity`` describes."""
    baseline = identity["loss"] == "none"
    method = resolve(
        MethodChoice(
            model=identity["model"],
            loss=None if baseline else identity["loss"],
            solver=None if baseline else identity["solver"],
            set=identity["settings"],
            grid=identity["grid"],
        )
    )
    protocol = identity["protocol"]
    return replace(
        method, validation_metric=protocol.get("validation_metric"), refit=bool(protocol.get("refit", False))
    )
