"""A control: demographics and genres of others."""

from dotbench.features._permuted import permuted
from dotbench.features.arrays import Features
from dotbench.features.base import FeatureSet
from dotbench.features.movielens import MovieLens
from dotbench.features.source import Source


class PermutedMovieLens(FeatureSet):
    """A control: `movielens` with its rows permuted among the users and among the items. A gain that it has too is none
    of the features."""

    name = "movielens-permuted"
    title = "Demographics and genres, permuted"

    def compute(self, source: Source) -> Features:
        return permuted(MovieLens(MovieLens.Settings()).compute(source), source.split)
