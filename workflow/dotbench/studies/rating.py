"""Rating prediction."""

from dotbench.studies.base import ReportItem, Study


class RatingStudy(Study):
    """Held-out ratings, RMSE and MAE, predictions not clipped."""

    name = "rating"
    title = "Rating"
    task = "rating"
    metrics = ("rmse", "mae")
    tables = (ReportItem("rating", "comparison"),)
