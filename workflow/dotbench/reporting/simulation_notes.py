"""The notes under a table of simulations."""

from collections.abc import Sequence

from dotbench.reporting.contents import Contents
from dotbench.reporting.notes import hardware_notes
from dotbench.reporting.records import SHARED
from dotbench.reporting.replications import read_records
from dotbench.simulations.entry import SimulationEntry


def simulation_notes(contents: Contents, entries: list[SimulationEntry], told: Sequence[str]) -> list[str]:
    """What the table is, the protocol of all entries and then what is one's own, ``told``, then hardware, threads and
    versions behind the jobs."""
    lines = [contents.title] if contents.title else []
    notes = {entry.label: entry.simulation.notes() for entry in entries}
    common = [note for note in notes[entries[0].label] if all(note in own for own in notes.values())]
    lines += common
    for label, own in notes.items():
        lines += [f"{label}: {note}" for note in own if note not in common]
    records = [record for entry in entries for record in read_records(entry)]
    hardware, versions = hardware_notes(records)
    shared = sum(record["cpu_share_of_others"] > SHARED for record in records)
    remark = f"{shared} of {len(records)} jobs shared the machine; of their times, compare the CPU seconds."
    return [*lines, *told, hardware, *([remark] if shared else []), versions]
