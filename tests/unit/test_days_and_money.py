"""Days travel as days, and amounts to the digit that both sides keep."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwbridge.connectors.connectwise.drafts import draft_body
from worker.psa import days
from worker.psa.money import cents, exact


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)))
def test_a_day_comes_back_as_it_was(day):
    assert days.of_moment(days.to_moment(day)) == day


def test_a_day_is_sent_as_its_midnight_in_utc() -> None:
    assert draft_body({"date": days.to_moment(date(2026, 2, 28))}) == b'{"date":"2026-02-28T00:00:00Z"}'
    assert days.of_moment(datetime(2026, 2, 28, 23, 59, tzinfo=UTC)) == date(2026, 2, 28)


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ("36.00", "36"),
        ("0.012345678901234567", "0.0123456789012346"),
        ("1E+3", "1000"),
        ("-0.10", "-0.1"),
        ("0.00", "0"),
    ],
)
def test_an_amount_keeps_fifteen_digits(given_: str, expected: str) -> None:
    assert str(exact(Decimal(given_))) == expected


def test_cents_round_half_away_from_zero_and_nothing_is_nothing() -> None:
    assert [str(cents(Decimal(text))) for text in ("1.005", "-1.005", "2")] == ["1.01", "-1.01", "2.00"]
    assert [str(cents(None)), str(exact(None))] == ["0.00", "0"]
