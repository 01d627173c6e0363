"""Stage prepare: raw files → ratings, interactions, ids and statistics."""

from dotbench.cli.stage import File, Maybe, Text, run, say
from dotbench.datasets.prepare import prepare
from dotbench.seals import seal


def main(dataset: Text, folder: File, manifest: Maybe = None) -> None:
    stats = prepare(dataset, folder, manifest, say)
    seal(folder / "stats.json", [folder / name for name in stats["sha256"]])


if __name__ == "__main__":
    run(main)
