"""Every case of accounts and contacts, played against the stand-ins of BSS and ConnectWise."""

from __future__ import annotations

import pytest

from cwbridge.redis import Redis
from tests.conformance import compare, pair_page, pair_reference
from tests.conformance.pair_case import FILES, Case
from tests.conformance.pair_play import PairPlay
from tests.support import sent, specification
from worker.billing.settings import BillingSettings

CASES = FILES.all_cases()
DOCUMENTED = pair_reference.read()
TOGETHER = (
    "Every field of a company that changes goes to the account",
    "A country goes back by its name",
    "A company with a type that has a row becomes an account with every field of its own",
    "A type changed in BSS is added, the earlier one stays",
    "The parent comes first, whichever is noticed first",
    "The primary contact becomes the default contact of the company",
    "Changes of a contact go to ConnectWise, and items of other types stay",
    "Changes of a contact in ConnectWise go to BSS",
    "A new contact of a linked company becomes a contact in BSS",
    "A contact that moves to another account moves to its company",
    "One name with two e-mail addresses is two people",
)
"""Cases that send every field there is between them."""


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in CASES])
async def test_a_case(case: Case, redis: Redis, redis_url: str) -> None:
    async with PairPlay.opened(redis, redis_url) as play:
        differences = await play.case(case)
    assert not differences, f"{case.name}\n\n{compare.side_by_side(differences)}"
    assert not_on_the_page(play.sent()) == set()
    if specification.NAMED:
        assert specification.errors_(play.box.exchanges) == []


async def test_every_field_on_the_page_is_sent_by_the_code(redis: Redis, redis_url: str) -> None:
    seen: sent.Sent = {}
    for name in TOGETHER:
        async with PairPlay.opened(redis, redis_url) as play:
            await play.case(next(case for case in CASES if case.name == name))
        for collection, fields in play.sent().items():
            seen.setdefault(collection, set()).update(fields)
    never_sent = {
        (collection, name)
        for collection, names in DOCUMENTED.items()
        for name in names
        if not any(pair_reference.covers({name}, field) for field in seen.get(collection, ()))
    }
    assert never_sent == set()


def not_on_the_page(seen: sent.Sent) -> set[tuple[str, str]]:
    """The fields that were sent and that docs/mapping-bss.md does not name."""
    return {
        (collection, field)
        for collection, fields in seen.items()
        for field in fields
        if not pair_reference.covers(DOCUMENTED.get(collection, set()), field)
    }


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 60


def test_the_cases_on_the_page_are_up_to_date() -> None:
    text = pair_page.PAGE.read_text("utf-8")
    assert text == pair_page.renewed(text), "renew it with: python -m tests.conformance"


def test_every_setting_is_on_the_page() -> None:
    text = pair_page.PAGE.read_text("utf-8")
    assert [name for name in BillingSettings.model_fields if f"`billing.{name}`" not in text] == []
