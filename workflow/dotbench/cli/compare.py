"""Stage compare: finished runs of a study and a paper's published numbers → paper versus ours."""

from dotbench.cli.stage import File, Json, run
from dotbench.reporting.contents import Contents
from dotbench.reporting.paper_vs_ours import PaperVersusOurs
from dotbench.reporting.sealing import write_sealed


def main(contents: Json, folder: File) -> None:
    write_sealed(PaperVersusOurs(), Contents.from_json(contents), folder)


if __name__ == "__main__":
    run(main)
