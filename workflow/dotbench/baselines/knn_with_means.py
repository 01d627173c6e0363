"""Nearest neighbours about each user's or item's own mean."""

from dotbench.baselines._neighbors import NeighborsBaseline


class KNNWithMeans(NeighborsBaseline):
    """A user's (or item's) mean plus the k most similar ones' deviations (scikit-surprise KNNWithMeans)."""

    name = "knn-with-means"
    title = "KNN with means"
    kind = "KNNWithMeans"
