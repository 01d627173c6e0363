"""What every entry point shares: options, and errors as one message."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

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


def run(main: Callable[..., Any]) -> None:
    """Run an entry point; a DotbenchError becomes one message and the exit status 1."""
    try:
        typer.run(main)
    except DotbenchError as error:
        sys.exit(f"error: {error}")


def say(text: str) -> None:
    """One line of progress, at once."""
    print(text, flush=True)
