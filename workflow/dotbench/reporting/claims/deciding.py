"""Whether a claim holds: its test, done on the printed numbers and on ours."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module

from dotbench.errors import DotbenchError
from dotbench.registry import PAPERS, unknown
from dotbench.reporting.claims.decision import Decision
from dotbench.reporting.claims.derived import Derived, Range, Total
from dotbench.reporting.claims.findings import NOT_RUN, OPEN, Finding, Sides
from dotbench.reporting.claims.language import Claim, Claims, Test
from dotbench.reporting.claims.numbers import Ours, Printed
from dotbench.reporting.claims.orders import Order, Trend
from dotbench.reporting.contents import Contents
from dotbench.reporting.published import Published


@dataclass(frozen=True)
class Verdict:
    """A claim with what print and ours say of it."""

    claim: Claim
    print: Finding
    ours: Finding


def verdicts(key: str, published: Published, claims: Claims, contents: Contents) -> list[Verdict]:
    """Every claim of a paper, decided. ``contents``: what of a study is there."""
    sides = Sides(key, published, Printed(published), Ours(contents, published))
    return [Verdict(claim, in_print(claim, sides), in_ours(claim, sides, claims.needs)) for claim in claims.claims]


def in_print(claim: Claim, sides: Sides) -> Finding:
    """What the printed numbers say. Where suspect ones change the verdict, the reason says so."""
    if claim.in_print is None:
        return Finding(OPEN, "The paper prints no number for it.")
    test, published = claim.in_print, sides.published
    if test.argument:
        return argument(sides, test.argument)
    found, sound = (
        _kind(test)(test, claim.at, printed, None, published).finding()
        for printed in (sides.printed, Printed(published, with_suspects=False))
    )
    if sound.verdict != found.verdict:
        return replace(found, reason=f"{found.reason} Without the suspect numbers: {sound.verdict}.")
    return found


def in_ours(claim: Claim, sides: Sides, needs: str) -> Finding:
    """What our numbers say. Where they are not there, the reason names what to run."""
    test = claim.in_ours
    if test is None:
        by_argument = claim.print is not None and claim.needs is None
        return Finding(OPEN, "Our runs cannot decide it." if by_argument else _run(claim.needs or needs))
    if test.argument:
        found = argument(sides, test.argument)
    else:
        found = _kind(test)(test, claim.at, sides.printed, sides.ours, sides.published).finding()
    if found.verdict == OPEN and found.reason.startswith(NOT_RUN):
        return replace(found, reason=f"{found.reason} {_run(claim.needs or needs)}")
    return found


def _run(needs: str) -> str:
    return f"To decide it, run {needs}."


def _kind(test: Test) -> type[Decision]:
    if test.order:
        return Order
    if test.rises or test.falls:
        return Trend
    return Range if isinstance(test.prints, tuple) else Total


def argument_module(key: str) -> str | None:
    """The module of a paper's arguments. None if it has none."""
    return f"dotbench.papers.{key}.arguments" if (PAPERS / key / "arguments.py").is_file() else None


def argument(sides: Sides, name: str) -> Finding:
    """What a function of the paper's `arguments.py` finds."""
    module = argument_module(sides.key)
    functions: dict[str, Callable[[Sides], Finding]] = import_module(module).ARGUMENTS if module else {}
    if name not in functions:
        raise DotbenchError(str(unknown("argument", name, sorted(functions))))
    return functions[name](sides)


def derived_numbers(claims: Claims, published: Published, ours: Ours) -> list[tuple[Claim, Derived]]:
    """Every printed number that is made of cells, beside ours."""
    tests = [(claim, claim.in_ours) for claim in claims.claims]
    return [
        (claim, made)
        for claim, test in tests
        if test and (test.gain or test.difference) and not isinstance(test.prints, tuple)
        for made in Total(test, claim.at, Printed(published), ours, published).derived()
    ]
