"""When a poll that reads the newest changes first may stop."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cwbridge.connectors.bss.models import Listed
from producers.bss import reaches_back_to

SINCE = datetime(2026, 4, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        ([3, 2, 0], True),
        ([3, 2, -1], True),
        ([3, 2, 1], False),
        ([-1, 3, -2], False),
        ([3, None, -1], False),
        ([], False),
    ],
    ids=["at the moment", "past it", "not yet", "not sorted", "a row without a time", "no row"],
)
def test_only_a_sorted_page_that_reaches_the_moment_is_the_last(
    minutes: list[int | None], expected: bool
) -> None:
    rows = [
        Listed(id=number, updatedAt=None if minute is None else SINCE + timedelta(minutes=minute))
        for number, minute in enumerate(minutes, start=1)
    ]
    assert reaches_back_to(SINCE, rows) is expected
