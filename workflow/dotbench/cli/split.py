"""Stage split: prepared data → train, validation and test pairs."""

from dotbench.cli.stage import File, Number, Text, run
from dotbench.datasets.splits import write_split


def main(data: File, task: Text, seed: Number, folder: File) -> None:
    write_split(data, task, seed, folder)


if __name__ == "__main__":
    run(main)
