"""What the tests of claims share: the numbers of a side, and the verdict of all rows together."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from dotbench.reporting.claims.findings import (
    AGAINST,
    FAILS,
    HOLDS,
    NOT_RUN,
    OPEN,
    UNDECIDED,
    Finding,
    few,
    in_words,
    not_run,
)
from dotbench.reporting.claims.language import COSTS, REST, Selection, Test
from dotbench.reporting.claims.numbers import Block, Ours, Place, Printed
from dotbench.reporting.formats import Row
from dotbench.reporting.published import Published
from dotbench.reporting.replications import is_scenario


@dataclass(frozen=True)
class Decision:
    """A test on one side. ``ours``: None for the printed numbers."""

    test: Test
    at: Selection
    printed: Printed
    ours: Ours | None
    published: Published

    @abstractmethod
    def finding(self) -> Finding:
        """The verdict."""

    @cached_property
    def found(self) -> tuple[list[Block], list[str], bool]:
        """(blocks of this side, what was not run, whether the datasets are others than the paper's)."""
        theirs = self.printed.blocks(self.at)
        if self.ours is None:
            return theirs, [], False
        places = [block.place for block in theirs]
        if not places:  # a cost, or a method whose numbers are not printed
            about = self.at.dataset or list(dict.fromkeys(cell.dataset for cell in self.published.cells))
            parts = [Place(name, metric) for name in about for metric in self.at.metric]
            places = [place for place in parts if not is_scenario(place.dataset)]
        ran = [place for place in places if place.dataset in self.ours.datasets]
        missing = list(dict.fromkeys(place.dataset for place in places if place not in ran))
        elsewhere = not ran and not self.at.dataset and not any(is_scenario(place.dataset) for place in places)
        if elsewhere:
            kinds = dict.fromkeys((place.metric, place.part) for place in places)
            ran = [place for key in kinds for name in self.ours.runs if self._tells(place := Place(name, *key))]
            missing = [] if ran else missing
        blocks = [block for place in ran if (block := self.ours.block(place))]
        return blocks, missing, elsewhere

    def _tells(self, place: Place) -> bool:
        """Whether another dataset than the paper's says anything: generated ones have the paper's costs alone."""
        assert self.ours is not None
        return place.metric in COSTS or self.ours.is_real(place.dataset)

    @property
    def blocks(self) -> list[Block]:
        """Of this side."""
        return self.found[0]

    @cached_property
    def _rest(self) -> list[str]:
        """The methods that `rest` stands for."""
        return [name for name in self.printed.methods(self.at) if name not in self.test.methods]

    def expanded(self, names: Sequence[str]) -> list[str]:
        """The methods that names stand for."""
        return [one for name in names for one in (self._rest if name == REST else [name])]

    def summed(self, rows: list[Row], absent: list[str]) -> Finding:
        """The verdict of all rows. ``absent``: what they lack."""
        _, missing, elsewhere = self.found
        lacking = list(dict.fromkeys([*missing, *absent]))
        judging = [row for row in rows if row["says"]]
        against, undecided = ([row for row in judging if row["says"] == says] for says in (AGAINST, UNDECIDED))
        where = ", ".join(dict.fromkeys(row["dataset"] for row in rows))
        lead = f"On {where}, not the paper's data: " if elsewhere and rows else ""
        if not rows:
            if self.ours is None:
                return Finding(OPEN, "The paper prints no number for it.")
            return not_run(few(lacking))
        if against:
            count = f"{len(against)} of {len(judging)} comparisons do not agree: " if len(judging) > 1 else ""
            return Finding(FAILS, _sentence(f"{lead}{count}{few([in_words(row) for row in against])}."), rows)
        if lacking:
            return Finding(OPEN, f"{NOT_RUN} in full: {few(lacking)}; nothing that was run contradicts it.", rows)
        if undecided:
            text = f"not distinguishable: {few([in_words(row) for row in undecided])}."
            return Finding(OPEN, _sentence(lead + text), rows)
        text = f"all {len(judging)} comparisons agree" if len(judging) > 1 else in_words(judging[0])
        return Finding(HOLDS, _sentence(f"{lead}{text}."), rows)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
