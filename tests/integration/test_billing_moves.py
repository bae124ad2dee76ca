"""Documents of BSS that move, go back or lose what they refer to: nothing is made twice, nothing is forgotten, every cent is told."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from cwbridge.ledger.creates import Creates, Sent
from cwbridge.ledger.money_discrepancies import MoneyDiscrepancies
from sandbox.bss.collections import Row
from tests.support.documents import LINES, Documents, Noun
from tests.support.linking import relink
from tests.support.pairs import Pairs


@pytest.fixture(params=["order", "invoice"])
def documents(pairs: Pairs, request: pytest.FixtureRequest) -> Documents:
    noun: Noun = request.param
    return Documents(pairs, noun)


async def synced(documents: Documents) -> str:
    """A document that is linked; the account first, so that a pass ends with nothing under way."""
    document = documents.add("4.20")
    await documents.pairs.settle(f"bss/account/{documents.account}", f"bss/product/{documents.product}")
    await documents.pairs.settle(documents.key(document))
    return document


async def differences(documents: Documents) -> list[tuple[str, Decimal]]:
    bench = documents.pairs.bench
    found = await MoneyDiscrepancies(bench.redis, namespace=bench.namespace).all()
    return [(one.kind, one.discrepancy.difference) for one in found]


def moved(documents: Documents, account: int) -> Row:
    if documents.noun == "order":
        return {"accountId": account, "billToAccountId": account}
    return {"accountId": account, "billingAccountId": account}


async def open_create(documents: Documents, document: str) -> Row:
    """What a run leaves whose create was carried out and whose answer was lost, and the look after it too."""
    record = await documents.of(document)
    identity = f"bss:{documents.noun}:{document}"
    await documents.pairs.links.remove(documents.noun, identity)
    code = "poNumber" if documents.noun == "order" else "reference"
    company = str(record["company"]["id"])
    creates = Creates(documents.pairs.bench.redis, namespace=documents.pairs.bench.namespace)
    await creates.begin(
        identity,
        {
            code: Sent(record[code], record[code]),
            "company": Sent(company, company),
            "billToCompany": Sent(company, company),
        },
    )
    return record


async def test_an_invoice_that_moves_to_another_account_moves_its_record(pairs: Pairs) -> None:
    documents = Documents(pairs, "invoice")
    document = await synced(documents)
    before = await documents.of(document)
    other = pairs.account("Lighthouse")
    await pairs.settle(f"bss/account/{other}")
    documents.edit(document, **moved(documents, other))
    await pairs.settle(documents.key(document))
    (record,) = documents.records()
    assert record["id"] == before["id"]
    assert record["company"]["id"] == (await pairs.company_of(other))["id"]
    await pairs.assert_quiet(documents.key(document))


async def test_a_document_that_moves_after_a_lost_answer_is_not_made_twice(documents: Documents) -> None:
    pairs = documents.pairs
    document = await synced(documents)
    before = await open_create(documents, document)
    documents.edit(document, **moved(documents, pairs.account("Lighthouse")))
    # ConnectWise does not move an order to another company: the run of one ends in that refusal.
    await pairs.bench.sync(documents.key(document))
    (record,) = documents.records()
    assert record["id"] == before["id"] == (await documents.of(document))["id"]


async def test_a_document_that_gets_another_code_after_a_lost_answer_is_not_made_twice(
    documents: Documents,
) -> None:
    pairs = documents.pairs
    document = await synced(documents)
    before = await open_create(documents, document)
    documents.edit(document, code="000434")
    await pairs.settle(documents.key(document))
    assert (await documents.of(document))["id"] == before["id"]
    assert len(list(pairs.connectwise.table(documents.table))) == 1
    assert documents.records() == []
    await pairs.assert_quiet(documents.key(document))


async def test_a_record_that_was_deleted_is_a_difference_in_money(documents: Documents) -> None:
    document = await synced(documents)
    record = await documents.of(document)
    for line in documents.lines(record["id"]):
        documents.pairs.connectwise.remove(LINES, line["id"])
    documents.pairs.connectwise.remove(documents.table, record["id"])
    documents.edit(document, description="Changed")
    await documents.pairs.settle(documents.key(document))
    assert await differences(documents) == [("subtotal", Decimal("-8.40"))]


async def test_a_document_that_goes_back_to_draft_is_told_with_its_record(documents: Documents) -> None:
    pairs = documents.pairs
    document = await synced(documents)
    record = await documents.of(document)
    draft: Row = {"status": {"name": "Draft"}} if documents.noun == "order" else {"stage": "Draft"}
    documents.edit(document, **draft)
    await pairs.settle(documents.key(document))
    event = await pairs.last(documents.key(document))
    assert event.target == record["id"]
    assert [told for told in event.discrepancies if str(record["id"]) in told and "Draft" in told]
    await pairs.assert_quiet(documents.key(document))
    documents.edit(
        document, **({"status": {"name": "Completed"}} if documents.noun == "order" else {"stage": "Unpaid"})
    )
    await pairs.settle(documents.key(document))
    assert (await pairs.last(documents.key(document))).discrepancies == ()


@pytest.mark.parametrize("by_hand", [False, True])
async def test_what_was_skipped_comes_when_its_product_is_taken_up_again(
    documents: Documents, *, by_hand: bool
) -> None:
    pairs = documents.pairs
    product = f"bss/product/{documents.product}"
    await pairs.settle(f"bss/account/{documents.account}", product)
    identity = f"bss:product:{documents.product}"
    link = await pairs.links.get("catalog_item", identity)
    assert link is not None
    gone = "the catalog item was deleted in ConnectWise"
    await pairs.links.put("catalog_item", identity, msgspec.structs.replace(link, finished=gone))
    document = documents.add("4.20")
    await pairs.settle(documents.key(document))
    assert (await pairs.last(documents.key(document))).what == "skipped"
    if by_hand:
        await relink(pairs.bench, identity, link.target)
    await pairs.settle(product)
    job = await pairs.bench.job(documents.key(document))
    assert job is not None or (await pairs.last(documents.key(document))).what == "created"
