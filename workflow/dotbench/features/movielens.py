"""Occupation, age and gender of MovieLens users; genres of the movies."""

from pathlib import Path

from dotbench.errors import DotbenchError
from dotbench.features.base import Features, FeatureSet
from dotbench.features.source import Source
from dotbench.lazy import np

AGES = (18, 25, 35, 45, 50, 56)  # where a range begins; ml-1m's codes are these, and 1 below
OCCUPATIONS = (  # ml-1m's README, in the order of the codes
    "other,educator,artist,clerical,college student,customer service,doctor,executive,farmer,homemaker,K-12 student,"
    "lawyer,programmer,retired,sales,scientist,self-employed,technician,craftsman,unemployed,writer"
).split(",")
GENRES = (  # ml-1m's README
    "Action,Adventure,Animation,Children's,Comedy,Crime,Documentary,Drama,Fantasy,Film-Noir,Horror,Musical,Mystery,"
    "Romance,Sci-Fi,Thriller,War,Western"
).split(",")


class MovieLens(FeatureSet):
    """Users' demographics and movies' genres.

    Users, 29 columns of 0 and 1: 21 occupations; 7 age ranges, cut at 18, 25, 35, 45, 50 and 56; female. Items: 18
    genres of ml-1m, or 19 of ml-100k ("unknown" among them), several a movie. Read from ``u.user``, ``u.item``,
    ``u.genre`` and ``u.occupation``, or ``users.dat`` and ``movies.dat``. NIMC, Section 5.
    """

    name = "movielens"
    title = "Demographics and genres"

    def compute(self, source: Source) -> Features:
        if any(path.name == "u.user" for path in source.files):
            occupations = _lines(source.file("u.occupation"))
            genres = [line.split("|")[0] for line in _lines(source.file("u.genre"))]
            people = {row[0]: (row[1], row[2], row[3]) for row in _table(source.file("u.user"), "|", 5)}
            movies = {
                row[0]: [genre for genre, flag in zip(genres, row[5:], strict=True) if flag == "1"]
                for row in _table(source.file("u.item"), "|", 5 + len(genres))
            }
        else:
            occupations, genres = OCCUPATIONS, GENRES
            people = {
                row[0]: (row[2], row[1], OCCUPATIONS[int(row[3])]) for row in _table(source.file("users.dat"), "::", 5)
            }
            movies = {row[0]: row[2].split("|") for row in _table(source.file("movies.dat"), "::", 3)}
        users = np.zeros((source.split.n_users, len(occupations) + len(AGES) + 2), np.float32)
        for row, (age, gender, occupation) in enumerate(_each(source, "users", people)):
            users[row, occupations.index(occupation)] = 1
            users[row, len(occupations) + int(np.searchsorted(AGES, int(age), side="right"))] = 1
            users[row, -1] = gender == "F"
        items = np.zeros((source.split.n_items, len(genres)), np.float32)
        for row, found in enumerate(_each(source, "items", movies)):
            items[row, [genres.index(genre) for genre in found]] = 1
        ages = ["age below 18", *(f"age {a} to {b - 1}" for a, b in zip(AGES, AGES[1:], strict=False)), "age 56 and up"]
        return Features(users, items, [*occupations, *ages, "female"], list(genres))


def _each(source: Source, kind: str, known: dict) -> list:
    ids = source.ids(kind)
    absent = [name for name in ids if name not in known]
    if absent:
        raise DotbenchError(f"{source.folder / kind}.csv: id '{absent[0]}' is not in the side file of {kind}")
    return [known[name] for name in ids]


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="latin-1").splitlines() if line]


def _table(path: Path, separator: str, columns: int) -> list[list[str]]:
    rows = []
    for number, line in enumerate(_lines(path), start=1):
        row = line.split(separator)
        if len(row) != columns:
            raise DotbenchError(f"{path}, line {number}: found {len(row)} fields; needed are {columns}")
        rows.append(row)
    return rows
