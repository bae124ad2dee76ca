"""Finds the catalog item of a product: by the external id that items of the flow carry, else by its code."""

from __future__ import annotations

import re

import msgspec
import structlog

from cwbridge import errors
from cwbridge.connectors import unclear
from cwbridge.connectors.bss import documents as bss
from cwbridge.connectors.connectwise import models as connectwise
from cwbridge.connectors.connectwise.conditions import field
from cwbridge.ledger.links import How
from cwbridge.text import folded
from worker.billing import product_fields
from worker.billing.context import BillingContext
from worker.billing.keys import BillingKey
from worker.psa.catalog_matching import MAX_IDENTIFIER
from worker.psa.identities import relink_command

log = structlog.get_logger(__name__)
_COPY = re.compile(r"copy\d*$")


class FoundItem(msgspec.Struct, frozen=True):
    """A catalog item, and how it was found or that it was created."""

    item: connectwise.CatalogItem
    how: How


class ProductFinder:
    """Looks catalog items up; call it with the lock of the product's code held."""

    def __init__(self, context: BillingContext) -> None:
        self._context = context
        self._items = context.psa.client.catalog

    async def find(self, key: BillingKey, product: bss.Product) -> FoundItem | None:
        """The item, or None when there is none.

        Raises Ambiguous when several fit, Refused when the code belongs to another product. An own item that ConnectWise stored
        with a copy suffix, because the code existed already, is deleted.
        """
        own = await self._by_external_id(key)
        if own is not None and not _is_copy(own, product):
            return FoundItem(own, "external_id")
        coded = await self._by_code(key, product)
        if own is None:
            return None if coded is None else FoundItem(coded, "name")
        if coded is None:
            return FoundItem(own, "external_id")
        await self._undo(own, product)
        return FoundItem(coded, "name")

    async def _by_external_id(self, key: BillingKey) -> connectwise.CatalogItem | None:
        wanted = product_fields.external_id(key)
        rows = await self._items.find(field("integrationXRef").equals(wanted))
        found = [row for row in map(unclear.left_out, rows) if product_fields.owner(row) == key]
        if len(found) > 1:
            raise errors.Ambiguous(
                "Several catalog items carry the external id of one product",
                detail=f"{wanted}: catalog items {_listed(found)}",
                remedy="Clear the external id (integrationXRef) of all but one of them in ConnectWise, then requeue.",
            )
        return found[0] if found else None

    async def _by_code(self, key: BillingKey, product: bss.Product) -> connectwise.CatalogItem | None:
        """The item whose identifier is the code, an active one before the others; raises the refusal of one that is another product's."""
        code = product_fields.identifier(product)
        rows = await self._context.psa.client.find_in(self._items, "identifier", [code])
        found = [
            row
            for row in map(unclear.left_out, rows)
            if folded(row.identifier) == folded(code) and product_fields.owner(row) != key
        ]
        chosen = [row for row in found if not row.inactiveFlag] or found
        if len(chosen) > 1:
            raise errors.Ambiguous(
                "Several catalog items have the code of a product",
                detail=f"{code!r}: catalog items {_listed(chosen)}",
                remedy=f"Choose one: {relink_command(key.identity)}",
            )
        if not chosen:
            return None
        await self._refuse_of_another(key, product, chosen[0])
        return chosen[0]

    async def _refuse_of_another(
        self, key: BillingKey, product: bss.Product, item: connectwise.CatalogItem
    ) -> None:
        other = await self._context.owner(key.kind, item.id) or product_fields.owner(item)
        if other is None or other == key:
            return
        raise errors.Refused(
            "Two products of BSS have one code",
            detail=f"{product.code!r}: {key} and {other}, which has catalog item {item.id} {item.identifier!r}",
            remedy="Give one of the products another code in BSS; saving it starts the sync again. "
            f"Or choose an item: {relink_command(key.identity)}",
        )

    async def _undo(self, copy: connectwise.CatalogItem, product: bss.Product) -> None:
        await self._items.delete(copy.id)
        log.warning(
            "catalog_copy_removed",
            identifier=product_fields.identifier(product),
            stored_as=copy.identifier,
            catalog_item_id=copy.id,
        )


def _is_copy(item: connectwise.CatalogItem, product: bss.Product) -> bool:
    """Whether the identifier is the code with the suffix that ConnectWise gives to a second item of one identifier."""
    code, stored = folded(product_fields.identifier(product)), folded(item.identifier)
    suffix = _COPY.search(stored)
    if stored == code or suffix is None:
        return False
    base = stored[: suffix.start()]
    # An identifier of the greatest length loses its end to the suffix.
    return base == code or (len(stored) == MAX_IDENTIFIER and code.startswith(base))


def _listed(items: list[connectwise.CatalogItem]) -> str:
    return ", ".join(f"{item.id} {item.identifier!r}" for item in items)
