"""What a study is."""

from typing import Any, ClassVar, Literal

from dotbench.registry import Component, discover


class Study(Component):
    """A comparison of methods: its task fixes split and metrics; its tables and figures are named targets."""

    task: ClassVar[Literal["ranking", "rating"]]
    metrics: ClassVar[tuple[str, ...]]
    tables: ClassVar[tuple[str, ...]]
    figures: ClassVar[tuple[str, ...]] = ()


def studies() -> dict[str, type[Any]]:
    """Studies by name."""
    return discover("dotbench.studies", Study)
