"""Finds the payment of an invoice that was made for a payment of BSS: by its external id, else by amount and day."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from cwbridge import errors
from cwbridge.connectors import unclear
from cwbridge.connectors.connectwise import finance
from cwbridge.ledger.links import How
from cwbridge.text import folded
from worker.billing import payment_fields, payment_matching
from worker.billing.context import BillingContext
from worker.billing.keys import BillingKey
from worker.billing.payment_fields import PaymentValues
from worker.billing.payment_matching import Entry
from worker.psa.authorship import Authorship


class FoundPayment(msgspec.Struct, frozen=True):
    """A payment of an invoice, and how it was found or that it was created."""

    record: finance.InvoicePayment
    how: How


class PaymentFinder:
    """Looks payments up; call it with the lock of the invoice held."""

    def __init__(self, context: BillingContext, authorship: Authorship) -> None:
        self._context = context
        self._authorship = authorship

    async def find(
        self, key: BillingKey, invoice: int, values: Sequence[PaymentValues]
    ) -> FoundPayment | None:
        """The payment of that invoice, or None when there is none.

        `values` are what it may hold where its external id was not kept, the likeliest first. Raises Ambiguous when several carry
        the external id, NotFound when ConnectWise has no such invoice.
        """
        by_id = {row.id: row for row in await self._context.psa.client.payments_of(invoice).find()}
        if not by_id:
            return None
        entries = await self._entries(key, [unclear.left_out(row) for row in by_id.values()])
        wanted = payment_fields.external_id(key)
        own = payment_matching.marked(wanted, entries)
        if len(own) > 1:
            raise errors.Ambiguous(
                "Several payments of an invoice carry the external id of one payment",
                detail=f"{wanted} on invoice {invoice}: payments {', '.join(str(entry.id) for entry in own)}",
                remedy="Change appliedBy of all but one of them in ConnectWise, or delete those that are entered twice, then requeue.",
            )
        if own:
            return FoundPayment(by_id[own[0].id], "external_id")
        equals = (payment_matching.equal(wanted, one, entries) for one in values)
        found = next((entry for entry in equals if entry is not None), None)
        return None if found is None else FoundPayment(by_id[found.id], "content")

    async def _entries(self, key: BillingKey, rows: list[finance.InvoicePayment]) -> list[Entry]:
        linked = await self._context.links.of_targets(key.kind, [row.id for row in rows])
        own_names = {folded(name) for name in await self._context.api_member.names()}
        return [
            Entry(
                id=row.id,
                amount=row.amount,
                day=payment_fields.day_of(row),
                type=row.type or "",
                applied_by=row.appliedBy or "",
                is_own=folded(row.appliedBy) in own_names or await self._is_made_by_us(row),
                is_taken=any(identity != key.identity for identity in linked.get(row.id, ())),
            )
            for row in rows
        ]

    async def _is_made_by_us(self, row: finance.InvoicePayment) -> bool:
        """Whether the API member made it; asked only where `appliedBy` does not say it already."""
        told = folded(row.appliedBy)
        if not told or told.startswith(payment_fields.EXTERNAL_ID_PREFIX):
            return False
        return await self._authorship.is_own(row)
