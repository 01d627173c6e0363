"""What Snakemake tells of a run: which job does what, how far it is, how long the rest will take, what went wrong."""

import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DIGEST = re.compile(r"\b([a-z0-9][a-z0-9-]*)-[0-9a-f]{10}\b")
FULL = 1 << 20  # bytes: with fewer, a job that says nothing could write nothing
# Snakemake's warning about files that other commands or an import made; the log keeps it
HARMLESS = "Missing metadata for file"
WARNING = re.compile(r"\b\w*warning: *(?P<text>\S.*)$", re.IGNORECASE | re.MULTILINE)


def labelled(message: str, labels: Mapping[str, str]) -> str:
    """The message of a rule for people: methods by their ``labels``, which go by folders. No digests and no paths."""
    text = re.sub(r" \(progress: .*\)", "", message)
    text = DIGEST.sub(lambda found: labels.get(found[0], found[1]), text)
    return re.sub(r"split (\d+), initialisation \1\b", r"split \1", text)


@dataclass(frozen=True)
class Line:
    """What is to be shown: of a job that is ``done``, a ``warning``, or a job that ``failed``."""

    kind: str
    text: str
    seconds: float | None = None


@dataclass
class Job:
    """A job that runs. One that only collects the files of others has no label."""

    rule: str
    label: str
    logs: list[str]
    started: float


@dataclass
class Told:
    """``labels``: folder of a method → its label; ``tuned_on``: folder of one that is tuned for every seed → the seed;
    ``warned``: the warnings that were shown."""

    labels: Mapping[str, str]
    warned: set[str] = field(default_factory=set)
    tuned_on: Mapping[str, int] = field(default_factory=dict)
    done: int = 0
    total: int = 0
    running: dict[int, Job] = field(default_factory=dict)
    failed: dict[int, str] = field(default_factory=dict)
    errors: list[tuple[str, str]] = field(default_factory=list)  # exceptions of Snakemake, with their words
    report: int | None = None  # where in the log the words about the report begin
    _to_do: Counter[str] = field(default_factory=Counter)
    _spent: dict[str, list[float]] = field(default_factory=dict)
    _began: float = 0.0
    _latest: float = 0.0

    def hear(self, line: str, now: float) -> Iterator[Line]:
        """Take an event, a line of JSON, at a time in seconds. Yields what is to be shown."""
        event: dict[str, Any] = json.loads(line)
        match event["event"]:
            case "run_info":
                self._to_do = Counter({rule: n for rule, n in event["stats"].items() if rule != "total"})
                self.total = event["stats"]["total"]
                self._began = now
            case "job_info":
                self.running[event["jobid"]] = Job(event["rule_name"], self._label(event), event["log"], now)
            case "job_finished":
                yield from self._finished(event["job_id"], now)
            case "job_error" if event["jobid"] in self.running:
                yield from self._failed(event["jobid"])
            case "progress":
                self.done, self.total = event["done"], event["total"]
            case "warning" if not event["msg"].startswith(HARMLESS):
                yield from self.warn(event["msg"])
            case "then":
                self.report = event["log"]
            case "error":
                self.errors.append((event["exception"], event["msg"]))

    def _label(self, event: Mapping[str, Any]) -> str:
        message = event["rule_msg"] or ""
        label = labelled(message, self.labels)
        folder = DIGEST.search(message) if event["rule_name"] == "tune" else None
        return f"{label}, split {self.tuned_on[folder[0]]}" if folder and folder[0] in self.tuned_on else label

    def _finished(self, number: int, now: float) -> Iterator[Line]:
        job = self.running.pop(number, None)
        if job is None:
            return
        self.failed.pop(number, None)  # it was tried again
        seconds = now - job.started
        self._latest = now
        self._to_do[job.rule] -= 1
        self._spent.setdefault(job.rule, []).append(seconds)
        if job.label:
            yield Line("done", job.label, seconds)
        yield from self._warnings(job)

    def _failed(self, number: int) -> Iterator[Line]:
        job = self.running.pop(number)
        text = f"{job.label}: {_last_line(job.logs)}" + (f" (log: {job.logs[0]})" if job.logs else "")
        if self.failed.get(number) != text:  # the same reason at a second try
            yield Line("failed", text)
        self.failed[number] = text
        yield from self._warnings(job)

    def _warnings(self, job: Job) -> Iterator[Line]:
        for log in job.logs:
            for found in WARNING.finditer(_read(log)):
                yield from self.warn(found["text"], f" ({job.label}; log: {log})")

    def warn(self, text: str, where: str = "") -> Iterator[Line]:
        """A warning, if it was not shown before."""
        words = " ".join(text.split())
        if words not in self.warned:
            self.warned.add(words)
            yield Line("warning", words + where)

    @property
    def is_made(self) -> bool:
        """Whether every job has finished."""
        return 0 < self.total == self.done

    def left(self) -> float | None:
        """Seconds from the last finished job to the end. They are estimated from the mean time of each rule's jobs so
        far, and from the number of jobs that ran side by side. None before the first job has finished.

            (last end − start) · Σ_rules (jobs to do · mean time) / Σ (times of finished jobs)
        """
        times = [time for spent in self._spent.values() for time in spent]
        if not times or sum(times) == 0:
            return None
        overall = sum(times) / len(times)
        means = {rule: sum(spent) / len(spent) for rule, spent in self._spent.items()}
        rest = sum(max(n, 0) * means.get(rule, overall) for rule, n in self._to_do.items())
        return (self._latest - self._began) * rest / sum(times)


def _read(log: str) -> str:
    path = Path(log)
    return path.read_text("utf-8", errors="replace") if path.is_file() else ""


def _last_line(logs: list[str]) -> str:
    lines = [line for log in logs for line in _read(log).splitlines() if line.strip()]
    if lines:
        return lines[-1].removeprefix("error: ")
    room = shutil.disk_usage(Path()).free
    full = f"; this disk is full ({room:,} bytes are free): make room and repeat the command" if room < FULL else ""
    return f"its log does not say why{full}"
