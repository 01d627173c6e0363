"""Stage prepare: raw files → ratings, interactions, ids and statistics."""

from dotbench.cli.stage import File, Maybe, Text, run, say
from dotbench.datasets.prepare import prepare


def main(dataset: Text, folder: File, manifest: Maybe = None) -> None:
    prepare(dataset, folder, manifest, say)


if __name__ == "__main__":
    run(main)
