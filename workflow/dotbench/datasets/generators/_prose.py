"""Review texts whose sentiment goes with the stars, made of sentences about aspects."""

from collections.abc import Sequence
from dataclasses import dataclass

from dotbench.lazy import np

POOL = 2000  # different sentences of each sentiment
NEUTRAL = 0.25  # share of sentences without a judgement
LENGTH, SPREAD = 2.0, 0.9  # of the logarithm of the number of sentences: mean and sd


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


GOOD = _words(
    """
    excellent great amazing perfect wonderful fantastic superb impressive outstanding lovely good solid reliable
    pleasant brilliant delightful
    """
)
BAD = _words(
    """
    terrible awful bad poor horrible disappointing useless dreadful annoying defective mediocre unreliable
    pathetic lousy broken frustrating
    """
)
PRAISE = (
    "The {aspect} is {word}.",
    "I love the {aspect}, it is {word}!",
    "What {article} {word} {aspect}, I am very happy with it.",
    "After a month the {aspect} is still {word}, highly recommended.",
    "My wife says the {aspect} is {word} and I agree.",
    "Honestly, {article} {word} {aspect} for this money.",
)
BLAME = (
    "The {aspect} is {word}.",
    "I hate the {aspect}, it's {word}.",
    "What {article} {word} {aspect}, I want my money back!",
    "After a week the {aspect} was already {word}.",
    "Don't believe the other reviews: the {aspect} is {word}.",
    "The {aspect} was {word} and nobody cared to help.",
)
PLAIN = (
    "I wanted to see the {aspect} for myself.",
    "A friend had told me about the {aspect}.",
    "There is a picture of the {aspect} on the page.",
    "I looked at the {aspect} for {number} days before I wrote this.",
    "This is number {number} on my list, and the {aspect} is what I looked at.",
    'They say "the {aspect}" when they mean this one.',
)

PRODUCT = _words(
    """
    price sound battery screen cable case keyboard quality shipping design manual software size weight charger
    remote speaker microphone lens picture
    """
)
GAME = _words(
    """
    story graphics soundtrack combat map multiplayer price controls tutorial difficulty music interface
    performance voice ending puzzle
    """
)
PLACE = _words(
    """
    food service staff price atmosphere coffee parking menu pizza portion room burger music location waiter
    patio
    """
)


@dataclass(frozen=True)
class Prose:
    """Sentences about ``aspects``. Equal seeds give equal sentences.

    A review of s stars has about exp(N(``LENGTH``, ``SPREAD``²)) sentences, at least one. Each is neutral with
    probability ``NEUTRAL``. Of the others each is praise with probability (s − ½)/5 and blame otherwise.
    """

    aspects: Sequence[str]
    seed: int

    def texts(self, stars: "np.ndarray", block: int) -> list[str]:
        """One text for each of ``stars`` (n,), from 1 to 5. ``block`` numbers calls, and calls are independent."""
        pools = self._pools()
        rng = np.random.default_rng([self.seed, 1, block])
        counts = np.exp(rng.normal(LENGTH, SPREAD, len(stars))).astype(np.int64).clip(1, 150)
        praise = rng.random(counts.sum()) < np.repeat((stars - 0.5) / 5, counts)
        kind = np.where(rng.random(len(praise)) < NEUTRAL, 2, np.where(praise, 0, 1))
        sentences = pools[kind * POOL + rng.integers(POOL, size=len(kind))].tolist()
        ends = np.cumsum(counts).tolist()
        return [" ".join(sentences[end - n : end]) for end, n in zip(ends, counts.tolist(), strict=True)]

    def summaries(self, stars: "np.ndarray", block: int) -> list[str]:
        """A title for each of ``stars``: an adjective, good from 3 stars on, and an aspect."""
        rng = np.random.default_rng([self.seed, 2, block])
        words = np.where(stars >= 3, rng.choice(GOOD, len(stars)), rng.choice(BAD, len(stars))).tolist()
        aspects = rng.choice(self.aspects, len(stars)).tolist()
        return [f"{word.capitalize()} {aspect}" for word, aspect in zip(words, aspects, strict=True)]

    def _pools(self) -> "np.ndarray":
        """Praise, blame and neutral sentences, ``POOL`` of each, one after the other."""
        rng = np.random.default_rng([self.seed, 0])
        sentences = []
        for templates, words in ((PRAISE, GOOD), (BLAME, BAD), (PLAIN, GOOD)):
            for _ in range(POOL):
                word = words[rng.integers(len(words))]
                sentences.append(
                    templates[rng.integers(len(templates))].format(
                        aspect=self.aspects[int(rng.integers(len(self.aspects)))],
                        word=word,
                        article="an" if word[0] in "aeiou" else "a",
                        number=int(rng.integers(2, 30)),
                    )
                )
        return np.array(sentences, dtype=object)
