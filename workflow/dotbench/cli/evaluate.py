"""Stage evaluate: metrics of a fit on its split. With ``--metrics`` further ones, in files of their own."""

from dotbench import paths
from dotbench.cli.stage import File, Json, run
from dotbench.datasets.interactions import load_split
from dotbench.errors import DotbenchError
from dotbench.files import read_arrays, read_json
from dotbench.runs.evaluating import ALWAYS, evaluate, evaluate_further
from dotbench.runs.record import FitRecord
from dotbench.seals import seal


def main(fit: File, split: File, folder: File, metrics: Json = None) -> None:
    loaded = load_split(split)
    if metrics and paths.is_imported(fit):
        has = ", ".join(ALWAYS["rating" if loaded.ratings else "ranking"])
        raise DotbenchError(
            f"{fit}: was imported without its vectors, and {', '.join(metrics)} cannot be computed without them. Use "
            f"metrics that every run has ({has}), or delete the run's fit.json to train it again"
        )
    record = FitRecord.from_json(read_json(fit / "fit.json"))
    with read_arrays(fit / paths.FITTED) as arrays:
        if metrics:
            evaluate_further(record, arrays, loaded, folder, metrics)
            result = paths.further(folder, metrics)
            scores = result.with_suffix(".parquet")
        else:
            evaluate(record, arrays, loaded, folder)
            result, scores = folder / "metrics.json", folder / "per_user.parquet"
    seal(result, [fit / "fit.json", scores])


if __name__ == "__main__":
    run(main)
