"""Files in the formats of the Amazon 2014 reviews, the Steam crawl and the Yelp Open Dataset, of any size.

For tests and for measurements of memory where the real files cannot be had:

    python -m dotbench.datasets.generators.files amazon --bytes 500MB --out reviews.json
"""

import argparse
import gzip
import io
import json
import re
import sys
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from dotbench.datasets.generators._prose import GAME, PLACE, PRODUCT, Prose
from dotbench.datasets.generators.sim_interactions import SimInteractions, SimInteractionsSettings
from dotbench.errors import DotbenchError
from dotbench.files import atomic
from dotbench.lazy import np

BLOCK = 20_000  # reviews that are in memory together
PILOT = 4_000  # reviews whose length is measured to meet a number of bytes
DAY = 86_400
FIRST, LAST = 10_957, 16_270  # days since 1970: 2000-01-01 to 2014-07-19
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
GOLDEN = 0x9E3779B97F4A7C15F39CC0605CEDC835  # 2^128 times the golden ratio's fraction
NAMES = ("Jake", "Maria", "O'Brien", "Zoë", 'Rick "Slim" Bennett', "Anna", "李", "Tom", "Priya", "cassandra")
CITIES = ("Phoenix", "Tucson", "Tampa", "Reno", "Boise", "Nashville", "Saint Louis", "Edmonton", "Goleta", "Lutz")
CATEGORIES = ("Restaurants", "Coffee & Tea", "Shopping", "Nightlife", "Bars", "Pizza", "Hotels & Travel", "Doctors")
USER, BUSINESS, REVIEW = range(3)  # kinds of Yelp's ids
COMPLIMENTS = ("hot", "more", "profile", "cute", "list", "note", "plain", "cool", "funny", "writer", "photos")


@dataclass(frozen=True)
class Reviews:
    """Who reviewed what: ``user``, ``item`` (n,) from 0, ``stars`` (n,) from 1 to 5, in order of items."""

    n_users: int
    n_items: int
    user: "np.ndarray"
    item: "np.ndarray"
    stars: "np.ndarray"
    seed: int

    def blocks(self) -> "Iterator[tuple[int, slice, np.random.Generator]]":
        """Number, rows and source of randomness of each block."""
        for number, start in enumerate(range(0, len(self.user), BLOCK)):
            rng = np.random.default_rng([self.seed, 3, number])
            yield number, slice(start, start + BLOCK), rng


def draw_reviews(users: int, items: int, reviews: int, seed: int = 0) -> Reviews:
    """Exactly so many users, items and reviews, no pair twice: the generator `sim-interactions`, as far as the
    numbers allow with five reviews of each user and item."""
    core = min(5, users, items, reviews // max(users, items))
    if core < 1 or reviews > users * items:
        raise DotbenchError(
            f"found {reviews} reviews; {users} users and {items} items allow {max(users, items)} to {users * items}"
        )
    settings = SimInteractionsSettings(users=users, items=items, interactions=reviews, core=core, seed=seed)
    frame = SimInteractions(settings).generate()
    user, item = (frame[column].astype(np.int64).to_numpy() - 1 for column in ("user", "item"))
    order = np.argsort(item, kind="stable")
    return Reviews(users, items, user[order], item[order], frame["rating"].to_numpy()[order], seed)


def amazon_lines(reviews: Reviews) -> Iterator[str]:
    """`reviews_*_5.json`: one JSON object a line. Some reviewers have no name, as in the real files."""
    users, items = _amazon_ids(reviews.n_users, 13, "A"), _amazon_ids(reviews.n_items, 7, "B00")
    prose = Prose(PRODUCT, reviews.seed)
    for number, rows, rng in reviews.blocks():
        stars = reviews.stars[rows]
        votes = rng.geometric(0.35, len(stars)) - 1
        helpful = rng.binomial(votes, 0.3 + 0.1 * stars)
        for u, i, star, yes, asked, day, text, summary in zip(
            *(values.tolist() for values in (reviews.user[rows], reviews.item[rows], stars, helpful, votes)),
            rng.integers(FIRST, LAST, len(stars)).tolist(),
            prose.texts(stars, number),
            prose.summaries(stars, number),
            strict=True,
        ):
            record = {"reviewerID": users[u], "asin": items[i], "reviewerName": NAMES[u % len(NAMES)]}
            if u % 400 == 7:
                del record["reviewerName"]
            record |= {"helpful": [yes, asked], "reviewText": text, "overall": star, "summary": summary}
            yield json.dumps(record | {"unixReviewTime": day * DAY, "reviewTime": _american(day)}) + "\n"


def steam_lines(reviews: Reviews) -> Iterator[str]:
    """`steam_reviews.json`: one literal of a Python 2 dict a line, with u'' strings. A username is a user."""
    names = [f"{NAMES[u % len(NAMES)]}{u}" for u in range(reviews.n_users)]
    prose = Prose(GAME, reviews.seed)
    place = np.arange(len(reviews.item)) - np.searchsorted(reviews.item, reviews.item)  # among the item's reviews
    for number, rows, rng in reviews.blocks():
        stars = reviews.stars[rows]
        for u, i, at, hours, products, day, early, text in zip(
            *(values.tolist() for values in (reviews.user[rows], reviews.item[rows], place[rows])),
            rng.lognormal(2.0 + 0.3 * stars, 1.2).round(1).tolist(),
            rng.geometric(0.01, len(stars)).tolist(),
            rng.integers(FIRST, LAST, len(stars)).tolist(),
            (rng.random(len(stars)) < 0.1).tolist(),
            prose.texts(stars, number),
            strict=True,
        ):
            yield (
                f"{{u'username': u{names[u]!a}, u'hours': {hours}, u'products': {products}, "
                f"u'product_id': u'{10 * i + 10}', u'page_order': {at % 10}, u'date': u'{_iso(day)}', "
                f"u'text': u{text!a}, u'early_access': {early}, u'page': {at // 10 + 1}}}\n"
            )


def yelp_review_lines(reviews: Reviews) -> Iterator[str]:
    """`yelp_academic_dataset_review.json`."""
    users, businesses = _yelp_ids(USER, range(reviews.n_users)), _yelp_ids(BUSINESS, range(reviews.n_items))
    prose = Prose(PLACE, reviews.seed)
    for number, rows, rng in reviews.blocks():
        stars = reviews.stars[rows]
        votes = rng.geometric(0.5, (3, len(stars))) - 1
        for identifier, u, i, star, useful, funny, cool, text, day, second in zip(
            _yelp_ids(REVIEW, range(rows.start, rows.start + len(stars))),
            *(values.tolist() for values in (reviews.user[rows], reviews.item[rows], stars, *votes)),
            prose.texts(stars, number),
            rng.integers(FIRST, LAST, len(stars)).tolist(),
            rng.integers(DAY, size=len(stars)).tolist(),
            strict=True,
        ):
            yield _compact(
                {
                    "review_id": identifier,
                    "user_id": users[u],
                    "business_id": businesses[i],
                    "stars": star,
                    "useful": useful,
                    "funny": funny,
                    "cool": cool,
                    "text": text,
                    "date": f"{_iso(day)} {_clock(second)}",
                }
            )


def yelp_user_lines(reviews: Reviews) -> Iterator[str]:
    """`yelp_academic_dataset_user.json`: the users of the reviews, about a tenth of them elite at some time."""
    counts = np.bincount(reviews.user, minlength=reviews.n_users)
    stars = np.bincount(reviews.user, reviews.stars, minlength=reviews.n_users) / np.maximum(counts, 1)
    rng = np.random.default_rng([reviews.seed, 4])
    ids = _yelp_ids(USER, range(reviews.n_users))
    for u, (n, mean) in enumerate(zip(counts.tolist(), stars.round(2).tolist(), strict=True)):
        useful, funny, cool, fans, day, year = (
            rng.integers(1, (4 * n + 2, n + 2, 2 * n + 2, n + 2, 2000, 5)) - 1
        ).tolist()
        elite = rng.random() < 0.1
        friends = rng.integers(reviews.n_users, size=rng.integers(4)).tolist()
        yield _compact(
            {
                "user_id": ids[u],
                "name": NAMES[u % len(NAMES)],
                "review_count": n,
                "yelping_since": f"{_iso(FIRST + day)} {_clock(31 * u % DAY)}",
                "useful": useful,
                "funny": funny,
                "cool": cool,
                "elite": ",".join(str(2008 + k) for k in range(year + 1)) if elite else "",
                "friends": ", ".join(ids[k] for k in friends) or "None",
                "fans": fans,
                "average_stars": mean,
                **{f"compliment_{kind}": k * n // 50 for k, kind in enumerate(COMPLIMENTS)},
            }
        )


def yelp_business_lines(reviews: Reviews) -> Iterator[str]:
    """`yelp_academic_dataset_business.json`: half of the businesses in the first city, a quarter in the second, ….
    A few without categories, attributes and hours, which are null in the real file too."""
    counts = np.bincount(reviews.item, minlength=reviews.n_items)
    stars = np.bincount(reviews.item, reviews.stars, minlength=reviews.n_items) / np.maximum(counts, 1)
    rng = np.random.default_rng([reviews.seed, 5])
    cities = np.minimum(rng.geometric(0.5, reviews.n_items), len(CITIES)) - 1
    ids = _yelp_ids(BUSINESS, range(reviews.n_items))
    for i, (n, mean, city) in enumerate(zip(counts.tolist(), stars.tolist(), cities.tolist(), strict=True)):
        kinds = rng.choice(len(CATEGORIES), rng.integers(1, 4), replace=False).tolist()
        bare = i % 200 == 11
        yield _compact(
            {
                "business_id": ids[i],
                "name": f"{NAMES[i % len(NAMES)]}'s {CATEGORIES[kinds[0]]}",
                "address": f"{i % 900 + 1} Main St",
                "city": CITIES[city],
                "state": "AZ" if city < 2 else "FL",
                "postal_code": f"{85000 + city}",
                "latitude": round(33 + rng.random(), 7),
                "longitude": round(-112 - rng.random(), 7),
                "stars": round(2 * mean) / 2,
                "review_count": n,
                "is_open": int(i % 5 > 0),
                "attributes": None if bare else {"BusinessAcceptsCreditCards": "True", "WiFi": "u'free'"},
                "categories": None if bare else ", ".join(CATEGORIES[k] for k in kinds),
                "hours": None if bare else {"Monday": "8:0-22:0", "Friday": "8:0-23:0"},
            }
        )


def write_amazon(path: Path, reviews: Reviews) -> None:
    """One file of JSON lines, compressed if it ends in .gz."""
    _write(path, amazon_lines(reviews))


def write_steam(path: Path, reviews: Reviews) -> None:
    """One file of Python literals, compressed if it ends in .gz."""
    _write(path, steam_lines(reviews))


def write_yelp(folder: Path, reviews: Reviews) -> None:
    """The three files `yelp_academic_dataset_{user,business,review}.json` in ``folder``."""
    for kind, lines in (("user", yelp_user_lines), ("business", yelp_business_lines), ("review", yelp_review_lines)):
        _write(folder / f"yelp_academic_dataset_{kind}.json", lines(reviews))


SCHEMAS: dict[str, tuple[Callable[[Path, Reviews], None], Callable[[Reviews], Iterator[str]]]] = {
    "amazon": (write_amazon, amazon_lines),
    "steam": (write_steam, steam_lines),
    "yelp": (write_yelp, yelp_review_lines),
}


def reviews_in(schema: str, size: int, seed: int = 0) -> int:
    """How many reviews of a schema make ``size`` bytes, from the length of the first ones. Yelp's is the file of
    reviews."""
    pilot = draw_reviews(400, 200, PILOT, seed)
    length = sum(len(line) for line in SCHEMAS[schema][1](pilot)) / PILOT
    return max(1, round(size / length))


def _write(path: Path, lines: Iterator[str]) -> None:
    """Compression carries no time and no name: equal lines give equal bytes."""
    with atomic(path) as temporary, temporary.open("wb") as raw:
        if path.suffix == ".gz":
            with gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=6, mtime=0) as packed:
                _pour(io.BufferedWriter(packed, 1 << 20), lines)
        else:
            _pour(io.BufferedWriter(raw, 1 << 20), lines)


def _pour(stream: io.BufferedWriter, lines: Iterator[str]) -> None:
    for line in lines:
        stream.write(line.encode("ascii"))
    stream.flush()


def _amazon_ids(n: int, width: int, prefix: str) -> list[str]:
    """``n`` different ids: the numbers from 1 in base 36, scattered by a factor prime to 36."""
    modulus = 36**width
    factor = 6 * (GOLDEN % (modulus // 6)) + 1
    ids = []
    for k in range(1, n + 1):
        value, letters = k * factor % modulus, prefix
        for _ in range(width):
            value, digit = divmod(value, 36)
            letters += LETTERS[digit]
        ids.append(letters)
    return ids


def _yelp_ids(kind: int, numbers: Iterable[int]) -> list[str]:
    """22 letters for each of ``numbers``, different for each kind and number: an odd factor scatters 128 bits."""
    return [
        urlsafe_b64encode(((4 * k + kind + 1) * GOLDEN % (1 << 128)).to_bytes(16))[:22].decode("ascii") for k in numbers
    ]


def _compact(record: dict[str, Any]) -> str:
    return json.dumps(record, separators=(",", ":")) + "\n"


@cache
def _iso(day: int) -> str:
    return f"{datetime.fromtimestamp(day * DAY, UTC):%Y-%m-%d}"


@cache
def _american(day: int) -> str:
    date = datetime.fromtimestamp(day * DAY, UTC)
    return f"{date:%m} {date.day}, {date.year}"


def _clock(second: int) -> str:
    return f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m dotbench.datasets.generators.files", description=__doc__)
    parser.add_argument("schema", choices=sorted(SCHEMAS))
    parser.add_argument("--out", type=Path, required=True, help="the file, compressed if .gz; Yelp's folder")
    parser.add_argument("--bytes", help="about so many before compression, as 500MB; or give --reviews")
    parser.add_argument("--reviews", type=int, help="exactly so many")
    parser.add_argument("--users", type=int, help="exactly so many; one for every 9 reviews if left out")
    parser.add_argument("--items", type=int, help="exactly so many; one for every 27 reviews if left out")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    if (given.bytes is None) == (given.reviews is None):
        parser.error("exactly one of --bytes and --reviews is needed")
    write, _ = SCHEMAS[given.schema]
    try:
        n = given.reviews or reviews_in(given.schema, _bytes(given.bytes), given.seed)
        users, items = given.users or max(1, n // 9), given.items or max(1, n // 27)
        write(given.out, draw_reviews(users, items, n, given.seed))
    except DotbenchError as error:
        sys.exit(f"error: {error}")
    print(f"{given.out}: {users:,} users, {items:,} items, {n:,} reviews")


def _bytes(text: str) -> int:
    """A number of bytes, as ``500MB``."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?) *([kMG]?)B?", text)
    if match is None:
        raise DotbenchError(f"--bytes: found '{text}'; allowed is a number and kB, MB or GB, as 500MB")
    return round(float(match[1]) * {"": 1, "k": 1e3, "M": 1e6, "G": 1e9}[match[2]])


if __name__ == "__main__":
    main()
