"""Writes additions of agreements."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import structlog

from cwbridge import errors
from cwbridge.connectors.connectwise import finance
from cwbridge.connectors.connectwise.drafts import Change
from worker.billing import subscription_fields as fields
from worker.billing.context import BillingContext
from worker.billing.keys import BillingKey
from worker.billing.subscription_custom_fields import SubscriptionCustomFields
from worker.billing.subscription_fields import NAME, Fields
from worker.billing.subscription_finder import SubscriptionFinder

log = structlog.get_logger(__name__)


class SubscriptionWriter:
    """Creates, changes and ends additions; it deletes none."""

    def __init__(
        self, context: BillingContext, finder: SubscriptionFinder, custom_fields: SubscriptionCustomFields
    ) -> None:
        self._context = context
        self._finder = finder
        self._custom_fields = custom_fields

    async def create(
        self, key: BillingKey, agreement: finance.Agreement, product: int, wanted: Fields, *, besides: int = 0
    ) -> tuple[finance.Addition, bool]:
        """The new addition and True, or the one that stands there after a lost answer and False; call it after a look."""
        draft = {
            "product": {"id": product},
            **await self._sent({name: value.sent for name, value in wanted.items() if value.text}),
        }
        number = await self._custom_fields.id_field()
        draft["customFields"] = [{"id": number, "value": key.id}, *draft.get("customFields", ())]
        try:
            async with self._context.creating(
                key.identity, fields.sent_fields(wanted), replaces=besides or None
            ):
                created = await self._context.psa.client.additions_of(agreement.id).create(draft)
        except errors.OutcomeUnknown:
            found = await self._finder.in_agreement(key, agreement, besides=(besides,))
            if found is None:
                raise
            return found.addition, False
        except errors.Refused:
            self._custom_fields.forget()
            raise
        await self._context.creates.answered(key.identity, created.id)
        await self._context.note_ourselves(created)
        self._context.psa.objects.count("addition", "created")
        log.info("addition_created", addition_id=created.id, agreement_id=agreement.id)
        return created, True

    async def change(self, agreement: int, addition: int, values: Mapping[str, Any]) -> finance.Addition:
        """The addition after the changes."""
        sent = await self._sent(values)
        written = await self._context.psa.client.additions_of(agreement).patch(
            addition,
            *(
                Change("remove", f"/{name}") if value is None else Change("replace", f"/{name}", value)
                for name, value in sent.items()
            ),
        )
        await self._context.note_ourselves(written)
        self._context.psa.objects.count("addition", "updated")
        return written

    async def end(self, agreement: int, addition: finance.Addition, on: date) -> None:
        """Let the addition be charged until `on`, unless it ends before."""
        ends = fields.day_of(addition.cancelledDate)
        if ends is None or ends > on:
            await self.change(agreement, addition.id, {"cancelledDate": fields.day(on).sent})

    async def _sent(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values with the name as the custom field that it is; left out where the tenant has none."""
        sent = {name: value for name, value in values.items() if name != NAME}
        number = await self._custom_fields.name_field() if NAME in values else None
        if number is not None:
            sent["customFields"] = [{"id": number, "value": values[NAME]}]
        return sent
