"""Stage fit: a method with its chosen hyperparameters on one split."""

from dotbench.cli.stage import Device, File, Files, Json, Maybe, Number, Text, Threads, run, say
from dotbench.datasets.interactions import load_split
from dotbench.files import read_json
from dotbench.runs.fitting import fit
from dotbench.runs.hardware import take_place
from dotbench.settings.method import from_identity


def main(
    method: Json,
    dataset: Text,
    chosen: File,
    split: File,
    split_seed: Number,
    init_seed: Number,
    folder: File,
    log: Maybe = None,
    checkpoint: Maybe = None,
    spectrum: Maybe = None,
    features: Files = None,
    device: Device = "auto",
    threads: Threads = 1,
) -> None:
    choice = read_json(chosen)
    resolved = from_identity(method)
    result = fit(
        resolved,
        choice["hyperparameters"],
        load_split(split),
        dataset,
        split_seed,
        init_seed,
        take_place(device, threads, log, say, resolved.solver is not None),
        spectrum=spectrum,
        checkpoint=checkpoint,
        failed_before=choice["reason"],
        features=features or (),
    )
    result.note_split(method["protocol"].get("split"))
    result.save(folder)


if __name__ == "__main__":
    run(main)
