"""Two towers on covariates, trained for as many epochs as are set."""

from dataclasses import replace

from dotbench.papers.t2rec.methods.towers import Towers
from dotbench.papers.t2rec.towers.sample import Sample
from dotbench.papers.t2rec.towers.training import Fit
from dotbench.simulations.methods.base import Task


class TowersToTheEnd(Towers):
    """The method `towers` without a look at validation ratings, so that its reported fit has the whole training part.

    All epochs of the settings are made, whatever ``patience`` says. The towers of the epoch with the lowest mean
    objective over its batches are kept. For schedules that end at a learning rate of 0, it is one of the last.
    """

    name = "towers-to-the-end"
    title = "T2Rec, not stopped early"
    stops_early = False

    def _fit(self, task: Task) -> Fit:
        fit, data = super()._fit(task), task.data
        training = fit.training.model_copy(update={"patience": fit.training.epochs})
        return replace(fit, sample=Sample(data.users, data.items, data.pairs, data.ratings), training=training)
