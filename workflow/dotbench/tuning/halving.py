"""Successive halving: how far each of many settings is tried before the worse ones are dropped."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pydantic import Field

from dotbench.settings import LATER, Settings


@dataclass(frozen=True)
class Rung:
    """So many trials are trained until they have come to so many epochs and so many updates."""

    trials: int
    epochs: int
    updates: int


class Halving(Settings):
    """Successive halving (Jamieson and Talwalkar, AISTATS 2016) of methods whose training can pause.

    All settings are trained to the first rung. The best 1/factor by validation go on to the next, ``factor`` times
    as far, until one would be left. The choice is the best of the last rung: 12 settings become 4, and then 1.

    A slow learning rate is behind at the first rung and may win in the end. With ``keep_rising`` a trial whose best
    epoch is its last one goes on too, whatever its rank, until it stops to rise or its training ends.
    """

    factor: int = Field(3, ge=2, description="of this many settings, one goes on to the next rung")
    epochs: int = Field(5, ge=1, description="epochs of the first rung")
    updates: int = Field(300, ge=0, description="updates of the first rung; both must be reached")
    keep_rising: bool = Field(
        False,
        json_schema_extra=LATER,
        description="a trial whose best epoch is its last one goes on, whatever its rank",
    )

    def rung(self, level: int, trials: int) -> Rung:
        """The rung of a level, from 1, for so many trials."""
        reach = self.factor ** (level - 1)
        return Rung(trials, reach * self.epochs, reach * self.updates)

    def going_on(self, level: int, of: int, ranked: Sequence[int], rising: Collection[int]) -> list[int]:
        """The trials of this level that go on to the next one, in grid order. None where the choice is made.

        ``of``: all trials of the grid. ``ranked``: those of the level, the best first. ``rising``: those among them
        that still improve.
        """
        kept = set(ranked[: max(1, of // self.factor**level)])
        if self.keep_rising:
            kept |= {*rising}
        return sorted(kept) if len(kept) > 1 else []
