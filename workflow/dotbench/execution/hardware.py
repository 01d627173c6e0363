"""The machine a fit ran on, and what it used of it."""

import ctypes
import os
import platform
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from dotbench.errors import DotbenchError
from dotbench.lazy import torch

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # of glibc's malloc.h
LIBRARIES = ("dotbench", "torch", "numpy", "scipy", "pandas", "scikit-surprise")


@dataclass(frozen=True)
class Execution:
    """Where and on what a fit runs. None of it changes what is computed, beyond rounding.

    ``device``: cpu or cuda.
    """

    device: str
    threads: int = 1
    log: str | None = None
    say: Callable[[str], None] = print


def prepare_execution(
    device: str,
    threads: int,
    log: Path | None = None,
    say: Callable[[str], None] = print,
    uses_torch: bool = True,
) -> Execution:
    """Set this process up for fits: ``device`` auto takes a GPU if there is one.

    What does without torch stays on the CPU, and is spared the import. Raises DotbenchError for ``cuda``
    without a GPU.
    """
    if device not in ("auto", "cpu", "cuda"):
        raise DotbenchError(f"key 'device': found '{device}'; allowed are auto, cpu and cuda")
    chosen = "cpu"
    if uses_torch:
        has_gpu = torch.cuda.is_available()
        if device == "cuda" and not has_gpu:
            raise DotbenchError("key 'device': found 'cuda', but no CUDA device is there; allowed are auto and cpu")
        torch.set_num_threads(threads)
        _keep_freed_memory()
        chosen = "cuda" if has_gpu and device != "cpu" else "cpu"
    return Execution(chosen, threads, str(log) if log else None, say)


def _keep_freed_memory() -> None:
    """Have glibc keep what is freed. It gives arrays above 32 MB back at once, and the system clears every page anew
    when the next step allocates them: at 280,000 users, whose gradient is such an array, 40 % of a step's CPU time."""
    if platform.libc_ver()[0] == "glibc":
        malloc_option = ctypes.CDLL(None).mallopt
        malloc_option(M_MMAP_MAX, 0)
        malloc_option(M_TRIM_THRESHOLD, -1)


@cache
def versions() -> dict[str, str]:
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}


def machine(device: str) -> dict[str, Any]:
    """What a reader of a time needs to know."""
    return {
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "gpu": torch.cuda.get_device_name(device) if device == "cuda" else None,
    }


def _cpu_name() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as stream:
            names = [line.split(":", 1)[1].strip() for line in stream if line.startswith("model name")]
        return names[0] if names else platform.machine()
    except OSError:
        return platform.processor() or platform.machine()


class Usage:
    """What a block of code used: CPU seconds, peak memory, and how busy others kept the machine.

    ``others`` is the share of the machine's CPU time that went to other processes meanwhile: about 0 on a machine of
    one's own, 0.5 beside one busy neighbour on two cores. The machine's clock ticks every 10 ms. So for a block of less
    than half a second on a CPU, ``others`` is the share of the wall time that the block itself waited.
    """

    def __init__(self, device: str) -> None:
        self.device = device

    def __enter__(self) -> "Usage":
        if self.device == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)
        self._start = time.perf_counter(), time.process_time(), _busy_seconds()
        return self

    def __exit__(self, *_: object) -> None:
        wall, own, busy = (
            now - then
            for now, then in zip((time.perf_counter(), time.process_time(), _busy_seconds()), self._start, strict=True)
        )
        if wall > 0.5:
            share = (busy - own) / (wall * (os.cpu_count() or 1))
        else:
            share = (wall - own) / wall if self.device == "cpu" else 0.0
        self.others = round(min(max(share, 0.0), 1.0), 3)
        self.peak_memory_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        gpu = self.device == "cuda"
        self.peak_gpu_memory_bytes = torch.cuda.max_memory_allocated(self.device) if gpu else None


def _busy_seconds() -> float:
    times = psutil.cpu_times()
    return sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0)
