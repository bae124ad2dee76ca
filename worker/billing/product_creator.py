"""Makes the catalog item of a product that ConnectWise does not have yet."""

from __future__ import annotations

from typing import Any

import structlog

from cwbridge import errors
from cwbridge.connectors.bss import documents as bss
from cwbridge.connectors.connectwise import models as connectwise
from worker.billing import product_fields
from worker.billing.context import BillingContext
from worker.billing.keys import BillingKey
from worker.psa.catalog_placement import PLACES, CatalogPlacement
from worker.psa.default_fields import naming_default_field
from worker.psa.gone import gone_reference

log = structlog.get_logger(__name__)


class ProductCreator:
    """Creates catalog items; call it with the lock of the product's code held, after a fresh look."""

    def __init__(self, context: BillingContext, placement: CatalogPlacement) -> None:
        self._context = context
        self._items = context.psa.client.catalog
        self._placement = placement

    async def create(self, key: BillingKey, product: bss.Product) -> connectwise.CatalogItem:
        """The new item; raises OutcomeUnknown when the answer was lost, Duplicate when the code is taken, and other refusals."""
        with naming_default_field("catalog"):
            created = await self._send(key, product)
        await self._context.note_ourselves(created)
        self._context.psa.objects.count("catalog item", "created")
        log.info("catalog_item_created", identifier=created.identifier, catalog_item_id=created.id)
        return created

    async def _send(self, key: BillingKey, product: bss.Product) -> connectwise.CatalogItem:
        """Create the item; a row of a set-up table that ConnectWise no longer has is looked up again, once."""
        try:
            return await self._items.create(await self._draft(key, product))
        except errors.Refused as refusal:
            if gone_reference(refusal) not in PLACES:
                raise
        self._placement.forget()
        return await self._items.create(await self._draft(key, product))

    async def _draft(self, key: BillingKey, product: bss.Product) -> dict[str, Any]:
        desired = product_fields.fields(product)
        return {
            **await self._context.psa.default_fields.of("catalog"),
            "identifier": product_fields.identifier(product),
            "integrationXRef": product_fields.external_id(key),
            **{name: value for name, value in desired.items() if value is not None},
            **await self._placement.fields(product_fields.placed(product)),
        }
