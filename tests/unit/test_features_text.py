"""N-grams, aspects, votes: against counting by hand and by brute force."""

import dataclasses
import math
import re
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from features_data import random_source, reviews, split_of, write_prepared
from hypothesis import given, settings
from hypothesis import strategies as st

import dotbench.features.source
from dotbench.errors import DotbenchError
from dotbench.features._mentions import mentions, nouns
from dotbench.features._reviews import texts
from dotbench.features.aspects import Aspects, AspectsSettings, polarity_table
from dotbench.features.base import TrainingSettings
from dotbench.features.ngrams import NGrams, NGramsSettings, is_stop_word
from dotbench.features.source import Source
from dotbench.features.votes import Votes

pytestmark = pytest.mark.seconds

ROWS = [
    (0, 0, 5.0, "Great strap, great price."),
    (0, 1, 1.0, "The cable broke."),
    (1, 0, 4.0, "A great strap!"),
    (1, 2, 2.0, "the test review: a zither"),
    (2, 1, 3.0, ""),
]


@pytest.fixture
def source(tmp_path) -> Source:
    """Review 3 is the test part, so item 2 has no training review; the text of review 4 is empty."""
    frame = reviews(ROWS, helpful_votes=np.array([3, -1, 0, 50, 1], np.int32))
    data = write_prepared(tmp_path, frame, 3, 3)
    return Source(data, split_of(frame, np.array([0, 0, 0, 2, 0]), 3, 3))


# n-grams


def test_ngrams_of_a_hand_made_corpus(source):
    found = NGrams(NGramsSettings(size=4, longest=2)).compute(source)
    # N = 4. great: 3 ln(4/2); great strap, strap: 2 ln(4/2); the rest, once in one review: ln 4 = 2 ln 2, ties by name
    assert found.user_names == ["great", "broke", "cable", "cable broke"]
    assert found.users.toarray().tolist() == [[1, 0.5, 0.5, 0.5], [1, 0, 0, 0], [0, 0, 0, 0]]
    average = [0.75, 0.25, 0.25, 0.25]  # item 2 has no training review
    assert found.items.toarray().tolist() == [[1.5, 0, 0, 0], [0, 0.5, 0.5, 0.5], average]


def brute_salience(corpus: list[str], longest: int, min_share: float) -> dict[str, float]:
    tf = []
    for text in corpus:
        words = re.findall(r"[a-z]{2,}", text.lower())
        tf.append(Counter(" ".join(words[k : k + n]) for n in range(1, longest + 1) for k in range(len(words) - n + 1)))
    df = Counter(gram for counts in tf for gram in counts)
    return {
        gram: sum(counts[gram] * math.log(len(corpus) / df[gram]) for counts in tf)
        for gram in df
        if df[gram] >= min_share * len(corpus)
        and not is_stop_word(gram.split()[0])
        and not is_stop_word(gram.split()[-1])
    }


CORPUS = st.lists(
    st.lists(st.sampled_from(["strap", "cable", "the", "of", "not", "sound", "good"]), max_size=12), min_size=3
)


@given(corpus=CORPUS, batch=st.integers(1, 7), min_share=st.sampled_from([0.0, 0.2, 0.5]))
@settings(max_examples=40, deadline=None)
def test_the_choice_is_exact_whatever_the_batches(tmp_path_factory, corpus, batch, min_share):
    corpus = [" ".join(words) for words in corpus]
    expected = brute_salience(corpus, 3, min_share)
    frame = reviews([(0, k, 1.0, text) for k, text in enumerate(corpus)])
    data = write_prepared(tmp_path_factory.mktemp("own"), frame, 1, len(corpus))
    source = Source(data, split_of(frame, np.zeros(len(frame)), 1, len(corpus)))
    part = NGrams(NGramsSettings(size=5, min_share=min_share))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(dotbench.features.source, "BATCH", batch)
        if not expected:
            with pytest.raises(DotbenchError, match="no n-gram is in"):
                part.choose(source)
            return
        chosen = part.choose(source)
    best = sorted(expected.values(), reverse=True)[:5]
    np.testing.assert_allclose([expected[gram] for gram in chosen], best, atol=1e-9)


@pytest.mark.parametrize(
    ("word", "stops"),
    [("the", True), ("it's", True), ("you’re", True), ("not", False), ("don't", False), ("cable", False)],
)
def test_stop_words(word, stops):
    assert is_stop_word(word) is stops


# aspects


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The sound is great.", {"sound": 0.8}),
        ("The straps are not good.", {"strap": -0.35}),  # 0.7 · −0.5
        ("The strap doesn't look good.", {"strap": 0.7}),  # a negation reaches over small words only
        ("The strap isn't good.", {"strap": -0.35}),
        ("The guitar strap arrived.", {"guitar": 0.0, "strap": 0.0}),
        # sound at 1, strap at 7; great (0.8) at 3, terrible (−1) at 9
        (
            "The sound is great but the strap is terrible",
            {"sound": (0.8 / 2 - 1 / 7) / (1 / 2 + 1 / 7), "strap": (0.8 / 3 - 1 / 2) / (1 / 3 + 1 / 2)},
        ),
        ("I use it to work. Nothing else.", {}),
        ("Great :-)", {}),
        ("", {}),
    ],
)
def test_aspects_and_their_polarity(text, expected):
    assert dict(mentions(text)) == pytest.approx(expected)


def test_an_aspect_counts_once_a_sentence():
    assert [mention.aspect for mention in mentions("A strap is a strap. My strap!")] == ["strap", "strap"]


@pytest.mark.parametrize(
    ("tagged", "expected"),
    [
        ("to/TO work/NN", []),
        ("they/PRP works/NNS", []),
        ("strings/NNS sound/NN", ["strings"]),
        ("my/PRP$ stand/VB", ["stand"]),
        ("these/DT picks/VBZ", ["picks"]),
        ("these/DT look/VB", []),
        ("guitar/NN strap/VB case/NN", ["guitar", "strap", "case"]),
        ("this/DT is/VBZ", []),
        ("the/DT amp/NN sounds/VBZ", ["amp"]),
    ],
)
def test_nouns_by_agreement(tagged, expected):
    words, tags = zip(*(pair.split("/") for pair in tagged.split()), strict=True)
    found = nouns(list(words), list(tags))
    assert [word for word, number in zip(words, found, strict=True) if number] == expected


def test_aspects_of_a_hand_made_corpus(tmp_path):
    rows = [
        (0, 0, 5.0, "The sound is great. The sound is terrible."),
        (0, 1, 5.0, "The sound is good. My cable is good."),
        (1, 0, 1.0, "The cable is terrible. A case."),
    ]
    frame = reviews(rows)
    source = Source(write_prepared(tmp_path, frame, 2, 2), split_of(frame, np.zeros(3), 2, 2))
    found = Aspects(AspectsSettings(size=2)).compute(source)
    assert found.user_names == found.item_names == ["sound", "cable"]
    np.testing.assert_allclose(found.users.toarray(), [[(0.8 - 1 + 0.7) / 3, 0.7], [0, -1]], rtol=1e-6)
    np.testing.assert_allclose(found.items.toarray(), [[(0.8 - 1) / 2, -1], [0.7, 0.7]], rtol=1e-6)
    table = found.tables["polarity"].set_index("aspect")
    assert list(table.columns) == ["frequency", "mean", "sd", "q25", "median", "q75"]
    assert table["frequency"].to_dict() == {"sound": 3, "cable": 2}
    expected = pd.Series([0.8, -1, 0.7]).describe()[["mean", "std", "25%", "50%", "75%"]]
    np.testing.assert_allclose(table.loc["sound"].tolist()[1:], expected, rtol=1e-6)
    levels = [("sound", 5, 3, 0.5 / 3), ("cable", 1, 1, -1.0), ("cable", 5, 1, 0.7)]
    assert found.tables["levels"].columns.tolist() == ["aspect", "rating", "frequency", "mean"]
    for row, expected in zip(found.tables["levels"].itertuples(index=False), levels, strict=True):
        assert row[:3] == expected[:3]
        assert row[3] == pytest.approx(expected[3])


def test_polarity_at_a_rating_is_that_of_the_reviews_of_the_rating(tmp_path):
    source, frame = random_source(tmp_path)
    found = Aspects(AspectsSettings(size=3, leaky=True)).compute(source).tables
    for row in found["levels"].itertuples(index=False):
        alike = frame[frame["rating"] == row.rating]
        own = [m.polarity for text in alike["text"] for m in mentions("Fine.\n\n" + text) if m.aspect == row.aspect]
        assert row.frequency == len(own)
        assert row.mean == pytest.approx(np.mean(own), abs=1e-6)
    whole = found["levels"].groupby("aspect")["frequency"].sum()
    assert whole.to_dict() == found["polarity"].set_index("aspect")["frequency"].to_dict()


def test_the_polarity_table_against_numpy():
    rng = np.random.default_rng(0)
    aspects, polarity = rng.integers(0, 4, 200), rng.uniform(-1, 1, 200).astype(np.float32)
    table = polarity_table(["d", "c", "b", "a"], aspects, polarity)
    assert table["aspect"].tolist() == ["d", "c", "b", "a"]
    for k, row in enumerate(table.itertuples(index=False)):
        own = polarity[aspects == k].astype(float)
        expected = [len(own), own.mean(), own.std(ddof=1), *np.quantile(own, [0.25, 0.5, 0.75])]
        np.testing.assert_allclose(row[1:], expected, rtol=1e-6)


# votes and rows


def test_votes_are_totals_of_the_training_reviews(source):
    honest = Votes(TrainingSettings()).compute(source)
    assert honest.user_names == ["log_helpful_votes"]
    np.testing.assert_allclose(honest.users[:, 0], np.log1p([3, 0, 1]), rtol=1e-6)
    assert honest.items.shape == (3, 0)
    leaky = Votes(TrainingSettings(leaky=True)).compute(source)
    np.testing.assert_allclose(leaky.users[:, 0], np.log1p([3, 50, 1]), rtol=1e-6)


def test_rows_are_those_of_training_pairs_or_all(source, monkeypatch):
    monkeypatch.setattr(dotbench.features.source, "BATCH", 2)
    honest = pd.concat(source.rows(["rating"], leaky=False))
    assert honest["rating"].tolist() == [5, 1, 4, 3]
    assert pd.concat(source.rows(["rating"], leaky=True))["rating"].tolist() == [5, 1, 4, 2, 3]
    smaller = dataclasses.replace(source, split=dataclasses.replace(source.split, n_users=2, n_items=2))
    assert pd.concat(smaller.rows(["rating"], leaky=True))["rating"].tolist() == [5, 1, 4]


def test_the_summary_is_a_sentence_of_its_own(tmp_path):
    source, frame = random_source(tmp_path)
    found = [text for _, _, batch in texts(source, leaky=True) for text in batch]
    assert found[0] == "Fine.\n\n" + frame["text"][0]


def test_absent_columns_and_empty_parts_are_told(source):
    with pytest.raises(DotbenchError, match=r"ratings\.parquet: holds no column stars; it has user, item, rating, "):
        list(source.rows(["stars"], leaky=False))
    nothing = dataclasses.replace(source, split=dataclasses.replace(source.split, train=source.split.train[:0]))
    with pytest.raises(DotbenchError, match=r"none of its reviews belongs to the training part"):
        NGrams(NGramsSettings()).compute(nothing)
    pd.read_parquet(source.folder / "ratings.parquet").drop(columns="helpful_votes").to_parquet(
        source.folder / "ratings.parquet"
    )
    with pytest.raises(DotbenchError, match="has no votes; needed is a column of useful, funny, cool, helpful_votes"):
        Votes(TrainingSettings()).compute(source)
