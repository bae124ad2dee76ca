"""How rates are written and read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwbridge.limits.rate import Rate


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("50/10s", Rate(50, 10.0)),
        (" 1000 / m ", Rate(1000, 60.0)),
        ("3/250ms", Rate(3, 0.25)),
        ("7200/h", Rate(7200, 3600.0)),
        ("10/1.5s", Rate(10, 1.5)),
        ("OFF", Rate(0)),
    ],
)
def test_a_rate_is_read_as_people_write_it(text: str, rate: Rate) -> None:
    assert Rate.parse(text) == rate


@pytest.mark.parametrize(
    "text", ["", "50", "0/10s", "-1/s", "50/10", "50/0s", "50/10d", "fifty/10s", "50/10s/2"]
)
def test_what_is_no_rate_is_refused_with_the_form_to_write(text: str) -> None:
    with pytest.raises(ValueError, match="50/10s"):
        Rate.parse(text)


def test_off_is_no_limit() -> None:
    assert Rate.parse("off").unlimited
    assert not Rate.parse("1/s").unlimited


@given(st.integers(1, 9_999_999), st.integers(1, 86_400))
def test_what_is_shown_can_be_read_again(calls: int, seconds: int) -> None:
    rate = Rate(calls, float(seconds))
    assert Rate.parse(str(rate)) == rate
    assert Rate.parse(str(Rate(0))) == Rate(0)
