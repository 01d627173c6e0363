"""Stage figure: finished runs or simulations of a study → one of its figures."""

from dotbench.cli.stage import File, Json, run
from dotbench.reporting.contents import Contents
from dotbench.reporting.kind import figure_kinds
from dotbench.reporting.sealing import write_sealed


def main(contents: Json, folder: File) -> None:
    shown = Contents.from_json(contents)
    write_sealed(figure_kinds()[shown.kind](), shown, folder)


if __name__ == "__main__":
    run(main)
