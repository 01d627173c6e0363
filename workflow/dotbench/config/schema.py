"""JSON Schema of the configuration and of a dataset definition, written from the typed settings."""

from pathlib import Path

from pydantic import BaseModel

from dotbench.config.benchmark import Benchmark
from dotbench.datasets.definition import Dataset
from dotbench.files import write_json

SCHEMAS: dict[str, type[BaseModel]] = {"config.schema.json": Benchmark, "dataset.schema.json": Dataset}


def write_schemas(folder: Path) -> None:
    """Write every schema into ``folder``; a test holds the written files to the settings."""
    for name, model in SCHEMAS.items():
        schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema()}
        write_json(folder / name, schema)


if __name__ == "__main__":
    write_schemas(Path(__file__).parents[2] / "schemas")
