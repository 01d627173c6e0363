"""Nearest neighbours."""

from dotbench.baselines._neighbors import NeighborsBaseline


class KNNBasic(NeighborsBaseline):
    """Mean of the k most similar users' (or items') ratings, weighted by similarity (scikit-surprise KNNBasic)."""

    name = "knn-basic"
    title = "KNN"
    kind = "KNNBasic"
