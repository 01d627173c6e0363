"""Whether a claim holds: its test, done on the printed numbers and on ours."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import import_module
from typing import Any

from dotbench.errors import DotbenchError
from dotbench.lazy import np
from dotbench.registry import PAPERS, unknown
from dotbench.reporting.claims.language import (
    COSTS,
    REST,
    Claim,
    Claims,
    Selection,
    Test,
    parse_difference,
    parse_gain,
    parse_order,
)
from dotbench.reporting.claims.numbers import (
    Block,
    Number,
    Ours,
    Place,
    Printed,
    metric_titles,
    same_seeds,
)
from dotbench.reporting.contents import Contents
from dotbench.reporting.formats import Row
from dotbench.reporting.judging import judged
from dotbench.reporting.published import Published
from dotbench.reporting.replications import is_scenario
from dotbench.statistics.intervals import t_interval
from dotbench.statistics.paired import ALPHA
from dotbench.statistics.welch import Sample, welch

HOLDS, FAILS, OPEN = "holds", "does not hold", "cannot be told"
AGREES, AGAINST, UNDECIDED = "agrees", "against", "undecided"  # what a row says of a claim
SHOWN = 3  # rows that a reason names


@dataclass(frozen=True)
class Finding:
    """A verdict, the reason in a sentence, and the rows behind it, each with columns of ROWS."""

    verdict: str
    reason: str
    rows: list[Row] = field(default_factory=list)


ROWS = ["dataset", "part", "metric", "first", "second", "first_value", "second_value", "value", "low", "high", "p"]
ROWS += ["says", "source"]


@dataclass(frozen=True, eq=False)
class Sides:
    """A paper's numbers and ours, for claims and for the functions of `papers/<key>/arguments.py`."""

    key: str
    published: Published
    printed: Printed
    ours: Ours


@dataclass(frozen=True)
class Verdict:
    """A claim with what print and ours say of it."""

    claim: Claim
    print: Finding
    ours: Finding


def verdicts(key: str, published: Published, claims: Claims, contents: Contents) -> list[Verdict]:
    """Every claim of a paper, decided; ``contents``: what of a study is there."""
    sides = Sides(key, published, Printed(published), Ours(contents, published))
    return [Verdict(claim, in_print(claim, sides), in_ours(claim, sides, claims.needs)) for claim in claims.claims]


def in_print(claim: Claim, sides: Sides) -> Finding:
    """What the printed numbers say; where suspect ones change the verdict, the reason says so."""
    if claim.in_print is None:
        return Finding(OPEN, "The paper prints no number of it.")
    if claim.in_print.argument:
        return argument(sides, claim.in_print.argument)
    found = _Decision(claim.in_print, claim.at, sides.printed, None, sides.published).finding()
    sound = _Decision(claim.in_print, claim.at, Printed(sides.published, False), None, sides.published).finding()
    if sound.verdict != found.verdict:
        return replace(found, reason=f"{found.reason} Without the suspect numbers: {sound.verdict}.")
    return found


def in_ours(claim: Claim, sides: Sides, needs: str) -> Finding:
    """What our numbers say; where they are not there, the reason names what to run."""
    if claim.in_ours is None:
        return Finding(
            OPEN, "Ours cannot decide it." if claim.print and not claim.needs else _run(claim.needs or needs)
        )
    if claim.in_ours.argument:
        found = argument(sides, claim.in_ours.argument)
    else:
        found = _Decision(claim.in_ours, claim.at, sides.printed, sides.ours, sides.published).finding()
    if found.verdict == OPEN and found.reason.startswith(NOT_RUN):
        return replace(found, reason=f"{found.reason} {_run(claim.needs or needs)}")
    return found


NOT_RUN = "Not run"


def not_run(what: str = "") -> Finding:
    """That ours are not there; what to run is added."""
    return Finding(OPEN, f"{NOT_RUN}: {what}." if what else f"{NOT_RUN}.")


def _run(needs: str) -> str:
    return f"It is decided by {needs}."


def argument_module(key: str) -> str | None:
    """The module of a paper's arguments; None if it has none."""
    return f"dotbench.papers.{key}.arguments" if (PAPERS / key / "arguments.py").is_file() else None


def argument(sides: Sides, name: str) -> Finding:
    """What a function of the paper's `arguments.py` finds."""
    module = argument_module(sides.key)
    functions: dict[str, Callable[[Sides], Finding]] = import_module(module).ARGUMENTS if module else {}
    if name not in functions:
        raise DotbenchError(str(unknown("argument", name, sorted(functions))))
    return functions[name](sides)


@dataclass(frozen=True)
class Derived:
    """A printed number that is made of cells, with the cells' own and ours. ``low``, ``high``: what the rounding of the
    cells allows; ``ours``: by seed, None where not all of it was run."""

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


@dataclass(frozen=True)
class _Decision:
    """A test on one side; ``ours``: None for the printed numbers."""

    test: Test
    at: Selection
    printed: Printed
    ours: Ours | None
    published: Published

    def finding(self) -> Finding:
        if self.test.order:
            return self._order()
        if self.test.rises or self.test.falls:
            return self._trend()
        return self._numbers() if not isinstance(self.test.prints, tuple) else self._range()

    # numbers of this side

    @cached_property
    def _names(self) -> tuple[list[Block], list[str], bool]:
        """(blocks of this side, what was not run, whether the datasets are others than the paper's)."""
        theirs = self.printed.blocks(self.at)
        if self.ours is None:
            return theirs, [], False
        places = [block.place for block in theirs]
        if not places:  # a cost, or a method whose numbers are not printed
            about = self.at.dataset or list(dict.fromkeys(cell.dataset for cell in self.published.cells))
            parts = [Place(name, metric) for name in about for metric in self.at.metric]
            places = [place for place in parts if not is_scenario(place.dataset)]
        ran = [place for place in places if place.dataset in self.ours.datasets]
        missing = list(dict.fromkeys(place.dataset for place in places if place not in ran))
        elsewhere = not ran and not self.at.dataset and not any(is_scenario(place.dataset) for place in places)
        if elsewhere:
            kinds = dict.fromkeys((place.metric, place.part) for place in places)
            ran = [place for key in kinds for name in self.ours.runs if self._tells(place := Place(name, *key))]
            missing = [] if ran else missing
        blocks = [block for place in ran if (block := self.ours.block(place))]
        return blocks, missing, elsewhere

    def _tells(self, place: Place) -> bool:
        """Whether another dataset than the paper's says anything: generated ones have the paper's costs alone."""
        assert self.ours is not None
        return place.metric in COSTS or self.ours.is_real(place.dataset)

    @property
    def _blocks(self) -> list[Block]:
        return self._names[0]

    @cached_property
    def _rest(self) -> list[str]:
        """The methods that `rest` stands for."""
        return [name for name in self.printed.methods(self.at) if name not in self.test.methods]

    def _expanded(self, names: Sequence[str]) -> list[str]:
        return [one for name in names for one in (self._rest if name == REST else [name])]

    # order

    def _order(self) -> Finding:
        rows, absent = [], []
        for block in self._blocks:
            for first, second, strict in self._pairs():
                lacking = [name for name in (first, second) if name not in block.numbers]
                absent += [f"{name} on {block.place.dataset}" for name in lacking] if self.ours else []
                if not lacking:
                    rows.append(self._pair(block, first, second, strict))
        return self._summed(rows, list(dict.fromkeys(absent)))

    def _pairs(self) -> Iterator[tuple[str, str, bool]]:
        for line in self.test.order or ():
            groups = parse_order(line)
            for (i, (before, _)), (j, (after, _)) in itertools.combinations(enumerate(groups), 2):
                strict = any(sign == ">" for _, sign in groups[i + 1 : j + 1])
                for first, second in itertools.product(self._expanded(before), self._expanded(after)):
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
        return _row(block.place, a, b) | {"value": a.mean - b.mean, "p": p, "says": says}

    # trend

    def _trend(self) -> Finding:
        line, sign = (self.test.rises, 1) if self.test.rises else (str(self.test.falls), -1)
        assert line is not None
        first, others = parse_gain(line)
        known = {block.place.dataset: block for block in self._blocks}
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
        return self._summed(rows, list(dict.fromkeys(absent)))

    def _quantity(self, block: Block, first: str, others: Sequence[str]) -> Number | None:
        """The number of a method, or its gain over the best of others."""
        names = [first, *self._expanded(others)]
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
        row = _row(place, after, before) | {"value": change, "p": p, "says": says}
        return row | {"dataset": f"{start} → {place.dataset}"}

    # numbers made of cells

    def derived(self) -> list[Derived]:
        """The printed numbers of the test with the cells' own; ours where this is their side."""
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
        return Derived(datasets, metrics, what, prints, value, low, high, ours, missing, rows)

    def _part(self, block: Block) -> Row:
        """The number that a block adds, and the two that it is made of."""
        _, value, low, high = self._made(block)
        first, *others = [name for name in self._operands() if name in block.numbers]
        other = best(block, others) if self.test.gain else block.numbers[others[0]]
        row = _row(block.place, block.numbers[first], other) | {"value": value, "says": ""}
        return row | ({"low": low, "high": high} if self.ours is None else {})

    def _needed(self, theirs: list[Block]) -> list[str]:
        return sorted({name for name in self._operands() if any(name in block.numbers for block in theirs)})

    def _operands(self) -> list[str]:
        if self.test.difference:
            return list(parse_difference(self.test.difference))
        first, others = parse_gain(str(self.test.gain))
        return [first, *self._expanded(others)]

    def _made(self, block: Block) -> tuple[Number, float, float, float]:
        """(the number that the test makes of a block, its value, what the rounding of the cells allows)."""
        first, *others = [name for name in self._operands() if name in block.numbers]
        if self.test.gain:
            return gain(block, first, others)
        a, b = block.numbers[first], block.numbers[others[0]]
        each = {seed: a.each[seed] - b.each[seed] for seed in same_seeds([a, b])}
        value, slack = a.mean - b.mean, a.half + b.half
        return _combined(value, f"{first} − {others[0]}", (a, b), each), value, value - slack, value + slack

    def _numbers(self) -> Finding:
        rows: list[Row] = []
        missing: list[str] = []
        for made in self.derived():
            missing += made.missing
            if self.ours is None or made.ours is not None:
                rows += [*made.parts, self._total(made)]
        return self._summed(rows, list(dict.fromkeys(missing)))

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
        interval = t_interval(list(made.ours.each.values()))
        found = judged(
            made.prints, None, self.published.seeds, interval.mean, interval.sd, len(made.ours.each), suspect=False
        )
        says = {"reproduces": AGREES, "too few seeds": UNDECIDED}.get(found["verdict"], AGAINST)
        row |= {"first_value": interval.mean, "value": found["difference"], "low": interval.low, "high": interval.high}
        return row | {"says": says, "source": made.ours.source}

    def _range(self) -> Finding:
        """Whether every gain of the one method over each other one lies between the two printed ends."""
        assert isinstance(self.test.prints, tuple)
        least, greatest = self.test.prints
        unit = 0.5 * 10.0 ** -_decimals(least)
        first, others = parse_gain(str(self.test.gain))
        rows, absent = [], []
        for block in self._blocks:
            for other in self._expanded(others):
                lacking = [name for name in (first, other) if name not in block.numbers]
                absent += [f"{name} on {block.place.dataset}" for name in lacking]
                if lacking:
                    continue
                number, value, low, high = gain(block, first, [other])
                if self.ours is not None:
                    interval = t_interval(list(number.each.values()))
                    low, high = (value if end is None else end for end in (interval.low, interval.high))
                inside = high >= least - unit and low <= greatest + unit
                row = _row(block.place, number, number) | {"second": None, "second_value": None}
                rows.append(row | {"low": low, "high": high, "says": AGREES if inside else AGAINST})
        return self._summed(rows, list(dict.fromkeys(absent)) if self.ours else [])

    # all rows together

    def _summed(self, rows: list[Row], absent: list[str]) -> Finding:
        _, missing, elsewhere = self._names
        lacking = list(dict.fromkeys([*missing, *absent]))
        judging = [row for row in rows if row["says"]]
        against, undecided = ([row for row in judging if row["says"] == says] for says in (AGAINST, UNDECIDED))
        where = ", ".join(dict.fromkeys(row["dataset"] for row in rows))
        lead = f"On {where}, not the paper's data: " if elsewhere and rows else ""
        if not rows:
            if self.ours is None:
                return Finding(OPEN, "The paper prints no number of it.")
            return not_run(_few(lacking))
        if against:
            count = f"{len(against)} of {len(judging)} comparisons do not agree: " if len(judging) > 1 else ""
            return Finding(FAILS, _sentence(f"{lead}{count}{_few([_told(row) for row in against])}."), rows)
        if lacking:
            return Finding(OPEN, f"{NOT_RUN} in full: {_few(lacking)}; nothing that was run contradicts it.", rows)
        if undecided:
            text = f"not told apart: {_few([_told(row) for row in undecided])}."
            return Finding(OPEN, _sentence(lead + text), rows)
        text = f"all {len(judging)} comparisons agree" if len(judging) > 1 else _told(judging[0])
        return Finding(HOLDS, _sentence(f"{lead}{text}."), rows)


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


def derived_numbers(claims: Claims, published: Published, ours: Ours) -> list[tuple[Claim, Derived]]:
    """Every printed number that is made of cells, beside ours."""
    tests = [(claim, claim.in_ours) for claim in claims.claims]
    return [
        (claim, made)
        for claim, test in tests
        if test and (test.gain or test.difference) and not isinstance(test.prints, tuple)
        for made in _Decision(test, claim.at, Printed(published), ours, published).derived()
    ]


def _row(place: Place, a: Number, b: Number) -> Row:
    row: Row = dict.fromkeys(ROWS) | {"dataset": place.dataset, "part": place.part, "metric": place.metric}
    source = "; ".join(dict.fromkeys((a.source, b.source)))
    return row | {"first": a.label, "second": b.label, "first_value": a.mean, "second_value": b.mean, "source": source}


def _told(row: Row) -> str:
    where = ", ".join(filter(None, [row["dataset"], row["part"], *metric_titles(row["metric"])]))
    first, second = (f"{value:.4g}" if value is not None else "" for value in (row["first_value"], row["second_value"]))
    if row["second"] in (None, row["first"]):
        return f"{row['first']} {second and f'{second} → '}{first} ({where})"
    return f"{row['first']} {first}, {row['second']} {second} ({where})"


def _few(texts: Sequence[str]) -> str:
    more = len(texts) - SHOWN
    return "; ".join(texts[:SHOWN]) + (f"; and {more} more" if more > 0 else "")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _decimals(value: float) -> int:
    return len(repr(value).partition(".")[2])


def finding(holds: bool | None, reason: str, rows: Sequence[Row] = ()) -> Finding:
    """For arguments: whether a claim holds, None where that cannot be told."""
    verdict = OPEN if holds is None else HOLDS if holds else FAILS
    return Finding(verdict, reason, [dict.fromkeys(ROWS) | row for row in rows])


def all_agree(rows: Sequence[Row]) -> bool:
    """Whether every row agrees with the claim."""
    return all(row["says"] == AGREES for row in rows)


def told(what: str, value: Any, agrees: bool | None, **more: Any) -> Row:
    """A row of an argument."""
    says = UNDECIDED if agrees is None else AGREES if agrees else AGAINST
    return {"first": what, "first_value": value, "says": says, **more}
