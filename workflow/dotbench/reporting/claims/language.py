"""The language of claims: `papers/<key>/claims.yaml`.

A claim has a test, which is done twice: on the printed numbers, and on ours. A test is one of these lines, in the
paper's names of methods:

    order: RG2 >= Softmax > WRMF, BPR     each method is better than every later one; >=: not distinguishably worse
    gain: Softmax over BPR, BCE           100 (Softmax − best) / best, in percent; `prints` is what the paper says
    difference: IMC - NIMC                on each dataset; `prints` is what the paper says
    rises: T2Rec; falls: T2Rec over KNN   along the datasets, in their order: the number, or the gain over the best
    argument: softmax_bound               a function of `papers/<key>/arguments.py` computes the verdict

`rest` stands for all other methods of the same numbers. `at` says which numbers: tables, datasets, parts, metrics. A
metric may be a cost of ours (COSTS). `print` and `ours` in the place of `test` are done on one side alone.
"""

from pathlib import Path
from typing import Any

from pydantic import Field, field_validator, model_validator

from dotbench.registry import PAPERS
from dotbench.settings import Settings
from dotbench.yaml_lines import read_yaml_as

REST = "rest"
COSTS = {"cpu_seconds": "CPU seconds of training", "epoch_cpu_seconds": "CPU seconds of an epoch"}
KINDS = ("order", "gain", "difference", "rises", "falls", "argument")


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class Selection(Settings):
    """Which numbers a claim is about. An empty list: any."""

    table: list[str] = Field([], description="where they are printed")
    dataset: list[str] = Field([], description="datasets, or scenarios of a simulation")
    part: list[str] = Field([], description="warm, cold or overall")
    metric: list[str] = Field([], description="metrics, or costs of ours")

    _lists = field_validator("table", "dataset", "part", "metric", mode="before")(_listed)


class Test(Settings):
    """One line of the language. See the module."""

    __test__ = False  # no test of pytest

    order: list[str] | None = None
    gain: str | None = None
    difference: str | None = None
    rises: str | None = None
    falls: str | None = None
    argument: str | None = None
    prints: float | tuple[float, float] | dict[str, float] | None = Field(
        None, description="a number; the least and the greatest of all; or a number for each dataset"
    )
    along: list[list[str]] = Field([], description="sequences of datasets; absent: the datasets of `at`")

    _order = field_validator("order", mode="before")(_listed)

    @model_validator(mode="after")
    def _one_line(self) -> "Test":
        there = [kind for kind in KINDS if getattr(self, kind)]
        if len(there) != 1:
            raise ValueError(f"found {len(there)} of {', '.join(KINDS)}; allowed is one")
        if (self.prints is not None) != (there[0] in ("gain", "difference")):
            raise ValueError("'prints' is needed by 'gain' and 'difference', and by nothing else")
        if self.difference and not isinstance(self.prints, dict):
            raise ValueError("'prints' of 'difference' names each dataset")
        for line in self.order or ():
            parse_order(line)
        if self.difference:
            parse_difference(self.difference)
        return self

    @property
    def methods(self) -> set[str]:
        """The methods that it names."""
        lines = [line for line in (self.gain, self.rises, self.falls) if line]
        names = {name for line in lines for name in (parse_gain(line)[0], *parse_gain(line)[1])}
        names |= {name for line in self.order or () for group, _ in parse_order(line) for name in group}
        names |= set(parse_difference(self.difference)) if self.difference else set()
        return names - {REST}


class Claim(Settings):
    """Something that the paper says, and how it is decided."""

    id: str
    where: str = Field(description="where it is printed")
    claim: str = Field(description="in a short sentence")
    at: Selection = Selection.model_validate({})
    test: Test | None = Field(None, description="on the printed numbers and on ours")
    print: Test | None = Field(None, description="on the printed numbers alone")
    ours: Test | None = Field(None, description="on ours alone")
    needs: str | None = Field(None, description="what to run if our numbers are not there; absent: that of the file")
    note: str | None = Field(None, description="what a reader has to know")

    @model_validator(mode="after")
    def _told_once(self) -> "Claim":
        if self.test and (self.print and self.ours):
            raise ValueError("'test' has no effect if 'print' and 'ours' are both given")
        return self

    @property
    def in_print(self) -> Test | None:
        return self.print or self.test

    @property
    def in_ours(self) -> Test | None:
        return self.ours or self.test


class Claims(Settings):
    """All claims of a paper."""

    needs: str = Field(description="what to run if our numbers are not there")
    claims: list[Claim] = Field(min_length=1)

    @model_validator(mode="after")
    def _named_once(self) -> "Claims":
        names = [claim.id for claim in self.claims]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise ValueError(f"the claim '{twice[0]}' is listed more than once")
        return self


def parse_order(line: str) -> list[tuple[list[str], str]]:
    """``A, B > C >= D`` → groups of methods, each with the sign before it (nothing before the first)."""
    words = line.replace(">=", "≥").replace(">", " > ").replace("≥", " >= ").split()
    groups: list[tuple[list[str], str]] = [([], "")]
    for word in words:
        if word in (">", ">="):
            groups.append(([], word))
        else:
            groups[-1][0].append(word)
    named = [(_names(" ".join(group)), sign) for group, sign in groups]
    if len(named) < 2 or not all(group for group, _ in named):
        raise ValueError(f"found '{line}'; an order is like 'A, B > C >= D'")
    return named


def parse_gain(line: str) -> tuple[str, list[str]]:
    """``A over B, C`` → A and what it gains over. Nothing for ``A``."""
    first, _, others = line.partition(" over ")
    return first.strip(), _names(others)


def parse_difference(line: str) -> tuple[str, str]:
    """``A - B`` → A and B."""
    first, sign, second = line.partition(" - ")
    if not (sign and first.strip() and second.strip()):
        raise ValueError(f"found '{line}'; a difference is like 'A - B'")
    return first.strip(), second.strip()


def _names(text: str) -> list[str]:
    return [name for part in text.split(",") if (name := part.strip())]


def claims_path(key: str) -> Path:
    return PAPERS / key / "claims.yaml"


def load_claims(key: str) -> Claims | None:
    """The claims of a paper. None if it has no file of them."""
    path = claims_path(key)
    return read_claims(path) if path.is_file() else None


def read_claims(path: Path) -> Claims:
    """The claims in a file. A DotbenchError names file, line and key of what is wrong."""
    return read_yaml_as(path, Claims)
