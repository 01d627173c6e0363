"""What a configuration has shown, as one RO-Crate: a zip archive that describes itself and can be checked elsewhere.

RO-Crate 1.1, https://www.researchobject.org/ro-crate/specification/1.1. docs/how-to/move-runs.md lists the files.
"""

import hashlib
import json
import mimetypes
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import yaml

from dotbench import __version__, paths
from dotbench.archive.evidence import unfinished
from dotbench.archive.exporting import export_runs
from dotbench.archive.job_rows import job_files
from dotbench.config.plan import Plan
from dotbench.datasets.catalogue import load_dataset
from dotbench.errors import DotbenchError
from dotbench.execution.hardware import machine, versions
from dotbench.execution.provenance import commit
from dotbench.files import atomic, read_json, read_text
from dotbench.reporting.claims.page import ClaimsPage
from dotbench.reporting.kind import Kind
from dotbench.reporting.paper_vs_ours import PaperVersusOurs
from dotbench.seals import as_list, damage

METADATA, SUMS = "ro-crate-metadata.json", "ro-crate-metadata.sha256"
VERSION = "1.1"
TERMS = {"sha256": "https://schema.org/sha256"}  # which the context of RO-Crate 1.1 lacks
TYPES = {".parquet": "application/vnd.apache.parquet", ".md": "text/markdown", ".tex": "application/x-tex"}
EPOCH = (1980, 1, 1, 0, 0, 0)  # time of every file in the archive: equal contents give equal bytes
FACTS = ("device", "threads", "machine", "versions")  # of a record: on what it was made


@dataclass(frozen=True)
class Part:
    """A file of the archive. ``dataset``: the dataset that the file is about."""

    title: str
    content: bytes
    dataset: str = ""


def export_crate(plan: Plan, path: Path) -> tuple[list[str], list[str]]:
    """Write the tables and figures that are there, the runs behind them, settings, manifests and environment.

    Raw data, prepared data and splits stay where they are. The archive has their manifests. Returns the names of the
    files in the archive, and the targets that are not made yet. Raises DotbenchError if no target is made. Raises it
    too if a file is damaged, or was made from other records than those that are there now.
    """
    missing = unfinished(plan)
    records = _records(plan)
    parts = dict(_shown(plan)) | {
        "runs.parquet": Part("Finished runs, for `dotbench import`", _runs(plan)),
        "configuration.json": Part("Configuration, with every key that was set", _json(plan.benchmark.stated())),
        "environment.json": Part("Packages and hardware", _json(_environment(records))),
        **_manifests(plan),
    }
    contents = {name: parts[name].content for name in sorted(parts)}
    contents[METADATA] = _metadata(plan, {name: parts[name] for name in contents}, records)
    contents[SUMS] = as_list({name: sha256(content) for name, content in contents.items()}).encode()
    with atomic(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr = 0o644 << 16  # everyone may read what is unpacked
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return list(contents), missing


def _shown(plan: Plan) -> Iterator[tuple[str, Part]]:
    """Every file of the tables, figures, comparisons and claims that are there."""
    for first, kind, title in _items(plan):
        record = Path(f"{first}{kind.files[0]}")
        if record.is_file() and (reason := damage(record, thorough=True)):
            raise DotbenchError(f"{reason}; `dotbench run` makes it again")
        for file in (Path(f"{first}{ending}") for ending in kind.files):
            if file.is_file():
                inside = file.relative_to(paths.RESULTS / plan.benchmark.name)
                yield inside.as_posix(), Part(title, file.read_bytes())


def _items(plan: Plan) -> Iterator[tuple[Path, type[Kind], str]]:
    """(path without ending, kind, title) of whatever may be shown."""
    name = plan.benchmark.name
    for study in plan.studies():
        for item in plan.report_items(study):
            kind = plan.kind(study, item)
            folder = (paths.figures if item in study.figures else paths.tables)(name, study.name)
            yield folder / item.name, kind, item.title or kind.title
        for page in (PaperVersusOurs, ClaimsPage):
            yield paths.study(name, study.name) / page.name, page, page.title


def _runs(plan: Plan) -> bytes:
    with tempfile.TemporaryDirectory(prefix="dotbench-") as folder:
        export_runs(plan, Path(folder, "runs.parquet"))
        return Path(folder, "runs.parquet").read_bytes()


def _manifests(plan: Plan) -> dict[str, Part]:
    """What is known of the data, without the data: counts, licence, digests of raw files, prepared files and splits."""
    found: dict[str, Part] = {}
    for entry in plan.entries:
        name = entry.dataset
        splits = [plan.split(entry, name, seed) for seed in entry.split_seeds]
        inside = {paths.manifest(name): "manifest.json", paths.data(name) / "stats.json": "stats.json"}
        inside |= {lies / "split.json": f"{lies.relative_to(paths.data(name))}/split.json" for lies in splits}
        for file, own in inside.items():
            if file.is_file():
                found[f"datasets/{name}/{own}"] = Part(f"{name}: {file.stem}", file.read_bytes(), name)
    return found


def _records(plan: Plan) -> list[dict[str, Any]]:
    """The records of all fits and jobs that are done."""
    fits = [fit / "fit.json" for entry in plan.entries for fit in plan.fits(entry)]
    jobs = [file.with_suffix(".json") for file in job_files(plan).values()]
    return [read_json(file) for file in dict.fromkeys([*fits, *jobs]) if file.is_file()]


def _environment(records: list[dict[str, Any]]) -> dict[str, Any]:
    """The packages and the machine of the export, and those of the runs, each once."""
    installed = sorted((one.metadata["Name"], one.version) for one in distributions())
    made = {json.dumps({key: record.get(key) for key in FACTS}, sort_keys=True) for record in records}
    exported = {"machine": machine("cpu"), "versions": versions(), "packages": dict(installed)}
    return {"exported": exported, "runs": [json.loads(text) for text in sorted(made)]}


def _metadata(plan: Plan, parts: Mapping[str, Part], records: list[dict[str, Any]]) -> bytes:
    """The description of the archive as JSON-LD: every file with title and digest, the data, the suite, the run."""
    from rocrate.model import ContextEntity
    from rocrate.rocrate import ROCrate

    crate = ROCrate(version=VERSION)
    crate.metadata.extra_terms.update(TERMS)

    def add(identifier: str, kind: str, **facts: Any) -> Any:
        return crate.add(ContextEntity(crate, identifier, {"@type": kind, **facts}))

    suite, times = _citation(), [(record.get("provenance") or {}).get("finished") or "" for record in records]
    finished = max(times, default="") or datetime.now(UTC).isoformat(timespec="seconds")
    licence = add(f"https://spdx.org/licenses/{suite['license']}", "CreativeWork", name=suite["license"])
    authors = [add(f"#author-{k}", **_author(author)) for k, author in enumerate(suite["authors"], 1)]
    software = add("#dotbench", "SoftwareApplication", name=suite["title"], version=__version__)
    software["license"], software["author"] = licence, authors
    software["identifier"] = commit() or f"version {__version__}"
    data = {}
    for name in dict.fromkeys(part.dataset for part in parts.values() if part.dataset):
        definition = load_dataset(name)
        facts = {"name": definition.title or name, "license": definition.licence, "citation": definition.citation}
        data[name] = add(f"#{name}", "Dataset", **{key: value for key, value in facts.items() if value})
    files = {}
    for name, part in parts.items():
        ending = Path(name).suffix
        facts = {"name": part.title, "sha256": sha256(part.content), "contentSize": str(len(part.content))}
        facts["encodingFormat"] = TYPES.get(ending) or mimetypes.types_map.get(ending, "application/octet-stream")
        files[name] = crate.add_file(dest_path=name, properties=facts)
        if part.dataset:
            files[name]["about"] = data[part.dataset]
    run = add("#run", "CreateAction", name=f"Run of the configuration '{plan.benchmark.name}'", endTime=finished)
    run["instrument"], run["object"] = software, [files["configuration.json"], *data.values()]
    run["result"] = [file for name, file in files.items() if not parts[name].dataset and name != "configuration.json"]
    root = crate.root_dataset
    root["name"] = f"{plan.benchmark.name}: tables and figures of {suite['title']}"
    root["description"] = "Tables, figures and finished runs of a benchmark of recommenders, without raw data."
    root["datePublished"], root["license"], root["author"], root["mentions"] = finished, licence, authors, run
    return _json(crate.metadata.generate(), sort_keys=True)


def _citation() -> dict[str, Any]:
    """The citation of the suite, from CITATION.cff. A copy without that file says less."""
    file = paths.PROJECT / "CITATION.cff"
    known: dict[str, Any] = {"title": "dotbench", "license": "Apache-2.0", "authors": []}
    return known | (yaml.safe_load(read_text(file)) if file.is_file() else {})


def _author(author: Mapping[str, str]) -> dict[str, str]:
    """An author, in the terms of CITATION.cff, as an organisation or a person."""
    if "name" in author:
        return {"kind": "Organization", "name": author["name"]}
    names = [author.get("given-names"), author.get("family-names")]
    return {"kind": "Person", "name": " ".join(filter(None, names))}


def _json(value: Any, sort_keys: bool = False) -> bytes:
    return f"{json.dumps(value, indent=2, sort_keys=sort_keys, ensure_ascii=False)}\n".encode()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
