"""Polarity of aspects by single opinion words, and intervals from resampled users."""

import numpy as np
import pytest

from dotbench.papers.t2rec.polarity import SCORERS, by_user, by_vader, differences, read, scored
from dotbench.reporting.published import load_published

pytestmark = pytest.mark.seconds

# valences of VADER's lexicon
WORDS = {"fresh": 1.3, "clean": 1.7, "nice": 1.8, "good": 1.9, "friendly": 2.2, "delicious": 2.7, "terrible": -2.1}


@pytest.mark.parametrize(("word", "valence"), WORDS.items())
def test_a_word_has_the_compound_of_its_valence(word: str, valence: float) -> None:
    [(place, polarity)] = by_vader(["the", word, "strap"], ["", "", "NN"])
    assert place == 1
    assert polarity == pytest.approx(valence / np.sqrt(valence**2 + 15), abs=1e-12)


def test_intensifiers_and_negations_count() -> None:
    [(_, good)], [(_, very)], [(_, none)] = (
        by_vader(text.split(), [""] * 4) for text in ("it is so good", "it is good now", "it is not good")
    )
    assert good > very > 0 > none
    assert by_vader(["so", "very", "much"], [""] * 3) == []


def test_the_nearest_opinion_is_the_polarity_and_none_where_there_is_no_other() -> None:
    text = "The cable is terrible but I like the nice strap. The cable is here."
    found = list(scored(text, by_vader))
    assert [aspect for aspect, _ in found] == ["cable", "strap", "cable"]
    assert found[0][1] == pytest.approx(-2.1 / np.sqrt(2.1**2 + 15))
    assert found[1][1] > 0.4  # nice, behind "but" or not
    assert found[2][1] is None
    frame = read(["Nothing.", text], SCORERS["TextBlob"])
    assert list(frame["review"]) == [1, 1, 1]
    assert frame["polarity"].iloc[0] == -1
    assert np.isnan(frame["polarity"].iloc[2])


def test_the_printed_quartiles_are_those_of_words_of_the_lexicon() -> None:
    """Every quartile of the paper's Table 2 is v/√(v² + 15) of a valence, or the middle of two (.43)."""
    facts = [fact for fact in load_published("t2rec").facts if fact.table == "Table 2"]
    assert len(facts) == 10
    printed = {fact.numbers[name] for fact in facts for name in ("q25", "q50", "q75")}
    words = {round(v / np.sqrt(v**2 + 15), 2) for v in np.arange(0.1, 4.05, 0.1)}
    assert {0.32, 0.44, 0.49, 0.57} <= printed
    assert printed - words <= {0.43}


def test_intervals_are_those_of_users() -> None:
    """A user's observations move together: two thousand of a hundred users say as much as a hundred."""
    rng = np.random.default_rng(0)
    users = np.repeat(np.arange(100), 40)
    groups = np.tile([0, 1], 2000)
    values = np.where(groups == 1, 0.5 + rng.standard_normal(100)[users], 0.0)
    zero, one = differences(*by_user(users, groups, values, 2), 0)
    assert (zero.mean, zero.low, zero.high) == (0, 0, 0)
    per_user = values[groups == 1].reshape(100, 20)[:, 0]
    assert one.mean == pytest.approx(per_user.mean())
    half = 1.96 * per_user.std(ddof=1) / 10
    assert one.low == pytest.approx(one.mean - half, abs=0.03)
    assert one.high == pytest.approx(one.mean + half, abs=0.03)


def test_intervals_are_simultaneous() -> None:
    rng = np.random.default_rng(1)
    values = rng.standard_normal((400, 3))
    wide = differences(values, np.ones((400, 3)), 0)[1]
    narrow = differences(values[:, :2], np.ones((400, 2)), 0)[1]
    assert (wide.high - wide.low) / (narrow.high - narrow.low) == pytest.approx(2.241 / 1.96, rel=0.05)
