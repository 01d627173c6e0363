"""The outside check: Gowalla, where others who never saw this code reproduced each other's numbers."""

from dotbench.studies.base import ReportItem, Study


class BARSStudy(Study):
    """Zhu et al., BARS: Towards Open Benchmarking for Recommender Systems, SIGIR 2022, leaderboard Gowalla: Recall@20
    and NDCG@20 on the test pairs that NGCF and LightGCN published."""

    name = "bars"
    title = "Gowalla leaderboard"
    task = "ranking"
    metrics = ("recall@20", "ndcg@20")
    published = "bars"
    published_split = "files"
    tables = (ReportItem("leaderboard", "intervals", "Gowalla in its published division, beside an open leaderboard."),)
    figures = (ReportItem("convergence", "convergence"),)
