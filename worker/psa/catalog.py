"""The catalog: each product matched to its catalog item, or created, never twice.

Identifiers that many jobs ask for within a few milliseconds go out as one `identifier in (...)` request. What was found is
remembered in Redis for all workers. A create happens under a lock per identifier, after a fresh look that includes inactive
items, and the identifier in the answer is compared with the one sent, because ConnectWise may store a taken identifier
with a copy suffix instead of refusing it (Zomentum help; connectwise reference 12.3).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, Literal

import structlog

from cwbridge import concurrency, errors, locks, metrics
from cwbridge.batching import BatchLoader
from cwbridge.connectors.connectwise import client as connectwise
from cwbridge.connectors.connectwise import models
from cwbridge.connectors.connectwise.resource import Change
from cwbridge.ledger.catalog import CatalogCache, CatalogKey
from cwbridge.text import folded
from worker.opportunity.desired import DesiredProduct
from worker.psa.catalog_placement import FACTORS, CatalogPlacement
from worker.psa.default_fields import DefaultFields, naming_default_field

log = structlog.get_logger()
_BATCH_WINDOW = timedelta(milliseconds=5)


class Catalog:
    """Finds or creates the catalog item of each product."""

    def __init__(
        self,
        client: connectwise.ConnectWiseClient,
        locker: locks.Locks,
        catalog_placement: CatalogPlacement,
        memory: CatalogCache,
        *,
        inactive: Literal["qualify", "reactivate", "refuse"],
        existing: Literal["keep", "update_prices"],
        default_fields: DefaultFields,
        concurrency: int,
    ) -> None:
        self._client = client
        self._locks = locker
        self._catalog_placement = catalog_placement
        self._memory = memory
        self._inactive = inactive
        self._existing = existing
        self._default_fields = default_fields
        self._concurrency = concurrency
        self._look_up = BatchLoader(self._find_all, window=_BATCH_WINDOW)

    async def resolve(self, products: Iterable[DesiredProduct]) -> dict[DesiredProduct, int]:
        """The catalog item id of each product; missing items are created."""
        distinct = _one_per_item(products)
        # Whose prices are to be kept up must be looked at, however well they are known.
        forgetful = self._existing == "update_prices"
        cached = (
            [None] * len(distinct)
            if forgetful
            else await self._memory.get([_catalog_key_of(product) for product in distinct])
        )
        known = {
            product: item_id for product, item_id in zip(distinct, cached, strict=True) if item_id is not None
        }
        unknown = [product for product in distinct if product not in known]
        found = await asyncio.gather(*(self._look_up.get(product.identifier) for product in unknown))
        await concurrency.gather_limited(
            (
                self._settle(product, candidates, known)
                for product, candidates in zip(unknown, found, strict=True)
            ),
            limit=self._concurrency,
        )
        by_catalog_key = {_catalog_key_of(product): item_id for product, item_id in known.items()}
        return {product: by_catalog_key[_catalog_key_of(product)] for product in products}

    async def _settle(
        self,
        product: DesiredProduct,
        candidates: list[models.CatalogItem],
        known: dict[DesiredProduct, int],
    ) -> None:
        known[product] = await self._match_or_create(product, candidates)
        await self._memory.put({_catalog_key_of(product): known[product]})

    async def drop(self, products: Iterable[DesiredProduct]) -> None:
        """Look these up anew next time: ConnectWise no longer takes what we remember."""
        await self._memory.drop(folded(product.identifier) for product in products)

    async def _find_all(self, identifiers: Sequence[str]) -> dict[str, list[models.CatalogItem]]:
        """Every catalog item, inactive ones included, under the identifier that asked for it."""
        by_name: dict[str, list[models.CatalogItem]] = {}
        for item in await self._client.find_in(self._client.catalog, "identifier", identifiers):
            by_name.setdefault(folded(item.identifier), []).append(item)
        return {identifier: by_name.get(folded(identifier), []) for identifier in identifiers}

    async def _find(self, identifier: str) -> list[models.CatalogItem]:
        return (await self._find_all([identifier]))[identifier]

    async def _match_or_create(self, product: DesiredProduct, candidates: list[models.CatalogItem]) -> int:
        """Under the plain identifier when that is free or fits, else under the qualified one."""
        if (item := await self._match(product, candidates)) is not None:
            return item
        if candidates:
            return await self._qualified(product)
        async with self._locks.hold(f"catalog:{folded(product.identifier)}"):
            candidates = await self._find(product.identifier)
            if (item := await self._match(product, candidates)) is not None:
                return item
            if not candidates:
                return await self._create(product, product.identifier)
        return await self._qualified(product)

    async def _match(self, product: DesiredProduct, candidates: list[models.CatalogItem]) -> int | None:
        """The active candidate that is the product; an inactive one is reactivated or refused when the setting says so."""
        fitting = [item for item in candidates if _fits(product, item)]
        active = _only(product, [item for item in fitting if not item.inactiveFlag])
        if active is not None:
            return await self._existing_item(product, active)
        if not fitting or self._inactive == "qualify":
            return None
        if self._inactive == "refuse":
            raise _inactive(product, fitting[0])
        return await self._reactivate(fitting[0])

    async def _existing_item(self, product: DesiredProduct, item: models.CatalogItem) -> int:
        """An item that stands is left as it is, or by setting gets the price and cost of the line."""
        desired = {"price": product.price, "cost": product.cost}
        changes = [
            Change("replace", f"/{name}", value)
            for name, value in desired.items()
            if getattr(item, name) != value
        ]
        if self._existing == "update_prices" and product.price and changes:
            await self._client.catalog.patch(item.id, *changes)
            metrics.OBJECTS.labels("catalog item", "updated").inc()
        return item.id

    async def _reactivate(self, item: models.CatalogItem) -> int:
        await self._client.catalog.patch(item.id, Change("replace", "/inactiveFlag", value=False))
        metrics.OBJECTS.labels("catalog item", "reactivated").inc()
        log.info("catalog_item_reactivated", identifier=item.identifier, id=item.id)
        return item.id

    async def _qualified(self, product: DesiredProduct) -> int:
        """The item under `Manufacturer Model`, because the plain identifier is somebody else's or no longer in use."""
        async with self._locks.hold(f"catalog:{folded(product.qualified)}"):
            candidates = await self._find(product.qualified)
            if (item := await self._match(product, candidates)) is not None:
                return item
            if not candidates:
                return await self._create(product, product.qualified)
        if any(_fits(product, item) for item in candidates):
            raise _inactive(product, candidates[0])
        raise errors.Ambiguous(
            "A catalog identifier and its qualified form both belong to other products",
            detail=f"{product.identifier!r} and {product.qualified!r} "
            f"(catalog items {', '.join(str(item.id) for item in candidates)})",
            remedy="Rename or correct the manufacturer of one of these catalog items in ConnectWise, then requeue.",
        )

    async def _create(self, product: DesiredProduct, identifier: str) -> int:
        draft = await self._draft(product, identifier)
        try:
            with naming_default_field("catalog"):
                created = await self._client.catalog.create(draft)
        except (errors.OutcomeUnknown, errors.Duplicate):
            # It may have been made all the same: look, and only then let the failure through.
            found = await self._made_meanwhile(product, identifier)
            if found is None:
                raise
            return found
        if folded(created.identifier) != folded(identifier):
            return await self._undo_copy(product, created, identifier)
        metrics.OBJECTS.labels("catalog item", "created").inc()
        log.info("catalog_item_created", identifier=identifier, id=created.id)
        return created.id

    async def _made_meanwhile(self, product: DesiredProduct, identifier: str) -> int | None:
        """The item that stands under `identifier` now; when it is somebody else's, ours goes under the qualified one."""
        candidates = await self._find(identifier)
        found = await self._match(product, candidates)
        if found is None and candidates and identifier != product.qualified:
            return await self._qualified(product)
        return found

    async def _undo_copy(self, product: DesiredProduct, copy: models.CatalogItem, identifier: str) -> int:
        """ConnectWise had the identifier after all and stored ours with a suffix: delete ours, take the other."""
        await self._client.catalog.delete(copy.id)
        log.warning("catalog_copy_removed", identifier=identifier, stored_as=copy.identifier, id=copy.id)
        found = await self._made_meanwhile(product, identifier)
        if found is not None:
            return found
        raise errors.Refused(
            "ConnectWise stores a catalog item under another identifier and shows none under the one sent",
            detail=f"{identifier!r} was stored as {copy.identifier!r}",
            remedy="Look for a deleted or hidden catalog item of that identifier in ConnectWise.",
        )

    async def _draft(self, product: DesiredProduct, identifier: str) -> dict[str, Any]:
        draft: dict[str, Any] = {
            **await self._default_fields.of("catalog"),
            "identifier": identifier,
            "description": product.description or identifier[:60],
            "customerDescription": product.customer_description or identifier,
            "price": product.price,
            "cost": product.cost,
            "taxableFlag": product.taxable,
            "integrationXRef": "cwbridge",
            **await self._catalog_placement.placement(product),
        }
        if product.part_number:
            draft["manufacturerPartNumber"] = product.part_number
        return draft


def _one_per_item(products: Iterable[DesiredProduct]) -> list[DesiredProduct]:
    """One product for each catalog item needed; lines at different prices share it."""
    return list({_catalog_key_of(product): product for product in products}.values())


def _catalog_key_of(product: DesiredProduct) -> CatalogKey:
    """Where the found item is remembered: one identifier may stand for items of several manufacturers."""
    owner = folded(product.manufacturer) or ("factors" if product.kind == "factor" else "")
    return CatalogKey(folded(product.identifier), owner)


def _only(product: DesiredProduct, active: list[models.CatalogItem]) -> models.CatalogItem | None:
    if len(active) > 1:
        raise errors.Ambiguous(
            "Several active catalog items have one identifier",
            detail=f"{product.identifier!r}: catalog items {', '.join(str(item.id) for item in active)}",
            remedy="Inactivate or rename all but one of them in ConnectWise, then requeue.",
        )
    return active[0] if active else None


def _inactive(product: DesiredProduct, item: models.CatalogItem) -> errors.Refused:
    return errors.Refused(
        "A catalog item is inactive",
        detail=f"{product.identifier!r}, catalog item {item.id} {item.identifier!r}",
        remedy="Activate it in ConnectWise, or set catalog.inactive_items to reactivate; then requeue.",
    )


def _fits(product: DesiredProduct, item: models.CatalogItem) -> bool:
    """Another manufacturer's item does not fit; a factor only fits in the locked sub-category."""
    if product.kind == "factor":
        return item.subcategory is not None and folded(item.subcategory.name) == folded(FACTORS)
    if not product.manufacturer or item.manufacturer is None or not item.manufacturer.name:
        return True
    return folded(item.manufacturer.name) == folded(product.manufacturer)
