"""The choice among trials by their validation values."""

from collections.abc import Iterable, Sequence


def ranked(values: Sequence[float | None], maximise: bool, among: Iterable[int] | None = None) -> list[int]:
    """Numbers of the trials, best value first, the earlier among equals. Those without a value, which failed, last.

    ``among``: the numbers that are ranked. Absent: all.
    """

    def order(number: int) -> tuple[bool, float, int]:
        value = values[number]
        return value is None, 0.0 if value is None else -value if maximise else value, number

    return sorted(range(len(values)) if among is None else among, key=order)


def best(values: Sequence[float | None], maximise: bool, among: Iterable[int] | None = None) -> int | None:
    """Number of the trial with the best value, the first among equals. None where every trial failed."""
    order = ranked(values, maximise, among)
    return order[0] if order and values[order[0]] is not None else None
