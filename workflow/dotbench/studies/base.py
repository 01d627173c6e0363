"""What a study is."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import ClassVar, Literal

from dotbench.registry import Component, discover

Shows = Callable[[str, str, str], bool]


def everything(model: str, loss: str, solver: str) -> bool:
    """Every method."""
    return True


@dataclass(frozen=True)
class ReportItem:
    """A table or a figure of a study: its name, how it is made, and which methods it shows.

    ``kind``: a name of `dotbench.reporting.kind.table_kinds` or `figure_kinds`. ``title``: the note that says what it
    is. ``shows``: whether it shows a method, by the names of model, loss and solver. ``needs``: a
    method without which there is nothing to see. Absent: any that it shows. ``simulation``: the simulation that
    it shows, in the place of methods. ``split``: the kind of split that it is about. Absent: any. ``features``: the
    features whose tables it shows. It needs a method that reads them. ``on_request``: made only when it is asked for by
    its name.
    """

    name: str
    kind: str
    title: str = ""
    shows: Shows = everything
    needs: Shows | None = None
    simulation: str | None = None
    split: str | None = None
    features: str | None = None
    on_request: bool = False

    def reads(self, features: Collection[str]) -> bool:
        """Whether it is about a method with these features."""
        return self.features is None or self.features in features


class Study(Component):
    """A comparison of methods: its task fixes split and metrics. Its tables and figures are named targets.

    ``published``: the paper whose numbers (`papers/<key>/published.yaml`) are set beside ours.
    ``published_split``: the kind of split that they are of, where runs on another one must not be compared.
    """

    task: ClassVar[Literal["ranking", "rating"]]
    metrics: ClassVar[tuple[str, ...]]
    tables: ClassVar[tuple[ReportItem, ...]]
    figures: ClassVar[tuple[ReportItem, ...]] = ()
    published: ClassVar[str | None] = None
    published_split: ClassVar[str | None] = None


def studies() -> dict[str, type[Study]]:
    """Studies by name."""
    return discover("studies", Study)
