"""Stage evaluate: metrics of a fit on its split."""

from dotbench.cli.stage import File, run
from dotbench.datasets.interactions import load_split
from dotbench.files import read_arrays, read_json
from dotbench.runs.evaluating import evaluate
from dotbench.runs.record import FitRecord


def main(fit: File, split: File, folder: File) -> None:
    with read_arrays(fit / "fitted.npz") as arrays:
        evaluate(FitRecord.from_json(read_json(fit / "fit.json")), arrays, load_split(split), folder)


if __name__ == "__main__":
    run(main)
