"""Tables as LaTeX: they compile, their columns are complete, and what is marked is explained under them."""

import re
import string
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from latex_data import ENGINE, check, compile_tables
from matplotlib import get_data_path
from runs_data import contents, write_dataset, write_runs

from dotbench import paths
from dotbench.files import read_json, write_json
from dotbench.reporting.cells import BOLD, UNDERLINED, Cell, Legend
from dotbench.reporting.kind import table_kinds
from dotbench.reporting.latex import Float, latex_table
from dotbench.reporting.latex_column import Header
from dotbench.reporting.latex_text import inches

pytestmark = pytest.mark.seconds

EVIDENCE = Path(__file__).parents[2] / "docs" / "evidence"
PLACE = Float("A caption.", "tab:x")
SHIPPED = [file for file in sorted(EVIDENCE.rglob("*.tex")) if "threeparttable" in file.read_text("utf-8")]
USERS = np.linspace(0.1, 0.3, 40)


def one_column(*cells: str | Cell, notes: tuple[str, ...] = ()) -> tuple[str, list[str], str]:
    """(letter and options of the column, its cells, the whole text)."""
    rows = [[cell if isinstance(cell, Cell) else Cell(cell)] for cell in cells]
    text = latex_table([Header("a header")], rows, [Legend("± is explained.", "±"), *notes], PLACE)
    [line] = [line for line in text.splitlines() if line.startswith(r"\begin{tabular}")]
    return line.removeprefix(r"\begin{tabular}{")[:-1], [row[0] for row in check(text).blocks[0].rows], text


@pytest.mark.parametrize(
    ("cells", "form"),
    [
        (["0.4088 ± 0.0095", "12.3 ± 0.1"], "2.4(4)"),
        (["-1.5", "−20"], "-2.1"),
        (["1,203", "7"], "4"),
        (["4.93e-05", "29"], "2.2e-1"),
        (["1.5 ± 12.5"], "1.1(3)"),
    ],
)
def test_an_s_column_has_room_for_every_number(cells: list[str], form: str) -> None:
    kind, _, _ = one_column(*cells)
    assert kind == f"S[table-format = {form}]"


def test_bold_and_underlined_cells_without_a_spread() -> None:
    notes = (Legend("Bold: best. Underlined: second.", BOLD, UNDERLINED),)
    bold, second = Cell("0.3 ± 0.0", bold=True), Cell("0.2 ± 0.0", underlined=True)
    _, cells, _ = one_column("1", bold, second, notes=notes)
    assert cells[1:] == [r"{\textbf{\boldmath$0.3 \pm 0.0$}}", r"{\underline{$0.2 \pm 0.0$}}"]


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("1,203", "1203"),
        ("0.4088 ± 0.0095", r"0.4088 \pm 0.0095"),
        ("0.3 ± 0.0≈", r"{$0.3 \pm 0.0$$^{\approx}$}"),
        ("0.5 ± 0.1≈²!", r"0.5 \pm 0.1{$^{\approx}$$^{2}$!}"),
        ("0.5 ± 0.1 [0.4, 0.6]≈", r"0.5 \pm 0.1{ [0.4, 0.6]$^{\approx}$}"),
        ("943 (1,000)", "943{ (1,000)}"),
        ("7.202% (7.2%)", r"7.202{\% (7.2\%)}"),
        ("≤ 1.20 [1.1, –]", r"{$\leq$ }1.20{ [1.1, --]}"),
        ("–", "{--}"),
        ("failed: NaN in epoch 3 (a_log)", r"{failed\tnote{a}}"),
    ],
)
def test_what_stands_around_a_number_stands_in_braces(cell: str, written: str) -> None:
    notes = (Legend("≈ and ! are explained.", "≈"),)
    _, cells, text = one_column("1", cell, notes=notes)
    assert cells[1] == written
    assert (r"\item[a] failed: NaN in epoch 3 (a\_log)" in text) == cell.startswith("failed")


@pytest.mark.parametrize("cells", [["20/20, 1e-3", "3/4"], ["MF"], ["1 to 2", "3"], ["5e-3 ± 1e-3"], ["1 ± 0.5"]])
def test_what_is_no_number_is_a_column_of_text(cells: list[str]) -> None:
    kind, _, _ = one_column(*cells)
    assert kind == "l"


def test_long_text_is_broken_into_lines() -> None:
    kind, _, _ = one_column("learning_rate=0.001, weight_decay=0.0001")
    assert kind.startswith(r">{\raggedright")


def test_notes_about_absent_signs_are_comments_and_others_stand_under_the_table() -> None:
    notes = ("A protocol.", Legend("Bold: best.", BOLD), Legend("≈: a tie.", "≈"), Legend("Rows are groups."))
    table = check(latex_table([Header("x")], [[Cell("1.0", bold=True)]], notes, PLACE))
    assert [note.strip() for note in table.notes] == ["Bold: best.", "Rows are groups."]
    text = latex_table([Header("x")], [[Cell("1.0≈")]], notes, PLACE)
    assert [line for line in text.splitlines() if line.startswith("% ")][1:] == ["% A protocol.", "% Bold: best."]


def test_neighbours_of_a_group_share_a_header() -> None:
    headers = [Header("Method"), Header("a", "one_1"), Header("b", "one_1"), Header("a", "two")]
    text = latex_table(headers, [[Cell("m"), Cell("1"), Cell("2"), Cell("3")]], [], PLACE)
    check(text)
    assert r" & \multicolumn{2}{c}{one\_1} & \multicolumn{1}{c}{two} \\" in text
    assert r"\cmidrule(lr){2-3} \cmidrule(lr){4-4}" in text


def test_a_table_that_is_too_wide_is_broken_into_blocks_that_tell_the_rows_apart() -> None:
    """The first two columns tell them apart; a group that fits stays together."""
    headers = [Header("D"), Header("M"), *(Header(f"c{k}", f"g{k // 3}") for k in range(9)), Header("last")]
    rows = [[Cell(d), Cell(m), *[Cell("0.1234 ± 0.1234")] * 9, Cell("1")] for d in "de" for m in "mn"]
    notes = [Legend("±: spread.", "±")]
    table = check(latex_table(headers, rows, notes, PLACE))
    inside = [[header.strip("{}") for header in block.headers] for block in table.blocks]
    assert inside == [["D", "M", "c0", "c1", "c2"], ["D", "M", "c3", "c4", "c5"], ["D", "M", "c6", "c7", "c8", "last"]]
    assert [row[:2] for row in table.blocks[2].rows] == [["d", "m"], ["d", "n"], ["e", "m"], ["e", "n"]]
    single = latex_table(headers, rows, notes, Float("A", "tab:x", both_columns=False))
    assert r"\begin{table}[tb]" in single
    assert len(check(single).blocks) == 5
    assert "in wide" not in single


def test_a_table_that_cannot_fit_says_so() -> None:
    rows = [[Cell("a" * 30), Cell("b" * 30), Cell("1")], [Cell("a" * 30), Cell("c" * 30), Cell("2")]]
    headers = [Header(text) for text in "xyz"]
    for both_columns in (True, False):
        text = latex_table(headers, rows, [], Float("A", "tab:x", both_columns=both_columns))
        assert ("there is room for 3.15 in" in text) == (not both_columns)
        check(text)
    headers, rows = (
        [Header("a"), Header("b" * 90), Header("c" * 90)],
        [[Cell(str(k)), Cell("1"), Cell("2")] for k in range(30)],
    )
    long = latex_table(headers, rows, [], Float("A", "tab:x", both_columns=False))
    assert long.count(r"\begin{table}") == len(check(long).blocks) == 2  # two blocks of 33 lines
    assert long.count(r"\label") == 1


def test_a_table_that_is_taller_than_a_page_continues_on_the_next_one() -> None:
    """Every row is there once and in order; the break is where the first column changes; notes stand under the end."""
    headers = [Header("d"), Header("m"), Header("x")]
    for lines in (30, 36, 100):
        rows = [[Cell(f"d{k // 15}"), Cell(f"m{k}"), Cell("1")] for k in range(lines)]
        text = latex_table(headers, rows, [Legend("A note.")], PLACE)
        blocks = check(text).blocks
        assert (len(blocks) == 1) == (lines == 30)
        assert [row[1] for block in blocks for row in block.rows] == [f"m{k}" for k in range(lines)]
        assert all(len(block.rows) % 15 == 0 for block in blocks[:-1])
        assert text.count(r"\begin{table*}") == len(blocks)
        assert text.count(r"\label") == text.count(r"\begin{tablenotes}") == 1
        assert r"\begin{tablenotes}" in text.rsplit(r"\begin{table*}", 1)[1]
    assert len(blocks) > 2


CHARACTERS = st.text(alphabet="ab 12.±≈!*()[]{}\\&%$#_^~–e-≤\n", min_size=1, max_size=14).filter(str.strip)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(CHARACTERS, CHARACTERS), min_size=1, max_size=4), CHARACTERS)
def test_any_text_leaves_the_table_whole(rows: list[tuple[str, str]], note: str) -> None:
    notes = [Legend("Bold ± ≈ ! * mean something.", "±", *"≈!*"), note]
    body = [[Cell("method"), Cell(first), Cell(second, bold=True)] for first, second in rows]
    notes.append(Legend("Bold: emphasised.", BOLD))
    table = check(latex_table([Header("a"), Header(note), Header("c", note)], body, notes, Float(note, "tab:x")))
    assert len(table.blocks[0].rows) == len(rows)


@pytest.fixture
def two_datasets(workdir: Path) -> list[tuple[str, str]]:
    """Methods of which one is best, one second, one tied, one on the edge, and one with a failed seed on dataset e."""
    shifts = {"mf-bpr-sgd-1": 0.0, "mf-wrmf-als-2": 0.4, "mf-softmax-sgd-3": 0.2}
    for dataset in ("d", "e"):
        write_dataset(dataset, raw={"users": 4, "items": 5, "rows": 10})
        for folder, shift in shifts.items():
            edge = {"regularization": "low"} if "wrmf" in folder else None
            failed = [2] if (dataset, folder) == ("e", "mf-bpr-sgd-1") else []
            users = [list(USERS + shift + 0.01 * seed) for seed in range(3)]
            write_runs(dataset, folder, users, on_edge=edge, failed=failed)
    shared = paths.fit("d", "mf-bpr-sgd-1", 0, 0) / "metrics.json"
    write_json(shared, read_json(shared) | {"cpu_share_of_others": 0.9})
    return [(dataset, folder) for dataset in ("d", "e") for folder in shifts]


EVERYTHING = ["spread", "interval", "epochs", "updates", "seconds", "cpu_seconds", "memory", "trials", "chosen"]
LOOKS: list[dict[str, Any]] = [
    {"layout": None, "columns": None, "size": "double"},
    {"layout": "long", "columns": EVERYTHING, "size": "double"},
    {"layout": "wide", "columns": EVERYTHING, "size": "double"},
    {"layout": "wide", "columns": ["seconds", "spread"], "size": "single"},
    {"layout": "long", "columns": [], "size": "single"},
]


def written(kind: str, runs: list[tuple[str, str]], workdir: Path, **told: Any) -> str:
    titles = {"d": "A title, 100% & more", "e": "E"}
    table_kinds()[kind]().write(contents(*runs, kind=kind, seeds=3, titles=titles, **told), workdir)
    return (workdir / "shown.tex").read_text("utf-8")


@pytest.mark.parametrize(("kind", "looks"), [("intervals", LOOKS), ("overview", LOOKS[:2]), ("starts", LOOKS[1:3])])
def test_every_layout_and_choice_of_columns_is_a_whole_table(
    kind: str, looks: list[dict[str, Any]], two_datasets: list[tuple[str, str]], workdir: Path
) -> None:
    csvs = set()
    for look in looks:
        text = written(kind, two_datasets, workdir, **look)
        table = check(text)
        wide = (look["layout"] or ("wide" if kind == "overview" else "long")) == "wide"
        assert len(table.blocks[0].rows) == (3 if wide else 6)
        assert ("A title, 100\\% \\& more" in text.split(r"\midrule")[0]) == wide
        header = (workdir / "shown.md").read_text("utf-8").splitlines()[0]
        assert ("A title, 100% & more MRR@10" in header) == wide
        csvs.add((workdir / "shown.csv").read_bytes())
    assert len(csvs) == 1  # the look changes no number


def test_columns_stand_in_the_order_of_the_setting(two_datasets: list[tuple[str, str]], workdir: Path) -> None:
    table = check(written("comparison", two_datasets[:3], workdir, columns=["trials", "seconds"])).blocks[0]
    assert table.headers[2:] == ["{MRR@10}", "{NDCG@10}", "{Settings tried}", "{Seconds}"]
    cells = table.rows[1]
    assert cells[2] == r"\best 0.6100{!}"  # no column shows the setting on the edge, nor a spread
    assert table.rows[0][-1] == "2{$^{*}$}"


@pytest.mark.parametrize("file", SHIPPED, ids=[str(file.relative_to(EVIDENCE)) for file in SHIPPED])
def test_the_tables_of_the_evidence_are_whole(file: Path) -> None:
    check(file.read_text("utf-8"))


@pytest.mark.slow
@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.skipif(ENGINE is None, reason="neither pdflatex nor tectonic is on the PATH")
def test_tables_of_every_kind_compile_and_fit_the_page(
    version: int, two_datasets: list[tuple[str, str]], workdir: Path
) -> None:
    """With siunitx 2 and 3; siunitx 2 comes with 3 in one package."""
    texts = [file.read_text("utf-8") for file in SHIPPED]
    texts += [written(kind, two_datasets, workdir, **look) for kind in ("comparison", "starts") for look in LOOKS]
    too_wide = [text for text in texts if " in wide, and there is room for " in text]
    said = compile_tables([text for text in texts if text not in too_wide], workdir, version)
    assert "Float too large" not in said
    assert "Overfull" not in said
    assert len(too_wide) < 4
    compile_tables(too_wide, workdir, version)


def test_letters_are_as_wide_as_in_computer_modern() -> None:
    """Against the metrics that matplotlib brings."""
    metrics = (Path(get_data_path()) / "fonts" / "afm" / "cmr10.afm").read_text("ascii")
    found = {chr(int(code)): int(width) for code, width in re.findall(r"^C (\d+) ; WX (\d+)", metrics, re.MULTILINE)}
    for letter in string.ascii_letters + string.digits + ".,:;()[]!?/=+":
        assert inches(letter) == pytest.approx(found[letter] / 1000 * 9.25 / 72.27, rel=0.06), letter
    assert inches("0" * 10, bold=True) > 1.1 * inches("0" * 10) == pytest.approx(1.1 * 0.64, rel=0.01)


def test_bold_numbers_have_room() -> None:
    """Two columns of numbers as wide as these fit beside the names, unless one of them is bold."""
    cells = [Cell("0.2981 ± 0.0059 [0.2908, 0.3053]")] * 2
    names = [Cell("MovieLens 100K"), Cell("MF RG2 (spectral)")]
    headers = [Header(text) for text in ("Dataset", "Method", "NDCG@10", "MRR@10")]
    found = []
    for bold in (False, True):
        row = [*names, *(Cell(cell.text, bold=bold) for cell in cells)]
        notes = [Legend("Bold: best. ±: spread.", BOLD, "±")]
        found.append(len(check(latex_table(headers, [row], notes, PLACE)).blocks))
    assert found == [1, 2]


def test_the_name_of_a_group_has_room() -> None:
    """Four groups of a number each, whose names fill the page twice."""
    headers = [Header("M"), *(Header("a", f"{k} {'n' * 30}") for k in range(4))]
    table = check(latex_table(headers, [[Cell("m"), *[Cell("1")] * 4]], [], PLACE))
    assert [len(block.headers) for block in table.blocks] == [3, 3]
