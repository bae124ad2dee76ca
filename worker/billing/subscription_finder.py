"""Finds the addition of a subscription by the custom field that holds its id.

A custom field cannot be asked for in a list of ids, and additions are listed by agreement, so the additions of the company's
agreements are read: those of the type that the unit asks for, then the others, because the unit may have changed meanwhile.
"""

from __future__ import annotations

from collections.abc import Container

import msgspec

from cwbridge import clock, errors
from cwbridge.connectors import unclear
from cwbridge.connectors.connectwise import finance
from cwbridge.text import folded
from worker.billing import agreement_finder
from worker.billing.agreement_finder import AgreementFinder
from worker.billing.context import BillingContext
from worker.billing.keys import BillingKey
from worker.billing.subscription_custom_fields import SubscriptionCustomFields
from worker.billing.subscription_fields import custom_value


class FoundAddition(msgspec.Struct, frozen=True):
    """An addition and the agreement that it belongs to."""

    addition: finance.Addition
    agreement: finance.Agreement


class SubscriptionFinder:
    """Looks additions up; call it with the lock of the subscription held."""

    def __init__(
        self, context: BillingContext, agreements: AgreementFinder, custom_fields: SubscriptionCustomFields
    ) -> None:
        self._context = context
        self._agreements = agreements
        self._custom_fields = custom_fields

    async def find(self, key: BillingKey, company: int, type_: int | None) -> FoundAddition | None:
        """The addition, or None when there is none; raises Ambiguous when several that are not ended carry the id."""
        rows = await self._agreements.of_company(company)
        today = clock.utc_now().date()
        first = [] if type_ is None else agreement_finder.of_type(rows, type_, today)
        found = await self._among(key, first)
        if found is None or found.addition.cancelledDate is not None:
            others = await self._among(key, [row for row in rows if row not in first])
            found = _newer(found, others)
        return found

    async def in_agreement(
        self, key: BillingKey, agreement: finance.Agreement, *, besides: Container[int] = ()
    ) -> FoundAddition | None:
        """An addition of the subscription in one agreement that is not ended, and none of `besides`."""
        rows = await self._carrying(key, agreement)
        living = [
            row for row in rows if row.addition.id not in besides and row.addition.cancelledDate is None
        ]
        return _only(key, living)

    async def _among(self, key: BillingKey, agreements: list[finance.Agreement]) -> FoundAddition | None:
        rows = [row for agreement in agreements for row in await self._carrying(key, agreement)]
        living = [row for row in rows if row.addition.cancelledDate is None]
        return _only(key, living) or max(rows, key=lambda row: row.addition.id, default=None)

    async def _carrying(self, key: BillingKey, agreement: finance.Agreement) -> list[FoundAddition]:
        number = await self._custom_fields.id_field()
        rows = await self._context.psa.client.additions_of(agreement.id).find()
        return [
            FoundAddition(row, agreement)
            for row in map(unclear.left_out, rows)
            if folded(custom_value(row, number)) == key.id
        ]


def _only(key: BillingKey, living: list[FoundAddition]) -> FoundAddition | None:
    if len(living) > 1:
        listed = ", ".join(f"{row.addition.id} of agreement {row.agreement.id}" for row in living)
        raise errors.Ambiguous(
            "Several additions carry the id of one subscription",
            detail=f"{key}: additions {listed}",
            remedy="Clear the subscription id of all but one of them in ConnectWise, or end them; then requeue.",
        )
    return living[0] if living else None


def _newer(one: FoundAddition | None, other: FoundAddition | None) -> FoundAddition | None:
    """The one that is not ended, else the one made last."""
    rows = [row for row in (one, other) if row is not None]
    return max(rows, key=lambda row: (row.addition.cancelledDate is None, row.addition.id), default=None)
