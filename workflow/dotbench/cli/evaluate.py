"""Stage evaluate: metrics of a fit on its split."""

from dotbench.cli.stage import File, run
from dotbench.datasets.interactions import load_split
from dotbench.runs.evaluating import evaluate


def main(fit: File, split: File, folder: File) -> None:
    evaluate(fit, load_split(split), folder)


if __name__ == "__main__":
    run(main)
