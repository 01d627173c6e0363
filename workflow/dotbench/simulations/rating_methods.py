"""The rating methods that simulations can compare."""

from dotbench.models.base import models
from dotbench.registry import discover
from dotbench.simulations.methods._baseline import BaselineMethod
from dotbench.simulations.methods.base import RatingMethod


def rating_methods() -> dict[str, RatingMethod]:
    """Methods by name: those of the folders of methods, and every rating baseline."""
    baselines = {name: cls for name, cls in models().items() if cls.is_baseline and cls.task == "rating"}
    own = {name: cls() for name, cls in discover("simulations.methods", RatingMethod).items()}
    return {name: BaselineMethod(cls) for name, cls in baselines.items()} | own
