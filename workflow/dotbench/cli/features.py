"""Stage features: prepared data and a split → covariates of users and items."""

from pathlib import Path
from typing import Annotated

import typer

from dotbench.cli.stage import File, Json, Text, run
from dotbench.features.writing import write_features

Files = Annotated[list[Path], typer.Option(help="a raw side file; may be given several times")]


def main(features: Text, settings: Json, data: File, split: File, folder: File, side: Files = []) -> None:  # noqa: B006
    write_features(features, settings, data, split, folder, side)


if __name__ == "__main__":
    run(main)
