"""Root mean squared error."""

from dotbench.evaluation.metrics.base import RatingMetric
from dotbench.evaluation.rmse import rmse
from dotbench.lazy import np


class RMSE(RatingMetric):
    """√ mean (r − r̂)², in rating points. Predictions are not clipped."""

    name = "rmse"
    title = "RMSE"
    column = "squared_error"
    root = True

    def error(self, truth: "np.ndarray", prediction: "np.ndarray", rated: tuple[float, float]) -> float:
        return rmse(truth, prediction)
