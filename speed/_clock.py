"""The clock that the speed programs share, and the name of the machine."""

import platform
import time
from collections.abc import Callable
from pathlib import Path


def milliseconds(work: Callable[[], int], seconds: float) -> float:
    """CPU time of one of the things of which ``work`` does as many as it returns; called for ``seconds`` at least."""
    done, start = 0, time.process_time()
    while (spent := time.process_time() - start) < seconds:
        done += work()
    return 1e3 * spent / done


def model_of_cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())
