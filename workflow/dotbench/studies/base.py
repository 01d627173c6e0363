"""What a study is."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from dotbench.registry import Component, discover

Shows = Callable[[str, str, str], bool]


def everything(model: str, loss: str, solver: str) -> bool:
    """Every method."""
    return True


@dataclass(frozen=True)
class Exhibit:
    """A table or a figure of a study: its name, how it is made, and which methods it shows.

    ``kind``: a name in `dotbench.reporting.tables.TABLES` or `dotbench.reporting.figures.FIGURES`. ``title``: the note
    that says what it is. ``shows``: whether it shows a method, by the names of model, loss and solver. ``needs``: a
    method without which there is nothing to see; absent: any that it shows. ``experiment``: the packed experiment that
    it shows, in the place of methods. ``split``: the kind of split that it is about; absent: any. ``features``: the
    features whose tables it shows; it needs a method that reads them. ``on_request``: made only when it is asked for by
    its name.
    """

    name: str
    kind: str
    title: str = ""
    shows: Shows = everything
    needs: Shows | None = None
    experiment: str | None = None
    split: str | None = None
    features: str | None = None
    on_request: bool = False

    def reads(self, features: Collection[str]) -> bool:
        """Whether it is about a method with these features."""
        return self.features is None or self.features in features


class Study(Component):
    """A comparison of methods: its task fixes split and metrics; its tables and figures are named targets.

    ``published``: the paper whose numbers (`studies/published/<key>.yaml`) are set beside ours;
    ``published_split``: the kind of split that they are of, where runs on another one must not be compared.
    """

    task: ClassVar[Literal["ranking", "rating"]]
    metrics: ClassVar[tuple[str, ...]]
    tables: ClassVar[tuple[Exhibit, ...]]
    figures: ClassVar[tuple[Exhibit, ...]] = ()
    published: ClassVar[str | None] = None
    published_split: ClassVar[str | None] = None


def studies() -> dict[str, type[Any]]:
    """Studies by name."""
    return discover("dotbench.studies", Study)
