"""Stage draw: finished runs of a study → a figure."""

from dotbench.cli.stage import File, Json, Text, run
from dotbench.reporting.figures import draw


def main(contents: Json, figure: Text, folder: File) -> None:
    draw(contents, figure, folder)


if __name__ == "__main__":
    run(main)
