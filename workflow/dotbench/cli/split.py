"""Stage split: prepared data → train, validation and test pairs."""

from dotbench.cli.stage import File, Json, Number, Text, run
from dotbench.datasets.splits.base import make_splitter
from dotbench.datasets.splitting import make_split, write_split
from dotbench.seals import seal


def main(data: File, dataset: Text, task: Text, seed: Number, split: Json, folder: File) -> None:
    protocol = make_splitter(split)
    write_split(make_split(data, task, seed, protocol), dataset, task, seed, protocol, folder)
    seal(folder / "split.json", [folder / "split.npz"])


if __name__ == "__main__":
    run(main)
