"""Which priority a call has, and what each priority has to keep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from cwbridge.limits import lane, priority
from cwbridge.limits.lane import Lane
from cwbridge.limits.priority import Bound, Priority
from cwbridge.limits.rate import Rate

RATE = Rate(600, 60.0)


@pytest.fixture
def job() -> Iterator[Counter[str]]:
    made: Counter[str] = Counter()
    token = priority.CALLS_MADE.set(made)
    yield made
    priority.CALLS_MADE.reset(token)


def next_call(own: Lane) -> Priority:
    token = lane.CURRENT.set(own)
    try:
        return priority.of_next_call("connectwise", RATE)
    finally:
        lane.CURRENT.reset(token)


@pytest.mark.parametrize(("own", "first"), [("interactive", Priority.PERSON), ("fresh", Priority.SMALL)])
def test_a_job_is_small_for_a_fifth_of_the_limit(job: Counter[str], own: Lane, first: Priority) -> None:
    assert [next_call(own) for _ in range(121)] == [first] * 120 + [Priority.BULK]
    assert job == {"connectwise": 121}


def test_calls_of_one_system_make_no_job_big_for_another(job: Counter[str]) -> None:
    job["jetbuilt"] = 10_000
    assert next_call("fresh") is Priority.SMALL


def test_the_backlog_is_never_small(job: Counter[str]) -> None:
    assert not job
    assert next_call("backlog") is Priority.BULK


def test_calls_outside_of_jobs_are_small() -> None:
    assert [next_call("fresh") for _ in range(1000)] == [Priority.SMALL] * 1000


@pytest.mark.parametrize("beside_small", [False, True])
@pytest.mark.parametrize("one", list(Priority))
def test_everybody_keeps_the_limit_itself(one: Priority, *, beside_small: bool) -> None:
    for rate in (RATE, Rate(10, 1.0)):
        assert Bound(1.0, 1.0) in priority.bounds(rate, one, beside_small=beside_small)


def test_less_urgent_calls_keep_all_that_more_urgent_ones_keep() -> None:
    person, small, bulk = (set(priority.bounds(RATE, one, beside_small=False)) for one in Priority)
    assert person < small < bulk < set(priority.bounds(RATE, Priority.BULK, beside_small=True))


def test_alone_no_bound_takes_away_from_the_rate() -> None:
    for bound in priority.bounds(RATE, Priority.BULK, beside_small=False):
        assert bound.of_limit >= bound.of_window


def test_a_short_window_is_not_divided() -> None:
    assert priority.bounds(Rate(100, 1.0), Priority.BULK, beside_small=True) == (Bound(1.0, 1.0),)
