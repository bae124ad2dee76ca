"""One payment of BSS and its payment of an invoice in ConnectWise: find or create it once, and keep it as BSS has it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Never

import msgspec
import structlog

from cwbridge import errors, freshness
from cwbridge.connectors.connectwise import finance
from cwbridge.connectors.connectwise.resource import Resource
from cwbridge.ledger.agreements import Agreed, Keeper
from cwbridge.ledger.creates import Sent, SentFields
from cwbridge.ledger.history import Event
from cwbridge.ledger.links import Link
from cwbridge.ledger.money_discrepancies import MoneyDiscrepancies
from cwbridge.queue.job import Run
from worker.billing import disappearance, document_totals, payment_fields
from worker.billing.context import BillingContext
from worker.billing.dependencies import Dependencies
from worker.billing.keys import BillingKey, document_key
from worker.billing.outcome import Skip, skipped
from worker.billing.payment_fields import PaymentValues
from worker.billing.payment_finder import FoundPayment, PaymentFinder
from worker.billing.payment_writer import PaymentWriter, Written

log = structlog.get_logger(__name__)
_INVOICE = "invoice"
_NOT_KEPT = "appliedBy does not hold the external id: the payment is known by its amount and date"


class PaymentReconciler:
    """Brings the payment of an invoice to what BSS says; nothing goes back to BSS."""

    def __init__(
        self,
        context: BillingContext,
        money: MoneyDiscrepancies,
        *,
        dependencies: Dependencies,
        finder: PaymentFinder,
        writer: PaymentWriter,
    ) -> None:
        self._context = context
        self._money = money
        self._dependencies = dependencies
        self._finder = finder
        self._writer = writer

    async def reconcile(self, run: Run, key: BillingKey) -> Event | None:
        """Sync the payment of `key`; the event says what was done, None that there was nothing to do."""
        link = await self._context.link_of(key)
        try:
            payment = await self._context.bss.payments.get(key.id)
            freshness.source_changed(payment.updatedAt)
        except errors.NotFound:
            return await disappearance.from_bss(self._context, key, link, _shown)
        if payment.invoiceId is None:
            if link is not None:
                raise _moved(key, link, "no invoice")
            return skipped("the payment has no invoice")
        invoice_key = document_key("invoice", payment.invoiceId)
        invoice = await self._dependencies.need(run, invoice_key)
        desired = payment_fields.values_of(payment, self._context.rules.documents.payments)
        if link is None:
            return await self._first(run, key, invoice_key, invoice.target, desired)
        if link.parent != invoice.target:
            raise _moved(key, link, f"{invoice_key}, invoice {invoice.target} in ConnectWise")
        try:
            record = await self._payments(link.parent).get(link.target)
        except errors.NotFound:
            await self._compare(key, desired, None)
            return await disappearance.from_connectwise(self._context, key, link, "payment", _shown)
        await self._context.finish(key, link, "")
        return await self._agree(key, link, desired, record)

    def _payments(self, invoice: int) -> Resource[finance.InvoicePayment]:
        return self._context.psa.client.payments_of(invoice)

    async def _first(
        self, run: Run, key: BillingKey, invoice_key: BillingKey, invoice: int, desired: PaymentValues
    ) -> Event:
        """Find the payment or create it; no other run does that for a payment of the invoice meanwhile."""
        note = await self._context.creates.of(key.identity)
        tried = None if note is None else int(note[_INVOICE].sent)
        try:
            if note is not None and tried is not None and tried != invoice:
                await self._refuse_moved(key, tried, note, invoice_key, invoice)
            async with self._context.psa.locks.hold(f"payments:{invoice}"):
                noted = None if note is None or tried != invoice else PaymentValues.of_note(note)
                found = await self._look(key, invoice, noted, desired)
                if found is None:
                    found = await self._create(key, invoice, desired)
                    noted = desired
                agreed = _agreed(found, noted, desired)
                link = await self._context.link(key, found.record.id, found.how, agreed, parent=invoice)
        except errors.NotFound as gone:
            await self._raise_unseen(run, invoice_key, invoice, gone)
        what = "created" if link.how == "created" else "linked"
        event = await self._agree(key, link, desired, found.record)
        told = event or Event(what=what, target=link.target, matches=_matches(key, link))
        parts = (told.cause, "" if self._writer.is_marked(key, found.record) else _NOT_KEPT)
        return msgspec.structs.replace(told, what=what, cause="; ".join(filter(None, parts)))

    async def _raise_unseen(
        self, run: Run, invoice_key: BillingKey, invoice: int, gone: errors.NotFound
    ) -> Never:
        """Skip where the invoice was deleted, which its own job reports; refuse where only its payments cannot be had."""
        try:
            await self._context.psa.client.invoices.get(invoice)
        except errors.NotFound:
            await self._context.skips.note(str(invoice_key), run.key)
            await self._context.enqueue(run, str(invoice_key))
            raise Skip(f"ConnectWise has no invoice {invoice}: {invoice_key}") from gone
        raise errors.Refused(
            "ConnectWise shows an invoice and not its payments",
            detail=f"invoice {invoice}, {invoice_key}; {gone.detail}",
            remedy="Allow the API member to inquire and add payments of invoices (Finance > Invoicing), then requeue.",
        ) from gone

    async def _look(
        self, key: BillingKey, invoice: int, noted: PaymentValues | None, desired: PaymentValues
    ) -> FoundPayment | None:
        """By what a create without an answer has sent, then by what BSS says now."""
        values = [desired] if noted is None else [noted, desired]
        return await self._finder.find(key, invoice, values)

    async def _create(self, key: BillingKey, invoice: int, desired: PaymentValues) -> FoundPayment:
        """The new payment, or the one that a create whose answer was lost has made."""
        sent: SentFields = {**desired.sent, _INVOICE: Sent(str(invoice), str(invoice))}
        try:
            async with self._context.creating(key.identity, sent):
                return FoundPayment(await self._writer.create(key, invoice, desired), "created")
        except errors.Refused:
            await self._compare(key, desired, None)
            raise
        except errors.OutcomeUnknown:
            found = await self._look(key, invoice, None, desired)
            if found is None:
                raise
            return FoundPayment(found.record, "created")

    async def _refuse_moved(
        self, key: BillingKey, tried: int, note: SentFields, invoice_key: BillingKey, invoice: int
    ) -> None:
        """Refuse a payment whose create may have taken effect on the invoice that it had then; one that did not is forgotten."""
        async with self._context.psa.locks.hold(f"payments:{tried}"):
            noted = PaymentValues.of_note(note)
            try:
                found = await self._finder.find(key, tried, [noted])
            except errors.NotFound:
                found = None
            if found is None:
                await self._context.creates.end(key.identity)
                return
            agreed = payment_fields.agreed_after_loss(noted)
            link = await self._context.link(key, found.record.id, found.how, agreed, parent=tried)
        raise _moved(key, link, f"{invoice_key}, invoice {invoice} in ConnectWise")

    async def _agree(
        self, key: BillingKey, link: Link, desired: PaymentValues, record: finance.InvoicePayment
    ) -> Event | None:
        """Write what changed in BSS and keep what both agree on; None when nothing is to be told."""
        agreements, here = self._context.agreements, payment_fields.stored(record)
        kept = Keeper(agreements, key.identity, await agreements.of(key.identity))
        before = kept.recovered(lambda name: here.get(name, ""))
        steps = payment_fields.changes(record, desired, before)
        names = [step.path.removeprefix("/") for step in steps]
        if names:
            sent = {name: Agreed(desired.texts[name], desired.texts[name]) for name in names}
            await kept.keep_sent(before, sent)
        try:
            written = await self._writer.write(link, record, steps)
        except errors.Refused:
            await self._compare(key, desired, record.amount)
            raise
        agreed = payment_fields.agreed_on(written.record, desired, before, written.names)
        await kept.keep(agreed)
        replaced = payment_fields.overwritten(record, written.changed, before)
        parts = (*_written(written), *written.notes, *replaced)
        found = (
            *await self._compare(key, desired, written.record.amount),
            *payment_fields.discrepancies(written.record, desired, agreed),
        )
        if not (parts or found or await self._context.told_discrepancies(key)):
            return None
        return Event(
            what="updated" if parts else "checked",
            target=link.target,
            cause="; ".join((*parts, *found)),
            matches=_matches(key, link),
            discrepancies=found,
        )

    async def _compare(self, key: BillingKey, desired: PaymentValues, amount: Decimal | None) -> list[str]:
        """Keep the difference in money, or that there is none any more; as sentences."""
        found = payment_fields.money(desired, amount)
        await self._money.keep(str(key), found)
        for kind, one in found.items():
            log.warning(
                "totals_differ", key=str(key), kind=kind, source=str(one.source), target=str(one.target)
            )
        return [document_totals.told(kind, one) for kind, one in found.items()]


def _shown(link: Link) -> str:
    return f"payment {link.target} of invoice {link.parent}"


def _agreed(found: FoundPayment, noted: PaymentValues | None, desired: PaymentValues) -> Mapping[str, Agreed]:
    """What both sides agree on as a payment is linked; nothing where it was found without a note of its create."""
    if noted is None:
        return {}
    if found.how == "created" and noted is desired:
        return payment_fields.agreed_at_create(desired, found.record)
    return payment_fields.agreed_after_loss(noted)


def _written(written: Written) -> tuple[str, ...]:
    return (f"to ConnectWise: {', '.join(written.changed)}",) if written.changed else ()


def _matches(key: BillingKey, link: Link) -> tuple[str, ...]:
    return (f"{key.record} {link.target} of invoice {link.parent} ({link.how})",)


def _moved(key: BillingKey, link: Link, now: str) -> errors.Refused:
    return errors.Refused(
        "A payment belongs to another invoice in BSS than in ConnectWise",
        detail=f"payment {link.target} is on invoice {link.parent} in ConnectWise; in BSS it belongs to {now}",
        remedy="ConnectWise cannot move a payment. Assign it to its invoice again in BSS; or delete it in ConnectWise, then "
        f"cwbridge links unlink {key.identity} and requeue {key}.",
    )
