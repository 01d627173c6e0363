"""Mean absolute error."""

from dotbench.evaluation.metrics.base import RatingMetric
from dotbench.lazy import np


class MAE(RatingMetric):
    """Mean |r − r̂|, in rating points. Predictions are not clipped."""

    name = "mae"
    title = "MAE"
    column = "absolute_error"

    def error(self, truth: "np.ndarray", prediction: "np.ndarray", rated: tuple[float, float]) -> float:
        return float(np.mean(np.abs(truth - prediction)))
