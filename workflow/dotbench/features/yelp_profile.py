"""Location and category of Yelp businesses, and whether a user was ever elite."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import Field

from dotbench.datasets.parsers.base import RawFiles
from dotbench.errors import DotbenchError
from dotbench.features.arrays import Features
from dotbench.features.base import FeatureSet
from dotbench.features.source import Source
from dotbench.lazy import np
from dotbench.settings import Settings


class YelpProfileSettings(Settings):
    """Which cities and categories get a column."""

    min_businesses: int = Field(20, ge=1, description="cities and categories with fewer businesses get no column")


class YelpProfile(FeatureSet):
    """Where a business is and what it is, and whether a user was elite in any year.

    Items, CSR of 0 and 1: a column for each city ("city: Las Vegas, NV"), then for each category ("category:
    Bars", several a business), that at least ``min_businesses`` of the dataset's businesses have. Users: one
    column, ``elite_ever``, 0 for a user who is not in the file. Read from the side files ``…business.json`` and
    ``…user.json``, JSON lines, one at a time. No ratings, reviews or votes enter. T2Rec, Section 6 (Yelp).
    """

    name = "yelp-profile"
    title = "Location, category, elite"
    Settings = YelpProfileSettings
    settings: YelpProfileSettings

    def compute(self, source: Source) -> Features:
        from scipy.sparse import csr_array

        tags = {row: _tags(line) for row, line in _matched(source, "items", "business.json", "business_id")}
        counts = Counter(tag for row_tags in tags.values() for tag in row_tags)
        frequent = (tag for tag, n in counts.items() if n >= self.settings.min_businesses)
        names = sorted(frequent, key=lambda tag: (tag.startswith("category"), tag))
        column = {name: k for k, name in enumerate(names)}
        place = [(row, column[tag]) for row, row_tags in sorted(tags.items()) for tag in row_tags if tag in column]
        rows, columns = np.array(place, np.int32).reshape(-1, 2).T
        items = csr_array((np.ones(len(rows), np.float32), (rows, columns)), (source.split.n_items, len(names)))
        users = np.zeros((source.split.n_users, 1), np.float32)
        for row, line in _matched(source, "users", "user.json", "user_id"):
            users[row] = _elite(line.get("elite"))
        return Features(users, items, ["elite_ever"], names)


def _elite(years: Any) -> bool:
    """Whether a year is named. Releases write years as text or as a list, and none in several ways."""
    return any(year not in ("", "None") for year in (years if isinstance(years, list) else [years or ""]))


def _tags(business: dict[str, Any]) -> set[str]:
    """City and categories. A category is a list or, in later releases, text with commas."""
    categories = business.get("categories") or []
    if isinstance(categories, str):
        categories = categories.split(",")
    city = f"city: {str(business.get('city', '')).strip()}, {str(business.get('state', '')).strip()}"
    return {city, *(f"category: {name.strip()}" for name in categories)}


def _matched(source: Source, kind: str, ending: str, key: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """(row, line) of the dataset's users or items in a side file.

    Raises DotbenchError for an item that is not there, and where not one user is: Yelp's releases lack some.
    """
    path = source.file(ending)
    row_of = {name: row for row, name in enumerate(source.ids(kind))}
    n = len(row_of)
    for line in _json_lines(path):
        if (row := row_of.pop(str(line.get(key)), None)) is not None:
            yield row, line
    if row_of and (kind == "items" or len(row_of) == n):
        raise DotbenchError(f"{path}: has no line with {key} '{next(iter(row_of))}', and {len(row_of) - 1} more")


def _json_lines(path: Path) -> Iterator[dict[str, Any]]:
    with RawFiles([]).lines(path) as stream:
        for number, line in enumerate(stream, start=1):
            try:
                record = json.loads(line)
            except json.JSONDecodeError as error:
                raise DotbenchError(f"{path}, line {number}: not valid JSON: {error.msg}") from error
            if not isinstance(record, dict):
                raise DotbenchError(f"{path}, line {number}: found {type(record).__name__}; needed is an object")
            yield record
