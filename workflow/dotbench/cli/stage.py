"""What every entry point shares: options, and errors as one message."""

import inspect
import io
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from functools import cache, wraps
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_type_hints

import typer

from dotbench.errors import DotbenchError

Json = Annotated[Any, typer.Option(parser=json.loads, help="canonical JSON")]
Device = Annotated[str, typer.Option(envvar="DOTBENCH_DEVICE", help="auto, cpu or cuda")]
Threads = Annotated[int, typer.Option(envvar="DOTBENCH_THREADS", min=1, help="threads of a fit")]
Text = Annotated[str, typer.Option()]
Number = Annotated[int, typer.Option()]
File = Annotated[Path, typer.Option()]
Maybe = Annotated[Path | None, typer.Option()]
Files = Annotated[list[Path] | None, typer.Option()]

R = TypeVar("R")


@dataclass(frozen=True)
class Hardware:
    """The options of whatever computes."""

    device: Device = "auto"
    threads: Threads = 1


def grouped(main: Callable[..., R]) -> Callable[..., R]:
    """An entry point that may take dataclasses, each of whose fields is an option, in the form that typer reads."""
    groups: dict[str, type[Any]] = {}
    options: list[inspect.Parameter] = []
    for name, hint in get_type_hints(main).items():
        if isinstance(hint, type) and is_dataclass(hint):
            groups[name] = hint
    for name, parameter in inspect.signature(main).parameters.items():
        parts = inspect.signature(groups[name]).parameters.values() if name in groups else [parameter]
        options += [part.replace(kind=inspect.Parameter.KEYWORD_ONLY) for part in parts]

    @wraps(main)
    def flat(**values: Any) -> R:
        for name, group in groups.items():
            values[name] = group(**{field.name: values.pop(field.name) for field in fields(group)})
        return main(**values)

    flat.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
    return flat


@cache
def command(main: Callable[..., Any]) -> Any:
    """The command that reads the options of an entry point and calls it, complete: typer makes some parts of it only
    when they are used, which takes longer than many an evaluation."""
    app = typer.Typer(add_completion=False)
    app.command()(grouped(main))
    made = typer.main.get_command(app)
    for parameter in made.params:
        if lazily := getattr(parameter, "get_runtime_param", None):
            lazily()
    return made


def run(main: Callable[..., Any]) -> None:
    """Run an entry point. A DotbenchError becomes one message and the exit status 1."""
    print_anywhere()
    try:
        command(main)()
    except DotbenchError as error:
        sys.exit(f"error: {error}")


def print_anywhere() -> None:
    """Let what a terminal's encoding lacks be printed as ``?``, here and by the processes that this one starts."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    os.environ["PYTHONIOENCODING"] = f"{sys.stdout.encoding}:replace"


def say(text: str) -> None:
    """One line of progress, at once."""
    print(text, flush=True)
