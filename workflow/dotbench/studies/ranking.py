"""Top-10 recommendation."""

from dotbench.studies.base import ReportItem, Study


class RankingStudy(Study):
    """Full ranking of all items, NDCG@10, MRR@10 and Recall@10 on held-out interactions."""

    name = "ranking"
    title = "Ranking"
    task = "ranking"
    metrics = ("ndcg@10", "mrr@10", "recall@10")
    tables = (ReportItem("ranking", "comparison"),)
    figures = (ReportItem("convergence", "convergence"),)
