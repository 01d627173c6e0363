"""Stage summarise: finished runs of a study → its tables."""

from dotbench.cli.stage import File, Json, run
from dotbench.reporting.tables import summarise


def main(contents: Json, folder: File) -> None:
    summarise(contents, folder)


if __name__ == "__main__":
    run(main)
