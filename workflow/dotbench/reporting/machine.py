"""Hardware behind the parts of experiments."""

from dotbench.reporting.notes import hardware_notes
from dotbench.reporting.records import SHARED
from dotbench.reporting.replications import read_records
from dotbench.runs.packed import Packed


def machine_notes(packed: list[Packed]) -> list[str]:
    """Hardware, threads and versions behind the parts."""
    records = [record for entry in packed for record in read_records(entry)]
    hardware, versions = hardware_notes(records)
    shared = sum(record["cpu_share_of_others"] > SHARED for record in records)
    told = f"{shared} of {len(records)} jobs shared the machine: of their times the CPU seconds count."
    return [hardware, *([told] if shared else []), versions]
