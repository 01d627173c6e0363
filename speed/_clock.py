"""The clock that the speed programs share."""

import time
from collections.abc import Callable


def milliseconds(work: Callable[[], int], seconds: float) -> float:
    """CPU time of one of the things of which ``work`` does as many as it returns; called for ``seconds`` at least."""
    done, start = 0, time.process_time()
    while (spent := time.process_time() - start) < seconds:
        done += work()
    return 1e3 * spent / done
