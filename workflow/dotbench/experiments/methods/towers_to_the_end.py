"""Two towers on covariates, trained for as many epochs as are set."""

from dotbench.experiments.methods.base import RatingData
from dotbench.experiments.methods.towers import Towers
from dotbench.towers.sample import Sample


class TowersToTheEnd(Towers):
    """The method `towers` without a look at validation ratings, so that its reported fit has the whole training part.

    Every epoch that is set is made, unless the training error has not fallen for ``patience`` of them; the towers of
    the epoch with the lowest one are kept. For schedules that end at a learning rate of 0.
    """

    name = "towers-to-the-end"
    title = "T2Rec, not stopped early"
    stops_early = False

    def _sample(self, data: RatingData) -> Sample:
        return Sample(data.users, data.items, data.pairs, data.ratings)
