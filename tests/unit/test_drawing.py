"""Figures as files."""

import pytest

from dotbench.reporting import drawing
from dotbench.reporting.drawing import METADATA, STYLES, Sheet, in_a_row, pyplot, save

pytestmark = pytest.mark.seconds


def test_a_figure_of_the_same_numbers_is_the_same_file(tmp_path):
    for name in ("one", "again"):
        figure, axis = pyplot().subplots()
        axis.errorbar([1, 2], [1, 4], yerr=[0.5, 0.5], label="φ")
        axis.legend()
        save(figure, tmp_path / name, "figure")
    for kind in METADATA:
        first, second = ((tmp_path / name / f"figure.{kind}").read_bytes() for name in ("one", "again"))
        assert first == second
        assert len(first) > 1000
        assert b"CreationDate" not in first  # of whole seconds, which two files may share


def drawn(monkeypatch, size, rows, columns, label="a line", says=(), **shape):
    """(sheet, its figure's legend) after it was saved; the figure stays as it is."""
    monkeypatch.setattr(drawing, "save", lambda figure, folder, name: None)
    sheet = Sheet(size, rows, columns, **shape)
    for axis in sheet.axes.flat:
        axis.plot([1, 2], [1, 2], label=label)
        axis.plot([1, 2], [2, 1], label="another")
    sheet.save(None, "x", says)
    [legend] = sheet.figure.legends
    return sheet, legend


@pytest.mark.parametrize(("size", "width"), [("single", 3.4), ("double", 7.0)])
@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (2, 4), (3, 2)])
def test_a_sheet_is_as_wide_as_a_column_or_a_page_and_its_legend_stands_inside(monkeypatch, size, width, rows, columns):
    says = ["A sentence that says what bands and bars of this figure are, which is longer than a column of a page."]
    sheet, legend = drawn(monkeypatch, size, rows, columns, "a long name of a method (SGD) *", says)
    assert sheet.figure.get_figwidth() == width
    assert [text.get_text() for text in legend.get_texts()] == ["a long name of a method (SGD) *", "another"]
    assert " ".join(legend.get_title().get_text().split()) == says[0]
    sheet.figure.canvas.draw()
    page, box = sheet.figure.bbox, legend.get_window_extent()
    assert page.x0 <= box.x0 < box.x1 <= page.x1
    assert page.y0 <= box.y0 < box.y1 <= page.y1
    lowest = min(axis.get_tightbbox().y0 for axis in sheet.axes.flat)
    assert lowest >= box.y1 - 1  # pixels


def test_on_a_column_a_wide_sheet_is_turned():
    wide = Sheet("single", 2, 4, sharey="row")
    assert wide.turned
    assert wide.axes.shape == (2, 4)
    places = [[axis.get_subplotspec().rowspan.start for axis in row] for row in wide.axes]
    assert places == [[0, 1, 2, 3]] * 2
    wide.axes[0, 0].set_ylim(0, 7)
    assert wide.axes[0, 3].get_ylim() == (0, 7) != wide.axes[1, 0].get_ylim()
    wide.x_title("x")
    wide.y_title(0, "y")
    assert [[axis.get_xlabel() for axis in row] for row in wide.axes] == [["", "", "", "x"]] * 2
    assert [[axis.get_ylabel() for axis in row] for row in wide.axes] == [["y"] * 4, [""] * 4]
    assert not Sheet("double", 2, 4).turned


def test_few_panels_of_a_figure_are_empty():
    for most in (1, 2, 3, 4):
        for count in range(1, 40):
            columns = in_a_row(count, most)
            empty = -count % columns
            assert 1 <= columns <= most
            assert empty <= (count + empty) / 4
            larger = [c for c in range(columns + 1, min(count, most) + 1) if -count % c <= (count + -count % c) / 4]
            assert not larger


def test_an_absent_panel_is_not_seen_and_the_title_stands_above_it():
    sheet = Sheet.of_panels("double", 5)
    sheet.x_title("x")
    assert [axis.get_visible() for axis in sheet.axes.flat] == [True] * 5 + [False]
    assert [axis.get_xlabel() for axis in sheet.axes.flat] == ["", "", "x", "x", "x", ""]


def test_a_title_is_broken_into_lines_that_fit_its_panel():
    sheet = Sheet.of_panels("single", 2)
    sheet.title(sheet.axes[0, 0], "Simulated, the size of Amazon Electronics (generated), d = 4")
    lines = sheet.axes[0, 0].get_title().splitlines()
    assert len(lines) > 2
    assert max(map(len, lines)) * 0.55 * 7 / 72 < 3.4 / 2
    assert any("d = 4" in line for line in lines)


def test_fonts_are_embedded_as_type_42(tmp_path):
    sheet = Sheet("double", 1, 1)
    sheet.axes[0, 0].set_title("φ, λ and a title")
    sheet.save(tmp_path, "figure")
    content = (tmp_path / "figure.pdf").read_bytes()
    assert b"/FontFile2" in content
    assert b"/Type3" not in content


def test_styles_differ_in_grey():
    """By line and by marker: whoever sees no colour tells the methods apart by either."""
    for some in (STYLES[:8], STYLES[8:]):
        assert len({str(line) for _, line, _ in some}) == len({shape for _, _, shape in some}) == 8
    assert len({(str(line), shape) for _, line, shape in STYLES}) == len(STYLES)
