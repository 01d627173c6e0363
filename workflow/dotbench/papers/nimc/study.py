"""The NIMC paper: recovery from samples."""

from dotbench.studies.base import ReportItem, Study

CONVERGENCE = "The paper's Figure 1 (a): the objective against the iteration, from a start near the truth."
DISTANCE = "The paper's Figure 1 (b): recovery against the distance of the start from the truth."
MAPS = "The paper's Figure 1 (c) and (d): recovery from random starts against numbers of rows and of observed entries."

COLD_START = "Beyond the paper's Table 1: new users, new movies, and both."
TENSOR = "Section 3.4: starts from moments, compared with random starts."
LABELS = "Section 3.4: starts from moments and random starts at equal numbers of labels."
CURVATURE = "Theorems 3.2 and 3.4: the least eigenvalue of the Hessian at the truth and around it."
SAMPLES = "Theorem 3.2: the observed entries that recovery needs, against d, k and what else the theorems name."
CONTRACTION = "Theorem 3.3: steps in which gradient descent with fresh samples halves the distance to the truth."


class NIMCStudy(Study):
    """Zhong et al., Provable Non-linear Inductive Matrix Completion, NeurIPS 2019: recovery of generated models, and
    new users of MovieLens."""

    name = "nimc"
    title = "NIMC"
    task = "rating"
    metrics = ("rmse", "rmse_clipped")
    published = "nimc"
    published_split = "new-users"
    tables = (
        ReportItem("rates", "descent", CONVERGENCE, simulation="nimc-convergence"),
        ReportItem("distance", "distance", DISTANCE, simulation="nimc-distance"),
        ReportItem("radii", "radii", DISTANCE, simulation="nimc-distance"),
        ReportItem("thresholds", "thresholds", MAPS, simulation="nimc-maps"),
        ReportItem("tensor", "tensor", TENSOR, simulation="nimc-tensor"),
        ReportItem("labels", "labels", LABELS, simulation="nimc-labels"),
        ReportItem("curvature", "curvature", CURVATURE, simulation="nimc-curvature"),
        ReportItem("definite", "definite", CURVATURE, simulation="nimc-curvature"),
        ReportItem("samples", "samples", SAMPLES, simulation="nimc-samples"),
        ReportItem("exponents", "exponents", SAMPLES, simulation="nimc-samples"),
        ReportItem("contraction", "replications", CONTRACTION, simulation="nimc-contraction"),
        ReportItem("table1", "starts", "The paper's Table 1: new users of MovieLens, test RMSE.", split="new-users"),
        ReportItem("cold_start", "starts", COLD_START, split="cold-start"),
    )
    figures = (
        ReportItem("figure1a", "descent", CONVERGENCE, simulation="nimc-convergence"),
        ReportItem("figure1b", "distance", DISTANCE, simulation="nimc-distance"),
        ReportItem("figure1cd", "recovery", MAPS, simulation="nimc-maps"),
        ReportItem("tensor_curves", "tensor", TENSOR, simulation="nimc-tensor"),
        ReportItem("samples_curves", "samples", SAMPLES, simulation="nimc-samples"),
        ReportItem("curvature_curves", "curvature", CURVATURE, simulation="nimc-curvature"),
        ReportItem("contraction_curves", "trend", CONTRACTION, simulation="nimc-contraction"),
    )
