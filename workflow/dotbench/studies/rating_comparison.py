"""Every method of ratings on one footing, within and across datasets."""

from dotbench.studies.base import Study
from dotbench.studies.comparison import FIGURES, TABLES


class RatingComparisonStudy(Study):
    """Held-out ratings, RMSE and MAE, predictions not clipped, on several datasets: methods by their average rank, on
    known users and items and on new ones where the split sets them apart, and what their quality costs.
    """

    name = "rating-comparison"
    title = "Comparison of ratings"
    task = "rating"
    metrics = ("rmse", "mae")
    tables = TABLES
    figures = FIGURES
