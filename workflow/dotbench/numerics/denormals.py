"""Numbers next to zero."""

from collections.abc import Iterator
from contextlib import contextmanager

from dotbench.lazy import torch


@contextmanager
def flushed() -> Iterator[None]:
    """Numbers below the least normal one (1e-38 in float32, 1e-308 in float64) are 0 for the while, on this thread.

    Those of other threads of the same operation are kept. Not nested: at the end all are kept again.

    Vectors and moments that decay, and residuals that vanish, come to them, and arithmetic on them is slow: a step of
    Adam takes three times as long.
    """
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
