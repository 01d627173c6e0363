"""Stage tune: choose a method's hyperparameters on the tuning split."""

from dotbench.cli.stage import Device, File, Files, Json, Maybe, Text, Threads, run, say
from dotbench.datasets.interactions import load_split
from dotbench.runs.hardware import take_place
from dotbench.runs.tuning import tune
from dotbench.settings.halving import Halving
from dotbench.settings.method import from_identity


def main(
    method: Json,
    dataset: Text,
    folder: File,
    checkpoints: File,
    log: Maybe = None,
    split: Maybe = None,
    spectrum: Maybe = None,
    features: Files = None,
    device: Device = "auto",
    threads: Threads = 1,
) -> None:
    resolved = from_identity(method)
    tune(
        resolved,
        lambda: load_split(split),  # type: ignore[arg-type]  # a method with a grid has one
        dataset,
        method["protocol"]["tuning_seed"],
        take_place(device, threads, log, say, resolved.solver is not None),
        folder,
        checkpoints,
        spectrum,
        Halving(**method["protocol"]["halving"]) if "halving" in method["protocol"] else None,
        features or (),
    )


if __name__ == "__main__":
    run(main)
