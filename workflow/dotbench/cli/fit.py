"""Stage fit: a method with its chosen hyperparameters on one split."""

from dotbench.cli.stage import Device, File, Files, Json, Maybe, Number, Text, Threads, run, say
from dotbench.datasets.interactions import load_split
from dotbench.execution.hardware import prepare_execution
from dotbench.files import read_json
from dotbench.runs.fitting import Inputs, Seeds, fit
from dotbench.runs.method import from_identity


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
    execution = prepare_execution(device, threads, log, say, resolved.solver is not None)
    result = fit(
        resolved,
        choice["hyperparameters"],
        Inputs(dataset, load_split(split), spectrum, features or ()),
        Seeds(split_seed, init_seed),
        execution,
        checkpoint,
        failed_before=choice["reason"],
    )
    result.on_split(method["protocol"].get("split")).save(folder)


if __name__ == "__main__":
    run(main)
