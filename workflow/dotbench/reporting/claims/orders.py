"""Tests of orders, and of numbers that rise or fall."""

import itertools
from collections.abc import Iterator, Sequence

from dotbench.reporting.claims.decision import Decision
from dotbench.reporting.claims.derived import gain
from dotbench.reporting.claims.findings import AGAINST, AGREES, UNDECIDED, Finding, row_of
from dotbench.reporting.claims.language import parse_gain, parse_order
from dotbench.reporting.claims.numbers import Block, Number, Place
from dotbench.reporting.formats import Row
from dotbench.statistics.paired import ALPHA
from dotbench.statistics.welch import welch


class Order(Decision):
    """Each method is better than every later one: in print by the numbers, in ours by significant differences."""

    def finding(self) -> Finding:
        rows, absent = [], []
        for block in self.blocks:
            for first, second, strict in self._pairs():
                lacking = [name for name in (first, second) if name not in block.numbers]
                absent += [f"{name} on {block.place.dataset}" for name in lacking] if self.ours else []
                if not lacking:
                    rows.append(self._pair(block, first, second, strict))
        return self.summed(rows, list(dict.fromkeys(absent)))

    def _pairs(self) -> Iterator[tuple[str, str, bool]]:
        for line in self.test.order or ():
            groups = parse_order(line)
            for (i, (before, _)), (j, (after, _)) in itertools.combinations(enumerate(groups), 2):
                strict = any(sign == ">" for _, sign in groups[i + 1 : j + 1])
                for first, second in itertools.product(self.expanded(before), self.expanded(after)):
                    yield first, second, strict

    def _pair(self, block: Block, first: str, second: str, strict: bool) -> Row:
        a, b, p = block.numbers[first], block.numbers[second], (self.ours or self.printed).p(block, first, second)
        ahead = (b.mean - a.mean) if block.place.lower_is_better else (a.mean - b.mean)
        real = p is not None and p < ALPHA
        if self.ours is None:
            agrees = ahead > 0 or (not strict and (ahead == 0 or (p is not None and not real)))
            says = AGREES if agrees else AGAINST
        elif p is None:
            says = UNDECIDED
        elif real:
            says = AGREES if ahead > 0 else AGAINST
        else:
            says = UNDECIDED if strict else AGREES
        return row_of(block.place, a, b) | {"value": a.mean - b.mean, "p": p, "says": says}


class Trend(Decision):
    """A number, or a gain, rises or falls from one dataset to the next. Ours also from the first to the last."""

    def finding(self) -> Finding:
        line, sign = (self.test.rises, 1) if self.test.rises else (str(self.test.falls), -1)
        assert line is not None
        first, others = parse_gain(line)
        known = {block.place.dataset: block for block in self.blocks}
        rows, absent = [], []
        for along in self.test.along or [self.at.dataset]:
            steps = [*itertools.pairwise(along), *([(along[0], along[-1])] if self.ours and len(along) > 2 else [])]
            for start, end in steps:
                before, after = (
                    self._quantity(known[name], first, others) if name in known else None for name in (start, end)
                )
                absent += [name for name, number in ((start, before), (end, after)) if number is None]
                if before is not None and after is not None:
                    rows.append(self._step(known[end].place, start, before, after, sign))
        return self.summed(rows, list(dict.fromkeys(absent)))

    def _quantity(self, block: Block, first: str, others: Sequence[str]) -> Number | None:
        """The number of a method, or its gain over the best of others."""
        names = [first, *self.expanded(others)]
        if any(name not in block.numbers for name in names):
            return None
        own = block.numbers[first]
        return gain(block, first, names[1:])[0] if others else own

    def _step(self, place: Place, start: str, before: Number, after: Number, sign: int) -> Row:
        change, p = after.mean - before.mean, None
        if self.ours is None:
            says = AGREES if sign * change > 0 else AGAINST
        elif before.sample is None or after.sample is None:
            says = UNDECIDED
        else:
            p = welch(after.sample, before.sample)[1]
            says = UNDECIDED if p >= ALPHA else AGREES if sign * change > 0 else AGAINST
        row = row_of(place, after, before) | {"value": change, "p": p, "says": says}
        return row | {"dataset": f"{start} → {place.dataset}"}
