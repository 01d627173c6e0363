"""Nearest neighbours about each user's or item's own mean."""

from dotbench.baselines._neighbors import NeighborsBaseline


class KNNWithMeans(NeighborsBaseline):
    """A user's (or item's) mean plus the deviations of the k most similar from theirs (scikit-surprise KNNWithMeans)."""

    name = "knn-with-means"
    title = "KNN with means"
    kind = "KNNWithMeans"
