"""JSON Schema of the configuration, of a suite and of a dataset definition, written from the typed settings.

``python -m dotbench.config.schema`` writes the files. ``--check`` writes nothing and says which of them differs.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import BaseModel

from dotbench.config.benchmark import Benchmark
from dotbench.config.suite import SuiteChoice
from dotbench.datasets.definition import Dataset
from dotbench.files import write_json

SCHEMAS: dict[str, type[BaseModel]] = {
    "config.schema.json": Benchmark,
    "dataset.schema.json": Dataset,
    "suite.schema.json": SuiteChoice,
}
FOLDER = Path(__file__).parents[2] / "schemas"


def write_schemas(folder: Path) -> None:
    """Write every schema into ``folder``. A test holds the written files to the settings."""
    for name, model in SCHEMAS.items():
        schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema()}
        write_json(folder / name, schema)


def outdated(folder: Path) -> list[str]:
    """Names of the schemas whose file in ``folder`` is absent or is not what the settings say."""
    with TemporaryDirectory() as fresh:
        write_schemas(Path(fresh))
        return [name for name in SCHEMAS if _content(folder / name) != _content(Path(fresh) / name)]


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def main(arguments: Sequence[str] | None = None, folder: Path = FOLDER) -> int:
    """The exit status: 1 if ``--check`` finds a difference."""
    parser = argparse.ArgumentParser(prog="python -m dotbench.config.schema", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file differs")
    if not parser.parse_args(arguments).check:
        write_schemas(folder)
        return 0
    files = [f"{folder.parent.name}/{folder.name}/{name}" for name in outdated(folder)]
    if files:
        print(f"{' and '.join(files)}: not current, the settings have changed; run `make schemas`", file=sys.stderr)
    return 1 if files else 0


if __name__ == "__main__":
    sys.exit(main())
