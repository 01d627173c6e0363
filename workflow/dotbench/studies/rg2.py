"""The tables and figures of the RG2 paper."""

from dotbench.studies.base import Exhibit, Study


def mf(model: str, loss: str, solver: str) -> bool:
    return model == "mf"


def lightgcn(model: str, loss: str, solver: str) -> bool:
    return model == "lightgcn"


def first_order(model: str, loss: str, solver: str) -> bool:
    return model == "mf" and solver != "newton-cg"


def rg2(model: str, loss: str, solver: str) -> bool:
    return model == "mf" and loss == "rg2"


def newton(model: str, loss: str, solver: str) -> bool:
    return rg2(model, loss, solver) and solver == "newton-cg"


def spectral(model: str, loss: str, solver: str) -> bool:
    return rg2(model, loss, solver) and solver == "spectral"


class RG2Study(Study):
    """Pu et al., Learning-Efficient Yet Generalizable Collaborative Filtering for Item Recommendation, ICML 2024:
    Tables 1, 2, 4, 5 and Figures 1, 2; regularisation and rank; time to quality."""

    name = "rg2"
    title = "RG2"
    task = "ranking"
    metrics = ("mrr@10", "ndcg@10")
    published = "rg2"
    tables = (
        Exhibit("table1", "statistics", "The paper's Table 1: statistics of the datasets."),
        Exhibit("table2", "overview", "The paper's Table 2: losses on matrix factorisation.", mf),
        Exhibit("table4", "intervals", "The paper's Table 4: losses on matrix factorisation, with intervals.", mf),
        Exhibit("table5", "overview", "The paper's Table 5: losses on LightGCN.", lightgcn),
    )
    figures = (
        Exhibit("figure1", "convergence", shows=first_order),
        Exhibit("figure1_half_sweeps", "convergence_half_sweeps", shows=first_order, on_request=True),
        Exhibit("figure2", "convergence", shows=rg2, needs=newton),
        Exhibit("regularization", "regularization", shows=spectral),
        Exhibit("time_to_quality", "time_to_quality", shows=lambda model, loss, solver: loss != "none"),
    )
