"""Grids: what is tuned, over which values, and when a chosen value is on the edge of them."""

import itertools
from collections.abc import Mapping
from typing import Any, Literal

GridName = Literal["reduced", "paper", "extended"]
Grid = dict[str, list[Any]]  # hyperparameter → its values; under a key ``a=b`` two have the same value
Grids = Mapping[GridName, Grid]

# where a grid of the name is absent, the first of the others that is there
INSTEAD: dict[str, tuple[GridName, ...]] = {
    "reduced": ("reduced", "paper"),
    "paper": ("paper", "reduced"),
    "extended": ("extended", "paper", "reduced"),
}


def named_grid(grids: Mapping[Any, Any], name: GridName) -> Grid | None:
    """The grid of a name: ``reduced`` (what two cores can do), ``paper`` (as printed), ``extended`` (where the paper's
    is too narrow). The nearest one where it is absent, None where there is none.

    ``grids`` may be a grid itself, which then stands under every name.
    """
    if not are_named(grids):
        return dict(grids)
    return next((grids[instead] for instead in INSTEAD[name] if instead in grids), None)


def are_named(grids: Mapping[Any, Any]) -> bool:
    """Whether the keys are names of grids and not hyperparameters."""
    return bool(grids) and grids.keys() <= INSTEAD.keys()


def points(grid: Grid) -> list[dict[str, Any]]:
    """The points of a grid in the order of its product. One without values if nothing is tuned."""
    return [
        {key: value for keys, value in zip(grid, values, strict=True) for key in keys.split("=")}
        for values in itertools.product(*grid.values())
    ]


def edges(grid: Grid, point: Mapping[str, Any]) -> dict[str, str]:
    """Tuned numbers of which the point has the ``low`` or ``high`` end of several values.

    A low end of zero is a bound of the setting, not of the grid, and is left out. So are truth values.
    """
    marked = {}
    for keys, values in grid.items():
        chosen = point[keys.split("=")[0]]
        if len(values) < 2 or not all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
            continue
        if chosen == max(values):
            marked[keys] = "high"
        elif chosen == min(values) and chosen != 0:
            marked[keys] = "low"
    return marked


def edges_text(marked: Mapping[str, str]) -> str:
    """E.g. ``learning_rate (low), weight_decay (high)``."""
    return ", ".join(f"{key} ({end})" for key, end in marked.items())
