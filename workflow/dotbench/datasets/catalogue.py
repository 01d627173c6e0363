"""Dataset definitions: the package's own and, in ``config/datasets/`` of the working directory, the user's."""

from pathlib import Path
from typing import Any

from dotbench.datasets.definition import Dataset
from dotbench.datasets.generators.base import Generator, generators
from dotbench.datasets.parsers.base import Parser, parsers
from dotbench.errors import DotbenchError, warn
from dotbench.registry import unknown
from dotbench.settings import Settings, validate
from dotbench.yaml_lines import place, read_yaml_as

BUILT_IN = Path(__file__).parent / "definitions"
USER = Path("config/datasets")


def definition_files() -> dict[str, Path]:
    """name → definition file. A file is named after its dataset. A name that two files have is left out."""
    return {name: files[0] for name, files in _files().items() if len(files) == 1}


def _files() -> dict[str, list[Path]]:
    files: dict[str, list[Path]] = {}
    for folder in (BUILT_IN, USER):
        for path in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
            files.setdefault(path.stem, []).append(path)
    return files


def definitions() -> dict[str, Dataset]:
    """Every dataset by name. One whose definition is wrong is left out, with a warning that names the file."""
    found = {}
    for name in sorted(_files()):
        try:
            found[name] = load_dataset(name)
        except DotbenchError as error:
            warn(f"left out: {str(error).splitlines()[0]}")
    return found


def load_dataset(name: str) -> Dataset:
    """The definition of a dataset, validated with its parser's or generator's settings.

    Raises DotbenchError where there is none, where it is wrong, or where two files have the name.
    """
    files = _files()
    if name not in files:
        own = f"{USER} of {Path.cwd()}" + ("" if USER.is_dir() else " (no such folder)")
        raise DotbenchError(f"{unknown('dataset', name, files)}; definitions are looked for in {BUILT_IN} and in {own}")
    if len(files[name]) > 1:
        first, second = files[name][:2]
        raise DotbenchError(f"{second}: the name '{name}' is taken by {first}; give the dataset another name")
    return read_definition(files[name][0])


def read_definition(path: Path) -> Dataset:
    """Parse and validate one definition file. A DotbenchError names its line and key."""
    dataset = read_yaml_as(path, Dataset)
    if dataset.name != path.stem:
        raise DotbenchError(
            f"{place([path], ('name',))}: key 'name': found '{dataset.name}' in the file {path.name}; a file has the "
            f"name of its dataset. Write 'name: {path.stem}', or rename the file to {dataset.name}.yaml"
        )
    if dataset.generated:
        name = str(dataset.source.generator)
        if name not in generators():
            where = place([path], ("source", "generator"))
            raise DotbenchError(f"{where}: key 'source.generator': {unknown('generator', name, generators())}")
        where = f"{place([path], ('source', 'parameters'))}: in 'source.parameters'"
        validate(generators()[name].Settings, dataset.source.parameters, where)
        return dataset
    name = str(dataset.format.get("parser", "delimited"))
    if name not in parsers():
        where = place([path], ("format", "parser"))
        raise DotbenchError(f"{where}: key 'format.parser': {unknown('parser', name, parsers())}")
    values = {key: value for key, value in dataset.format.items() if key != "parser"}
    validate(parsers()[name].Settings, values, f"{place([path], ('format',))}: in 'format'")
    return dataset


def parser_of(dataset: Dataset) -> type[Parser]:
    """The parser of the dataset's format. ``delimited`` if it names none."""
    return parsers()[str(dataset.format.get("parser", "delimited"))]


def parser_settings(dataset: Dataset) -> Settings:
    """The validated settings of the dataset's parser: its ``format`` without the parser's name."""
    values = {key: value for key, value in dataset.format.items() if key != "parser"}
    settings: Settings = parser_of(dataset).Settings.model_validate(values)
    return settings


def has_ratings(dataset: Dataset) -> bool:
    """Whether the definition promises ratings."""
    if dataset.generated:
        return generator_of(dataset).has_ratings
    return parser_of(dataset)(parser_settings(dataset)).has_ratings


def generator_of(dataset: Dataset) -> Generator:
    """The generator of simulated data, with the definition's parameters."""
    generator: type[Generator] = generators()[str(dataset.source.generator)]
    return generator(generator.Settings.model_validate(dataset.source.parameters))


def definition_content(dataset: Dataset) -> dict[str, Any]:
    """What of a definition the prepared data depend on, in plain types."""
    return dataset.model_dump(mode="json", include={"source", "format", "prepare", "published"})
