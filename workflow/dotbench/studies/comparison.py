"""Every method on one footing, within and across datasets."""

from dotbench.studies.base import ReportItem, Study

TABLES = (
    ReportItem("comparison", "overview"),
    ReportItem("ranks", "ranks"),
    ReportItem("costs", "costs"),
    ReportItem("budget", "budget"),
    ReportItem("explained", "explained"),
    ReportItem("cold_start", "starts", split="cold-start"),
)
FIGURES = (
    ReportItem("critical_difference", "critical_difference"),
    ReportItem("pareto", "pareto"),
    ReportItem("convergence", "convergence"),
    ReportItem("time_to_quality", "time_to_quality"),
)


class ComparisonStudy(Study):
    """Full ranking of all items, NDCG@10, MRR@10 and Recall@10 on held-out interactions, on several datasets: methods
    by their average rank, on known users and items and on new ones where the split sets them apart, and what their
    quality costs.
    """

    name = "comparison"
    title = "Comparison"
    task = "ranking"
    metrics = ("ndcg@10", "mrr@10", "recall@10")
    tables = TABLES
    figures = FIGURES
