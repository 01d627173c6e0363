"""The figures of a study."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from dotbench.errors import DotbenchError
from dotbench.reporting.convergence import convergence

FIGURES: dict[str, Callable[[dict[str, Any], Path], None]] = {"convergence": convergence}


def draw(contents: dict[str, Any], figure: str, folder: Path) -> None:
    """Draw a figure by name into ``folder``: pdf, png and svg, with the plotted data beside it as csv."""
    if figure not in FIGURES:
        raise DotbenchError(f"unknown figure '{figure}'; allowed are {', '.join(FIGURES)}")
    FIGURES[figure](contents, folder)
