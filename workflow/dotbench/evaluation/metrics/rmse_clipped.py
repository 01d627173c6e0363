"""Root mean squared error of clipped predictions."""

from dotbench.evaluation.metrics.base import RatingMetric
from dotbench.evaluation.rmse import rmse
from dotbench.lazy import np


class ClippedRMSE(RatingMetric):
    """√ mean (r − r̂)², in rating points, with r̂ clipped to the range of the training ratings."""

    name = "rmse_clipped"
    title = "RMSE, clipped"

    def error(self, truth: "np.ndarray", prediction: "np.ndarray", rated: tuple[float, float]) -> float:
        return rmse(truth, prediction.clip(*rated))
