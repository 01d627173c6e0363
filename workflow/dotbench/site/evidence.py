"""The page of docs/evidence: all configurations whose finished results are kept there."""

import os
import tempfile
from pathlib import Path

from dotbench import paths
from dotbench.archive.importing import import_runs
from dotbench.config.benchmark import load_benchmark
from dotbench.config.plan import Plan
from dotbench.errors import DotbenchError
from dotbench.files import read_json, write_json
from dotbench.site.build import DOCS, build_pages
from dotbench.site.cards import SUMMARY, read_distributions
from dotbench.site.chapters import Source

EVIDENCE = DOCS / "evidence"
TITLE = "Evidence: the papers' results, run again"


def build_evidence(page: Path) -> None:
    """Write the page from the tables of docs/evidence, and from the runs beside them, which are imported into a
    folder that is removed afterwards. Raises DotbenchError where the package does not lie in a checkout."""
    if not EVIDENCE.is_dir():
        raise DotbenchError(f"{EVIDENCE}: no such folder; the evidence comes with a checkout of the project")
    here, page = Path.cwd(), page.absolute()
    with tempfile.TemporaryDirectory() as work:
        os.chdir(work)
        try:
            for file in sorted(EVIDENCE.rglob("runs.parquet")):
                import_runs(file)
            for file in sorted(EVIDENCE.rglob("datasets.json")):
                _write_facts(file)
            for file in sorted(EVIDENCE.rglob(SUMMARY)):
                for name, series in read_distributions(file).items():
                    write_json(paths.data(name) / SUMMARY, series)
            build_pages([_source(file) for file in sorted(EVIDENCE.rglob("configuration.json"))], page, TITLE)
        finally:
            os.chdir(here)


def _write_facts(file: Path) -> None:
    """Put the counts of datasets, whose runs are in no file, where they are looked for."""
    for name, facts in read_json(file).items():
        stats = paths.data(name) / "stats.json"
        if not stats.is_file():
            write_json(stats, facts)


def _source(configuration: Path) -> Source:
    plan = Plan(load_benchmark([configuration]))
    name = configuration.relative_to(DOCS.parent).as_posix()
    return Source(plan, configuration.parent, flat=True, configuration=name)
