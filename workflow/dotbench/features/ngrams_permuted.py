"""A control: n-grams of the reviews of others."""

from dotbench.features._permuted import permuted
from dotbench.features.arrays import Features
from dotbench.features.base import FeatureSet
from dotbench.features.ngrams import NGrams
from dotbench.features.source import Source


class PermutedNGrams(FeatureSet):
    """A control: `ngrams` of training reviews with its rows permuted among the users and among the items."""

    name = "ngrams-permuted"
    title = "N-grams of reviews, permuted"

    def compute(self, source: Source) -> Features:
        return permuted(NGrams(NGrams.Settings()).compute(source), source.split)
