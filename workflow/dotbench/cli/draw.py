"""Stage draw: finished runs of a study → a figure."""

from dotbench.cli.stage import File, Json, run
from dotbench.reporting.figures import draw


def main(contents: Json, folder: File) -> None:
    draw(contents, folder)


if __name__ == "__main__":
    run(main)
