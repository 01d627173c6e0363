"""Dataset definitions: the package's own and, in ``config/datasets/`` of the working directory, the user's."""

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dotbench.datasets.definition import Dataset
from dotbench.datasets.generators.base import Generator, generators
from dotbench.datasets.parsers.base import Parser, parsers
from dotbench.errors import DotbenchError
from dotbench.registry import unknown
from dotbench.settings import Settings, dotted, explain, validate
from dotbench.yaml_lines import place, read_yaml

BUILT_IN = Path(__file__).parent / "definitions"
USER = Path("config/datasets")


def definition_files() -> dict[str, Path]:
    """name → definition file. A file is named after its dataset."""
    files: dict[str, Path] = {}
    for folder in (BUILT_IN, USER):
        for path in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
            if path.stem in files:
                raise DotbenchError(f"{path}: the name '{path.stem}' is taken by {files[path.stem]}")
            files[path.stem] = path
    return files


def load_dataset(name: str) -> Dataset:
    """The definition of a dataset, validated with its parser's or generator's settings."""
    files = definition_files()
    if name not in files:
        raise unknown("dataset", name, files)
    return read_definition(files[name])


def read_definition(path: Path) -> Dataset:
    """Parse and validate one definition file; a DotbenchError names its line and key."""
    values = read_yaml(path)
    try:
        dataset = Dataset.model_validate(values)
    except ValidationError as error:
        problems = explain(error, Dataset)
        raise DotbenchError(
            "\n".join(f"{place([path], key)}: key '{dotted(key)}': {message}" for key, message in problems)
        ) from None
    if dataset.name != path.stem:
        raise DotbenchError(
            f"{place([path], ('name',))}: key 'name': found '{dataset.name}'; allowed is the file's name, '{path.stem}'"
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
    """The parser of the dataset's format; ``delimited`` if it names none."""
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
