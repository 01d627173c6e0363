"""Mean polarity of the most frequent aspects."""

from array import array
from typing import TYPE_CHECKING

from pydantic import Field

from dotbench.errors import DotbenchError
from dotbench.features._mentions import mentions
from dotbench.features._reviews import Reviews, TextFeatures, texts
from dotbench.features.base import TrainingSettings
from dotbench.features.source import Source
from dotbench.lazy import np, pd

if TYPE_CHECKING:
    from collections.abc import Sequence


class AspectsSettings(TrainingSettings):
    """How many aspects."""

    size: int = Field(200, ge=1, description="most frequent aspects")


class Aspects(TextFeatures):
    """Each user's and item's mean polarity of the most frequent aspects.

    An aspect's frequency is the number of sentences that mention it. The ``size`` highest are taken, ties in
    alphabetical order. The feature is the mean polarity over the sentences of the user's, or item's, reviews that
    mention the aspect, or 0 if none does. How an aspect is recognised and how it gets its polarity: ``_mentions``.
    There are two tables, T2Rec's Table 2 of the same reviews. ``polarity`` has for each aspect its frequency, and the
    mean, standard deviation and quartiles of its polarity over sentences. ``levels`` has its frequency and mean in the
    reviews of each rating. T2Rec, Section 6 (Yelp).
    """

    name = "aspects"
    title = "Polarity of aspects"
    Settings = AspectsSettings
    settings: AspectsSettings

    def read(self, source: Source) -> "tuple[Reviews, dict[str, pd.DataFrame]]":
        from scipy.sparse import csr_array

        vocabulary: dict[str, int] = {}
        users, items = [], []
        reviews, aspects, polarities = array("i"), array("i"), array("f")
        n = 0
        for user_rows, item_rows, batch in texts(source, self.settings.leaky):
            users.append(user_rows)
            items.append(item_rows)
            for text in batch:
                for mention in mentions(text):
                    reviews.append(n)
                    aspects.append(vocabulary.setdefault(mention.aspect, len(vocabulary)))
                    polarities.append(mention.polarity)
                n += 1
        if not vocabulary:
            raise DotbenchError(f"{source.ratings}: no review mentions an aspect")
        names = list(vocabulary)
        frequency = np.bincount(aspects)
        order = sorted(range(len(names)), key=lambda k: (-frequency[k], names[k]))[: self.settings.size]
        column = np.full(len(names), -1)
        column[order] = np.arange(len(order))
        chosen = [names[k] for k in order]
        where = column[np.asarray(aspects)]
        kept = where >= 0
        place, polarity = (np.asarray(reviews)[kept], where[kept]), np.asarray(polarities)[kept]
        totals = csr_array((polarity, place), (n, len(chosen)))
        weights = csr_array((np.ones_like(polarity), place), (n, len(chosen)))
        tables = {"polarity": polarity_table(chosen, place[1], polarity)}
        if "rating" in source.columns():
            frames = source.rows(["rating"], self.settings.leaky)
            ratings = np.concatenate([frame["rating"].to_numpy() for frame in frames])
            tables["levels"] = level_table(chosen, place[1], polarity, ratings[place[0]])
        return Reviews(np.concatenate(users), np.concatenate(items), totals, weights, chosen), tables


def polarity_table(names: "Sequence[str]", aspects: "np.ndarray", polarity: "np.ndarray") -> "pd.DataFrame":
    """T2Rec's Table 2: ``aspect, frequency, mean, sd, q25, median, q75``, a row for each name.

    ``aspects``: shape (n,), positions in ``names``. ``polarity``: shape (n,), in [−1, 1]. The sd has n − 1 below.
    """
    groups = pd.Series(polarity.astype(np.float64)).groupby(np.asarray(names, dtype=object)[aspects])
    frame = groups.agg(frequency="count", mean="mean", sd="std")
    for name, q in (("q25", 0.25), ("median", 0.5), ("q75", 0.75)):
        frame[name] = groups.quantile(q)
    return frame.loc[list(names)].rename_axis("aspect").reset_index()


def level_table(
    names: "Sequence[str]", aspects: "np.ndarray", polarity: "np.ndarray", ratings: "np.ndarray"
) -> "pd.DataFrame":
    """``aspect, rating, frequency, mean``: mentions of each name in the reviews of each rating that has any, and the
    mean of their polarity. Arrays of shape (n,), as for `polarity_table`. ``ratings``: of the mentions' reviews."""
    frame = pd.DataFrame({"place": aspects, "rating": ratings, "polarity": polarity.astype(np.float64)})
    table = frame.groupby(["place", "rating"])["polarity"].agg(frequency="count", mean="mean").reset_index()
    table["place"] = np.asarray(names, dtype=object)[table["place"]]
    return table.rename(columns={"place": "aspect"})
