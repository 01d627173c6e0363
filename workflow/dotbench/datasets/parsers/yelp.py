"""The Yelp Open Dataset: reviews of the businesses that T2Rec's protocol keeps."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import Field

from dotbench.datasets.parsers._records import TEXT, RecordSettings, free_text, text_of, wrong_field
from dotbench.datasets.parsers.base import RawFiles
from dotbench.datasets.parsers.json_lines import JsonLines
from dotbench.errors import DotbenchError


class YelpSettings(RecordSettings):
    """The `format` of a dataset definition for this parser."""

    min_city_businesses: int = Field(20, ge=1, description="cities with fewer businesses are left out")
    min_business_reviews: int = Field(100, ge=1, description="businesses with fewer reviews are left out")


class Yelp(JsonLines):
    """Reviews of businesses with enough reviews in cities with enough businesses (T2Rec, Section 6).

    A city is a name in a state. Businesses of a city are counted before, reviews before any other filter.
    The reviews are read twice: their number per business decides which are kept.
    """

    name = "yelp"
    title = "JSON"
    Settings = YelpSettings
    settings: YelpSettings

    def wanted(self, raw: RawFiles) -> Callable[[dict[str, Any]], bool]:
        if not raw.items:
            raise DotbenchError(
                "the format 'yelp' needs the file of the businesses: a source member of the role 'items'"
            )
        city = {
            _checked(path, number, record, "business_id"): tuple(
                _checked(path, number, record, key, free_text, "a text") for key in ("city", "state")
            )
            for path in raw.items
            for number, record in self.records(raw, path)
        }
        businesses = Counter(city.values())
        field = self.settings.fields.item
        reviews = Counter(
            _checked(path, number, record, field) for path in raw.ratings for number, record in self.records(raw, path)
        )
        kept = {
            business
            for business, n in reviews.items()
            if n >= self.settings.min_business_reviews
            and business in city
            and businesses[city[business]] >= self.settings.min_city_businesses
        }
        return lambda record: record.get(field) in kept


def _checked(
    path: Path,
    number: int,
    record: dict[str, Any],
    key: str,
    convert: Callable[[Any], str] = text_of,
    needed: str = TEXT,
) -> str:
    try:
        return convert(record.get(key))
    except (TypeError, ValueError):
        raise wrong_field(path, number, record, key, needed) from None
