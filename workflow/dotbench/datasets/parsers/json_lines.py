"""JSON, one object a line (Amazon reviews)."""

import json
from typing import Any

from dotbench.datasets.parsers._records import RecordLines


class JsonLines(RecordLines):
    """One JSON object a line. A file that ends in .gz is decompressed."""

    name = "json-lines"
    title = "JSON"

    def record(self, line: str) -> Any:
        return json.loads(line)
