"""Stage table: finished runs or simulations of a study → one of its tables."""

from dotbench.cli.stage import File, Json, run
from dotbench.reporting.contents import Contents
from dotbench.reporting.kind import table_kinds


def main(contents: Json, folder: File) -> None:
    shown = Contents.from_json(contents)
    table_kinds()[shown.kind]().write(shown, folder)


if __name__ == "__main__":
    run(main)
