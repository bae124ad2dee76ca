"""Creates and changes payments of invoices, and says what ConnectWise refuses of it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import structlog

from cwbridge import errors
from cwbridge.connectors.connectwise import finance
from cwbridge.connectors.connectwise.resource import Change
from cwbridge.ledger.links import Link
from worker.billing import payment_fields, payment_matching
from worker.billing.context import BillingContext
from worker.billing.keys import BillingKey
from worker.billing.payment_fields import PaymentValues

log = structlog.get_logger(__name__)


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """The payment after the writes, the fields that were sent, those of them that ConnectWise took, and what it did not take."""

    record: finance.InvoicePayment
    names: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class PaymentWriter:
    """Writes payments; raises Protected where the invoice is closed or batched and ConnectWise refuses for it."""

    def __init__(self, context: BillingContext) -> None:
        self._context = context

    async def create(self, key: BillingKey, invoice: int, desired: PaymentValues) -> finance.InvoicePayment:
        """The new payment; raises OutcomeUnknown when the answer was lost, and refusals."""
        draft = {**desired.draft, "appliedBy": payment_fields.external_id(key)}
        try:
            created = await self._context.psa.client.payments_of(invoice).create(draft)
        except errors.Refused as refusal:
            raise await self._explained(invoice, refusal) from refusal
        await self._context.note_ourselves(created)
        if created.appliedBy and not self.is_marked(key, created):
            # The server names the API member here: by that name the payments of the daemon are known again.
            await self._context.api_member.note(created.appliedBy)
        self._context.psa.objects.count("payment", "created")
        log.info("payment_created", payment_id=created.id, invoice_id=invoice, applied_by=created.appliedBy)
        return created

    def is_marked(self, key: BillingKey, record: finance.InvoicePayment) -> bool:
        """Whether ConnectWise kept the external id of the payment."""
        return payment_matching.is_kept(payment_fields.external_id(key), record.appliedBy)

    async def write(self, link: Link, record: finance.InvoicePayment, steps: Sequence[Change]) -> Written:
        """Change the payment; a type that ConnectWise does not change is noted, and the other fields are written."""
        if not steps:
            return Written(record=record)
        names = tuple(_name(step) for step in steps)
        try:
            after = await self._patch(link, steps)
        except errors.Refused as refusal:
            if not _is_about_type(refusal, names):
                raise await self._explained(link.parent, refusal) from refusal
            others = [step for step in steps if _name(step) != payment_fields.TYPE]
            after = await self._patch_explained(link, others) if others else record
        changed = tuple(
            name
            for name in names
            if payment_fields.stored(after)[name] != payment_fields.stored(record)[name]
        )
        return Written(record=after, names=names, changed=changed, notes=_not_taken(names, changed, after))

    async def _patch_explained(self, link: Link, steps: Sequence[Change]) -> finance.InvoicePayment:
        try:
            return await self._patch(link, steps)
        except errors.Refused as refusal:
            raise await self._explained(link.parent, refusal) from refusal

    async def _patch(self, link: Link, steps: Sequence[Change]) -> finance.InvoicePayment:
        after = await self._context.psa.client.payments_of(link.parent).patch(link.target, *steps)
        await self._context.note_ourselves(after)
        self._context.psa.objects.count("payment", "updated")
        return after

    async def _explained(self, invoice: int, refusal: errors.Refused) -> errors.Refused:
        """The refusal, or what stands behind it: the invoice is closed or batched."""
        if not isinstance(refusal, errors.RequestRefused | errors.ValueRefused | errors.Protected):
            return refusal
        record = await self._context.psa.client.invoices.get(invoice)
        is_closed = bool(record.status is not None and record.status.isClosed) or bool(record.closedBy)
        if not is_closed and record.glBatch is None:
            return refusal
        return errors.Protected(
            "ConnectWise takes no payment on a closed or batched invoice",
            detail=f"invoice {record.invoiceNumber or invoice} is {'closed' if is_closed else 'batched'}: {refusal.detail}",
            remedy="Open the invoice again in ConnectWise, or take it out of its batch, then requeue; "
            "or enter the payment by hand in the accounting system.",
        )


def _name(step: Change) -> str:
    return step.path.removeprefix("/")


def _is_about_type(refusal: errors.Refused, names: Sequence[str]) -> bool:
    """Whether ConnectWise refuses to change the type of a payment, and nothing else."""
    if payment_fields.TYPE not in names or not isinstance(
        refusal, errors.ValueRefused | errors.RequestRefused
    ):
        return False
    field: str = getattr(refusal, "field", "")
    return field == payment_fields.TYPE or (not field and "type" in refusal.detail.casefold())


def _not_taken(
    names: Sequence[str], changed: Sequence[str], after: finance.InvoicePayment
) -> tuple[str, ...]:
    if payment_fields.TYPE not in names or payment_fields.TYPE in changed:
        return ()
    return (f"type: ConnectWise does not change the type of a payment, {after.type!r} stays",)
