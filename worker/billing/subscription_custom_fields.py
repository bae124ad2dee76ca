"""The custom fields of additions that hold the id and the name of a subscription, by their captions."""

from __future__ import annotations

from cwbridge import errors
from worker.billing.context import BillingContext


class SubscriptionCustomFields:
    """Ids of custom fields; the definitions are read once and cached."""

    def __init__(self, context: BillingContext) -> None:
        psa = context.psa
        self._rules = context.rules.documents.subscriptions
        self._table = psa.name_tables.of(
            "custom field", psa.client.user_defined_fields, lambda row: (row.caption,)
        )

    async def id_field(self) -> int:
        """The field by which additions are found; raises MappingRefused where the tenant does not have it."""
        caption = self._rules.id_field
        found = await self._table.find(caption) or await self._table.find(caption, fresh=True)
        if found is None:
            raise errors.MappingRefused(
                f"ConnectWise has no custom field {caption!r}, by which additions are found",
                remedy=f"Create a text field with the caption {caption!r} for agreement additions in ConnectWise, "
                "or name another in billing.subscription_id_field; then requeue.",
            )
        return found.id

    async def name_field(self) -> int | None:
        """The field that holds the name; None where the tenant does not have it."""
        found = await self._table.find(self._rules.name_field)
        return None if found is None else found.id

    @property
    def without_name(self) -> str:
        """What is told where the name is left out."""
        return (
            f"the subscription name is left out: ConnectWise has no custom field {self._rules.name_field!r}"
        )

    def forget(self) -> None:
        """Read the definitions again next time."""
        self._table.forget()
