"""Learned polling: as many polls a day, never too far apart, and an edit waits less."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers import pace
from producers.pace import DAY_SECONDS, EVEN, FASTEST, FEWEST_EDITS, SLOWEST, Pace
from producers.rhythm import learned_of

counts = st.lists(st.integers(0, 500), min_size=24, max_size=24)
moments = st.floats(1.7e9, 1.9e9)
OFFICE = [0] * 8 + [3, 8, 10, 9, 5, 8, 10, 9, 6, 2] + [0] * 6
"""Polls of each hour of a weekday that found something, at an office of a few people."""


@given(counts)
def test_a_pace_makes_as_many_polls_a_day_and_keeps_its_bounds(edits: list[int]) -> None:
    made = pace.learned(edits)
    assert sum(made.hours) == pytest.approx(24)
    assert all(SLOWEST - 1e-9 <= hour <= FASTEST + 1e-9 for hour in made.hours)


@given(counts, moments, st.floats(0.001, 90_000))
def test_the_clock_of_a_schedule_goes_on_and_can_be_asked_for_a_moment(
    edits: list[int], moment: float, later: float
) -> None:
    made = pace.learned(edits)
    assert made.at(moment) < made.at(moment + later)
    assert made.until(made.at(moment)) == pytest.approx(moment, abs=1e-3)
    midnight = moment - moment % DAY_SECONDS
    assert made.at(midnight) == EVEN.at(midnight) == midnight


@given(st.lists(st.integers(0, 2), min_size=24, max_size=24))
def test_few_edits_teach_nothing(edits: list[int]) -> None:
    assert (pace.learned(edits) == EVEN) == (sum(edits) < FEWEST_EDITS)


def waits(made: Pace, interval: float, edits: list[float]) -> list[float]:
    """How long each edit waits for the poll after it."""
    return [made.until((made.at(edit) // interval + 1) * interval) - edit for edit in edits]


@pytest.mark.parametrize("interval", [15.0, 60.0])
def test_the_median_edit_waits_much_less_for_as_many_polls(interval: float) -> None:
    made = pace.learned([number * 4 for number in OFFICE])
    dice = random.Random(5)
    edits = [(hour + dice.random()) * 3600 for hour, number in enumerate(OFFICE) for _ in range(number * 20)]
    even, learned = waits(EVEN, interval, edits), waits(made, interval, edits)
    assert median(learned) < 0.6 * median(even)
    assert max(learned) <= interval / SLOWEST
    assert made.at(DAY_SECONDS) == EVEN.at(DAY_SECONDS)


def test_an_edit_at_night_waits_four_intervals_at_most() -> None:
    made = pace.learned([100 if hour == 12 else 0 for hour in range(24)])
    (wait,) = waits(made, 15.0, [3 * 3600 + 0.1])
    assert wait <= 15.0 / SLOWEST


def test_a_day_has_the_pace_of_its_weekday() -> None:
    friday = date(2026, 11, 27)
    edits = {
        f"{day.isoformat()}T{hour:02}": 20
        for day in (friday - timedelta(weeks=week) for week in range(1, 5))
        for hour in (9, 10, 11)
    }
    made = learned_of(edits, friday)
    assert made.hours[10] > 3 * made.hours[2]
    assert learned_of(edits, friday + timedelta(days=1)) == EVEN
    today = {datetime(2026, 11, 27, 3, tzinfo=UTC).strftime("%Y-%m-%dT%H"): 10_000}
    assert learned_of(edits | today, friday) == made
