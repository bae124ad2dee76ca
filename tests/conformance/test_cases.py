"""Every mapping case, played against both stand-ins."""

from __future__ import annotations

from typing import Any

import pytest

from cwbridge.redis import Redis
from tests.conformance import compare
from tests.conformance.case import Case, all_cases
from tests.conformance.play import Play

CASES = all_cases()


def marked(case: Case) -> Any:
    """A case that is known to fail must fail, so that its repair is noticed."""
    marks = [pytest.mark.xfail(strict=True, reason=case.fails)] if case.fails else []
    return pytest.param(case, id=case.id, marks=marks)


@pytest.mark.parametrize("case", [marked(case) for case in CASES])
async def test_a_case(case: Case, redis: Redis, redis_url: str) -> None:
    async with Play.opened(redis, redis_url) as play:
        differences = await play.case(case)
    assert not differences, f"{case.name}\n\n{compare.side_by_side(differences)}"


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 60
