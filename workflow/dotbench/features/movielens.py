"""Occupation, age and gender of MovieLens users, and genres of the movies."""

from bisect import bisect_right
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

from dotbench.errors import DotbenchError
from dotbench.features.arrays import Features
from dotbench.features.base import FeatureSet
from dotbench.features.source import Source
from dotbench.lazy import np

AGES = (18, 25, 35, 45, 50, 56)  # where a range begins; ml-1m's codes are these, and 1 below
AGE_NAMES = ("age below 18", *(f"age {low} to {high - 1}" for low, high in pairwise(AGES)), "age 56 and up")
# ml-1m: occupations in the order of their codes, genres, both as its README names them
OCCUPATIONS = """
other | academic/educator | artist | clerical/admin | college/grad student | customer service | doctor/health care |
executive/managerial | farmer | homemaker | K-12 student | lawyer | programmer | retired | sales/marketing | scientist |
self-employed | technician/engineer | tradesman/craftsman | unemployed | writer
"""
GENRES = """
Action | Adventure | Animation | Children's | Comedy | Crime | Documentary | Drama | Fantasy | Film-Noir | Horror |
Musical | Mystery | Romance | Sci-Fi | Thriller | War | Western
"""


class MovieLens(FeatureSet):
    """Users' demographics and movies' genres.

    Users have 29 columns of 0 and 1: 21 occupations, 7 age ranges (cut at 18, 25, 35, 45, 50 and 56), and female.
    Items: 18 genres of ml-1m, or 19 of ml-100k ("unknown" among them), several a movie. Read from ``u.user``,
    ``u.item``, ``u.genre`` and ``u.occupation``, or ``users.dat`` and ``movies.dat``. NIMC, Table 1.
    """

    name = "movielens"
    title = "Demographics and genres"

    def compute(self, source: Source) -> Features:
        if any(path.name == "u.user" for path in source.files):
            occupations = _lines(source.file("u.occupation"))
            genres = [line.split("|")[0] for line in _lines(source.file("u.genre"))]
            people = _read(
                source.file("u.user"), "|", lambda r: [occupations.index(r[3]), *_age_and_gender(r[1], r[2])]
            )
            movies = _read(source.file("u.item"), "|", lambda r: _flags(r[5:], len(genres)))
        else:
            occupations, genres = ([name.strip() for name in text.split("|")] for text in (OCCUPATIONS, GENRES))
            codes = [str(code) for code in range(len(occupations))]
            people = _read(source.file("users.dat"), "::", lambda r: [codes.index(r[3]), *_age_and_gender(r[2], r[1])])
            movies = _read(source.file("movies.dat"), "::", lambda r: [genres.index(name) for name in r[2].split("|")])
        users = np.zeros((source.split.n_users, len(occupations) + len(AGE_NAMES) + 1), np.float32)
        for row, (occupation, age, female) in enumerate(_each(source, "users", people)):
            users[row, [occupation, len(occupations) + age]] = 1
            users[row, -1] = female
        items = np.zeros((source.split.n_items, len(genres)), np.float32)
        for row, columns in enumerate(_each(source, "items", movies)):
            items[row, columns] = 1
        return Features(users, items, [*occupations, *AGE_NAMES, "female"], genres)


def _age_and_gender(age: str, gender: str) -> tuple[int, int]:
    """Position of the age range, and 1 for F or 0 for M."""
    return bisect_right(AGES, int(age)), ("M", "F").index(gender)


def _flags(fields: list[str], n: int) -> list[int]:
    if len(fields) != n or not set(fields) <= {"0", "1"}:
        raise ValueError(f"needed are {n} genres, 0 or 1 each")
    return [k for k, flag in enumerate(fields) if flag == "1"]


def _read(path: Path, separator: str, parse: Callable[[list[str]], Any]) -> dict[str, Any]:
    """id, the first field of a line → what ``parse`` makes of its fields."""
    records = {}
    for number, line in enumerate(_lines(path), start=1):
        fields = line.split(separator)
        try:
            records[fields[0]] = parse(fields)
        except (ValueError, IndexError) as error:
            raise DotbenchError(f"{path}, line {number}: found '{line}', which cannot be read: {error}") from None
    return records


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="latin-1").split("\n") if line]


def _each(source: Source, kind: str, records: dict[str, Any]) -> list[Any]:
    """What is known of each user or item, by row. A DotbenchError names one of which nothing is known."""
    ids = source.ids(kind)
    absent = [name for name in ids if name not in records]
    if absent:
        raise DotbenchError(f"{source.folder / kind}.csv: id '{absent[0]}' is in no side file")
    return [records[name] for name in ids]
