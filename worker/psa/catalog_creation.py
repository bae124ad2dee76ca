"""Creates catalog items as the settings place them."""

from __future__ import annotations

from typing import Any

from cwbridge import errors
from cwbridge.connectors.connectwise import models
from cwbridge.text import folded
from worker.psa.catalog_copies import CatalogCopyRemoval
from worker.psa.catalog_placement import PLACES, CatalogPlacement
from worker.psa.context import PsaContext
from worker.psa.gone import gone_reference
from worker.psa.records import DesiredProduct


class CatalogCreator:
    """Creates the catalog item of a product under a given identifier; the caller holds the lock of the identifier."""

    def __init__(self, psa: PsaContext, placement: CatalogPlacement, copies: CatalogCopyRemoval) -> None:
        self._psa = psa
        self._items = psa.client.catalog
        self._placement = placement
        self._copies = copies

    async def create(self, product: DesiredProduct, identifier: str) -> models.CatalogItem:
        """The item as ConnectWise has stored it; when that is a copy under another identifier it is deleted again.

        It is not broken off even when the lock was lost: no later run could know of the copy.
        """
        created = await self._send(product, identifier)
        if folded(created.identifier) != folded(identifier):
            await self._copies.remove_new(created, asked=identifier)
        return created

    async def _send(self, product: DesiredProduct, identifier: str) -> models.CatalogItem:
        """Create the item; a row of a set-up table that ConnectWise no longer has is looked up again, once."""
        try:
            return await self._items.create(await self._draft(product, identifier))
        except errors.Refused as refusal:
            if gone_reference(refusal) not in PLACES:
                raise
        self._placement.forget()
        return await self._items.create(await self._draft(product, identifier))

    async def _draft(self, product: DesiredProduct, identifier: str) -> dict[str, Any]:
        draft: dict[str, Any] = {
            **await self._psa.default_fields.of("catalog"),
            "identifier": identifier,
            "description": product.description or identifier[:60],
            "customerDescription": product.customer_description or identifier,
            "price": product.price,
            "cost": product.cost,
            "taxableFlag": product.taxable,
            "integrationXRef": "cwbridge",
            **await self._placement.fields(product),
        }
        if product.part_number:
            draft["manufacturerPartNumber"] = product.part_number
        return draft
