"""Printed numbers that are made of cells: differences and gains."""

from collections.abc import Sequence
from dataclasses import dataclass

from dotbench.lazy import np
from dotbench.reporting.claims.decision import Decision
from dotbench.reporting.claims.findings import AGAINST, AGREES, ROWS, UNDECIDED, Finding, row_of
from dotbench.reporting.claims.language import parse_difference, parse_gain
from dotbench.reporting.claims.numbers import Block, Number, same_seeds
from dotbench.reporting.formats import Row
from dotbench.reporting.judging import judged
from dotbench.statistics.intervals import overlap_factor, t_interval
from dotbench.statistics.welch import Sample


@dataclass(frozen=True)
class Derived:
    """A printed number that is made of cells, with the cells' own and ours. ``low``, ``high``: what the rounding of the
    cells allows. ``ours``: by seed, None where not all of it was run. ``test_to_train``: of ours, as
    `dotbench.reporting.claims.numbers.Ours.test_to_train`."""

    dataset: str
    metric: str
    what: str
    prints: float
    value: float
    low: float
    high: float
    ours: Number | None
    missing: list[str]
    parts: list[Row]
    test_to_train: float = 0.0


class _OfCells(Decision):
    """A test of numbers that are made of cells."""

    def _operands(self) -> list[str]:
        if self.test.difference:
            return list(parse_difference(self.test.difference))
        first, others = parse_gain(str(self.test.gain))
        return [first, *self.expanded(others)]

    def _made(self, block: Block) -> tuple[Number, float, float, float]:
        """(the number that the test makes of a block, its value, what the rounding of the cells allows)."""
        first, *others = [name for name in self._operands() if name in block.numbers]
        if self.test.gain:
            return gain(block, first, others)
        a, b = block.numbers[first], block.numbers[others[0]]
        each = {seed: a.each[seed] - b.each[seed] for seed in same_seeds([a, b])}
        value, slack = a.mean - b.mean, a.half + b.half
        return _combined(value, f"{first} − {others[0]}", (a, b), each), value, value - slack, value + slack


class Total(_OfCells):
    """Whether a printed number is what the cells, or ours, come to."""

    def finding(self) -> Finding:
        rows: list[Row] = []
        missing: list[str] = []
        for made in self.derived():
            missing += made.missing
            if self.ours is None or made.ours is not None:
                rows += [*made.parts, self._total(made)]
        return self.summed(rows, list(dict.fromkeys(missing)))

    def derived(self) -> list[Derived]:
        """The printed numbers of the test beside those of the cells, with ours if this is our side."""
        about = self._operands()[0]
        blocks = {block.place: block for block in self.printed.blocks(self.at) if about in block.numbers}
        if isinstance(self.test.prints, dict):
            return [
                self._derived([block], number)
                for name, number in self.test.prints.items()
                for place, block in blocks.items()
                if place.dataset == name
            ]
        assert isinstance(self.test.prints, float)
        return [self._derived(list(blocks.values()), self.test.prints)]

    def _derived(self, theirs: list[Block], prints: float) -> Derived:
        parts = [self._made(block) for block in theirs]
        value, low, high = (float(np.mean([part[k] for part in parts])) for k in (1, 2, 3))
        places = [block.place for block in theirs]
        mine = (
            [self.ours.block(place) if place.dataset in self.ours.datasets else None for place in places]
            if self.ours
            else []
        )
        whole = [block for block in mine if block and all(name in block.numbers for name in self._needed(theirs))]
        missing = [place.dataset for place, block in zip(places, mine, strict=False) if block not in whole]
        ours = None
        if whole and not missing:
            made = [self._made(block)[0] for block in whole]
            seeds = same_seeds(made)
            each = {seed: float(np.mean([number.each[seed] for number in made])) for seed in seeds}
            if each:
                sample = Sample.of(list(each.values())) if len(each) > 1 else None
                sources = "; ".join(dict.fromkeys(number.source for number in made))
                ours = Number(float(np.mean(list(each.values()))), made[0].label, sources, sample, each)
        datasets = ", ".join(dict.fromkeys(place.dataset for place in places))
        metrics = ", ".join(dict.fromkeys(place.metric for place in places))
        rows = [self._part(block) for block in (theirs if self.ours is None else whole)]
        what, missing = parts[0][0].label, list(dict.fromkeys(missing))
        ratio = max((self.ours.test_to_train(place) for place in places), default=0.0) if self.ours else 0.0
        return Derived(datasets, metrics, what, prints, value, low, high, ours, missing, rows, ratio)

    def _part(self, block: Block) -> Row:
        """The number that a block adds, and the two that it is made of."""
        _, value, low, high = self._made(block)
        first, *others = [name for name in self._operands() if name in block.numbers]
        other = best(block, others) if self.test.gain else block.numbers[others[0]]
        row = row_of(block.place, block.numbers[first], other) | {"value": value, "says": ""}
        return row | ({"low": low, "high": high} if self.ours is None else {})

    def _needed(self, theirs: list[Block]) -> list[str]:
        return sorted({name for name in self._operands() if any(name in block.numbers for block in theirs)})

    def _total(self, made: Derived) -> Row:
        """The printed number beside what the cells, or ours, come to."""
        row: Row = dict.fromkeys(ROWS) | {"dataset": made.dataset, "metric": made.metric, "first": made.what}
        row |= {"second": "printed", "second_value": made.prints}
        if made.ours is None:
            unit = 0.5 * 10.0 ** -_decimals(made.prints)
            agrees = made.low - unit - 1e-9 <= made.prints <= made.high + unit + 1e-9
            row |= {
                "first_value": made.value,
                "value": round(made.value - made.prints, 12),
                "low": made.low,
                "high": made.high,
            }
            return row | {"says": AGREES if agrees else AGAINST, "source": "cells"}
        each, ratio = list(made.ours.each.values()), made.test_to_train
        interval = t_interval(each, factor=overlap_factor(len(each), ratio))
        seeds = self.published.seeds
        found = judged(made.prints, None, seeds, interval.mean, interval.sd, len(each), False, test_to_train=ratio)
        says = {"reproduces": AGREES, "too few seeds": UNDECIDED}.get(found["verdict_corrected"], AGAINST)
        row |= {"first_value": interval.mean, "value": found["difference"], "low": interval.low, "high": interval.high}
        return row | {"says": says, "source": made.ours.source}


class Range(_OfCells):
    """Whether every gain of the one method over each other one lies between two printed ends."""

    def finding(self) -> Finding:
        """Whether every gain of the one method over each other one lies between the two printed ends."""
        assert isinstance(self.test.prints, tuple)
        least, greatest = self.test.prints
        unit = 0.5 * 10.0 ** -_decimals(least)
        first, others = parse_gain(str(self.test.gain))
        rows, absent = [], []
        for block in self.blocks:
            for other in self.expanded(others):
                lacking = [name for name in (first, other) if name not in block.numbers]
                absent += [f"{name} on {block.place.dataset}" for name in lacking]
                if lacking:
                    continue
                number, value, low, high = gain(block, first, [other])
                if self.ours is not None:
                    each = list(number.each.values())
                    factor = overlap_factor(len(each), self.ours.test_to_train(block.place))
                    interval = t_interval(each, factor=factor)
                    low, high = (value if end is None else end for end in (interval.low, interval.high))
                inside = high >= least - unit and low <= greatest + unit
                row = row_of(block.place, number, number) | {"second": None, "second_value": None}
                rows.append(row | {"low": low, "high": high, "says": AGREES if inside else AGAINST})
        return self.summed(rows, list(dict.fromkeys(absent)) if self.ours else [])


def gain(block: Block, first: str, others: Sequence[str]) -> tuple[Number, float, float, float]:
    """How much better a method is than the best of others, in percent of that one: (the number with its seeds, its
    value, the least and the greatest that the rounding of the cells allows)."""
    sign = -1 if block.place.lower_is_better else 1
    own, other = block.numbers[first], best(block, others)

    def percent(a: float, b: float) -> float:
        return sign * 100 * (a - b) / b

    ends = [percent(own.mean + s * own.half, other.mean + t * other.half) for s in (-1, 1) for t in (-1, 1)]
    each = {seed: percent(own.each[seed], other.each[seed]) for seed in same_seeds([own, other])}
    value = percent(own.mean, other.mean)
    what = f"gain of {first} over {others[0] if len(others) == 1 else 'the best of ' + ', '.join(others)} in %"
    return _combined(value, what, (own, other), each), value, min(ends), max(ends)


def best(block: Block, names: Sequence[str]) -> Number:
    """The best number of a block among some methods."""
    sign = -1 if block.place.lower_is_better else 1
    return max((block.numbers[name] for name in names), key=lambda number: sign * number.mean)


def _combined(value: float, label: str, parts: Sequence[Number], each: dict[int, float]) -> Number:
    sample = Sample.of(list(each.values())) if len(each) > 1 else None
    return Number(value, label, "; ".join(dict.fromkeys(part.source for part in parts)), sample, each)


def _decimals(value: float) -> int:
    return len(repr(value).partition(".")[2])
