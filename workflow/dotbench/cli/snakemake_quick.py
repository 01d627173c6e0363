"""Less of what Snakemake does for every file and every job though nothing here needs it: half of a plan's time.

Here no file lies in a storage of another machine, no output is a folder, conda makes no environment, and no rule has a
benchmark. Each step replaces one function of the versions TESTED, by one with the same result here; of another version,
none is replaced, and a plan is the same and slower.
"""

import sys
from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import Any

from dotbench.lazy import np, pd

TESTED = "9.27."
MANY = 32  # inputs that are looked up faster than one after another


def import_without_pandas() -> None:
    """Import Snakemake's plugin for SLURM, which Snakemake imports in any case, with stand-ins for pandas and NumPy.

    The plugin has them for a report that nobody asks for; they take a third of the time of Snakemake's own import.
    """
    stand_ins = {name: lazy for name, lazy in (("numpy", np), ("pandas", pd)) if name not in sys.modules}
    sys.modules.update(stand_ins)
    try:
        with suppress(Exception):  # it is not there, or needs them at once: then Snakemake imports it as it is
            import_module("snakemake_executor_plugin_slurm")
    finally:
        for name in stand_ins:
            del sys.modules[name]


def quicken() -> None:
    """For every process: what is asked again and again of the same function or file is found out once."""
    if not is_tested():
        return
    import snakemake.common
    import snakemake.rules
    from snakemake.io import _IOFile
    from snakemake.output_index import OutputIndex
    from snakemake.persistence import PersistenceBase

    for module in (snakemake.common, snakemake.rules):
        module.get_function_params = cache(_original(module.get_function_params))
    _IOFile.is_storage = False
    match = _original(OutputIndex.match_producers)

    def match_producers(self: Any, targetfile: str) -> Any:
        known = self.__dict__.setdefault("known", {})
        file = str(targetfile)
        if file not in known:
            known[file] = match(self, file)
        return known[file]

    match_producers.__wrapped__ = match  # type: ignore[attr-defined]
    OutputIndex.match_producers = match_producers
    # for tables among the parameters of rules it would import pandas; here they are texts
    PersistenceBase._serialize_param_pandas = PersistenceBase._serialize_param_builtin
    _quicken_lists()


def _quicken_lists() -> None:
    """The lists of files and wildcards, of which every job has a dozen, do not import modules one by one."""
    from snakemake.iocontainers import AttributeGuard, Namedlist

    guarded = ["index", "sort"]
    guards = {name: AttributeGuard(name) for name in guarded}
    original = _original(Namedlist.__init__)

    def init(self: Any, toclone: Any = None, fromdict: Any = None, **changed: Any) -> None:
        if changed:
            original(self, toclone, fromdict, **changed)
            return
        list.__init__(self, toclone or ())
        self.__dict__.update(guards, _names={}, _allowed_overrides=guarded)
        if isinstance(toclone, Namedlist):
            self._take_names(toclone._get_names())
        for name, item in (fromdict or {}).items():
            self.append(item)
            self._add_name(name)

    init.__wrapped__ = original  # type: ignore[attr-defined]
    Namedlist.__init__ = init


def quicken_report() -> None:
    """For a process that makes the report: an environment of conda is parsed once, not for each of its jobs, and no
    package is imported to see whether parameters are tables; here they are texts."""
    if not is_tested():
        return
    from snakemake.iocontainers import Params, Snakemake
    from snakemake.report import RuleRecord

    original = _original(RuleRecord.__post_init__)
    parsed: dict[str, tuple[str, Any]] = {}  # environment as it was recorded → as text, as settings

    def init(self: Any, job: Any, record: Any) -> None:
        recorded = record.conda_env
        if recorded in parsed:
            record.conda_env = None
        original(self, job, record)
        record.conda_env = recorded
        if recorded:
            raw, settings = parsed.setdefault(recorded, (self._conda_env_raw, self.conda_env))
            self._conda_env_raw, self.conda_env = raw, settings

    def store(self: Any, params: Any) -> None:
        self._params_store, self._params_types = Params(toclone=list(params)), {}
        self._params_store._take_names(params._get_names())

    init.__wrapped__ = original  # type: ignore[attr-defined]
    RuleRecord.__post_init__ = init
    Snakemake._safely_store_params = store


def quicken_plan() -> None:
    """For a process that plans and ends then."""
    if not is_tested():
        return
    import snakemake.dag
    import snakemake.io
    import snakemake.jobs
    import snakemake.rules
    from snakemake.dag import DAG
    from snakemake.io import IOCache
    from snakemake.iocontainers import InputFiles
    from snakemake.jobs import Job
    from snakemake.rules import Rule

    async def output_mintime(job: Any) -> float | None:
        """Time of the oldest output; without a task of the event loop for each."""
        times = [(await file.mtime()).local_or_storage() for file in job.output if await file.exists()]
        return min(times, default=None)

    async def nothing(*_: Any) -> None:
        """Times are asked for where they are compared."""

    def contains(files: Any, file: Any) -> bool:
        """Whether it is among the inputs of a job, which are thousands for a table. Each of its files asks."""
        if len(files) < MANY:
            return list.__contains__(files, file)
        known = files.__dict__.get("known", (0, ()))
        if known[0] != len(files):
            known = files.__dict__["known"] = len(files), frozenset(files)
        return file in known[1]

    def is_flagged(value: Any, flag: str) -> bool:
        """Without asking whether it is of an abstract class."""
        flags = getattr(value, "flags", None)
        return bool(flags and flags.get(flag))

    def cache_job(dag: Any, job: Any) -> None:
        """By its outputs: nobody plans a log."""
        dag.job_cache.update(((job.rule, file), job) for file in job.output)

    Job.output_mintime = property(output_mintime)
    IOCache.mtime_inventory = nothing
    DAG.update_conda_envs = DAG.check_directory_outputs = lambda dag: None
    DAG.check_periodic_wildcards = lambda dag, job: None
    DAG.cache_job = cache_job
    InputFiles.__contains__ = contains
    Rule.apply_path_modifier = lambda rule, item, modifier, property=None: item
    snakemake.io.check = lambda *_, **__: None  # the run warns of odd names
    for module in (snakemake.dag, snakemake.io, snakemake.jobs, snakemake.rules):
        module.is_flagged = is_flagged


def is_tested() -> bool:
    import snakemake

    return bool(snakemake.__version__.startswith(TESTED))


def _original(function: Any) -> Any:
    """The function that has not been replaced, however often this is asked for."""
    return getattr(function, "__wrapped__", function)
