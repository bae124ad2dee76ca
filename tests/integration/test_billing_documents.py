"""Orders and invoices of BSS: made once whatever is lost, written by both sides without a fight, and compared in money."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from cwbridge.ledger.creates import Creates, Sent
from cwbridge.ledger.money_discrepancies import MoneyDiscrepancies
from sandbox.faults import FaultRule
from tests.support.documents import DAY, LINES, Documents, Noun
from tests.support.linking import relink
from tests.support.pairs import Pairs

PATHS = {"order": "/sales/orders", "invoice": "/finance/invoices"}


@pytest.fixture(params=["order", "invoice"])
def documents(pairs: Pairs, request: pytest.FixtureRequest) -> Documents:
    noun: Noun = request.param
    return Documents(pairs, noun)


@pytest.fixture
def invoices(pairs: Pairs) -> Documents:
    return Documents(pairs, "invoice")


def lose(documents: Documents, action: Any, method: str, path: str, times: int = 1) -> None:
    documents.pairs.bench.box.connectwise_faults.add(
        FaultRule(name=f"{method} {path}", action=action, method=method, path=path, times=times)
    )


async def assert_once(documents: Documents, document: str, net: str) -> None:
    """One record with the amounts of BSS, and nothing left to do."""
    (record,) = documents.records()
    assert record["id"] == (await documents.of(document))["id"]
    assert documents.net(record) == Decimal(net)
    assert len({line["integrationXRef"] for line in documents.lines(record["id"])}) == len(
        documents.lines(record["id"])
    )
    await documents.pairs.assert_quiet(documents.key(document))


@pytest.mark.parametrize("action", ["lose", "half", "garble"])
async def test_a_lost_answer_of_the_create_makes_no_second_record(documents: Documents, action: Any) -> None:
    document = documents.add("4.20", "18.00")
    lose(documents, action, "POST", PATHS[documents.noun])
    await documents.pairs.settle(documents.key(document))
    await assert_once(documents, document, "44.40")


@pytest.mark.parametrize("action", ["lose", "half", "garble"])
async def test_a_lost_answer_of_a_line_makes_no_second_line(documents: Documents, action: Any) -> None:
    document = documents.add("4.20", "18.00", "7.00")
    lose(documents, action, "POST", "/procurement/products", times=2)
    await documents.pairs.settle(documents.key(document))
    await assert_once(documents, document, "58.40")


async def test_a_create_that_was_not_carried_out_is_sent_again(documents: Documents) -> None:
    document = documents.add("4.20")
    lose(documents, "fail", "POST", PATHS[documents.noun])
    await documents.pairs.settle(documents.key(document))
    await assert_once(documents, document, "8.40")


async def test_a_run_that_ended_between_create_and_link_is_taken_up_and_undoes_no_edit(
    documents: Documents,
) -> None:
    """Without its link the record is found; what was sent counts as agreed on, so that an edit since then stays."""
    pairs = documents.pairs
    document = documents.add("4.20", description="Services")
    key = documents.key(document)
    await pairs.settle(key)
    record = await documents.of(document)
    identity = f"bss:{documents.noun}:{document}"
    await pairs.links.remove(documents.noun, identity)
    name = "description" if documents.noun == "order" else "topComment"
    creates = Creates(pairs.bench.redis, namespace=pairs.bench.namespace)
    await creates.begin(identity, {name: Sent("Services", "Services")})
    pairs.bench.box.connectwise_user.edit(documents.table, record["id"], {name: "Edited"})
    await pairs.settle(key)
    assert (await documents.of(document))["id"] == record["id"]
    assert (await documents.of(document))[name] == "Edited"
    await assert_once(documents, document, "8.40")


async def test_a_loss_of_redis_finds_everything_again(documents: Documents) -> None:
    document = documents.add("4.20", "18.00")
    await documents.pairs.settle(documents.key(document))
    before = len(documents.pairs.written())
    await documents.pairs.wipe()
    # The account first, so that a pass ends with nothing under way.
    await documents.pairs.settle(f"bss/account/{documents.account}")
    await documents.pairs.settle(documents.key(document))
    assert documents.pairs.written()[before:] == []
    assert (await documents.pairs.last(documents.key(document))).what == "linked"
    await assert_once(documents, document, "44.40")


async def test_two_documents_of_a_code_at_once_make_one_record(documents: Documents) -> None:
    both = [documents.add("4.20"), documents.add("18.00")]
    await documents.pairs.settle(f"bss/product/{documents.product}")
    await documents.pairs.bench.sync(*map(documents.key, both))
    jobs = [await documents.pairs.bench.job(documents.key(one)) for one in both]
    (refused,) = [job for job in jobs if job is not None]
    assert refused.failure is not None
    assert "in one company" in refused.failure.cause
    (first,) = [one for one in both if documents.key(one) != refused.key]
    assert documents.key(first) in refused.failure.detail
    (record,) = documents.records()
    assert record["id"] == (await documents.of(first))["id"]


async def test_a_header_field_follows_bss_and_an_edit_in_connectwise_stays(documents: Documents) -> None:
    pairs = documents.pairs
    document = documents.add("4.20", description="Services")
    key = documents.key(document)
    await pairs.settle(key)
    record = await documents.of(document)
    name = "description" if documents.noun == "order" else "topComment"
    pairs.bench.box.connectwise_user.edit(
        documents.table, record["id"], {name: "Edited", "dueDate": "2026-06-01T00:00:00Z"}
    )
    documents.edit(document, dueDate=None)
    await pairs.settle(key)
    assert (await documents.of(document))[name] == "Edited"
    documents.edit(document, description="More services")
    await pairs.settle(key)
    assert (await documents.of(document))[name] == "More services"
    assert (await documents.of(document))["dueDate"] == "2026-06-01T00:00:00Z"
    documents.edit(document, description=None, dueDate=DAY)
    await pairs.settle(key)
    assert not (await documents.of(document)).get(name)
    assert (await documents.of(document))["dueDate"] == "2026-04-30T00:00:00Z"
    documents.edit(document, dueDate=None)
    await pairs.settle(key)
    assert (await documents.of(document)).get("dueDate") is None
    await pairs.assert_quiet(key)


async def test_a_person_chooses_the_record_that_another_user_made(documents: Documents) -> None:
    pairs = documents.pairs
    await pairs.settle(f"bss/account/{documents.account}")
    company = (await pairs.company_of(documents.account))["id"]
    given: dict[str, Any] = {"company": {"id": company}, documents.external_id: "000433"}
    if documents.noun == "order":
        (rep,) = (
            row["id"]
            for row in pairs.connectwise.table("system/members")
            if row["identifier"] == pairs.bench.default_rep["identifier"]
        )
        given |= {"salesRep": {"id": rep}, "status": {"name": "Open"}}
    else:
        location = min(row["id"] for row in pairs.connectwise.table("system/locations"))
        given |= {"type": "Miscellaneous", "locationId": location}
    theirs = pairs.bench.box.connectwise_user.add(documents.table, given)
    document = documents.add("4.20")
    told = await pairs.failure(documents.key(document))
    assert f"cwbridge links relink bss:{documents.noun}:{document}" in told
    relinked = await relink(pairs.bench, f"bss:{documents.noun}:{document}", theirs)
    assert (relinked.kind, relinked.enqueued) == (documents.noun, [documents.key(document)])
    await pairs.settle(documents.key(document))
    await assert_once(documents, document, "8.40")
    assert (await documents.of(document))["id"] == theirs


async def test_what_is_deleted_in_connectwise_is_reported_and_not_made_again(documents: Documents) -> None:
    document = documents.add("4.20")
    await documents.pairs.settle(documents.key(document))
    record = await documents.of(document)
    for line in documents.lines(record["id"]):
        documents.pairs.connectwise.remove(LINES, line["id"])
    documents.pairs.connectwise.remove(documents.table, record["id"])
    documents.edit(document, description="Changed")
    await documents.pairs.settle(documents.key(document))
    assert "was deleted in ConnectWise" in (await documents.pairs.last(documents.key(document))).cause
    assert documents.records() == []


async def test_an_unchanged_document_costs_one_read_of_each_side_and_one_list_of_lines(
    documents: Documents,
) -> None:
    document = documents.add("4.20", "18.00")
    await documents.pairs.settle(documents.key(document))
    box = documents.pairs.bench.box
    box.bss_calls.clear()
    box.connectwise_calls.clear()
    await documents.pairs.settle(documents.key(document))
    assert (await documents.pairs.last(documents.key(document))).what == "created"
    assert calls(box.bss_calls, f"/{documents.noun}s/") == 1
    assert calls(box.connectwise_calls, f"{PATHS[documents.noun]}/{{id}}") == 1
    assert calls(box.connectwise_calls, "/procurement/products") == 1


async def test_a_difference_in_money_is_kept_until_it_is_gone(invoices: Documents) -> None:
    pairs = invoices.pairs
    money = MoneyDiscrepancies(pairs.bench.redis, namespace=pairs.bench.namespace)
    document = invoices.add("4.20", taxAmount=Decimal("1.01"))
    await pairs.settle(invoices.key(document))
    (tax,) = await money.all()
    assert (tax.key, tax.kind, tax.discrepancy.currency) == (invoices.key(document), "tax", "USD")
    assert (tax.discrepancy.source, tax.discrepancy.target) == (Decimal("1.01"), Decimal("0.00"))
    record = await invoices.of(document)
    theirs = pairs.bench.box.connectwise_user.add(
        LINES,
        {
            "invoice": {"id": record["id"]},
            "catalogItem": {"id": invoices.lines(record["id"])[0]["catalogItem"]["id"]},
            "billableOption": "Billable",
            "quantity": Decimal(1),
            "price": Decimal("95.00"),
        },
    )
    await pairs.settle(invoices.key(document))
    assert [(one.kind, one.discrepancy.difference) for one in await money.all()] == [
        ("subtotal", Decimal("95.00")),
        ("tax", Decimal("-1.01")),
    ]
    told = (await pairs.last(invoices.key(document))).discrepancies
    assert told[0] == "subtotal: BSS has 8.40, ConnectWise 103.40 (+95.00 USD)"
    pairs.bench.box.connectwise_user.remove(LINES, theirs)
    invoices.edit(document, taxAmount=Decimal(0))
    await pairs.settle(invoices.key(document))
    assert await money.all() == []


async def test_a_price_that_connectwise_rounds_is_written_once_and_what_it_costs_is_told(
    documents: Documents,
) -> None:
    pairs = documents.pairs
    pairs.connectwise.modes.stored_decimals = 2
    document = documents.add()
    documents.item(document, "0.333", quantity=Decimal(3), finalTotal=Decimal("1.00"))
    await pairs.settle(documents.key(document))
    event = await pairs.last(documents.key(document))
    assert event.discrepancies[0] == "subtotal: BSS has 1.00, ConnectWise 0.99 (-0.01 USD)"
    await pairs.assert_quiet(documents.key(document))


async def test_a_line_that_another_user_changed_or_removed_is_as_bss_says_again(documents: Documents) -> None:
    pairs = documents.pairs
    document = documents.add("4.20", "18.00")
    await pairs.settle(documents.key(document))
    record = await documents.of(document)
    first, second = documents.lines(record["id"])
    pairs.bench.box.connectwise_user.edit(LINES, first["id"], {"price": Decimal("9.99")})
    pairs.bench.box.connectwise_user.remove(LINES, second["id"])
    await pairs.settle(documents.key(document))
    await assert_once(documents, document, "44.40")


async def test_lines_that_are_not_billed_raise_no_alarm(invoices: Documents) -> None:
    invoices.pairs.choose(billable_option="DoNotBill")
    document = invoices.add("4.20")
    await invoices.pairs.settle(invoices.key(document))
    event = await invoices.pairs.last(invoices.key(document))
    assert event.discrepancies == ()
    assert "its lines are DoNotBill, so the totals of ConnectWise leave them out" in event.cause


async def test_a_refused_line_is_a_difference_in_money(invoices: Documents) -> None:
    pairs = invoices.pairs
    pairs.connectwise.modes.invoice_lines = "refuse"
    document = invoices.add("4.20")
    assert "cannot be set" in await pairs.failure(invoices.key(document))
    money = MoneyDiscrepancies(pairs.bench.redis, namespace=pairs.bench.namespace)
    assert [one.discrepancy.difference for one in await money.all()] == [Decimal("-8.40")]
    pairs.connectwise.modes.invoice_lines = "accept"
    await pairs.settle(invoices.key(document))
    assert await money.all() == []
    await assert_once(invoices, document, "8.40")


async def test_a_server_that_drops_the_invoice_of_a_line_gets_one_line_and_is_named(
    invoices: Documents,
) -> None:
    pairs = invoices.pairs
    pairs.connectwise.modes.invoice_lines = "ignore"
    before = len(list(pairs.connectwise.table(LINES)))
    document = invoices.add("4.20", "18.00")
    assert "did not keep" in await pairs.failure(invoices.key(document))
    assert len(list(pairs.connectwise.table(LINES))) == before


def calls(log: Any, part: str) -> int:
    return sum(count for (_, route, _), count in log.counts.items() if part in route)
