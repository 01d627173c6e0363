"""Controls: features that belong to other users and items."""

from dataclasses import replace

from dotbench.features.arrays import Features
from dotbench.features.base import FeatureSet
from dotbench.features.movielens import MovieLens
from dotbench.features.ngrams import NGrams
from dotbench.features.source import Source
from dotbench.lazy import np


def permuted(features: Features) -> Features:
    """The same features, dealt out anew among the users and among the items, always in the same way: what they say of
    a row is lost, and their distribution is kept."""
    orders = (
        np.random.default_rng(k).permutation(side.shape[0]) for k, side in enumerate((features.users, features.items))
    )
    users, items = (side[order] for side, order in zip((features.users, features.items), orders, strict=True))
    return replace(features, users=users, items=items)


class PermutedMovieLens(FeatureSet):
    """A control: `movielens` with its rows permuted among the users and among the items. A gain that it has too is none
    of the features."""

    name = "movielens-permuted"
    title = "Demographics and genres, permuted"

    def compute(self, source: Source) -> Features:
        return permuted(MovieLens(MovieLens.Settings()).compute(source))


class PermutedNGrams(FeatureSet):
    """A control: `ngrams` of training reviews with its rows permuted among the users and among the items."""

    name = "ngrams-permuted"
    title = "N-grams of reviews, permuted"

    def compute(self, source: Source) -> Features:
        return permuted(NGrams(NGrams.Settings()).compute(source))
