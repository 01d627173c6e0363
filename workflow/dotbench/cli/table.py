"""Stage table: finished runs or simulations of a study → one of its tables."""

from dotbench.cli.stage import File, Json, run
from dotbench.reporting.contents import Contents
from dotbench.reporting.kind import table_kinds
from dotbench.reporting.sealing import write_sealed


def main(contents: Json, folder: File) -> None:
    shown = Contents.from_json(contents)
    write_sealed(table_kinds()[shown.kind](), shown, folder)


if __name__ == "__main__":
    run(main)
