"""The tables and figures of the RG2 paper."""

from dotbench.studies.base import ReportItem, Study

PAPER = {("bpr", "sgd"), ("bce", "sgd"), ("sampled-softmax", "sgd"), ("uib", "sgd"), ("sml", "sgd")}
PAPER |= {("sparsemax", "sgd"), ("softmax", "sgd"), ("wrmf", "als"), ("rg2", "als"), ("rg2-released", "als")}
FASTER = {("wrmf", "als-cg"), ("rg2", "spectral")}  # the same losses by solvers that reach their minimum sooner
REFERENCES = {("ials", "als-cg")}  # beside those without a loss


def compared(model: str, loss: str, solver: str) -> bool:
    """The paper's nine losses, each by the paper's solver, what its code optimises, and references without a loss."""
    return loss == "none" or (model == "mf" and (loss, solver) in PAPER)


def compared_at_the_minimum(model: str, loss: str, solver: str) -> bool:
    """The same, with WRMF and RG2 by solvers that reach the minimum of the loss, and iALS among the references."""
    return compared(model, loss, solver) or (model == "mf" and (loss, solver) in FASTER | REFERENCES)


def at_the_minimum(model: str, loss: str, solver: str) -> bool:
    return model == "mf" and (loss, solver) == ("wrmf", "als-cg")


def trained(model: str, loss: str, solver: str) -> bool:
    return loss != "none" and compared(model, loss, solver)


def everything_trained(model: str, loss: str, solver: str) -> bool:
    return loss != "none"


def lightgcn(model: str, loss: str, solver: str) -> bool:
    return model == "lightgcn"


def rg2(model: str, loss: str, solver: str) -> bool:
    return model == "mf" and loss == "rg2"


def two_tower(model: str, loss: str, solver: str) -> bool:
    return model == "two-tower"


def deep_newton(model: str, loss: str, solver: str) -> bool:
    return two_tower(model, loss, solver) and solver == "newton-cg"


def newton(model: str, loss: str, solver: str) -> bool:
    return rg2(model, loss, solver) and solver == "newton-cg"


def solvers_and_losses(model: str, loss: str, solver: str) -> bool:
    """The paper's loss by every solver, and the other losses beside it, WRMF by either solver."""
    return rg2(model, loss, solver) or (loss != "none" and compared_at_the_minimum(model, loss, solver))


def spectral(model: str, loss: str, solver: str) -> bool:
    return rg2(model, loss, solver) and solver == "spectral"


class RG2Study(Study):
    """Pu et al., Learning-Efficient Yet Generalizable Collaborative Filtering for Item Recommendation, ICML 2024:
    Tables 1, 2, 4, 5 and Figures 1, 2. Beyond the paper: the loss by every solver, also on deep towers, which the paper
    leaves as future work, regularisation and rank, and time to quality."""

    name = "rg2"
    title = "RG2"
    task = "ranking"
    metrics = ("mrr@10", "ndcg@10")
    published = "rg2"
    tables = (
        ReportItem("table1", "statistics", "The paper's Table 1: statistics of the datasets."),
        ReportItem("table2", "overview", "The paper's Table 2: losses on matrix factorisation.", compared),
        ReportItem(
            "table4", "intervals", "The paper's Table 4: losses on matrix factorisation, with intervals.", compared
        ),
        ReportItem("table5", "overview", "The paper's Table 5: losses on LightGCN.", lightgcn),
        ReportItem(
            "minimum",
            "intervals",
            "The losses of the paper's Table 2, WRMF and RG2 by solvers that reach their minimum, and references.",
            compared_at_the_minimum,
            needs=at_the_minimum,
        ),
        ReportItem("solvers", "intervals", "The paper's loss by every solver.", rg2),
        ReportItem("costs", "costs", "What training costs.", shows=everything_trained),
        ReportItem("two_tower", "intervals", "Losses and solvers on two-tower networks.", two_tower),
    )
    figures = (
        ReportItem("figure1", "convergence", shows=trained),
        ReportItem("figure1_half_sweeps", "convergence_half_sweeps", shows=trained, on_request=True),
        ReportItem("figure2", "convergence", shows=solvers_and_losses, needs=newton),
        ReportItem("figure2_two_tower", "convergence", shows=two_tower, needs=deep_newton),
        ReportItem("regularization", "regularization", shows=spectral),
        ReportItem("time_to_quality", "time_to_quality", shows=everything_trained),
    )
