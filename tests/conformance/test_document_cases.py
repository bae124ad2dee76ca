"""Every case of documents, played against the stand-ins of BSS and ConnectWise once the records that it needs are synced."""

from __future__ import annotations

import pytest

from cwbridge.redis import Redis
from tests.conformance import compare
from tests.conformance.document_case import FILES, Case, Expected, Kind
from tests.conformance.document_play import DocumentPlay
from tests.support import specification

SYNCED: frozenset[Kind] = frozenset({"product", "order", "invoice", "payment", "subscription"})
"""The kinds of records that have a reconciler; a case is played when all that it needs are among them."""
CASES = FILES.all_cases()
PLAYED = [case for case in CASES if SYNCED.issuperset(case.needs)]


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in PLAYED])
async def test_a_case(case: Case, redis: Redis, redis_url: str) -> None:
    async with DocumentPlay.opened(redis, redis_url) as play:
        differences = await play.case(case)
        assert not differences, f"{case.name}\n\n{compare.side_by_side(differences)}"
        box = play.box
    if specification.NAMED:
        assert specification.errors_(box.exchanges) == []


def test_every_case_says_what_it_needs_and_what_it_expects() -> None:
    assert [case.name for case in CASES if not case.needs] == []
    expected = [(case.name, case.expect) for case in CASES]
    expected += [(case.name, step.expect) for case in CASES for step in case.then]
    assert [name for name, expect in expected if expect == Expected(of=expect.of)] == []
    assert len(CASES) >= 12
