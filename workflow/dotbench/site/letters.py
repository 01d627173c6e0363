"""The compact letter display: methods with a letter in common are not distinguishable."""

from collections.abc import Iterable
from string import ascii_lowercase

Pair = tuple[int, int]


def letters(order: list[int], different: Iterable[Pair]) -> dict[int, str]:
    """Method → its letters. Two methods share a letter if and only if no real difference between them was found.

    ``order``: the methods, best first. ``different``: the pairs that differ. Each letter stands for a largest set of
    methods that do not differ from each other (a maximal clique). The set with the best method is ``a``. (Gramm et al.,
    Algorithms for compact letter displays, 2007.) Without any pair that differs, all have the letter ``a``.
    """
    apart = {frozenset(pair) for pair in different}
    tied = {a: {b for b in order if b != a and frozenset((a, b)) not in apart} for a in order}
    cliques: list[list[int]] = []
    _extend(set(), set(order), set(), tied, cliques, {method: place for place, method in enumerate(order)})
    return {method: "".join(_letter(k) for k, clique in enumerate(cliques) if method in clique) for method in order}


def _extend(
    clique: set[int],
    candidates: set[int],
    done: set[int],
    tied: dict[int, set[int]],
    found: list[list[int]],
    place: dict[int, int],
) -> None:
    """Bron and Kerbosch's search for all maximal cliques, those with the best methods first."""
    if not candidates and not done and clique:
        found.append(sorted(clique, key=place.__getitem__))
        found.sort(key=lambda members: [place[member] for member in members])
    for method in sorted(candidates, key=place.__getitem__):
        _extend(clique | {method}, candidates & tied[method], done & tied[method], tied, found, place)
        candidates = candidates - {method}
        done = done | {method}


def _letter(number: int) -> str:
    """a, b, … z, then with a digit. A display with as many sets is read by its colours."""
    return ascii_lowercase[number % 26] + ("" if number < 26 else str(number // 26))
