"""Stage simulate: one job of a simulation."""

import shutil

from dotbench.cli.stage import File, Hardware, Json, Maybe, Text, run, say
from dotbench.execution.hardware import prepare_execution
from dotbench.seals import seal
from dotbench.simulations.jobs import run_job, save_job


def main(
    simulation: Json,
    job: Json,
    label: Text,
    rows: File,
    checkpoints: File,
    log: Maybe = None,
    *,
    hardware: Hardware,
) -> None:
    execution = prepare_execution(hardware.device, hardware.threads, log, say, job["gpu"])
    frame, record = run_job(simulation, label, job["settings"], job["modules"], execution, checkpoints)
    save_job(frame, record, rows)
    seal(rows.with_suffix(".json"), [rows])
    shutil.rmtree(checkpoints, ignore_errors=True)


if __name__ == "__main__":
    run(main)
