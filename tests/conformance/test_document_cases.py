"""Every case of documents, played against the stand-ins of BSS and ConnectWise."""

from __future__ import annotations

import pytest

from cwbridge.redis import Redis
from tests.conformance import compare, document_page, document_reference, pair_page
from tests.conformance.document_case import FILES, Case, Expected
from tests.conformance.document_play import DocumentPlay
from tests.support import sent, specification
from worker.billing.settings import BillingSettings

TOGETHER = (
    "Location, department and tax code of an order are settings",
    "An invoice becomes an invoice with its lines, to the cent",
    "Location, department and tax code are settings, and names that ConnectWise does not have refuse",
    "Stage, payment method and billable option are what the settings make of them",
    "A changed amount changes the payment that is there",
    "A changed unit ends the addition and makes a new one",
    "By setting, a missing agreement is made with the contact of the company",
)
"""Cases that send every field there is between them."""
CASES = FILES.all_cases()


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in CASES])
async def test_a_case(case: Case, redis: Redis, redis_url: str) -> None:
    async with DocumentPlay.opened(redis, redis_url) as play:
        differences = await play.case(case)
        assert not differences, f"{case.name}\n\n{compare.side_by_side(differences)}"
        box = play.box
    assert document_reference.not_on_the_page(sent.fields(box.exchanges)) == set()
    if specification.NAMED:
        assert specification.errors_(box.exchanges) == []


def test_every_case_says_what_it_expects() -> None:
    expected = [(case.name, case.expect) for case in CASES]
    expected += [(case.name, step.expect) for case in CASES for step in case.then]
    assert [name for name, expect in expected if expect == Expected(of=expect.of)] == []
    assert len(CASES) >= 60


def test_the_cases_on_the_page_are_up_to_date() -> None:
    text = document_page.PAGE.read_text("utf-8")
    assert text == document_page.renewed(text), "renew it with: python -m tests.conformance"


def test_every_setting_of_documents_is_on_the_page() -> None:
    pages = "".join(one.read_text("utf-8") for one in (document_page.PAGE, pair_page.PAGE))
    assert [name for name in BillingSettings.model_fields if f"`billing.{name}`" not in pages] == []


async def test_every_field_on_the_page_is_sent_by_the_code(redis: Redis, redis_url: str) -> None:
    seen: sent.Sent = {}
    for name in TOGETHER:
        async with DocumentPlay.opened(redis, redis_url) as play:
            await play.case(next(case for case in CASES if case.name == name))
        for collection, fields in sent.fields(play.box.exchanges).items():
            seen.setdefault(collection, set()).update(fields)
    assert document_reference.never_sent(seen) == set()
