"""Figures as files."""

import pytest

from dotbench.reporting.drawing import METADATA, pyplot, save

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
