"""The NIMC paper: recovery from samples."""

from dotbench.studies.base import Exhibit, Study

MAPS = "The paper's Figure 1 (c) and (d): recovery from random starts against numbers of rows and of observed entries."


class NIMCStudy(Study):
    """Zhong et al., Provable Non-linear Inductive Matrix Completion, NeurIPS 2019: recovery of generated models."""

    name = "nimc"
    title = "NIMC"
    task = "rating"
    metrics = ("rmse",)
    tables = (Exhibit("thresholds", "thresholds", MAPS, experiment="nimc-maps"),)
    figures = (Exhibit("figure1cd", "recovery", MAPS, experiment="nimc-maps"),)
