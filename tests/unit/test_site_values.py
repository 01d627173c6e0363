"""A csv that is read without pandas has the values that pandas reads."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dotbench.site.values import EXACT, plain, read_rows

pytestmark = pytest.mark.seconds
EVIDENCE = sorted((Path(__file__).parents[2] / "docs/evidence").rglob("*.csv"), key=lambda file: file.stat().st_size)

MIXED = """whole,holes,number,truth,some,text,late,empty,far,words
1,1,0.1,True,True,a,1,,inf,inf
-2,,1e-300,False,,"b, ""c""
d",x,,-inf,1.5
3,+3,.5,True,False,1,3,,2,nan
"""


def by_pandas(file: Path) -> list[dict[str, Any]]:
    """As the page was made before."""
    frame = pd.read_csv(file, keep_default_na=False, na_values=[""])
    return [plain(row, EXACT) for row in frame.astype(object).where(frame.notna(), None).to_dict("records")]


def typed(rows: list[dict[str, Any]]) -> list[dict[str, tuple[type, Any]]]:
    return [{key: (type(value), value) for key, value in row.items()} for row in rows]


def test_every_type_of_column(tmp_path: Path) -> None:
    file = tmp_path / "mixed.csv"
    file.write_text(MIXED)
    assert typed(read_rows(file)) == typed(by_pandas(file))
    assert [row["holes"] for row in read_rows(file)] == [1.0, None, 3.0]


@pytest.mark.parametrize("content", ["", "a,b\n"], ids=["nothing", "a header"])
def test_no_rows(tmp_path: Path, content: str) -> None:
    file = tmp_path / "empty.csv"
    file.write_text(content)
    assert read_rows(file) == []


def test_the_tables_of_the_evidence() -> None:
    """All small ones, and the largest."""
    files = [file for file in EVIDENCE if file.stat().st_size < 40_000]
    assert len(files) > 50
    different = [file for file in [*files, EVIDENCE[-1]] if typed(read_rows(file)) != typed(by_pandas(file))]
    assert different == []
