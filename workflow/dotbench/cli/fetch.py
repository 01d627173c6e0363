"""Stage fetch: raw files and their manifest."""

from dotbench.cli.stage import File, Text, run, say
from dotbench.datasets.fetch import fetch


def main(dataset: Text, folder: File) -> None:
    fetch(dataset, folder, say)


if __name__ == "__main__":
    run(main)
