"""Stage experiment: one part of a packed experiment."""

import shutil

from dotbench.cli.stage import Device, File, Json, Maybe, Text, Threads, run, say
from dotbench.runs.hardware import take_place
from dotbench.runs.parts import run_part, save_part


def main(
    experiment: Json,
    part: Json,
    label: Text,
    rows: File,
    checkpoints: File,
    log: Maybe = None,
    device: Device = "auto",
    threads: Threads = 1,
) -> None:
    place = take_place(device, threads, log, say, part["gpu"])
    frame, record = run_part(experiment, label, part["settings"], part["modules"], place, checkpoints)
    save_part(frame, record, rows)
    shutil.rmtree(checkpoints, ignore_errors=True)


if __name__ == "__main__":
    run(main)
