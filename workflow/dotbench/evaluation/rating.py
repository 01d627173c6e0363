"""Rating metrics of finished runs. Predictions are clipped where the metric says so, and nowhere else."""

from collections.abc import Mapping, Sequence
from typing import Any

from dotbench.datasets.interactions import Split
from dotbench.evaluation.metrics.base import RatingMetric
from dotbench.evaluation.metrics.mae import MAE
from dotbench.evaluation.metrics.rmse import RMSE
from dotbench.evaluation.metrics.rmse_clipped import ClippedRMSE
from dotbench.lazy import np, pd

ALWAYS: tuple[RatingMetric, ...] = (RMSE(), MAE(), ClippedRMSE())
METRICS = tuple(metric.key for metric in ALWAYS)


def evaluate_rating(
    split: Split, predictions: Mapping[str, "np.ndarray"], metrics: Sequence[RatingMetric] = ALWAYS
) -> tuple[dict[str, Any], "pd.DataFrame"]:
    """Metrics of predictions for ``valid``, ``test`` and the split's cold parts and, per user, the test part's sums.

    A split without validation has the others alone. Where there are cold parts: of all of them together as ``cold``
    too, and with the test part as ``overall``; where pairs are new on both sides, of these with the test part as
    ``overall_both``.
    Returns ({"valid": {metric: value}, "test": {…}, …}, frame with ``user, n, squared_error, absolute_error``).
    """
    held_out = (*(["valid"] if len(split.valid) else []), "test", *split.cold)
    groups = {part: [part] for part in held_out}
    if split.cold:
        groups |= {"cold": list(split.cold), "overall": ["test", *split.cold]}
    if "cold_both" in split.cold:
        groups |= {"overall_both": ["test", "cold_both"]}
    rated = split.ratings["train"].min(), split.ratings["train"].max()
    means = {}
    for name, parts in groups.items():
        truth = np.concatenate([split.ratings[part] for part in parts]).astype(np.float64)
        estimates = np.concatenate([predictions[part] for part in parts])
        means[name] = {metric.key: metric.error(truth, estimates, rated) for metric in metrics}
    error = predictions["test"] - split.ratings["test"].astype(np.float64)
    frame = pd.DataFrame({"user": split.test[:, 0], "n": 1, "squared_error": error**2, "absolute_error": np.abs(error)})
    return means, frame.groupby("user", as_index=False).sum()
