"""Jobs asked of the process that forks them by Snakemake itself: without a shell and a Python for each.

A rule's command is ``python -m dotbench.cli.job MODULE ARGUMENTS > LOG 2>&1``. Snakemake has a shell run it, the shell
starts Python, and Python asks for a fork: 25 ms of CPU time. A command that is exactly this, in quoted or plain words,
is understood here and asked for directly. The shell runs any other, and this one if there is no process to ask.
"""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from importlib import import_module
from socket import SHUT_RDWR
from typing import Any

from dotbench.cli import job
from dotbench.cli.snakemake_quick import is_tested

# a word as `shlex.quote` writes it, or one that needs no quotes
WORD = r"""(?:[A-Za-z0-9_@%+=:,./-]|'[^']*'|"'")+"""
COMMAND = re.compile(rf"set -euo pipefail; +python -m dotbench\.cli\.job((?: +{WORD})+) +> ({WORD}) 2>&1")


class Asked:
    """A job that was asked for: what Snakemake uses of `subprocess.Popen`. It is killed if this process ends."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def wait(self) -> int:
        """The exit status, as a shell tells it. 137 also where the process that forks is gone."""
        status = job.answer(self.connection)
        self.connection.close()
        return 137 if status is None else status

    def kill(self) -> None:
        self.connection.shutdown(SHUT_RDWR)

    terminate = kill


def read(command: str) -> tuple[list[str], str] | None:
    """Arguments of `dotbench.cli.job` and the file for its output. None for a command of another form."""
    found = COMMAND.fullmatch(command)
    return (shlex.split(found[1]), shlex.split(found[2])[0]) if found else None


def start(command: str, *, env: Mapping[str, str] | None = None, **options: Any) -> "Asked | subprocess.Popen[Any]":
    """In the place of `subprocess.Popen`: ask for a fork if the command is one for it, else start it as told."""
    variables = os.environ if env is None else env
    asked = read(command) if options.get("stdout") != subprocess.PIPE else None
    if asked and _is_own(shutil.which("python", path=variables.get("PATH"))):
        arguments, output = asked
        try:
            with open(output, "wb") as log, open(os.devnull, "rb") as nothing:
                streams = (nothing.fileno(), log.fileno(), log.fileno())
                if connection := job.ask(arguments, variables, streams):
                    return Asked(connection)
        except OSError:  # the shell tells what is wrong with the file
            pass
    return subprocess.Popen(command, env=env, **options)


def _is_own(python: str | None) -> bool:
    """Whether the `python` of a command is that of the process that forks."""
    return python is not None and os.path.realpath(os.path.dirname(python)) == job.ENVIRONMENT


def install() -> None:
    """Have Snakemake start the commands of rules by `start`."""
    if is_tested():
        module: Any = import_module("snakemake.shell")  # the attribute of this name is a class
        module.sp = _Subprocess()


class _Subprocess:
    """The module `subprocess`, with `start` in the place of `Popen`."""

    Popen = staticmethod(start)

    def __getattr__(self, name: str) -> Any:
        return getattr(subprocess, name)
