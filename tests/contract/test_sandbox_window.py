"""The sliding window of the stand-ins against the plainest possible one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sandbox.window import SlidingWindow

STEPS = st.lists(st.integers(0, 40), max_size=60)


@given(steps=STEPS, limit=st.integers(1, 5))
def test_no_span_holds_more_than_the_limit_and_none_is_refused_below_it(steps: list[int], limit: int) -> None:
    window, now, admitted = SlidingWindow(limit, 100), 0, list[int]()
    for step in steps:
        now += step
        inside = [at for at in admitted if at > now - 100]
        wait = window.admit(now)
        assert (wait == 0.0) is (len(inside) < limit)
        if wait == 0.0:
            admitted.append(now)
        else:
            assert wait == inside[0] + 100 - now


@given(steps=STEPS, limit=st.integers(1, 5))
def test_a_call_is_admitted_when_the_answered_wait_is_over(steps: list[int], limit: int) -> None:
    window, now = SlidingWindow(limit, 100), 0
    for step in steps:
        now += step
        wait = window.admit(now)
        if wait:
            now += int(wait)
            assert window.admit(now) == 0.0


def test_refused_calls_can_count_as_well() -> None:
    window = SlidingWindow(1, 10, count_refused=True)
    assert [window.admit(at) for at in (0, 9, 11, 18)] == [0.0, 10.0, 10.0, 10.0]
    assert window.admit(28) == 0.0
