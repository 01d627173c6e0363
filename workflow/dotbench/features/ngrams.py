"""Mean bag of the most salient n-grams."""

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import Field

from dotbench.errors import DotbenchError
from dotbench.features._reviews import Reviews, TextFeatures, texts
from dotbench.features.base import TrainingSettings
from dotbench.features.source import Source
from dotbench.lazy import np

if TYPE_CHECKING:
    import pandas as pd

WORD = r"(?u)\b[^\W\d_](?:[^\W\d_]|['’][^\W\d_])+"
NEGATIONS = frozenset({"no", "nor", "not", "never", "none", "nothing", "cannot", "without", "hardly"})


@cache
def is_stop_word(word: str) -> bool:
    """Whether scikit-learn's English list has the word, or what stands before its apostrophe. Negations are none."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    stem, _, ending = word.replace("’", "'").partition("'")
    return stem in ENGLISH_STOP_WORDS - NEGATIONS and not (stem.endswith("n") and ending == "t")


class NGramsSettings(TrainingSettings):
    """How many n-grams, how long, and how rare they may be."""

    size: int = Field(300, ge=1, description="n-grams chosen")
    longest: int = Field(3, ge=1, le=5, description="number of words of the longest n-grams")
    min_share: float = Field(
        0.001, ge=0, lt=1, description="an n-gram is chosen if it occurs in at least this share of the reviews"
    )


class NGrams(TextFeatures):
    """The n-grams of highest TF-IDF over the reviews, as each user's and item's mean bag of words.

    salience(g) = Σ_r tf(g, r) · ln(N / df(g)):  the TF-IDF weights of g added up over the N reviews. tf counts g in
    review r, df counts the reviews with g. The ``size`` highest are chosen, ties in alphabetical order, among the 1- to
    ``longest``-grams that are in at least ``min_share`` · N reviews and neither begin nor end with a stop word
    (negations are none). Feature g of a user, or of an item, is the mean of tf(g, r) over the reviews. Words are runs
    of two or more letters in lower case, apostrophes inside them kept.

    The choice reads the reviews twice, in batches, and is exact: an n-gram in a share s of all reviews is in a share s
    of at least one batch (Savasere, Omiecinski and Navathe, VLDB 1995), so only n-grams that are this frequent in some
    batch are counted in all. T2Rec, Section 6 (Yelp).
    """

    name = "ngrams"
    title = "N-grams of reviews"
    Settings = NGramsSettings
    settings: NGramsSettings

    def read(self, source: Source) -> "tuple[Reviews, dict[str, pd.DataFrame]]":
        from scipy.sparse import csr_array, vstack

        chosen = self.choose(source)
        vectorizer = self._vectorizer(vocabulary=chosen)
        users, items, counts = [], [], []
        for user_rows, item_rows, batch in texts(source, self.settings.leaky):
            users.append(user_rows)
            items.append(item_rows)
            counts.append(vectorizer.transform(batch))
        return Reviews(np.concatenate(users), np.concatenate(items), csr_array(vstack(counts, "csr")), None, chosen), {}

    def choose(self, source: Source) -> list[str]:
        """The chosen n-grams, most salient first."""
        none = DotbenchError(f"{source.ratings}: no n-gram is in {self.settings.min_share:.2%} of the training reviews")
        names = sorted(self._candidates(source))
        if not names:
            raise none
        vectorizer = self._vectorizer(vocabulary=names)
        n, frequency, documents = 0, np.zeros(len(names)), np.zeros(len(names))
        for _, _, batch in texts(source, self.settings.leaky):
            counts = vectorizer.transform(batch)
            n += len(batch)
            frequency += np.bincount(counts.indices, counts.data, minlength=len(names))
            documents += np.bincount(counts.indices, minlength=len(names))
        kept = np.flatnonzero(documents >= self.settings.min_share * n)
        if len(kept) == 0:
            raise none
        salience = frequency[kept] * np.log(n / documents[kept])
        return [names[kept[k]] for k in np.argsort(-salience, kind="stable")[: self.settings.size]]

    def _candidates(self, source: Source) -> set[str]:
        """N-grams that are frequent enough in at least one batch."""
        candidates: set[str] = set()
        analyze = self._vectorizer().build_analyzer()
        for _, _, batch in texts(source, self.settings.leaky):
            documents: Counter[str] = Counter()
            for text in batch:
                documents.update(set(analyze(text)))
            least = self.settings.min_share * len(batch)
            frequent = (gram for gram, n in documents.items() if n >= least)
            candidates.update(g for g in frequent if not any(map(is_stop_word, (g.split()[0], g.split()[-1]))))
        return candidates

    def _vectorizer(self, vocabulary: list[str] | None = None) -> Any:
        from sklearn.feature_extraction.text import CountVectorizer

        return CountVectorizer(
            ngram_range=(1, self.settings.longest), token_pattern=WORD, vocabulary=vocabulary, dtype=np.float32
        )
