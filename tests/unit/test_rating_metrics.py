"""Rating metrics by hand, and per-user sums that add up to them."""

from dataclasses import replace

import numpy as np
import pytest

from dotbench.datasets.interactions import Split
from dotbench.evaluation.metrics.mae import MAE
from dotbench.evaluation.rating import evaluate_rating
from dotbench.evaluation.rmse import rmse


def rating_split(valid, test, valid_ratings, test_ratings):
    return Split(
        n_users=5,
        n_items=4,
        train=np.array([[0, 0], [0, 1]]),
        valid=np.array(valid),
        test=np.array(test),
        ratings={
            "train": np.array([1, 5], np.float32),
            "valid": np.array(valid_ratings, np.float32),
            "test": np.array(test_ratings, np.float32),
        },
    )


def unclipped(root, absolute):
    """Metrics of predictions that clipping leaves as they are."""
    return {"rmse": root, "mae": absolute, "rmse_clipped": root}


def test_by_hand():
    truth, prediction = np.array([1.0, 5.0, 3.0, 4.0]), np.array([2.0, 3.0, 3.0, 4.5])
    assert rmse(truth, prediction) == pytest.approx(np.sqrt((1 + 4 + 0 + 0.25) / 4))
    assert MAE().error(truth, prediction, (1, 5)) == pytest.approx((1 + 2 + 0 + 0.5) / 4)


def test_evaluation_by_hand_and_per_user():
    split = rating_split([[0, 1], [3, 2]], [[3, 0], [1, 2], [3, 1]], [4, 2], [5, 3, 1])
    predictions = {"valid": np.array([3.0, 2.0]), "test": np.array([4.0, 3.5, 3.0])}
    means, frame = evaluate_rating(split, predictions)
    assert means["valid"] == pytest.approx(unclipped(np.sqrt(1 / 2), 1 / 2))
    assert means["test"] == pytest.approx(unclipped(np.sqrt((1 + 0.25 + 4) / 3), (1 + 0.5 + 2) / 3))
    assert frame.columns.tolist() == ["user", "n", "squared_error", "absolute_error"]
    assert frame["user"].tolist() == [1, 3]
    assert frame["n"].tolist() == [1, 2]
    assert frame["squared_error"].tolist() == pytest.approx([0.25, 5.0])
    assert frame["absolute_error"].tolist() == pytest.approx([0.5, 3.0])


def test_per_user_sums_give_the_metrics():
    rng = np.random.default_rng(0)
    test = np.stack([rng.integers(0, 5, 200), rng.integers(0, 4, 200)], axis=1)
    split = rating_split([[0, 0]], test, [3], rng.integers(1, 6, 200))
    predictions = {"valid": np.array([3.0]), "test": rng.uniform(0, 6, 200)}
    means, frame = evaluate_rating(split, predictions)
    assert frame["n"].sum() == 200
    assert np.sqrt(frame["squared_error"].sum() / 200) == pytest.approx(means["test"]["rmse"], rel=1e-13)
    assert frame["absolute_error"].sum() / 200 == pytest.approx(means["test"]["mae"], rel=1e-13)


def test_predictions_are_clipped_for_one_metric_alone():
    split = rating_split([[0, 0]], [[0, 1]], [5], [5])
    means, _ = evaluate_rating(split, {"valid": np.array([7.0]), "test": np.array([-1.0])})
    assert means["valid"]["rmse"] == 2.0
    assert means["test"]["mae"] == 6.0
    assert (means["valid"]["rmse_clipped"], means["test"]["rmse_clipped"]) == (0.0, 4.0)  # to 5 and 1


def test_cold_parts_each_together_and_with_the_test():
    split = rating_split([[0, 0]], [[0, 1], [1, 1]], [3], [3, 3])
    cold = {"cold_user": np.array([[4, 0], [4, 1]]), "cold_item": np.array([[0, 3]])}
    ratings = split.ratings | {"cold_user": np.array([1, 2], np.float32), "cold_item": np.array([4], np.float32)}
    predictions = {"valid": np.array([3.0]), "test": np.array([4.0, 2.0])}
    predictions |= {"cold_user": np.array([3.0, 3.0]), "cold_item": np.array([1.0])}
    means, frame = evaluate_rating(replace(split, cold=cold, ratings=ratings), predictions)
    assert means["cold_user"] == pytest.approx(unclipped(np.sqrt(5 / 2), 3 / 2))
    assert means["cold_item"] == pytest.approx(unclipped(3, 3))
    assert means["cold"] == pytest.approx(unclipped(np.sqrt(14 / 3), 2))
    assert means["overall"] == pytest.approx(unclipped(np.sqrt(16 / 5), 8 / 5))
    assert "overall_both" not in means
    assert frame["n"].sum() == 2


def test_pairs_that_are_new_on_both_sides_with_the_test():
    """The paper's overall column: warm pairs and these, without those of which one side is known."""
    split = rating_split([[0, 0]], [[0, 1], [1, 1]], [3], [3, 3])
    cold = {"cold_user": np.array([[4, 0]]), "cold_both": np.array([[4, 5], [5, 5]])}
    ratings = split.ratings | {"cold_user": np.array([1], np.float32), "cold_both": np.array([4, 2], np.float32)}
    predictions = {"valid": np.array([3.0]), "test": np.array([4.0, 3.0]), "cold_user": np.array([9.0])}
    means, _ = evaluate_rating(
        replace(split, cold=cold, ratings=ratings), predictions | {"cold_both": np.array([1.0, 2.0])}
    )
    assert means["overall_both"] == pytest.approx(unclipped(np.sqrt(10 / 4), 1))
    assert means["overall"]["rmse"] == pytest.approx(np.sqrt((10 + 64) / 5))


def test_ratings_in_single_precision_are_subtracted_in_double():
    split = rating_split([[0, 0]], [[0, 1]], [3], [3])
    means, _ = evaluate_rating(split, {"valid": np.array([3 + 1e-10]), "test": np.array([3 - 1e-10])})
    assert means["valid"]["mae"] == pytest.approx(1e-10, rel=1e-5)
    assert means["test"]["mae"] == pytest.approx(1e-10, rel=1e-5)
