"""What a plan will cost, in words."""

import os
from collections.abc import Iterator, Sequence

import psutil

from dotbench.costs.estimate import (
    Machine,
    Total,
    Work,
    models,
    peak_bytes,
    simulation_factor,
    total,
    wall_seconds,
)

GIB, MIB = 2**30, 2**20


def this_machine() -> Machine:
    """The cores that a run would use here."""
    return Machine(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def lines(parts: Sequence[Sequence[Work]], nodes: int, cores: int | None) -> Iterator[str]:
    """The costs of what runs one after the other: a part may begin when the one before has ended. ``nodes``, ``cores``:
    of a cluster, one node being this machine where they are not given."""
    works = [work for part in parts for work in part]
    whole, here = total(works), this_machine()
    yield f"cost    {hours(whole)}"
    yield f"memory  {size(max(peak_bytes(part, here) for part in parts))} with the {here.cores} cores of this machine"
    yield f"disk    {size(whole.disk_bytes)} below results/"
    there = psutil.virtual_memory().total
    if whole.memory_bytes > there:
        yield f"        the largest job needs {size(whole.memory_bytes)}; this machine has {size(there)}"
    yield f"here    {duration(sum(wall_seconds(part, here) for part in parts))} on {here.cores} cores"
    if nodes > 1 or cores:
        cluster = Machine(cores or here.cores, nodes)
        wall = duration(sum(wall_seconds(part, cluster) for part in parts))
        yield f"cluster {wall} on {nodes} × {cluster.cores} cores, without the time in its queue"
    if whole.gpu_seconds:
        yield (
            f"GPU     {duration(whole.gpu_seconds)} of the CPU time is of jobs that use a GPU where there is one; "
            "how much faster they are there was not measured"
        )
    yield f"error   {error(whole)}"


def hours(whole: Total) -> str:
    """CPU time with its interval."""
    low, high = duration(whole.low), duration(whole.high)
    return f"{whole.jobs:,} jobs, {duration(whole.cpu_seconds)} of one core (90 %: {low} to {high})"


def error(whole: Total) -> str:
    """How good the prediction is."""
    fit, trial = (models()[what] for what in ("fit", "trial"))
    return (
        f"{whole.measured:.0%} of this time was measured by the same jobs elsewhere. A fit of a method measured "
        f"on another dataset is wrong by a factor of {fit.factor:.1f} (root mean square of leave-one-out; a setting of "
        f"a tuning: {trial.factor:.1f}), one of a method that was measured nowhere by {fit.factor_unknown:.1f} "
        f"({trial.factor_unknown:.1f}), and a job of a simulation with other settings by {simulation_factor():.0f}"
    )


def duration(seconds: float) -> str:
    """E.g. 40 s, 12 min, 3.4 h, 5.0 days."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.1f} days"


def size(n: float) -> str:
    """E.g. 120 MiB, 1.4 GiB."""
    return f"{n / GIB:.1f} GiB" if n >= GIB else f"{n / MIB:.0f} MiB"
