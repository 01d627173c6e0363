"""Stage compare: finished runs of a study and a paper's published numbers → paper versus ours."""

from dotbench.cli.stage import File, Json, run
from dotbench.reporting.contents import Contents
from dotbench.reporting.paper_vs_ours import paper_versus_ours


def main(contents: Json, folder: File) -> None:
    paper_versus_ours(Contents.from_json(contents), folder)


if __name__ == "__main__":
    run(main)
