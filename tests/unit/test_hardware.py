"""The machine: what a process is set up with before a fit."""

import platform
import subprocess
import sys

import pytest

pytestmark = pytest.mark.seconds

PROGRAM = """
import resource, torch
from dotbench.execution.hardware import prepare_execution

def faults():
    start = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(4):
        torch.zeros(20_000_000)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - start

before = faults()
prepare_execution("cpu", 1)
print(before, min(faults() for _ in range(6)))
"""


@pytest.mark.slow
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="mallopt is glibc's")
def test_large_arrays_are_not_cleared_anew_at_every_step():
    """Pages of 80 MB that come back from the system, four times, and those that come back after an execution is
    prepared, once the heap has grown to what is needed."""
    shown = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout
    before, after = map(int, shown.split())
    assert before > 100  # 156 even where pages are of 2 MB
    assert after < 100
