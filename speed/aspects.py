"""T2Rec's Table 2 by two scorers, and its claims about price (polarity and ratings, not speed).

snakemake results/data/musical-instruments/stats.json
python speed/aspects.py --to docs/evidence/t2rec/aspects
"""

import argparse
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from tabulate import tabulate

from dotbench.files import read_json, write_csv, write_text
from dotbench.papers.t2rec.polarity import SCORERS, by_user, differences, read

TEN, PRICE = 10, "price"
NOTE = """\
{reviews:,} reviews of {users:,} users and {items:,} items ({dataset}), summaries among them. An aspect is a common \
noun, in the singular; a mention is a sentence with it. Its polarity is that of the nearest opinion word of the \
sentence: VADER, v/√(v² + 15) of the word's valence v; TextBlob, the polarity of its sentiment list; both after \
negations and intensifiers. Mentions in sentences without an opinion word are counted and have no polarity. The ten \
most frequent aspects, as in the paper's Table 2. vaderSentiment {vader}, textblob {textblob}; nothing is downloaded.
"""
CLAIMS = """\
Intervals: 95 %, percentiles of 10,000 resamples of users, each with all of their reviews; those of polarity are \
simultaneous over the nine other aspects. The paper says that price has the lowest polarity, so that all \
differences of polarity are above 0, and that reviews that mention it have lower ratings, so that the difference of \
ratings is below 0.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("results/data/musical-instruments"))
    parser.add_argument("--to", type=Path, help="folder for aspects.csv, price.csv and aspects.md; else printed only")
    arguments = parser.parse_args()
    reviews = pd.read_parquet(arguments.data / "ratings.parquet")
    pairs = reviews[["summary", "text"]].fillna("").itertuples(index=False)
    texts = [".\n\n".join(filter(None, pair)) for pair in pairs]
    users = pd.factorize(reviews["user"])[0]
    ratings = reviews["rating"].to_numpy(float)
    table, claims = [], []
    for name, scorer in SCORERS.items():
        mentions = read(texts, scorer)
        top = mentions["aspect"].value_counts().sort_index().sort_values(ascending=False, kind="stable").index[:TEN]
        known = mentions[mentions["aspect"].isin(top)]
        table += lines(name, known, list(top))
        if PRICE not in top:
            raise SystemExit(f"'{PRICE}' is not among the {TEN} most frequent aspects: {', '.join(top)}")
        claims += polarities(name, known.dropna(), list(top), users)
    claims += rated(mentions, list(top), users, ratings)
    stats = read_json(arguments.data / "stats.json")
    facts = {"reviews": len(reviews), "users": stats["raw"]["users"], "items": stats["raw"]["items"]}
    facts |= {"dataset": stats["dataset"], "vader": version("vaderSentiment"), "textblob": version("textblob")}
    parts = ["# Aspects of reviews by two scorers", "", NOTE.format(**facts), show(table)]
    text = "\n".join([*parts, "", "## Price", "", CLAIMS, show(claims)])
    print(text)
    if arguments.to:
        write_csv(arguments.to / "aspects.csv", table, list(table[0]))
        write_csv(arguments.to / "price.csv", claims, list(claims[0]))
        write_text(arguments.to / "aspects.md", text + "\n")


def lines(scorer: str, mentions: pd.DataFrame, names: list[str]) -> list[dict]:
    """The paper's columns, a line for each aspect, the most frequent first."""
    groups = mentions.groupby("aspect")["polarity"]
    found = pd.DataFrame(
        {"mentions": groups.size(), "scored": groups.count(), "mean": groups.mean(), "sd": groups.std()}
    )
    for name, q in (("q25", 0.25), ("q50", 0.5), ("q75", 0.75)):
        found[name] = groups.quantile(q)
    return [{"scorer": scorer, "aspect": name, **rounded(found.loc[name].to_dict())} for name in names]


def polarities(scorer: str, mentions: pd.DataFrame, names: list[str], users: np.ndarray) -> list[dict]:
    """Mean polarity of every other aspect less that of price."""
    groups = mentions["aspect"].map(names.index).to_numpy()
    values, counts = by_user(users[mentions["review"]], groups, mentions["polarity"].to_numpy(), len(names))
    found = differences(values, counts, names.index(PRICE))
    return [
        claim(f"polarity, {scorer}", f"{name} − {PRICE}", interval, len(mentions))
        for name, interval in zip(names, found, strict=True)
        if name != PRICE
    ]


def rated(mentions: pd.DataFrame, names: list[str], users: np.ndarray, ratings: np.ndarray) -> list[dict]:
    """Mean rating of the reviews that mention price less that of others: all others, and those with an aspect."""
    named = np.zeros(len(ratings), bool)
    named[mentions.loc[mentions["aspect"] == PRICE, "review"]] = True
    any_aspect = named.copy()
    any_aspect[mentions.loc[mentions["aspect"].isin(names), "review"]] = True
    rows = []
    for what, chosen in (
        ("all other reviews", np.ones_like(named)),
        ("others with one of the ten aspects", any_aspect),
    ):
        group = named[chosen].astype(int)
        values, counts = by_user(users[chosen], group, ratings[chosen], 2)
        _, interval = differences(values, counts, 0)
        rows.append(claim("rating", f"with {PRICE} − {what}", interval, int(chosen.sum())))
    return rows


def claim(of: str, what: str, interval, number: int) -> dict:
    figures = {"difference": interval.mean, "low": interval.low, "high": interval.high}
    return {"of": of, "difference of": what, "observations": f"{number:,}", **rounded(figures)}


def rounded(figures: dict) -> dict[str, str]:
    return {
        name: f"{value:,.0f}" if name in ("mentions", "scored") else f"{value:.3f}" for name, value in figures.items()
    }


def show(rows: list[dict]) -> str:
    return tabulate(rows, headers="keys", tablefmt="github", disable_numparse=True)


if __name__ == "__main__":
    main()
