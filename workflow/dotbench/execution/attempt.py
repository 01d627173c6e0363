"""Whether an attempt at a fit can be used, and what it took."""

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from dotbench.errors import DotbenchError, FitFailed

T = TypeVar("T")


@dataclass(frozen=True)
class Attempt(Generic[T]):
    """``result``: None where it failed, for ``reason``. ``seconds``, ``cpu_seconds``: wall and CPU time."""

    result: T | None
    reason: str | None
    seconds: float
    cpu_seconds: float


def attempt(make: Callable[[], T], say: Callable[[str], None]) -> Attempt[T]:
    """``make()`` with its time. Only errors of files raise. Whatever else a component raises is a failed fit."""
    wall, cpu = time.perf_counter(), time.process_time()
    result, reason = None, None
    try:
        result = make()
    except (DotbenchError, OSError):
        raise
    except FitFailed as error:
        reason = str(error)
    except Exception as error:
        say(traceback.format_exc())
        reason = _why(error)
    return Attempt(result, reason, time.perf_counter() - wall, time.process_time() - cpu)


def _why(error: Exception) -> str:
    """The reason of a failed fit in one line."""
    if isinstance(error, MemoryError) or "can't allocate memory" in str(error) or "out of memory" in str(error):
        return f"out of memory: {str(error).splitlines()[0] if str(error) else 'MemoryError'}"
    return f"{type(error).__name__}: {error}"
