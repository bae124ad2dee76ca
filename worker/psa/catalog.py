"""Matches each product to its catalog item, or creates the item once.

Identifiers that many jobs ask for within a few milliseconds go out as one `identifier in (...)` request. Found items are
cached in Redis for all workers. A create happens under a lock per identifier, after a fresh look that includes inactive
items, and the identifier in the answer is compared with the one sent, because ConnectWise may store a taken identifier
with a copy suffix instead of refusing it (Zomentum help; connectwise reference 12.3). Some new identifiers at a time are locked
together, in one order everywhere, and share that look, so that a new item costs one call and a small part of another.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal

import msgspec
import structlog

from cwbridge import concurrency, errors
from cwbridge.batching import BatchLoader
from cwbridge.connectors.connectwise import models
from cwbridge.connectors.connectwise.resource import Change
from cwbridge.ledger.catalog import CatalogCache, CatalogKey
from cwbridge.text import folded
from worker.psa import catalog_matching
from worker.psa.catalog_copies import CatalogCopyRemoval
from worker.psa.catalog_placement import PLACES, CatalogPlacement
from worker.psa.context import PsaContext
from worker.psa.default_fields import naming_default_field
from worker.psa.gone import gone_reference
from worker.psa.records import DesiredProduct

log = structlog.get_logger(__name__)
_BATCH_WINDOW = timedelta(milliseconds=5)
_LOCKED_TOGETHER = 20
"""As many as share a fresh look; other jobs that want one of them wait until all are made."""


Wanted = tuple[CatalogKey, DesiredProduct]


class CatalogPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How existing catalog items are treated (the settings of the same names); `concurrency` bounds the look-ups of a job."""

    inactive: Literal["qualify", "reactivate", "refuse"]
    existing: Literal["keep", "update_prices"]
    concurrency: int


class Catalog:
    """Finds or creates the catalog item of each product."""

    def __init__(
        self,
        psa: PsaContext,
        placement: CatalogPlacement,
        cache: CatalogCache,
        copies: CatalogCopyRemoval,
        policy: CatalogPolicy,
    ) -> None:
        self._psa = psa
        self._items = psa.client.catalog
        self._placement = placement
        self._cache = cache
        self._copies = copies
        self._policy = policy
        self._look_up = BatchLoader(self._load, window=_BATCH_WINDOW)

    async def resolve(self, products: Iterable[DesiredProduct]) -> dict[DesiredProduct, int]:
        """The catalog item id of each product; missing items are created."""
        keys = {product: catalog_matching.catalog_key_of(product) for product in products}
        await self._copies.remove_left(
            form for product in keys for form in (product.identifier, product.qualified)
        )
        known = await self._cached(dict.fromkeys(keys.values()))
        # Lines at different prices share one item; the last of them is used for it.
        unknown = {key: product for product, key in keys.items() if key not in known}
        looked_up = await asyncio.gather(*(self._candidates(product) for product in unknown.values()))
        found = dict(zip(unknown.items(), looked_up, strict=True))
        await self._each(self._settle(*wanted, there, known) for wanted, there in found.items() if there)
        others = await self._make_new([wanted for wanted, there in found.items() if not there], known)
        await self._each(self._settle_qualified(*wanted, known) for wanted in others)
        return {product: known[key] for product, key in keys.items()}

    async def renew(self, product: DesiredProduct) -> int:
        """The catalog item id of a product whose cached item ConnectWise no longer has."""
        await self._cache.drop([folded(product.identifier)])
        return (await self.resolve([product]))[product]

    async def missing(self, products: Iterable[DesiredProduct]) -> list[str]:
        """Every name of a set-up table that the products need and ConnectWise does not have."""
        return await self._placement.missing(products)

    async def _cached(self, keys: Iterable[CatalogKey]) -> dict[CatalogKey, int]:
        """The cached items; none when prices are updated, because then every item has to be read."""
        if self._policy.existing == "update_prices":
            return {}
        asked = list(keys)
        cached = await self._cache.get(asked)
        return {key: item_id for key, item_id in zip(asked, cached, strict=True) if item_id is not None}

    async def _each(self, work: Iterable[Coroutine[Any, Any, None]]) -> None:
        await concurrency.gather_limited(work, limit=self._policy.concurrency)

    async def _settle(
        self,
        key: CatalogKey,
        product: DesiredProduct,
        candidates: list[models.CatalogItem],
        known: dict[CatalogKey, int],
    ) -> None:
        """The item under the plain identifier when it fits, else under the qualified one."""
        item = await self._match(product, candidates)
        if item is None:
            await self._settle_qualified(key, product, known)
        else:
            await self._know(key, item, known)

    async def _settle_qualified(
        self, key: CatalogKey, product: DesiredProduct, known: dict[CatalogKey, int]
    ) -> None:
        await self._know(key, await concurrency.to_the_end(self._qualified(product)), known)

    async def _know(self, key: CatalogKey, item: int, known: dict[CatalogKey, int]) -> None:
        known[key] = item
        await self._cache.put({key: item})

    async def _make_new(self, new: Sequence[Wanted], known: dict[CatalogKey, int]) -> list[Wanted]:
        """Create the items of identifiers that no item had; those are left whose identifier another product has taken since.

        Creates under way are not broken off: until they end the locks stay, and a copy that they make is deleted.
        """
        by_name: dict[str, list[Wanted]] = {}
        for wanted in new:
            by_name.setdefault(folded(wanted[1].identifier), []).append(wanted)
        names, left = sorted(by_name), list[Wanted]()
        for start in range(0, len(names), _LOCKED_TOGETHER):
            together = {name: by_name[name] for name in names[start : start + _LOCKED_TOGETHER]}
            stopped = asyncio.Event()
            try:
                left += await concurrency.to_the_end(self._under_locks(together, known, stopped))
            except asyncio.CancelledError:
                stopped.set()
                raise
        return left

    async def _under_locks(
        self, together: Mapping[str, list[Wanted]], known: dict[CatalogKey, int], stopped: asyncio.Event
    ) -> list[Wanted]:
        """Look once more for all of these identifiers, now that no other job creates them, and create what is missing."""
        async with contextlib.AsyncExitStack() as locks:
            for name in together:
                await locks.enter_async_context(self._psa.locks.hold(f"catalog:{name}"))
            forms = [
                form
                for each in together.values()
                for _, product in each
                for form in catalog_matching.forms(product)
            ]
            there = await self._load(list(dict.fromkeys(forms)))
            left = await concurrency.gather_limited(
                (self._of_one_name(each, there, known, stopped) for each in together.values()),
                limit=self._policy.concurrency,
            )
        return [wanted for each in left for wanted in each]

    async def _of_one_name(
        self,
        each: Sequence[Wanted],
        there: Mapping[str, list[models.CatalogItem]],
        known: dict[CatalogKey, int],
        stopped: asyncio.Event,
    ) -> list[Wanted]:
        """Settle the products that want one identifier, one after the other; those are left that it does not belong to."""
        left: list[Wanted] = []
        for number, (key, product) in enumerate(each):
            if stopped.is_set():
                break
            forms = catalog_matching.forms(product)
            candidates = await self._find(*forms) if number else catalog_matching.under(forms, there)
            item = await self._match(product, candidates)
            if item is None and not candidates:
                item = await self._create(product, product.identifier)
            if item is None:
                left.append((key, product))
            else:
                await self._know(key, item, known)
        return left

    async def _candidates(self, product: DesiredProduct) -> list[models.CatalogItem]:
        """Every item under the identifier of the product, both cleaned and as the source spells it."""
        found = await asyncio.gather(*(self._look_up.get(form) for form in catalog_matching.forms(product)))
        return list({item.id: item for items in found for item in items}.values())

    async def _load(self, identifiers: Sequence[str]) -> Mapping[str, list[models.CatalogItem]]:
        """Every catalog item, inactive ones included, under the identifiers that asked for it."""
        by_name: dict[str, list[models.CatalogItem]] = {}
        for item in await self._psa.client.find_in(self._items, "identifier", identifiers):
            by_name.setdefault(folded(item.identifier), []).append(item)
        return {identifier: by_name.get(folded(identifier), []) for identifier in identifiers}

    async def _find(self, *identifiers: str) -> list[models.CatalogItem]:
        """The items under any of `identifiers`, asked for at once."""
        asked = list(dict.fromkeys(identifiers))
        return catalog_matching.under(asked, await self._load(asked))

    async def _match(self, product: DesiredProduct, candidates: list[models.CatalogItem]) -> int | None:
        """The active candidate that is the product; an inactive one is reactivated or refused when the setting says so."""
        fitting = [item for item in candidates if catalog_matching.fits(product, item)]
        active = catalog_matching.only(product, [item for item in fitting if not item.inactiveFlag])
        if active is not None:
            return await self._existing_item(product, active)
        if not fitting or self._policy.inactive == "qualify":
            return None
        if self._policy.inactive == "refuse":
            raise catalog_matching.inactive(product, fitting[0])
        return await self._reactivate(fitting[0])

    async def _existing_item(self, product: DesiredProduct, item: models.CatalogItem) -> int:
        """An existing item is left as it is, or by setting gets the price and cost of the line."""
        desired = {"price": product.price, "cost": product.cost}
        changes = [
            Change("replace", f"/{name}", value)
            for name, value in desired.items()
            if getattr(item, name) != value
        ]
        if self._policy.existing == "update_prices" and product.price and changes:
            await self._items.patch(item.id, *changes)
            self._psa.objects.count("catalog item", "updated")
        return item.id

    async def _reactivate(self, item: models.CatalogItem) -> int:
        await self._items.patch(item.id, Change("replace", "/inactiveFlag", value=False))
        self._psa.objects.count("catalog item", "reactivated")
        log.info("catalog_item_reactivated", identifier=item.identifier, catalog_item_id=item.id)
        return item.id

    async def _qualified(self, product: DesiredProduct) -> int:
        """The item under `Manufacturer Model`, because the plain identifier belongs to another product or is inactive."""
        async with self._psa.locks.hold(f"catalog:{folded(product.qualified)}"):
            candidates = await self._find(product.qualified)
            if (item := await self._match(product, candidates)) is not None:
                return item
            if not candidates:
                return await self._create(product, product.qualified)
        if any(catalog_matching.fits(product, item) for item in candidates):
            raise catalog_matching.inactive(product, candidates[0])
        raise errors.Ambiguous(
            "A catalog identifier and its qualified form both belong to other products",
            detail=f"{product.identifier!r} and {product.qualified!r} "
            f"(catalog items {', '.join(str(item.id) for item in candidates)})",
            remedy="Rename or correct the manufacturer of one of these catalog items in ConnectWise, then requeue.",
        )

    async def _create(self, product: DesiredProduct, identifier: str) -> int:
        try:
            with naming_default_field("catalog"):
                created = await concurrency.to_the_end(self._make(product, identifier))
        except (errors.OutcomeUnknown, errors.Duplicate):
            # The item may exist anyway: look it up, and raise the failure only when it does not.
            found = await self._made_meanwhile(product, identifier)
            if found is None:
                raise
            return found
        if folded(created.identifier) != folded(identifier):
            return await self._instead_of_copy(product, created, identifier)
        self._psa.objects.count("catalog item", "created")
        log.info("catalog_item_created", identifier=identifier, catalog_item_id=created.id)
        return created.id

    async def _make(self, product: DesiredProduct, identifier: str) -> models.CatalogItem:
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

    async def _made_meanwhile(self, product: DesiredProduct, identifier: str) -> int | None:
        """The item that has `identifier` now; when it belongs to another product, the qualified identifier is used."""
        candidates = await self._find(identifier)
        found = await self._match(product, candidates)
        if found is None and candidates and identifier != product.qualified:
            return await self._qualified(product)
        return found

    async def _instead_of_copy(
        self, product: DesiredProduct, copy: models.CatalogItem, identifier: str
    ) -> int:
        """The item that has the identifier, because of which ConnectWise stored a copy with a suffix."""
        await self._copies.remove_left([identifier])
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
