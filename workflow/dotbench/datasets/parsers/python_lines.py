"""Python dictionaries, one literal a line (Steam reviews)."""

import ast
from typing import Any

from dotbench.datasets.parsers._records import RecordLines


class PythonLines(RecordLines):
    """One Python dictionary a line, as `str` prints it. It is read as a literal, and nothing in it is run."""

    name = "python-lines"
    title = "Python dictionary"

    def record(self, line: str) -> Any:
        return ast.literal_eval(line.strip())
