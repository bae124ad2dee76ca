"""Every case of accounts and contacts, played against the stand-ins of BSS and ConnectWise."""

from __future__ import annotations

import pytest

from cwbridge.redis import Redis
from tests.conformance import compare, pair_page
from tests.conformance.pair_case import FILES, Case
from tests.conformance.pair_play import PairPlay
from worker.billing.settings import BillingSettings

CASES = FILES.all_cases()


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in CASES])
async def test_a_case(case: Case, redis: Redis, redis_url: str) -> None:
    async with PairPlay.opened(redis, redis_url) as play:
        differences = await play.case(case)
    assert not differences, f"{case.name}\n\n{compare.side_by_side(differences)}"


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 60


def test_the_cases_on_the_page_are_up_to_date() -> None:
    text = pair_page.PAGE.read_text("utf-8")
    assert text == pair_page.renewed(text), "renew it with: python -m tests.conformance"


def test_every_setting_is_on_the_page() -> None:
    text = pair_page.PAGE.read_text("utf-8")
    assert [name for name in BillingSettings.model_fields if f"`billing.{name}`" not in text] == []
