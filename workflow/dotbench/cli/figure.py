"""Stage figure: finished runs or simulations of a study → one of its figures."""

from dotbench.cli.stage import File, Json, run
from dotbench.reporting.contents import Contents
from dotbench.reporting.kind import figure_kinds


def main(contents: Json, folder: File) -> None:
    shown = Contents.from_json(contents)
    figure_kinds()[shown.kind]().write(shown, folder)


if __name__ == "__main__":
    run(main)
