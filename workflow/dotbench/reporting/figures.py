"""The figures of a study."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from dotbench.reporting.convergence import convergence
from dotbench.reporting.curvature import curvature_figure
from dotbench.reporting.descent import descent_figure
from dotbench.reporting.distance import distance_figure
from dotbench.reporting.recovery import recovery_maps
from dotbench.reporting.regularization import regularization
from dotbench.reporting.tensor import tensor_figure
from dotbench.reporting.time_to_quality import time_to_quality
from dotbench.reporting.trend import trend

FIGURES: dict[str, Callable[[dict[str, Any], Path], None]] = {
    "convergence": convergence,
    "convergence_half_sweeps": partial(convergence, half_sweeps=True),
    "curvature": curvature_figure,
    "descent": descent_figure,
    "distance": distance_figure,
    "recovery": recovery_maps,
    "regularization": regularization,
    "tensor": tensor_figure,
    "time_to_quality": time_to_quality,
    "trend": trend,
}


def draw(contents: dict[str, Any], folder: Path) -> None:
    """Draw the figure that ``contents`` names into ``folder``: pdf, png and svg, with the plotted data beside it as
    csv."""
    FIGURES[contents["kind"]](contents, folder)
