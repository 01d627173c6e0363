"""Stage fit: a method with its chosen hyperparameters on one split."""

from dataclasses import dataclass

from dotbench import paths
from dotbench.cli.stage import File, Files, Hardware, Json, Maybe, Number, Text, run, say
from dotbench.datasets.interactions import load_split
from dotbench.execution.hardware import prepare_execution
from dotbench.files import read_json
from dotbench.runs.fitting import Inputs, Seeds, fit
from dotbench.runs.method import from_identity
from dotbench.seals import seal


@dataclass(frozen=True)
class SeedOptions:
    """The seeds of a fit, as options."""

    split_seed: Number
    init_seed: Number


def main(
    method: Json,
    dataset: Text,
    chosen: File,
    split: File,
    seeds: SeedOptions,
    folder: File,
    log: Maybe = None,
    checkpoint: Maybe = None,
    spectrum: Maybe = None,
    features: Files = None,
    *,
    hardware: Hardware,
) -> None:
    choice = read_json(chosen)
    resolved = from_identity(method)
    execution = prepare_execution(hardware.device, hardware.threads, log, say, resolved.solver is not None)
    result = fit(
        resolved,
        choice["hyperparameters"],
        Inputs(dataset, load_split(split), spectrum, features or ()),
        Seeds(seeds.split_seed, seeds.init_seed),
        execution,
        checkpoint,
        failed_before=choice["reason"],
    )
    result.on_split(method["protocol"].get("split")).save(folder)
    seal(folder / "fit.json", [folder / paths.FITTED, folder / "curve.csv"])


if __name__ == "__main__":
    run(main)
