"""The tables of the T2Rec paper."""

from dotbench.studies.base import Exhibit, Study


class T2RecStudy(Study):
    """Jaiswal, Towards a Theoretical Understanding of Two-Stage Recommender Systems, arXiv 2403.00802: Table 1 on
    simulated ratings."""

    name = "t2rec"
    title = "T2Rec"
    task = "rating"
    metrics = ("rmse",)
    published = "t2rec"
    tables = (
        Exhibit(
            "table1",
            "replications",
            "The paper's Table 1: test RMSE on simulated ratings.",
            experiment="t2rec-table1",
        ),
    )
