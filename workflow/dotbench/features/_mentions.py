"""Aspects and opinions in English sentences, by the word lists that TextBlob ships (pattern.en). Nothing is downloaded.

Only the two objects of TextBlob that hold these lists are used, its parser and its sentiment.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

WORD = re.compile(r"[a-z]{3,}")
PRONOUN = re.compile(r"(any|every|no|some)(thing|one|body)|one|mine")
NOT = re.compile(r"n['’]t\b", re.IGNORECASE)  # TextBlob would make three tokens of it and miss the negation

# What may stand before a noun, and before a verb, of either number
SINGULAR = frozenset({"a", "an", "the", "this", "each", "every", "another"})
PLURAL = frozenset({"the", "these", "those"})
NOMINAL = frozenset({"PRP$", "JJ", "JJR", "JJS"})
VERBAL = frozenset({"TO", "MD", "PRP"})
AUXILIARY = frozenset({"are", "be", "been", "do", "get", "have"})


class Mention(NamedTuple):
    """An aspect in a sentence, and what the sentence says of it, in [−1, 1]."""

    aspect: str
    polarity: float


class Sentence(NamedTuple):
    """Words in lower case, what ``nouns`` says of each, and the place of each aspect, the first where it is twice."""

    words: list[str]
    number: list[str]
    places: dict[str, int]


class Token(str):
    """A word that knows its place in the sentence. TextBlob hands back the very words that it was given."""

    place: int


def mentions(text: str) -> Iterator[Mention]:
    """Each aspect of each sentence of a text, once a sentence.

    An aspect is a common noun (``nouns``) of at least three letters that is no pronoun and no opinion word, in lower
    case and in the singular. Its polarity is the mean of the sentence's opinions (``opinions``), each weighted by the
    inverse of its distance in words,

        polarity(a) = Σ_o p(o) / |place(o) − place(a)|  /  Σ_o 1 / |place(o) − place(a)|,

    0 in a sentence without opinions. The place of an aspect that stands there twice is the first. The score of Ding,
    Liu and Yu (WSDM 2008, Equation 1), as a mean.
    """
    for words, number, places in sentences(text):
        if places:
            polarities = opinions(words, number)
            for aspect, place in places.items():
                weights = [1 / abs(where - place) for where, _ in polarities]
                total = sum(weight * p for weight, (_, p) in zip(weights, polarities, strict=True))
                yield Mention(aspect, total / sum(weights) if polarities else 0.0)


def sentences(text: str) -> Iterator[Sentence]:
    """The sentences of a text, with their aspects."""
    from textblob.en import parser

    for sentence in parser.find_tokens(NOT.sub(" not", text)):
        words = sentence.split(" ")
        lower = [word.lower() for word in words]
        number = nouns(lower, [tag for _, tag in parser.find_tags(words)])
        places: dict[str, int] = {}
        for place, word in enumerate(lower):
            if number[place] and (aspect := as_aspect(word, number[place])):
                places.setdefault(aspect, place)
        yield Sentence(lower, number, places)


def nouns(words: list[str], tags: list[str]) -> list[str]:
    """For each word of a sentence, in lower case and with TextBlob's tag: ``NN`` for a common noun in the singular,
    ``NNS`` in the plural, otherwise empty.

    TextBlob gives a word its most frequent tag. Two rules of agreement, in the manner of Brill's, mend the nouns and
    verbs: a noun after to, a modal verb, a pronoun or not is a verb, and so is a singular one after a plural ("the
    strings sound"). A verb after an article, a possessive or an adjective is a noun ("my stand", "these picks"), and
    so is one without -s after a singular noun ("guitar strap").
    """
    noun_tags = []
    word_before = tag_before = ""
    for word, tag in zip(words, tags, strict=True):
        if tag in ("NN", "NNS"):
            if tag_before in VERBAL or word_before == "not" or (tag == "NN" and tag_before == "NNS"):
                tag = "VB"
        elif tag in ("VB", "VBP"):
            before = word_before in SINGULAR or tag_before in NOMINAL or tag_before == "NN"
            if before and word not in AUXILIARY:
                tag = "NN"
        elif tag == "VBZ" and (word_before in PLURAL or tag_before in NOMINAL):
            tag = "NNS"
        noun_tags.append(tag if tag in ("NN", "NNS") else "")
        word_before, tag_before = word, tag
    return noun_tags


def opinions(words: list[str], number: list[str]) -> list[tuple[int, float]]:
    """(place, polarity) of the opinions in a sentence.

    An opinion is a word or emoticon of TextBlob's sentiment list with a polarity other than 0 after the negations
    ("not", "never": times −0.5) and intensifiers ("very", "hardly") before it, as TextBlob scores them. In [−1, 1].
    A noun is one only if the list has it as a noun or verb: "sound" is not "a sound choice".
    """
    from textblob.en import sentiment

    tokens = []
    for place, (word, noun) in enumerate(zip(words, number, strict=True)):
        token = Token(word)
        token.place = place
        tokens.append((token, "a noun" if noun and not is_opinion(word) else None))
    polarities = []
    for phrase, polarity, *_ in sentiment.assessments(tokens):
        if polarity:
            last = [word for word in phrase if word != "!"][-1]
            polarities.append((last.place, polarity))
    return polarities


@cache
def is_opinion(noun: str) -> bool:
    """Whether TextBlob's sentiment list has the word as a noun or verb."""
    from textblob.en import sentiment

    return noun in sentiment and not {"NN", "VB"}.isdisjoint(sentiment[noun])


@cache
def as_aspect(noun: str, number: str) -> str:
    """The aspect that a noun in lower case, singular (``NN``) or plural (``NNS``), names.

    Empty if the noun is too short, no word, a pronoun or an opinion.
    """
    from textblob.en.inflect import singularize

    singular = singularize(noun) if number == "NNS" else noun
    if not WORD.fullmatch(noun) or not WORD.fullmatch(singular) or PRONOUN.fullmatch(noun):
        return ""
    return "" if is_opinion(noun) or is_opinion(singular) else singular
