"""What a table or figure was made from, written down beside it as digests."""

from pathlib import Path

from dotbench import paths
from dotbench.reporting.contents import Contents
from dotbench.reporting.kind import Kind
from dotbench.seals import seal
from dotbench.simulations.entry import from_description


def write_sealed(kind: Kind, contents: Contents, folder: Path) -> None:
    """Write a table or figure and, beside it, the digests of its files and of the records that it shows."""
    kind.write(contents, folder)
    made = [Path(f"{folder / (contents.report_item or kind.name)}{ending}") for ending in kind.files]
    seal(made[0], [*made, *shown_records(contents)])


def shown_records(contents: Contents) -> list[Path]:
    """The records behind the numbers: of metrics, choices, datasets and simulations."""
    files = [paths.data(run.dataset) / "stats.json" for run in contents.runs]
    for run in contents.runs:
        files += [tuning.folder / "chosen.json" for tuning in run.tunings]
        files += [fit / "metrics.json" for fit in run.fits]
        files += [paths.further(fit, run.further) for fit in run.fits if run.further]
    for entry in map(from_description, contents.simulations):
        files += [entry.rows(label).with_suffix(".json") for label in entry.jobs]
    return [file for file in dict.fromkeys(files) if file.is_file()]
