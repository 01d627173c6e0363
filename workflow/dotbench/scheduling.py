"""One clock for Snakemake's scheduler."""

from threading import Timer
from typing import Any


def keep_one_clock(scheduler: Any) -> None:
    """Let the scheduler class look for free slots once in a timespan, however many jobs have finished.

    Snakemake 9 limits how many jobs start in a timespan (`--max-jobs-per-timespan`, by default 100 a second) and looks
    again after it. Every look that finds jobs waiting starts a further timer, those that finished jobs prompt among
    them, and no timer ends: after n jobs it looks n times a second, each time at the inputs of all waiting jobs.
    """

    def look_again(self: Any, delay: float) -> None:
        if getattr(self, "_clock_is_set", False):
            return
        self._clock_is_set = True

        def ring() -> None:
            self._clock_is_set = False  # before the look that sets it again
            self._open_jobs.release()

        timer = Timer(delay, ring)
        timer.daemon = True
        timer.start()

    if hasattr(scheduler, "_schedule_reevalutation"):  # sic; a version without it has no such timers
        scheduler._schedule_reevalutation = look_again
