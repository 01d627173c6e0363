"""Snakemake in forks of a process that has imported it: a dry run then takes half the time.

    python preloaded.py

reads one call a line on standard input, [arguments, folder, environment, files for its output and its errors], and
answers with its exit status. The package itself is not imported before the fork: tests edit it.
"""

import json
import os
import runpy
import sys
from importlib import import_module

IMPORTED = ("snakemake.cli", "snakemake.workflow", "pydantic", "yaml", "numpy", "pandas", "pyarrow.parquet", "typer")


def call(arguments: list[str], folder: str, environment: dict[str, str], output: str, errors: str) -> None:
    """Become ``python -m snakemake …`` in the folder."""
    for stream, path in ((1, output), (2, errors)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[0:1] = ["", environment["PYTHONPATH"]]
    sys.argv = ["snakemake", *arguments]
    runpy.run_module("snakemake", run_name="__main__", alter_sys=True)


def serve() -> None:
    for name in IMPORTED:
        import_module(name)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            call(*json.loads(line))
            sys.exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    serve()
