"""Votes that a user's reviews received."""

from dotbench.errors import DotbenchError
from dotbench.features.arrays import Features
from dotbench.features.base import FeatureSet, TrainingSettings
from dotbench.features.source import Source
from dotbench.lazy import np

KINDS = ("useful", "funny", "cool", "helpful_votes")


class Votes(FeatureSet):
    """Votes on each user's reviews: useful, funny and cool (Yelp), or helpful (Amazon).

    ln(1 + total over the user's reviews), one column a kind. A negative count is taken as 0. Items have none.
    T2Rec, Section 6 (Yelp).
    """

    name = "votes"
    title = "Votes on reviews"
    Settings = TrainingSettings
    settings: TrainingSettings

    def compute(self, source: Source) -> Features:
        kinds = [kind for kind in KINDS if kind in source.columns()]
        if not kinds:
            raise DotbenchError(f"{source.ratings}: has no votes; needed is a column of {', '.join(KINDS)}")
        n = source.split.n_users
        totals = np.zeros((n, len(kinds)))
        for frame in source.rows(kinds, self.settings.leaky):
            for k, kind in enumerate(kinds):
                votes = frame[kind].to_numpy().clip(min=0)
                totals[:, k] += np.bincount(frame["user"], votes, minlength=n)
        items = np.zeros((source.split.n_items, 0), np.float32)
        return Features(np.log1p(totals).astype(np.float32), items, [f"log_{kind}" for kind in kinds], [])
