"""Rating prediction."""

from dotbench.studies.base import Exhibit, Study


class RatingStudy(Study):
    """Held-out ratings, RMSE and MAE, predictions not clipped."""

    name = "rating"
    title = "Rating"
    task = "rating"
    metrics = ("rmse", "mae")
    tables = (Exhibit("rating", "comparison"),)
