"""Stage compare: finished runs of a study and a paper's published numbers → paper versus ours."""

from dotbench.cli.stage import File, Json, run
from dotbench.reporting.paper import paper_versus_ours


def main(contents: Json, folder: File) -> None:
    paper_versus_ours(contents, folder)


if __name__ == "__main__":
    run(main)
