"""Reference pages of the documentation, written from the code: configuration keys, command line, components.

python tools/docs/reference.py            write them into docs/reference
python tools/docs/reference.py --check    write nothing; exit status 1 if a page is not current
"""

import argparse
import inspect
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import typer
from pydantic import BaseModel

from dotbench.cli.main import app
from dotbench.config.benchmark import Benchmark, DatasetUse, StudyChoice
from dotbench.config.simulation import SimulationChoice
from dotbench.datasets.catalogue import BUILT_IN, definition_files, definitions
from dotbench.datasets.definition import Counts, Dataset, Digests, Member, Parts, Prepare, Source
from dotbench.datasets.generators.base import generators
from dotbench.datasets.parsers.base import parsers
from dotbench.datasets.splits.base import splitters
from dotbench.evaluation.metrics.base import metrics
from dotbench.features.base import feature_sets
from dotbench.losses.base import losses
from dotbench.models.base import models
from dotbench.reporting.kind import figure_kinds, table_kinds
from dotbench.runs.method import MethodChoice
from dotbench.simulations.base import simulations
from dotbench.solvers.base import solvers
from dotbench.studies.base import studies
from dotbench.tuning.halving import Halving

DOCS = Path(__file__).resolve().parents[2] / "docs"
EXAMPLE = re.compile(r"(?:^>>> .*\n(?:^(?!>>>|$).*\n)*)+", re.MULTILINE)
CONFIGURATION: dict[type[BaseModel], str] = {
    Benchmark: "Top level",
    DatasetUse: "An entry of `datasets`",
    StudyChoice: "An entry of `studies`",
    MethodChoice: "An entry of `methods`",
    SimulationChoice: "An entry of `simulations`",
    Halving: "`halving`",
}
DEFINITION: dict[type[BaseModel], str] = {
    Dataset: "Top level",
    Source: "`source`",
    Parts: "`source.parts`",
    Member: "An entry of `source.members`",
    Digests: "Digests of a file",
    Prepare: "`prepare`",
    Counts: "`published`",
}
WORDS = {  # for keys whose settings class leaves their sentence out, because their name says it
    "activation": "the function φ of the model",
    "batch_size": "training pairs in a step",
    "citation": "what to cite; shown before the first download",
    "columns": "role (`user`, `item`, `rating`, `timestamp`) → name or position of the column",
    "embedding_size": "length of a vector",
    "encoding": "encoding of the text, one of Python's names",
    "epochs": "passes over the training pairs",
    "fields": "role (`user`, `item`, `rating`, `timestamp`) → name of the field",
    "interactions": "number of interactions",
    "item_clusters": "number of clusters of items",
    "items": "number of items",
    "laws": "laws of the noise that are compared",
    "learning_rate": "step size",
    "licence": "shown before the first download",
    "md5": "MD5 of the file, in hexadecimal digits",
    "methods": "methods to compare",
    "name": "name of the dataset: lower-case letters, digits and hyphens",
    "noise": "law and variance of the noise",
    "prepare": "how ratings become interactions",
    "published": "counts that preparation must meet",
    "raw_items": "number of items in the raw files",
    "raw_rows": "number of rows in the raw files",
    "raw_users": "number of users in the raw files",
    "regularization": "weight of the penalty on the parameters",
    "seed": "seed of everything that is drawn",
    "sha256": "SHA-256 of the file, in hexadecimal digits",
    "similarity": "how two users or two items are compared",
    "source": "where the raw data come from",
    "test": "file of the test part",
    "train": "file of the training part",
    "user_clusters": "number of clusters of users",
    "users": "number of users",
}


def pages() -> dict[str, str]:
    """Path below ``docs/`` → Markdown."""
    return {
        "reference/configuration.md": configuration(),
        "reference/dataset-definition.md": definition(),
        "reference/command-line.md": command_line(),
        **{f"reference/{name}.md": page() for name, page in COMPONENTS.items()},
    }


def configuration() -> str:
    """Every key of a configuration file."""
    return "\n".join(
        [
            "# Configuration keys",
            "",
            "Every key of a configuration file, written from the settings classes. [The page about the",
            "configuration](../../config/README.md) has an example and explains how files are combined.",
            "`dotbench plan -c FILE` checks a file without running it. A JSON Schema is",
            "in `workflow/schemas/config.schema.json`.",
            "",
            *_classes(CONFIGURATION),
        ]
    )


def definition() -> str:
    """Every key of a dataset definition, and the settings of every parser."""
    lines = [
        "# Keys of a dataset definition",
        "",
        "Every key of a file in `config/datasets/`, written from the settings classes. [Datasets](../datasets.md) has",
        "examples. A JSON Schema is in `workflow/schemas/dataset.schema.json`.",
        "",
        *_classes(DEFINITION),
        "## `format`",
        "",
        "`parser` names the parser; the default is `delimited`. The other keys are settings of the parser.",
        "",
    ]
    for name, parser in parsers().items():
        lines += _component(f"`parser: {name}`", parser, level=3)
    return "\n".join(lines)


def command_line() -> str:
    """Every command of `dotbench` with its arguments and options."""
    root = typer.main.get_command(app)
    assert isinstance(root, click.Group | typer.core.TyperGroup)
    lines = ["# Command line", "", f"{root.help}", ""]
    for name, command in root.commands.items():
        with_command = click.Context(command, info_name=f"dotbench {name}")
        usage = " ".join([f"dotbench {name}", *command.collect_usage_pieces(with_command)])
        lines += [f"## dotbench {name}", "", inspect.cleandoc(command.help or ""), "", "```text", usage, "```", ""]
        rows = []
        for parameter in command.params:
            words = _cell(getattr(parameter, "help", None) or "")
            names = ", ".join(f"`{option}`" for option in (*parameter.opts, *parameter.secondary_opts))
            if parameter.param_type_name == "argument":
                names = f"`{(parameter.metavar or parameter.name or '').upper()}`"
            default = "needed" if parameter.required else _default(parameter.default)
            if parameter.name != "help":
                rows.append([names, default, words])
        lines += [*_table(["option", "if absent", "meaning"], rows), ""] if rows else []
    return "\n".join(lines)


def _value(value: Any) -> str:
    """As YAML writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _default(value: Any) -> str:
    plain = isinstance(value, str | int | float) and not isinstance(value, bool) and value != ""
    return f"`{value}`" if plain else "–"


def _classes(classes: dict[type[BaseModel], str]) -> Iterator[str]:
    for cls, title in classes.items():
        yield from (f"## {title}", "", _text(cls), "", *settings_table(cls, classes), "")


def settings_table(cls: type[BaseModel], linked: dict[type[BaseModel], str] | None = None) -> list[str]:
    """A row for each key: its type with bounds, what it is if absent, its sentence. No line where there is no key."""
    schema = cls.model_json_schema()
    titles = {other.__name__: title for other, title in (linked or {}).items()}
    rows = []
    for name, field in cls.model_fields.items():
        kind = " or ".join(dict.fromkeys(_kinds(schema["properties"][name], titles, schema.get("$defs", {}))))
        if field.is_required():
            default = "needed"
        elif field.default_factory is not None or isinstance(field.default, BaseModel):
            default = "its own"
        else:
            default = "none" if field.default in (None, []) else f"`{_value(field.default)}`"
        sentence = field.description or WORDS.get(name, "")
        rows.append([f"`{name}`", kind, _cell(default), _cell(sentence)])
    return _table(["key", "value", "if absent", "meaning"], rows) if rows else []


def _kinds(schema: dict[str, Any], titles: dict[str, str], defs: dict[str, Any]) -> Iterator[str]:
    if "anyOf" in schema or "oneOf" in schema:
        for one in schema.get("anyOf", schema.get("oneOf")):
            yield from _kinds(one, titles, defs)
    elif "$ref" in schema:
        name = schema["$ref"].split("/")[-1]
        if name in titles:
            yield f"[mapping](#{slug(titles[name])})"
        elif "enum" in defs.get(name, {}):
            yield from _kinds(defs[name], titles, defs)
        else:
            yield f"mapping of {', '.join(f'`{key}`' for key in defs[name].get('properties', {}))}"
    elif "enum" in schema:
        yield " or ".join(f"`{value}`" for value in schema["enum"])
    elif "const" in schema:
        value = schema["const"]
        yield f"`{', '.join(f'{key}: {one}' for key, one in value.items()) if isinstance(value, dict) else value}`"
    elif schema.get("type") == "array":
        inner = " or ".join(dict.fromkeys(_kinds(schema.get("items", {}), titles, defs)))
        yield f"list of {inner}" if inner else "list"
    else:
        words = {"integer": "whole number", "number": "number", "string": "text", "boolean": "true or false"}
        words |= {"object": "mapping", "null": "null"}
        kind = words.get(schema.get("type", ""), "any value")
        signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
        bounds = [f"{sign} {schema[key]:g}" if schema[key] < 1e6 else f"{sign} {schema[key]}"
                  for key, sign in signs.items() if key in schema]  # fmt: skip
        yield f"{kind} {', '.join(bounds)}".strip()


def _listed(title: str, intro: str, found: Callable[[], dict[str, Any]]) -> Callable[[], str]:
    """A page that describes every component of a kind."""

    def page() -> str:
        lines = [f"# {title}", "", intro, ""]
        lines += _table(["name", "what"], [[f"[`{n}`](#{slug(n)})", _cell(_first(c))] for n, c in found().items()])
        lines.append("")
        for name, component in found().items():
            lines += _component(f"`{name}`", component)
        return "\n".join(lines)

    return page


def _component(heading: str, component: Any, level: int = 2) -> list[str]:
    cls = component if isinstance(component, type) else type(component)
    lines = [f"{'#' * level} {heading}", "", f"**{component.title}.** {_text(cls)}", ""]
    facts = []
    if getattr(cls, "family", None):
        able = [name for name, solver in solvers().items() if issubclass(cls, solver.requires)]
        facts.append(f"Task {cls.task}, {cls.family}. Solvers: {', '.join(f'`{name}`' for name in able)}.")
    for solver, values in getattr(cls, "defaults", {}).items():
        setting = ", ".join(f"`{key}: {value}`" for key, value in values.items())
        facts.append(f"Default with the solver `{solver}`: {setting or 'its own settings'}.")
    if getattr(cls, "tasks", None):
        facts.append(f"For {' and '.join(cls.tasks)}.")
    if getattr(cls, "cutoffs", None):
        better = "Lower" if cls.lower_is_better else "Higher"
        facts.append(f"Written `{cls.form()}`, for {cls.task}. {better} is better.")
    settings = getattr(cls, "Settings", None)
    table = settings_table(settings) if isinstance(settings, type) and issubclass(settings, BaseModel) else []
    facts.append(f"Defined in `{cls.__module__.replace('.', '/')}.py`.")
    return [*lines, " ".join(facts), "", *table, ""]


def _datasets() -> str:
    rows = []
    files = definition_files()
    for name, dataset in definitions().items():
        if not files[name].is_relative_to(BUILT_IN):
            continue
        counts = dataset.published
        size = [f"{n:,}" for n in (counts.users, counts.items, counts.interactions)] if counts else ["", "", ""]
        source = dataset.source
        origin = f"generator [`{source.generator}`](generators.md#{source.generator})" if dataset.generated else ""
        origin = origin or ("download" if source.urls else "local copy only")
        rows.append([f"`{name}`", _cell(dataset.title or ""), origin, *size, _cell(dataset.licence or "")])
    intro = [
        "# Datasets of the package",
        "",
        "Every dataset that `dotbench list datasets` names, written from its definition. [Datasets](../datasets.md)",
        "says how they are fetched and how you add your own.",
        "",
    ]
    return "\n".join(
        [*intro, *_table(["name", "title", "from", "users", "items", "interactions", "licence"], rows), ""]
    )


def _studies() -> str:
    lines = [
        "# Studies and their targets",
        "",
        "What `dotbench run` can be asked for, if the configuration has the study: `<study>` makes all of it,",
        "`<study>_<name>` makes one table or figure.",
        "",
    ]
    for name, study in studies().items():
        lines += [f"## `{name}`", "", _text(type(study) if not isinstance(study, type) else study), ""]
        items = [*((item, "table") for item in study.tables), *((item, "figure") for item in study.figures)]
        rows = [
            [f"`{name}_{item.name}`", form, f"`{item.kind}`", _cell(item.title or _kinds_of_items()[item.kind].title)]
            for item, form in items
        ]
        lines += [*_table(["target", "form", "kind", "what it shows"], rows), ""]
    return "\n".join(lines)


def _kinds_of_items() -> dict[str, Any]:
    return {**table_kinds(), **figure_kinds()}


COMPONENTS: dict[str, Callable[[], str]] = {
    "datasets": _datasets,
    "losses": _listed("Losses", "What training minimises: `loss:` of a method.", losses),
    "models": _listed("Models and baselines", "What gives vectors or predictions: `model:` of a method.", models),
    "solvers": _listed("Solvers", "How a loss is minimised: `solver:` of a method.", solvers),
    "metrics": _listed("Metrics", "What tables compare: `metrics:` of a study.", metrics),
    "splits": _listed("Splits", "How pairs are divided: `split:` of a study.", splitters),
    "feature-sets": _listed(
        "Feature sets", "Covariates: `features:` of a model. [Features](../features.md) explains them.", feature_sets
    ),
    "generators": _listed(
        "Generators", "Laws of simulated data. [Simulated data](../generators.md) shows how to use them.", generators
    ),
    "simulations": _listed("Simulations", "Many small fits on generated data: `simulations:` of a study.", simulations),
    "kinds": _listed("Kinds of tables and figures", "What a study's tables and figures are made by.", _kinds_of_items),
    "studies": _studies,
}


def _first(component: Any) -> str:
    return " ".join((inspect.getdoc(component) or component.title).split("\n\n")[0].split())


def fenced(text: str) -> str:
    """A docstring whose examples are blocks of code; Markdown would read ``>>>`` as quotations."""
    return EXAMPLE.sub(r"```python\n\g<0>```\n", text + "\n").rstrip("\n")


def _text(cls: type) -> str:
    """The class's docstring as Markdown: examples and indented formulas are code, and nothing else is markup."""
    text = fenced(inspect.getdoc(cls) or "")
    lines: list[str] = []
    for line in text.splitlines():
        if lines and lines[-1] and line and line.startswith("    ") != lines[-1].startswith("    "):
            lines.append("")
        lines.append(line)
    return _plain("\n".join(lines))


def _plain(text: str) -> str:
    """Text in which only what stands between backticks is markup; pages of the documentation are links."""
    parts = re.split(r"(```.*?```|``.*?``|`.*?`)", text, flags=re.DOTALL)
    text = "".join(p if k % 2 else re.sub(r"[*_]", r"\\\g<0>", p).replace("<", "&lt;") for k, p in enumerate(parts))
    return re.sub(r"\bdocs/([\w/-]+\.md)", r"[\1](../\1)", text)


def _cell(text: str) -> str:
    return _plain(" ".join(text.split())).replace("|", r"\|")


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (header, ["---"] * len(header), *rows)]


def slug(heading: str) -> str:
    """The anchor of a heading, as GitHub and the site make it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit status 1 if a page is not current")
    check = parser.parse_args().check
    for page, text in pages().items():
        file = DOCS / page
        if (file.read_text("utf-8") if file.is_file() else None) == text + "\n":
            continue
        if check:
            print(f"docs/{page}: does not say what the code says now; run `make schemas`", file=sys.stderr)
            return 1
        file.write_text(text + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
