"""Snakemake as `dotbench run` starts it: it ends with its parent, and tells it what happens in lines of JSON.

python -m dotbench.cli.snakemake_child PIPE PIPE SNAKEMAKE'S ARGUMENTS… [THEN SNAKEMAKE'S ARGUMENTS…]

What comes behind THEN is done by the same process if the first succeeds: it has imported everything.
"""

import json
import logging
import os
import sys
from contextlib import suppress
from itertools import groupby
from typing import Any

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent
from snakemake_interface_logger_plugins.registry import LoggerPluginRegistry

from dotbench.cli import asked, forks, owned
from dotbench.cli.snakemake import THEN
from dotbench.cli.snakemake_quick import import_without_pandas, quicken_report

PLUGIN = "dotbench"
FIELDS = {
    LogEvent.RUN_INFO: ("stats",),
    LogEvent.JOB_INFO: ("jobid", "rule_name", "rule_msg", "log"),
    LogEvent.JOB_FINISHED: ("job_id",),
    LogEvent.JOB_ERROR: ("jobid",),
    LogEvent.PROGRESS: ("done", "total"),
    LogEvent.ERROR: ("exception", "msg"),
}


class LogHandler(LogHandlerBase):
    """A logger plugin of Snakemake beside its own, which goes on writing text."""

    pipe = -1

    def emit(self, record: logging.LogRecord) -> None:
        event = getattr(record, "event", None)
        if event in FIELDS:
            self.tell(str(event), {name: getattr(record, name) for name in FIELDS[event]})
        elif event is None and record.levelno == logging.WARNING:
            self.tell("warning", {"msg": record.getMessage()})

    @classmethod
    def tell(cls, event: str, fields: dict[str, Any]) -> None:
        line = json.dumps({"event": event, **fields}, default=str) + "\n"
        with suppress(OSError):  # the parent is gone, and this process will be
            rest = line.encode()
            while rest:
                rest = rest[os.write(cls.pipe, rest) :]

    writes_to_stream = writes_to_file = needs_rulegraph = False
    has_filter = has_formatter = True


def main(alive: str, told: str, *arguments: str) -> None:
    owned.follow(int(alive))
    os.set_inheritable(int(told), False)  # jobs must not hold it open
    LogHandler.pipe = int(told)
    forks.start()  # the libraries of jobs are imported while this process imports Snakemake and plans
    import_without_pandas()
    from snakemake.cli import main as snakemake

    asked.install()
    LoggerPluginRegistry().register_plugin(f"snakemake_logger_plugin_{PLUGIN}", sys.modules[__name__])
    for is_then, part in groupby(arguments, THEN.__eq__):
        if is_then:
            sys.stdout.flush()
            LogHandler.tell("then", {"log": os.fstat(1).st_size})
            quicken_report()
            continue
        sys.argv = ["snakemake", *part]  # for its messages
        try:
            snakemake([f"--logger={PLUGIN}", *sys.argv[1:]])
        except SystemExit as end:
            if end.code:
                raise


if __name__ == "__main__":
    main(*sys.argv[1:])
