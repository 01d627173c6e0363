"""How many parameters a tower has, and the width that gives it as many as wanted."""

from dotbench.papers.t2rec.towers.network import Tower
from dotbench.papers.t2rec.towers.settings import Architecture


def parameters(architecture: Architecture, inputs: int) -> int:
    """Weights and biases of one tower on ``inputs`` covariates."""
    return Tower(architecture, inputs).size


def with_parameters(architecture: Architecture, inputs: int, wanted: float) -> Architecture:
    """The same architecture of the width whose number of parameters is nearest to ``wanted``, at least 1.

    A tower of L ≥ 2 layers of weights, width w, D inputs and p outputs has
    (L − 2) w² + (D + L − 1 + p) w + p  parameters, which grows with w. One of a single layer is returned as it is.
    """
    if architecture.depth == 1:
        return architecture
    square = architecture.depth - 2
    linear = inputs + architecture.depth - 1 + architecture.embedding_size
    rest = max(wanted - architecture.embedding_size, 0.0)
    root = rest / linear if square == 0 else ((linear**2 + 4 * square * rest) ** 0.5 - linear) / (2 * square)
    candidates = [architecture.model_copy(update={"width": max(1, int(root) + k)}) for k in (0, 1)]
    return min(candidates, key=lambda one: abs(parameters(one, inputs) - wanted))
