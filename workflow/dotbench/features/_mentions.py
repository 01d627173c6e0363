"""Aspects and opinions in English sentences, by the word lists that TextBlob ships (pattern.en); nothing is downloaded.

Only the two objects of TextBlob that hold these lists are used, its parser and its sentiment.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

NOUNS = ("NN", "NNS")
WORD = re.compile(r"[a-z]{3,}")


class Mention(NamedTuple):
    """An aspect in a sentence, and what the sentence says of it, in [−1, 1]."""

    aspect: str
    polarity: float


class Token(str):
    """A word that knows its place in the sentence; TextBlob hands back the very words that it was given."""

    place: int


def mentions(text: str) -> Iterator[Mention]:
    """Each aspect of each sentence of a text, once a sentence.

    An aspect is a common noun of at least three letters that is no opinion word, in lower case and in the singular.
    Its polarity is the mean of the sentence's opinions, each weighted by the inverse of its distance in words,

        polarity(a) = Σ_o p(o) / |place(o) − place(a)|  /  Σ_o 1 / |place(o) − place(a)|,

    0 in a sentence without opinions; the place of an aspect that stands there twice is the first. An opinion o is a
    word of TextBlob's sentiment list with p(o) ≠ 0 after negations ("not", "never", "n't": times −0.5) and
    intensifiers ("very", "hardly") before it; p in [−1, 1]. The score of Ding, Liu and Yu (WSDM 2008, Equation 1),
    as a mean.
    """
    from textblob.en import parser

    for sentence in parser.find_tokens(text):
        words = sentence.split(" ")
        lower = [word.lower() for word in words]
        places: dict[str, int] = {}
        for place, (word, (_, tag)) in enumerate(zip(lower, parser.find_tags(words), strict=True)):
            if tag in NOUNS and (aspect := as_aspect(word)):
                places.setdefault(aspect, place)
        if places:
            found = opinions(lower)
            for aspect, place in places.items():
                weights = [1 / abs(where - place) for where, _ in found]
                total = sum(weight * p for weight, (_, p) in zip(weights, found, strict=True))
                yield Mention(aspect, total / sum(weights) if found else 0.0)


def opinions(words: list[str]) -> list[tuple[int, float]]:
    """(place, polarity) of the opinion words among the words of a sentence in lower case; the last of a phrase."""
    from textblob.en import sentiment

    tokens = []
    for place, word in enumerate(words):
        token = Token(word)
        token.place = place
        tokens.append((token, None))
    found = []
    for phrase, polarity, *_ in sentiment.assessments(tokens):
        if polarity:
            last = [word for word in phrase if word != "!"][-1]
            found.append((last.place, polarity))
    return found


@cache
def as_aspect(noun: str) -> str:
    """The aspect that a noun in lower case names; empty if it is too short, not a word, or an opinion itself."""
    from textblob.en import sentiment
    from textblob.en.inflect import singularize

    if not WORD.fullmatch(noun):
        return ""
    singular = singularize(noun)
    return "" if noun in sentiment or singular in sentiment or len(singular) < 3 else singular
