"""Successive halving: how far each of many settings is tried before the worse ones are dropped."""

from dataclasses import dataclass

from pydantic import Field

from dotbench.settings import Settings


@dataclass(frozen=True)
class Rung:
    """So many trials are trained until they have come to so many epochs and so many updates."""

    trials: int
    epochs: int
    updates: int


class Halving(Settings):
    """Successive halving (Jamieson and Talwalkar, AISTATS 2016) of methods whose training can pause.

    All settings are trained to the first rung; the best 1/factor by validation go on to the next, ``factor`` times
    as far, until one would be left. The choice is the best of the last rung: 12 settings become 4, and then 1.
    """

    factor: int = Field(3, ge=2, description="of this many settings, one goes on to the next rung")
    epochs: int = Field(5, ge=1, description="epochs of the first rung")
    updates: int = Field(300, ge=0, description="updates of the first rung; both must be reached")

    def rungs(self, trials: int) -> list[Rung]:
        """E.g. 12 trials at the defaults: 12 for 5 epochs, then 4 for 15."""
        rungs, reach = [], 1
        while trials > 1:
            rungs.append(Rung(trials, reach * self.epochs, reach * self.updates))
            trials, reach = trials // self.factor, reach * self.factor
        return rungs
