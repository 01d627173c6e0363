"""Throw generated files at every parser and generated YAML at every class of settings, for as long as it is given.

    python tools/fuzz.py [--minutes 30] [--seed 0]

Each round tries every parser and every class of settings with a seed of its own. A failure prints the seed and the
smallest case that was found; the exit status is then 1. ``--minutes 0 --seed N`` repeats one round.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "unit"))

from fuzz_data import check_parser, check_settings, check_ways, parser_cases, settings_classes, ways_cases, wild

from dotbench.datasets.parsers.base import parsers

PROFILE = settings(
    deadline=None,
    database=None,
    print_blob=False,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate, Phase.shrink],
)
tried = {"files": 0, "files with rows": 0, "settings": 0, "delimited files, both ways": 0, "of these with rows": 0}


def checks() -> dict[str, Callable[[], None]]:
    """What a round runs, by name."""

    def parser(name: str) -> Callable[[], None]:
        @settings(PROFILE, max_examples=100)
        @given(**parser_cases(name))
        def check(**case: Any) -> None:
            tried["files"] += 1
            tried["files with rows"] += check_parser(parsers()[name], **case)

        return check

    def settings_of(cls: type[Any]) -> Callable[[], None]:
        @settings(PROFILE, max_examples=15)
        @given(values=wild(cls))
        def check(values: Any) -> None:
            tried["settings"] += 1
            check_settings(cls, values)

        return check

    @settings(PROFILE, max_examples=200)
    @given(**ways_cases)
    def ways(**case: Any) -> None:
        tried["delimited files, both ways"] += 1
        tried["of these with rows"] += check_ways(**case)

    return (
        {"both ways of delimited": ways}
        | {f"parser {name}": parser(name) for name in parsers()}
        | {f"settings {cls.__module__}.{cls.__qualname__}": settings_of(cls) for cls in settings_classes()}
    )


def main() -> int:
    """The exit status: 1 if anything failed in another way than by a clear error."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--minutes", type=float, default=30.0)
    arguments.add_argument("--seed", type=int, default=0)
    given_ = arguments.parse_args()
    end, number, failed = time.monotonic() + 60 * given_.minutes, given_.seed, 0
    todo = checks()
    print(f"{len(parsers())} parsers, {len(settings_classes())} classes of settings, from seed {number}", flush=True)
    while True:
        for name, check in list(todo.items()):
            try:
                seed(number)(check)()
            except Exception as error:
                failed += 1
                del todo[name]  # told once
                print(f"seed {number}, {name}: {type(error).__name__}: {error}", *error.__notes__, sep="\n", flush=True)
        number += 1
        if time.monotonic() > end:
            break
    counts = ", ".join(f"{count:,} {what}" for what, count in tried.items())
    print(f"seeds {given_.seed} to {number - 1}: {counts}; {failed} failed")
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
