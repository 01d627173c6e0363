"""Stage claims: finished runs of a study and a paper's claims → verdicts."""

from dotbench.cli.stage import File, Json, run
from dotbench.reporting.claims.page import ClaimsPage
from dotbench.reporting.contents import Contents
from dotbench.reporting.sealing import write_sealed


def main(contents: Json, folder: File) -> None:
    write_sealed(ClaimsPage(), Contents.from_json(contents), folder)


if __name__ == "__main__":
    run(main)
