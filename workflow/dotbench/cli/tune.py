"""Stage tune: choose a method's hyperparameters on the tuning split."""

from dotbench.cli.stage import File, Files, Hardware, Json, Maybe, Text, run, say
from dotbench.datasets.interactions import load_split
from dotbench.execution.hardware import prepare_execution
from dotbench.runs.fitting import Inputs
from dotbench.runs.method import from_identity
from dotbench.runs.tuning import tune
from dotbench.seals import seal
from dotbench.tuning.halving import Halving


def main(
    method: Json,
    dataset: Text,
    folder: File,
    checkpoints: File,
    log: Maybe = None,
    split: Maybe = None,
    spectrum: Maybe = None,
    features: Files = None,
    *,
    hardware: Hardware,
) -> None:
    resolved = from_identity(method)
    protocol = method["protocol"]

    def load_inputs() -> Inputs:
        assert split is not None  # a method with a grid has one
        return Inputs(dataset, load_split(split), spectrum, features or ())

    execution = prepare_execution(hardware.device, hardware.threads, log, say, resolved.solver is not None)
    halving = Halving(**protocol["halving"]) if "halving" in protocol else None
    tune(resolved, load_inputs, protocol["tuning_seed"], execution, folder, checkpoints, halving)
    seal(folder / "chosen.json", [folder / "trials.csv", folder / "trials_curves.csv"])


if __name__ == "__main__":
    run(main)
