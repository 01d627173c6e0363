"""Stage evaluate: metrics of a fit on its split; with ``--metrics`` further ones, in files of their own."""

from dotbench.cli.stage import File, Json, run
from dotbench.datasets.interactions import load_split
from dotbench.files import read_arrays, read_json
from dotbench.runs.evaluating import evaluate, evaluate_further
from dotbench.runs.record import FitRecord


def main(fit: File, split: File, folder: File, metrics: Json = None) -> None:
    record = FitRecord.from_json(read_json(fit / "fit.json"))
    with read_arrays(fit / "fitted.npz") as arrays:
        if metrics:
            evaluate_further(record, arrays, load_split(split), folder, metrics)
        else:
            evaluate(record, arrays, load_split(split), folder)


if __name__ == "__main__":
    run(main)
