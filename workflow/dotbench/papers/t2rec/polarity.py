"""What single opinion words say of aspects, by two scorers: T2Rec's Table 2 and its two claims about price."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any

from dotbench.features._mentions import opinions, sentences
from dotbench.lazy import np, pd
from dotbench.statistics.intervals import Interval

Scorer = Callable[[list[str], list[str]], list[tuple[int, float]]]
RESAMPLES = 10_000


def by_vader(words: list[str], number: list[str]) -> list[tuple[int, float]]:
    """(place, polarity) of each word of VADER's lexicon in a sentence: v/√(v² + 15) of its valence v.

    v is that of the lexicon after the intensifiers and negations before the word, as VADER scores them: VADER's
    compound score of the word alone. Hutto and Gilbert, VADER, ICWSM 2014. ``number`` has no effect: VADER knows no
    parts of speech.
    """
    from vaderSentiment.vaderSentiment import BOOSTER_DICT, SentiText, normalize

    told = SentiText(" ".join(words))
    tokens = told.words_and_emoticons
    found = []
    for place, token in enumerate(tokens):
        if len(tokens) == len(words) and token.lower() not in BOOSTER_DICT:
            [valence] = _vader().sentiment_valence(0, told, token, place, [])
            if valence:
                found.append((place, normalize(valence)))
    return found


@cache
def _vader() -> Any:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()


SCORERS: dict[str, Scorer] = {"VADER": by_vader, "TextBlob": opinions}


def scored(text: str, scorer: Scorer) -> Iterator[tuple[str, float | None]]:
    """Each aspect of each sentence of a text, with the polarity of the nearest opinion word of the sentence.

    Of two that are equally near it is the first. None in a sentence without another opinion word. The printed
    quartiles of T2Rec's Table 2 are those of single words, and none is 0.
    """
    for words, number, places in sentences(text):
        if places:
            found = scorer(words, number)
            for aspect, place in places.items():
                others = [(abs(where - place), where, polarity) for where, polarity in found if where != place]
                yield aspect, min(others)[2] if others else None


def read(texts: Iterable[str], scorer: Scorer) -> "pd.DataFrame":
    """``review, aspect, polarity``: a row for each mention, ``review`` counted from 0. NaN: no opinion."""
    rows = [(n, *mention) for n, text in enumerate(texts) for mention in scored(text, scorer)]
    return pd.DataFrame(rows, columns=["review", "aspect", "polarity"]).astype({"polarity": float})


def differences(values: "np.ndarray", counts: "np.ndarray", base: int, seed: int = 0) -> list[Interval]:
    """Mean of each column less that of the column ``base``, with 95 % intervals from resampled users.

    ``values``, ``counts``: shape (users, columns), sum and number of observations of a user. Users are drawn with
    replacement, all of their observations together; percentiles of 10,000 resamples, simultaneous over the columns by
    Bonferroni. The entry ``base`` is 0.
    """
    rng = np.random.default_rng(seed)
    users, columns = values.shape
    drawn = np.zeros((RESAMPLES, columns))
    for k in range(RESAMPLES):
        times = np.bincount(rng.integers(0, users, users), minlength=users)
        means = (times @ values) / np.maximum(times @ counts, 1)
        drawn[k] = means - means[base]
    whole = values.sum(0) / counts.sum(0)
    level = 100 * 0.025 / max(columns - 1, 1)
    low, high = np.percentile(drawn, [level, 100 - level], axis=0)
    spread = drawn.std(0, ddof=1)
    rows = zip(whole - whole[base], spread, low, high, strict=True)
    return [Interval(*map(float, row)) for row in rows]


def by_user(users: "np.ndarray", groups: "np.ndarray", values: "np.ndarray", size: int) -> "Sequence[np.ndarray]":
    """Sums and numbers of ``values`` by user and group, both of shape (users, size). All arguments have shape (n,)."""
    shape = (int(users.max()) + 1, size)
    sums, counts = np.zeros(shape), np.zeros(shape)
    np.add.at(sums, (users, groups), values)
    np.add.at(counts, (users, groups), 1)
    return sums, counts
