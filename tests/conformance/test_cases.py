"""Every mapping case, played against both stand-ins."""

from __future__ import annotations

from typing import Any

import pytest

from cwbridge.redis import Redis
from tests.conformance import compare, reference
from tests.conformance.case import FILES, Case
from tests.conformance.play import Play
from tests.support import sent, specification

CASES = FILES.all_cases()
DOCUMENTED = reference.read().fields


def marked(case: Case) -> Any:
    """A case that is known to fail must fail, so that its repair is noticed."""
    marks = [pytest.mark.xfail(strict=True, reason=case.fails)] if case.fails else []
    return pytest.param(case, id=case.id, marks=marks)


@pytest.mark.parametrize("case", [marked(case) for case in CASES])
async def test_a_case(case: Case, redis: Redis, redis_url: str) -> None:
    async with Play.opened(redis, redis_url) as play:
        differences = await play.case(case)
    assert not differences, f"{case.name}\n\n{compare.side_by_side(differences)}"
    assert not_on_the_page(sent.fields(play.box.exchanges), case) == {}
    if specification.NAMED:
        assert specification.errors_(play.box.exchanges) == []


def not_on_the_page(seen: sent.Sent, case: Case) -> sent.Sent:
    """The fields that were sent and that docs/mapping.md does not name, but for the default fields of the case."""
    default = {f"{name}" for values in case.given.settings.get("defaults", {}).values() for name in values}
    return {
        collection: unknown
        for collection, fields in seen.items()
        if (
            unknown := {name for name in fields if name.split("/")[0] not in default}
            - DOCUMENTED.get(collection, set())
        )
    }


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 60
