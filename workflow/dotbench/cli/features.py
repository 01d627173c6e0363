"""Stage features: prepared data and a split → covariates of users and items."""

from dotbench.cli.stage import File, Json, Maybe, Text, run
from dotbench.datasets.manifest import raw_files
from dotbench.features.writing import write_features
from dotbench.files import read_json
from dotbench.seals import seal


def main(features: Text, settings: Json, data: File, split: File, folder: File, manifest: Maybe = None) -> None:
    side = [path for role in ("users", "items") for path in raw_files(manifest, role)] if manifest else []
    written = write_features(features, settings, data, split, folder, side)
    seal(written, [folder / name for name in read_json(written)["sha256"]])


if __name__ == "__main__":
    run(main)
