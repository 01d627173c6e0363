"""Whatever stands in a file or in YAML: rows or settings that are right, or an error that says what is wrong."""

from typing import Any

import pytest
from fuzz_data import check_parser, check_settings, parser_cases, settings_classes, wild
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dotbench.datasets.parsers.base import parsers

SHORT = settings(deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("name", parsers())
def test_a_parser_gives_rows_or_a_clear_error(name: str) -> None:
    @settings(SHORT, max_examples=60)
    @given(**parser_cases(name))
    def check(**case: Any) -> None:
        check_parser(parsers()[name], **case)

    check()


@pytest.mark.seconds
@settings(SHORT, max_examples=200)
@given(st.data())
def test_settings_are_valid_or_told_what_is_wrong(data: st.DataObject) -> None:
    cls = data.draw(st.sampled_from(settings_classes()))
    check_settings(cls, data.draw(wild(cls)))
