"""Snakemake as `dotbench run` starts it: it ends with its parent, and tells it what happens in lines of JSON.

python -m dotbench.cli.snakemake_child PIPE PIPE SNAKEMAKE'S ARGUMENTS…
"""

import json
import logging
import os
import sys
from contextlib import suppress
from typing import Any

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent
from snakemake_interface_logger_plugins.registry import LoggerPluginRegistry

from dotbench.cli import owned

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
            self._tell(str(event), {name: getattr(record, name) for name in FIELDS[event]})
        elif event is None and record.levelno == logging.WARNING:
            self._tell("warning", {"msg": record.getMessage()})

    def _tell(self, event: str, fields: dict[str, Any]) -> None:
        line = json.dumps({"event": event, **fields}, default=str) + "\n"
        with suppress(OSError):  # the parent is gone, and this process will be
            rest = line.encode()
            while rest:
                rest = rest[os.write(self.pipe, rest) :]

    writes_to_stream = writes_to_file = needs_rulegraph = False
    has_filter = has_formatter = True


def main(alive: str, told: str, *arguments: str) -> None:
    owned.follow(int(alive))
    os.set_inheritable(int(told), False)  # jobs must not hold it open
    LogHandler.pipe = int(told)
    from snakemake.cli import main as snakemake

    LoggerPluginRegistry().register_plugin(f"snakemake_logger_plugin_{PLUGIN}", sys.modules[__name__])
    sys.argv = ["snakemake", *arguments]  # for its messages
    snakemake([f"--logger={PLUGIN}", *arguments])


if __name__ == "__main__":
    main(*sys.argv[1:])
