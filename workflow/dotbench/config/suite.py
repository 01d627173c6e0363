"""A suite: configurations that one command runs one after the other, each with a folder of results of its own."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field

from dotbench import paths
from dotbench.config.benchmark import Benchmark, merged, parse_benchmark
from dotbench.config.plan import Plan
from dotbench.datasets.definition import Name
from dotbench.errors import DotbenchError
from dotbench.files import write_text
from dotbench.registry import unknown
from dotbench.settings import Settings
from dotbench.yaml_lines import place, read_yaml, read_yaml_as

SHIPPED = paths.PROJECT / "config"
DEFAULT = SHIPPED / "config.yaml"
MARK = "suite"  # the key that tells a suite from a configuration


class PartChoice(Settings):
    """One configuration of a suite."""

    config: list[str] = Field(
        [],
        description="files of the configuration, found from the suite's own file; a later one replaces an earlier one",
    )
    targets: list[str] = Field([], description="what of it is made, as behind `dotbench run`; `[]`: everything")
    set: dict[str, Any] = Field({}, description="keys of the configuration with other values than in these files")


class SuiteChoice(Settings):
    """The file of a suite."""

    suite: Name = Field(description="its name: it is run by `dotbench run <name>`, the results go to `results/<name>/`")
    set: dict[str, Any] = Field({}, description="keys with other values in every part")
    parts: list[PartChoice] = Field(min_length=1, description="the configurations, in the order in which they run")


@dataclass(frozen=True)
class Part:
    """A configuration of a suite as it is run. ``name``: its own, without the suite's before it. ``left_out``: dataset
    → why it is not used."""

    suite: str
    name: str
    values: Mapping[str, Any]
    targets: list[str]
    left_out: Mapping[str, str]

    @property
    def file(self) -> Path:
        """Where its configuration is written before it runs: it is one like any other."""
        return paths.RESULTS / self.suite / "parts" / f"{self.name}.yaml"

    @cached_property
    def plan(self) -> Plan:
        """What it asks for, if it is anything."""
        return Plan(parse_benchmark(dict(self.values), []))

    @property
    def datasets(self) -> list[str]:
        """The datasets that its methods run on."""
        return list(dict.fromkeys(entry.dataset for entry in self.plan.entries))

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left of it to run."""
        return not self.values["studies"]

    def write(self, file: Path) -> Path:
        """Write its configuration, and return the file. An equal one stays, so that nothing looks new."""
        text = f"# Written by `dotbench run {self.suite}`.\n" + yaml.safe_dump(dict(self.values), sort_keys=False)
        if not file.is_file() or file.read_text("utf-8") != text:
            write_text(file, text)
        return file

    def without(self, absent: Mapping[str, str]) -> "Part":
        """The same without the methods on these datasets. ``absent``: dataset → why it cannot be used."""
        gone = {name: absent[name] for name in self.datasets if name in absent}
        if not gone:
            return self
        values = self.plan.benchmark.stated()
        values["datasets"] = [use for use in values["datasets"] if use["name"] not in gone]
        kept = [_on(study, [use["name"] for use in values["datasets"]]) for study in values["studies"]]
        values["studies"] = [study for study in kept if study is not None]
        return replace(self, values=values, left_out=gone)


def _on(study: dict[str, Any], datasets: Collection[str]) -> dict[str, Any] | None:
    """What a study has on these datasets. None if that is nothing: its simulations need no dataset."""
    there = _there(study, datasets)
    if there is not None:
        left = there.get("datasets") or datasets
        if methods := [method for entry in study.get("methods", ()) if (method := _there(entry, left))]:
            return there | {"methods": methods}
    rest = {key: value for key, value in study.items() if key not in ("methods", "datasets")}
    return rest if rest.get("simulations") else None


def _there(entry: dict[str, Any], datasets: Collection[str]) -> dict[str, Any] | None:
    """A study or a method on these datasets. None if it is for others."""
    own = entry.get("datasets")
    left = [name for name in own or datasets if name in datasets]
    return entry | ({"datasets": left} if own else {}) if left else None


def is_suite(file: Path) -> bool:
    """Whether a file of YAML is one of a suite."""
    return MARK in read_yaml(file)


def find_suite(target: str) -> Path | None:
    """The file of the suite that a target names: one in ``config/`` by its name, or any by its path. None: no suite."""
    if target.endswith((".yaml", ".yml")):
        return Path(target) if Path(target).is_file() and is_suite(Path(target)) else None
    file = SHIPPED / f"{target}.yaml"
    return file if file.is_file() and is_suite(file) else None


def shipped_suites() -> list[tuple[str, str]]:
    """(name, file) of every suite in ``config/``."""
    return [(file.stem, str(file)) for file in sorted(SHIPPED.glob("*.yaml")) if is_suite(file)]


def load_suite(file: Path, only: Collection[str] = ()) -> list[Part]:
    """The parts of a suite, or those with the names ``only``.

    Raises DotbenchError, which names file, line and key, for a key or a name that there is not, and for a part whose
    configuration cannot be read.
    """
    choice = read_yaml_as(file, SuiteChoice)
    parts: dict[str, Part] = {}
    for number, chosen in enumerate(choice.parts):
        at = place([file], ("parts", number))
        part = _part(file, choice, chosen, at)
        if part.name in parts:
            raise DotbenchError(f"{at}: a part named '{part.name}' is there already; give one of them another 'name'")
        parts[part.name] = part
    for name in only:
        if name not in parts:
            raise DotbenchError(f"the suite '{choice.suite}' has no part '{name}'; allowed are {', '.join(parts)}")
    return [part for name, part in parts.items() if not only or name in only]


def _part(file: Path, suite: SuiteChoice, chosen: PartChoice, at: str) -> Part:
    files = [DEFAULT, *(file.parent / name for name in chosen.config)]
    try:
        values = merged([*map(read_yaml, files), suite.set, chosen.set])
        benchmark: Benchmark = parse_benchmark(values, files)
        name = benchmark.name
        part = Part(suite.suite, name, benchmark.stated() | {"name": f"{suite.suite}-{name}"}, chosen.targets, {})
        makers = part.plan.makers()
        for target in chosen.targets:
            if target not in makers:
                raise unknown("target", target, makers)
            part.plan.target(target)
    except DotbenchError as error:
        raise DotbenchError(f"{at}: {error}") from None
    return part
