"""Random orthonormal columns and the law that they are drawn by."""

import numpy as np
import pytest

from dotbench.numerics.orthonormal import orthonormal


def test_columns_are_orthonormal_and_span_what_was_given() -> None:
    normal = np.random.default_rng(0).standard_normal((3, 6, 4))
    found = orthonormal(normal)
    assert found.shape == normal.shape
    assert found.transpose(0, 2, 1) @ found == pytest.approx(np.broadcast_to(np.eye(4), (3, 4, 4)), abs=1e-12)
    assert found @ (found.transpose(0, 2, 1) @ normal) == pytest.approx(normal)


def test_columns_are_uniformly_distributed() -> None:
    """Every entry has mean 0 and variance 1/d; by signs as LAPACK leaves them the first would always be negative."""
    d, draws = 5, 20_000
    found = orthonormal(np.random.default_rng(1).standard_normal((draws, d, 3)))
    assert np.abs(found.mean(0)).max() < 5 / np.sqrt(d * draws)
    assert (found**2).mean(0) == pytest.approx(np.full((d, 3), 1 / d), rel=0.05)
