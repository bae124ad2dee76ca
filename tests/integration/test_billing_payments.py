"""Payments of BSS become payments of the invoice in ConnectWise, once each, whether or not ConnectWise keeps who applied them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from cwbridge.connectors.connectwise import pages
from cwbridge.flow import FlowContext
from cwbridge.ledger.history import Event
from cwbridge.queue.job import Run
from cwbridge.redis import Redis
from sandbox.faults import FaultRule
from tests.support import specification
from tests.support.paid import INVOICES, PAYMENTS, Payments, key
from tests.support.pairs import Pairs
from tests.support.recorder import RecordedSandbox
from worker.billing import assembly
from worker.billing.context import BillingContext
from worker.billing.flow import Reconciler
from worker.billing.keys import BillingKey, Noun
from worker.billing.outcome import missing, skipped

MODES = ["keep", "member", "drop"]


@pytest.fixture
def payments(pairs: Pairs) -> Payments:
    return Payments(pairs)


def choose(payments: Payments, applied_by: Any) -> None:
    payments.pairs.connectwise.modes.applied_by = applied_by


async def test_a_payment_is_applied_to_its_invoice_with_every_field(payments: Payments) -> None:
    invoice, target = await payments.invoice()
    payment = payments.add(invoice, "21.50")
    await payments.pairs.settle(key(payment))
    (row,) = payments.on(target)
    assert payments.amounts(target) == ["21.50 2026-05-10 Check"]
    assert (row["appliedBy"], await payments.target(payment)) == (f"cwbridge:{payment}", row["id"])
    event = await payments.pairs.last(key(payment))
    assert (event.what, event.target, event.cause) == ("created", row["id"], "")
    await payments.pairs.assert_quiet(key(payment))


async def test_the_method_makes_the_type(payments: Payments) -> None:
    payments.pairs.choose(credit_card_method="7", payment_methods={"paypal": "Online"}, payment_type="Wire")
    invoice, target = await payments.invoice()
    methods = [{"id": 7, "name": "Visa"}, {"id": 8, "name": "PayPal"}, {"id": 9, "name": "Cash"}]
    for number, method in enumerate(methods, start=1):
        await payments.pairs.settle(key(payments.add(invoice, f"{number}.00", paymentMethod=method)))
    assert payments.amounts(target) == [
        "1.00 2026-05-10 CreditCard",
        "2.00 2026-05-10 Online",
        "3.00 2026-05-10 Wire",
    ]


async def test_a_negative_amount_is_sent_as_it_is(payments: Payments) -> None:
    invoice, target = await payments.invoice()
    payment = payments.add(invoice, "-21.00")
    await payments.pairs.settle(key(payment))
    assert payments.amounts(target) == ["-21.00 2026-05-10 Check"]


async def test_a_change_in_bss_changes_the_payment_in_place(payments: Payments) -> None:
    payments.pairs.choose(payment_methods={"Cash": "Cash"})
    invoice, target = await payments.invoice()
    payment = payments.add(invoice)
    await payments.pairs.settle(key(payment))
    before = await payments.target(payment)
    payments.edit(payment, amount=42, paymentDate="2026-05-11", paymentMethod={"id": 2, "name": "Cash"})
    await payments.pairs.settle(key(payment))
    assert payments.amounts(target) == ["42.00 2026-05-11 Cash"]
    assert await payments.target(payment) == before
    event = await payments.pairs.last(key(payment))
    assert (event.what, event.cause) == ("updated", "to ConnectWise: amount, paymentDate, type")
    await payments.pairs.assert_quiet(key(payment))


@pytest.mark.parametrize("applied_by", MODES)
async def test_two_equal_payments_of_one_day_are_two_also_at_once(
    payments: Payments, applied_by: Any
) -> None:
    choose(payments, applied_by)
    invoice, target = await payments.invoice()
    both = [payments.add(invoice), payments.add(invoice)]
    await payments.pairs.settle(*map(key, both))
    assert payments.amounts(target) == ["21.00 2026-05-10 Check"] * 2
    assert await payments.target(both[0]) != await payments.target(both[1])
    await payments.pairs.assert_quiet(*map(key, both))


@pytest.mark.parametrize("applied_by", MODES)
@pytest.mark.parametrize("action", ["lose", "half", "garble"])
async def test_a_lost_answer_makes_no_second_payment(
    payments: Payments, action: Any, applied_by: Any
) -> None:
    choose(payments, applied_by)
    invoice, target = await payments.invoice()
    first = payments.add(invoice)
    await payments.pairs.settle(key(first))
    payments.pairs.bench.box.connectwise_faults.add(
        FaultRule(name="lost", action=action, method="POST", path="/finance/invoices/*/payments", times=1)
    )
    second = payments.add(invoice)
    await payments.pairs.settle(key(second))
    assert [row["id"] for row in payments.on(target)] == [
        await payments.target(first),
        await payments.target(second),
    ]
    await payments.pairs.assert_quiet(key(first), key(second))


@pytest.mark.parametrize("applied_by", MODES)
async def test_a_create_that_never_arrived_is_sent_again(payments: Payments, applied_by: Any) -> None:
    choose(payments, applied_by)
    invoice, target = await payments.invoice()
    payments.pairs.bench.box.connectwise_faults.add(
        FaultRule(name="gone", action="refuse", method="POST", path="/finance/invoices/*/payments", times=1)
    )
    payment = payments.add(invoice)
    await payments.pairs.settle(key(payment))
    assert [row["id"] for row in payments.on(target)] == [await payments.target(payment)]


@pytest.mark.parametrize("applied_by", MODES)
async def test_an_amount_that_changed_since_a_lost_answer_makes_no_second_payment(
    payments: Payments, applied_by: Any
) -> None:
    choose(payments, applied_by)
    invoice, target = await payments.invoice()
    payment = payments.add(invoice)
    await end_at_the_create(payments, payment, "lose")
    assert len(payments.on(target)) == 1
    payments.edit(payment, amount=24)
    await payments.pairs.bench.queue.requeue(key(payment))
    await payments.pairs.settle(key(payment))
    assert payments.amounts(target) == ["24.00 2026-05-10 Check"]


@pytest.mark.parametrize("applied_by", MODES)
async def test_a_payment_that_moved_since_a_lost_answer_is_not_made_on_both_invoices(
    payments: Payments, applied_by: Any
) -> None:
    choose(payments, applied_by)
    (invoice, target), (other, second) = await payments.invoice(), await payments.invoice()
    payment = payments.add(invoice)
    await end_at_the_create(payments, payment, "lose")
    payments.edit(payment, invoiceId=other)
    await payments.pairs.bench.queue.requeue(key(payment))
    told = await payments.pairs.failure(key(payment))
    assert f"on invoice {target} in ConnectWise" in told
    assert f"bss/invoice/{other}, invoice {second} in ConnectWise" in told
    assert (len(payments.on(target)), len(payments.on(second))) == (1, 0)


async def test_a_payment_that_moved_since_a_create_that_never_arrived_is_made_once(
    payments: Payments,
) -> None:
    (invoice, target), (other, second) = await payments.invoice(), await payments.invoice()
    payment = payments.add(invoice)
    await end_at_the_create(payments, payment, "refuse")
    payments.edit(payment, invoiceId=other)
    await payments.pairs.bench.queue.requeue(key(payment))
    await payments.pairs.settle(key(payment))
    assert (len(payments.on(target)), len(payments.on(second))) == (0, 1)


async def end_at_the_create(payments: Payments, payment: str, action: Any) -> None:
    """Run a payment whose create gets no answer, and nothing after it either, so that the run ends without a link."""
    path = "/finance/invoices/*/payments"
    faults = payments.pairs.bench.box.connectwise_faults
    faults.add(FaultRule(name="unanswered", action=action, method="POST", path=path))
    faults.add(FaultRule(name="down", action="fail", method="GET", path=path, after=1))
    payments.pairs.configure("queue", max_attempts=1)
    await payments.pairs.bench.sync(key(payment))
    faults.clear()
    payments.pairs.configure("queue", debounce="0ms", backoff_base="1ms", backoff_max="1ms")
    assert await payments.pairs.links.get("payment", f"bss:payment:{payment}") is None


@pytest.mark.parametrize("applied_by", MODES)
async def test_a_run_that_died_before_the_link_and_a_wipe_make_no_second_payment(
    payments: Payments, applied_by: Any
) -> None:
    choose(payments, applied_by)
    invoice = await payments.invoice()
    known = [payments.add(invoice[0], amount) for amount in ("21.00", "21.00", "-3.00")]
    await payments.pairs.settle(*map(key, known))
    before = payments.on(invoice[1])
    await payments.unlink(known[0])
    await payments.pairs.settle(key(known[0]))
    await payments.wipe(invoice)
    await payments.pairs.settle(*map(key, known))
    assert payments.on(invoice[1]) == before
    assert {await payments.target(payment) for payment in known} == {row["id"] for row in before}
    assert {(await payments.pairs.last(key(payment))).what for payment in known} == {"linked"}


async def test_the_type_tells_two_payments_of_one_amount_and_day_apart(payments: Payments) -> None:
    payments.pairs.choose(credit_card_method="Card")
    choose(payments, "drop")
    invoice = await payments.invoice()
    check = payments.add(invoice[0])
    card = payments.add(invoice[0], paymentMethod={"id": 2, "name": "Card"})
    await payments.pairs.settle(key(check))
    await payments.pairs.settle(key(card))
    before = {payment: await payments.target(payment) for payment in (check, card)}
    await payments.wipe(invoice)
    await payments.pairs.settle(key(card))
    await payments.pairs.settle(key(check))
    assert {payment: await payments.target(payment) for payment in (check, card)} == before


@pytest.mark.parametrize("applied_by", MODES)
async def test_an_equal_payment_by_hand_is_adopted_only_where_appliedby_is_not_kept(
    payments: Payments, applied_by: Any
) -> None:
    """Where ConnectWise names another member, or keeps another text, the payment is not one of the daemon."""
    choose(payments, applied_by)
    invoice, target = await payments.invoice()
    by_hand = payments.enter(target)
    payment = payments.add(invoice)
    await payments.pairs.settle(key(payment))
    is_adopted = applied_by == "drop"
    assert (await payments.target(payment) == by_hand) is is_adopted
    assert len(payments.on(target)) == (1 if is_adopted else 2)
    await payments.pairs.assert_quiet(key(payment))


async def test_an_edit_in_connectwise_is_reported_in_money_and_stays(payments: Payments) -> None:
    invoice, target = await payments.invoice()
    payment = payments.add(invoice)
    await payments.pairs.settle(key(payment))
    payments.edit_by_hand(await payments.target(payment), amount=20)
    await payments.pairs.settle(key(payment))
    assert payments.amounts(target) == ["20.00 2026-05-10 Check"]
    event = await payments.pairs.last(key(payment))
    told = "amount: BSS has 21.00, ConnectWise 20.00 (-1.00)"
    assert (event.what, event.discrepancies) == ("checked", (told,))
    assert await payments.differences() == [(key(payment), "amount", Decimal("-1.00"))]
    payments.edit(payment, amount=22)
    await payments.pairs.settle(key(payment))
    assert payments.amounts(target) == ["22.00 2026-05-10 Check"]
    event = await payments.pairs.last(key(payment))
    assert (event.cause, event.discrepancies) == ("to ConnectWise: amount; amount: ConnectWise had '20'", ())
    assert await payments.differences() == []


async def test_a_discrepancy_that_is_gone_is_no_longer_told(payments: Payments) -> None:
    invoice, target = await payments.invoice()
    payment = payments.add(invoice)
    await payments.pairs.settle(key(payment))
    (row,) = payments.on(target)
    payments.edit_by_hand(row["id"], paymentDate="2026-05-12T00:00:00Z", type="Cash")
    await payments.pairs.settle(key(payment))
    assert (await payments.pairs.last(key(payment))).discrepancies == (
        "date: BSS has 2026-05-10, ConnectWise 2026-05-12",
        "type: BSS has Check, ConnectWise Cash",
    )
    payments.edit_by_hand(row["id"], paymentDate="2026-05-10T00:00:00Z", type="Check")
    await payments.pairs.settle(key(payment))
    assert (await payments.pairs.last(key(payment))).discrepancies == ()


async def test_a_type_that_cannot_be_changed_is_told_once_and_the_amount_is_written(
    payments: Payments,
) -> None:
    payments.pairs.choose(payment_methods={"Cash": "Cash"})
    payments.pairs.connectwise.modes.payment_type_change = "refuse"
    invoice, target = await payments.invoice()
    payment = payments.add(invoice)
    await payments.pairs.settle(key(payment))
    payments.edit(payment, amount=22, paymentMethod={"id": 2, "name": "Cash"})
    await payments.pairs.settle(key(payment))
    assert payments.amounts(target) == ["22.00 2026-05-10 Check"]
    event = await payments.pairs.last(key(payment))
    assert (event.what, event.discrepancies) == ("updated", ())
    assert "ConnectWise does not change the type of a payment, 'Check' stays" in event.cause
    events = len(await payments.pairs.bench.history(key(payment)))
    await payments.pairs.assert_quiet(key(payment))
    assert len(await payments.pairs.bench.history(key(payment))) == events


@pytest.mark.parametrize("state", ["closed", "batched"])
async def test_a_payment_that_a_closed_invoice_does_not_take_is_refused_with_a_remedy(
    payments: Payments, state: str
) -> None:
    payments.pairs.connectwise.modes.closed_payments = "refuse"
    invoice, target = await payments.invoice()
    old = payments.add(invoice, "5.00")
    await payments.pairs.settle(key(old))
    user = payments.pairs.bench.box.connectwise_user
    if state == "closed":
        payments.close(target)
    else:
        user.batch(target)
    new = payments.add(invoice)
    payments.edit(old, amount=6)
    for payment in (old, new):
        told = await payments.pairs.failure(key(payment))
        assert "ConnectWise takes no payment on a closed or batched invoice" in told
        assert f"is {state}: " in told
        assert "Open the invoice again in ConnectWise" in told
    assert payments.amounts(target) == ["5.00 2026-05-10 Check"]
    assert await payments.differences() == [
        (key(new), "amount", Decimal("-21.00")),
        (key(old), "amount", Decimal("-1.00")),
    ]


async def test_a_closed_invoice_that_takes_payments_gets_them(payments: Payments) -> None:
    invoice, target = await payments.invoice()
    payments.close(target)
    await payments.pairs.settle(key(payments.add(invoice)))
    assert payments.amounts(target) == ["21.00 2026-05-10 Check"]


async def test_a_payment_without_an_invoice_is_skipped_and_comes_when_it_has_one(payments: Payments) -> None:
    invoice, target = await payments.invoice()
    payment = payments.add(None)
    await payments.pairs.settle(key(payment))
    event = await payments.pairs.last(key(payment))
    assert (event.what, event.cause) == ("skipped", "the payment has no invoice")
    payments.edit(payment, invoiceId=invoice)
    await payments.pairs.settle(key(payment))
    assert len(payments.on(target)) == 1


class LinksInvoices:
    """Stands for the reconciler of invoices: links an invoice unless it is a draft; a linked one was deleted in ConnectWise."""

    def __init__(self, context: BillingContext, target: int) -> None:
        self._context = context
        self._target = target

    async def reconcile(self, run: Run, key: BillingKey) -> Event:
        del run
        if (await self._context.bss.invoices.get(key.id)).stage == "Draft":
            return skipped("the invoice is a draft")
        link = await self._context.link_of(key)
        if link is not None:
            await self._context.finish(key, link, "the invoice was deleted in ConnectWise")
            return missing(link, "the invoice was deleted in ConnectWise")
        await self._context.link(key, self._target, "created", {})
        return Event(what="created", target=self._target)


async def test_a_payment_waits_for_its_invoice_and_goes_on_when_that_is_linked(
    payments: Payments, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = await given_invoices(payments, monkeypatch)
    payment = payments.add(payments.in_bss())
    await payments.pairs.settle(key(payment))
    assert [event.what for event in await payments.pairs.bench.history(key(payment))] == [
        "created",
        "wait: WaitingFor",
    ]
    assert payments.amounts(target) == ["21.00 2026-05-10 Check"]


async def test_a_payment_of_a_skipped_invoice_is_skipped_and_comes_by_itself_when_that_is_linked(
    payments: Payments, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = await given_invoices(payments, monkeypatch)
    invoice = payments.in_bss(stage="Draft")
    payment = payments.add(invoice)
    await payments.pairs.settle(key(payment))
    event = await payments.pairs.last(key(payment))
    assert (event.what, event.cause) == (
        "skipped",
        f"bss/invoice/{invoice} is skipped: the invoice is a draft",
    )
    assert payments.on(target) == []
    payments.pairs.bss.edit("invoices", invoice, stage="Unpaid")
    await payments.pairs.settle(f"bss/invoice/{invoice}")
    if await payments.pairs.bench.job(key(payment)) is not None:
        await payments.pairs.settle()
    assert payments.amounts(target) == ["21.00 2026-05-10 Check"]


async def test_a_payment_of_an_invoice_that_was_deleted_in_connectwise_is_skipped(
    payments: Payments, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = await given_invoices(payments, monkeypatch)
    invoice = payments.in_bss()
    await payments.pairs.settle(f"bss/invoice/{invoice}")
    payments.pairs.connectwise.remove(INVOICES, target)
    payment = payments.add(invoice)
    await payments.pairs.settle(key(payment))
    # The job of the invoice reports it, and has the payment looked at again.
    await payments.pairs.settle(f"bss/invoice/{invoice}", key(payment))
    history = await payments.pairs.bench.history(key(payment))
    assert [(event.what, event.cause) for event in (history[-1], history[0])] == [
        ("skipped", f"ConnectWise has no invoice {target}: bss/invoice/{invoice}"),
        ("skipped", f"the invoice was deleted in ConnectWise: invoice {target}"),
    ]


async def test_a_tenant_that_hides_the_payments_of_an_invoice_is_told_once(payments: Payments) -> None:
    invoice, _ = await payments.invoice()
    payments.pairs.bench.box.connectwise_faults.add(
        FaultRule(name="hidden", action="fail", status=404, path="/finance/invoices/*/payments")
    )
    payment = payments.add(invoice)
    told = await payments.pairs.failure(key(payment))
    assert "ConnectWise shows an invoice and not its payments" in told
    assert len(await payments.pairs.bench.history(key(payment))) == 1


async def test_payments_of_invoices_that_are_not_pushed_are_skipped(payments: Payments) -> None:
    payments.pairs.choose(push=["account", "contact", "payment"])
    invoice, target = await payments.invoice(is_linked=False)
    payment = payments.add(invoice)
    await payments.pairs.settle(key(payment))
    assert "billing.push does not name invoice" in (await payments.pairs.last(key(payment))).cause
    assert payments.on(target) == []


async def given_invoices(payments: Payments, monkeypatch: pytest.MonkeyPatch) -> int:
    """Every invoice of BSS becomes the one invoice whose id is answered."""
    _, target = await payments.invoice(is_linked=False)
    real = assembly._documents

    def documents(context: BillingContext, opened: FlowContext) -> dict[Noun, Reconciler]:
        return {**real(context, opened), "invoice": LinksInvoices(context, target)}

    monkeypatch.setattr(assembly, "_documents", documents)
    return target


async def test_a_payment_of_an_invoice_that_ended_is_skipped_with_that_reason(payments: Payments) -> None:
    invoice, target = await payments.invoice(is_linked=False)
    await payments.link(invoice, target, finished="the invoice was deleted in ConnectWise")
    payment = payments.add(invoice)
    await payments.pairs.settle(key(payment))
    event = await payments.pairs.last(key(payment))
    assert (event.what, event.cause) == (
        "skipped",
        f"the invoice was deleted in ConnectWise: invoice {target}",
    )


async def test_a_payment_that_moves_to_another_invoice_is_refused_with_both_named(payments: Payments) -> None:
    (invoice, target), (other, second) = await payments.invoice(), await payments.invoice()
    payment = payments.add(invoice)
    await payments.pairs.settle(key(payment))
    payments.edit(payment, invoiceId=other)
    told = await payments.pairs.failure(key(payment))
    assert f"on invoice {target} in ConnectWise" in told
    assert f"bss/invoice/{other}, invoice {second} in ConnectWise" in told
    assert f"cwbridge links unlink bss:payment:{payment}" in told
    payments.edit(payment, invoiceId=None)
    assert "belongs to no invoice" in await payments.pairs.failure(key(payment))
    payments.edit(payment, invoiceId=invoice)
    await payments.pairs.settle(key(payment))
    assert (len(payments.on(target)), len(payments.on(second))) == (1, 0)


async def test_a_payment_without_a_date_is_refused_and_says_so(payments: Payments) -> None:
    invoice, target = await payments.invoice()
    payment = payments.add(invoice, paymentDate=None)
    assert f"payment {payment} has no date" in await payments.pairs.failure(key(payment))
    assert payments.on(target) == []


async def test_what_disappears_is_reported_and_nothing_is_made_again(payments: Payments) -> None:
    invoice, target = await payments.invoice()
    lost, deleted = payments.add(invoice, "1.00"), payments.add(invoice, "2.00")
    await payments.pairs.settle(key(lost), key(deleted))
    payments.pairs.bss.remove("payments", lost)
    payments.pairs.connectwise.remove(PAYMENTS, await payments.target(deleted))
    for _ in range(2):
        await payments.pairs.settle(key(lost), key(deleted))
    assert "no longer exists in BSS" in (await payments.pairs.last(key(lost))).discrepancies[0]
    assert "was deleted in ConnectWise" in (await payments.pairs.last(key(deleted))).discrepancies[0]
    assert payments.amounts(target) == ["1.00 2026-05-10 Check"]


async def test_several_payments_with_one_external_id_are_refused_and_named(payments: Payments) -> None:
    invoice, target = await payments.invoice()
    payment = payments.add(invoice)
    both = [payments.enter(target, appliedBy=f"cwbridge:{payment}") for _ in range(2)]
    told = await payments.pairs.failure(key(payment))
    assert f"payments {both[0]}, {both[1]}" in told
    assert len(payments.on(target)) == 2


async def test_every_payment_of_a_long_list_is_read(
    payments: Payments, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Payments have no count: the list is read page by page, and the last page holds the one that is looked for."""
    monkeypatch.setattr(pages, "MAX_PER_PAGE", 10)
    choose(payments, "drop")
    invoice, target = await payments.invoice()
    for _ in range(30):
        payments.enter(target, "1.00")
    payment = payments.add(invoice)
    await payments.pairs.settle(key(payment))
    number = await payments.target(payment)
    await payments.wipe((invoice, target))
    await payments.pairs.settle(key(payment))
    assert await payments.target(payment) == number
    assert len(payments.on(target)) == 31


@specification.needed
async def test_what_is_sent_is_within_the_specification(redis: Redis, redis_url: str, namespace: str) -> None:
    async with Pairs.opened(redis, redis_url, namespace, kind=RecordedSandbox) as pairs:
        payments = Payments(pairs)
        invoice, _ = await payments.invoice()
        payment = payments.add(invoice, "21.005")
        await pairs.settle(key(payment))
        payments.edit(payment, amount=-3, paymentDate="2026-06-30", paymentMethod={"id": 9, "name": None})
        await pairs.settle(key(payment))
        assert isinstance(pairs.bench.box, RecordedSandbox)
        calls = [call for call in pairs.bench.box.exchanges if call.path.endswith("payments")]
        assert {call.method for call in calls} == {"GET", "POST"}
        assert specification.errors_(pairs.bench.box.exchanges) == []
