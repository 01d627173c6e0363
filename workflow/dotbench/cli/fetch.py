"""Stage fetch: raw files and their manifest."""

import sys

from dotbench.cli.stage import File, Text, run
from dotbench.datasets.fetch import fetch


def main(dataset: Text, folder: File) -> None:
    # standard output is left to the progress bar
    fetch(dataset, folder, lambda text: print(text, file=sys.stderr, flush=True))


if __name__ == "__main__":
    run(main)
