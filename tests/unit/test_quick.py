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
import snakemake.cli, snakemake.common, snakemake.rules
from snakemake.dag import DAG
from snakemake.io import IOCache, _IOFile
from snakemake.jobs import Job
from snakemake.output_index import OutputIndex

def found():
    return [snakemake.common.get_function_params, snakemake.rules.get_function_params, _IOFile.is_storage,
            OutputIndex.match_producers, Job.output_mintime, IOCache.mtime_inventory, DAG.update_conda_envs,
            DAG.check_directory_outputs]

before = found()
snakemake_quick.TESTED = "none of them"
snakemake_quick.quicken(), snakemake_quick.quicken_plan()
assert found() == before
snakemake_quick.TESTED = snakemake.__version__
snakemake_quick.quicken(), snakemake_quick.quicken_plan()
assert not any(one is other for one, other in zip(found(), before))
"""


def runs(program: str) -> None:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_snakemake_is_imported_without_pandas_which_is_there_all_the_same() -> None:
    pytest.importorskip("snakemake_executor_plugin_slurm")
    runs(IMPORTS)


def test_functions_are_replaced_in_tested_versions_alone() -> None:
    runs(REPLACED)


def test_the_installed_version_is_a_tested_one() -> None:
    assert snakemake_quick.is_tested()
