"""What spares Snakemake's time is there to be spared."""

import subprocess
import sys

import pytest

from dotbench.cli import snakemake_quick

pytestmark = pytest.mark.seconds

IMPORTS = """
import sys
from dotbench.cli.snakemake_quick import import_without_pandas
import_without_pandas()
import snakemake.cli
assert "pandas" not in sys.modules, "Snakemake imports pandas all the same"
import pandas
from snakemake_executor_plugin_slurm import efficiency_report
assert efficiency_report.pd.DataFrame is pandas.DataFrame
"""

REPLACED = """
from dotbench.cli import snakemake_quick
import snakemake.cli, snakemake.common, snakemake.dag, snakemake.io, snakemake.jobs, snakemake.rules
from snakemake.dag import DAG
from snakemake.io import IOCache, _IOFile
from snakemake.iocontainers import InputFiles, Namedlist
from snakemake.jobs import Job
from snakemake.output_index import OutputIndex
from snakemake.persistence import PersistenceBase
from snakemake.rules import Rule

def found():
    return [snakemake.common.get_function_params, snakemake.rules.get_function_params, _IOFile.is_storage,
            OutputIndex.match_producers, Job.output_mintime, IOCache.mtime_inventory, DAG.update_conda_envs,
            DAG.check_directory_outputs, PersistenceBase._serialize_param_pandas,
            DAG.check_periodic_wildcards, DAG.cache_job, Namedlist.__init__,
            InputFiles.__contains__, Rule.apply_path_modifier, snakemake.io.check, snakemake.dag.is_flagged,
            snakemake.io.is_flagged, snakemake.jobs.is_flagged, snakemake.rules.is_flagged]

before = found()
snakemake_quick.TESTED = "none of them"
snakemake_quick.quicken(), snakemake_quick.quicken_plan()
assert found() == before
snakemake_quick.TESTED = snakemake.__version__
snakemake_quick.quicken(), snakemake_quick.quicken_plan()
assert not any(one is other for one, other in zip(found(), before))
"""

LISTS = """
import snakemake.cli
from snakemake.iocontainers import InputFiles, Namedlist, Wildcards
from dotbench.cli.snakemake_quick import MANY, quicken, quicken_plan

def made():
    files = InputFiles(["a", "b", "c"])
    files._set_name("one", 0)
    files._set_name("rest", 1, end=3)
    wildcards = Wildcards(fromdict={"seed": "1", "index": "2"})
    try:
        files.index("a")
        guarded = False
    except AttributeError:
        guarded = True
    clones = [files._clone(), files._plainstrings(), InputFiles(toclone=files), Namedlist()]
    return [(list(one), dict(one.items()), one.get("sort")) for one in (files, wildcards, *clones)], guarded

def among():
    files = InputFiles(map(str, range(2 * MANY)))
    found = [("7" in files, "x" in files)]
    files.append("x")
    return [*found, ("7" in files, "x" in files), "x" in InputFiles(["x"]), "y" in InputFiles(["x"])]

before = made(), among()
quicken(), quicken_plan()
assert (made(), among()) == before
assert before[0][1] and before[1] == [(True, False), (True, True), True, False]
"""

REPORT = """
import base64, sys
from types import SimpleNamespace
from snakemake.iocontainers import Params, Snakemake
from snakemake.report import RuleRecord
from dotbench.cli.snakemake_quick import quicken_report

def made():
    records = []
    for text in ("channels: [a]", "channels: [b]", "channels: [a]", None, "channels: [b]"):
        recorded = text and base64.b64encode(text.encode()).decode()
        job = SimpleNamespace(rule="rule", conda_env=recorded, container_img_url=None)
        record = RuleRecord(SimpleNamespace(rule=None), job)
        records.append((record.name, record.conda_env, record._conda_env_raw, record.n_jobs, job.conda_env))
    stored = Snakemake.__new__(Snakemake)
    stored._safely_store_params(Params(fromdict={"a": "x", "b": ["y", "z"]}))
    return records, list(stored._params_store), dict(stored._params_store.items()), stored._params_types

before = made()
for module in ("pandas", "polars"):
    sys.modules.pop(module, None)
quicken_report()
assert made() == made() == before
assert not {"pandas", "polars"} & set(sys.modules)
assert [env and env["channels"] for _, env, *_ in before[0]] == [["a"], ["b"], ["a"], None, ["b"]]
"""


def runs(program: str) -> None:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_snakemake_is_imported_without_pandas_which_is_there_all_the_same() -> None:
    pytest.importorskip("snakemake_executor_plugin_slurm")
    runs(IMPORTS)


def test_functions_are_replaced_in_tested_versions_alone() -> None:
    runs(REPLACED)


def test_lists_of_files_are_the_same() -> None:
    runs(LISTS)


def test_a_report_is_told_the_same() -> None:
    runs(REPORT)


def test_the_installed_version_is_a_tested_one() -> None:
    assert snakemake_quick.is_tested()
