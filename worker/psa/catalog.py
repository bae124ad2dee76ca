"""Matches each product to its catalog item, or creates the item once.

Identifiers that many jobs ask for within a few milliseconds go out as one `identifier in (...)` request. Found items are
cached in Redis for all workers. A create happens under a lock per identifier, after a fresh look that includes inactive
items; identifiers without an item are locked together and looked up at once, so that a new item costs one call of its own.
The identifier in the answer is compared with the one sent, because ConnectWise may store a taken identifier with a copy
suffix instead of refusing it (Zomentum help; connectwise reference 12.3).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Literal

import msgspec
import structlog

from cwbridge import concurrency, errors
from cwbridge.batching import BatchLoader
from cwbridge.connectors.connectwise import models
from cwbridge.connectors.connectwise.resource import Change
from cwbridge.ledger.catalog import CatalogCache, CatalogKey
from cwbridge.text import folded
from worker.psa.catalog_copies import CatalogCopyRemoval
from worker.psa.catalog_creation import CatalogCreator
from worker.psa.catalog_matching import catalog_key_of, fits, forms, inactive, only, unite
from worker.psa.catalog_placement import CatalogPlacement
from worker.psa.context import PsaContext
from worker.psa.default_fields import naming_default_field
from worker.psa.records import DesiredProduct

log = structlog.get_logger(__name__)
_BATCH_WINDOW = timedelta(milliseconds=5)
_BATCH = 50
"""Missing identifiers that are locked and looked up together: so many creates pass before a job that waits for one of them goes on."""


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
        self._creator = CatalogCreator(psa, placement, copies)
        self._policy = policy
        self._look_up = BatchLoader(self._load, window=_BATCH_WINDOW)

    async def resolve(self, products: Iterable[DesiredProduct]) -> dict[DesiredProduct, int]:
        """The catalog item id of each product; missing items are created."""
        keys = {product: catalog_key_of(product) for product in products}
        await self._copies.remove_left(
            form for product in keys for form in (product.identifier, product.qualified)
        )
        known = await self._cached(dict.fromkeys(keys.values()))
        # Lines at different prices share one item; the last of them is used for it.
        unknown = {key: product for product, key in keys.items() if key not in known}
        found = await asyncio.gather(*(self._candidates(product) for product in unknown.values()))
        candidates = dict(zip(unknown, found, strict=True))
        await concurrency.gather_limited(
            (
                self._settle(key, product, candidates[key], known)
                for key, product in unknown.items()
                if candidates[key]
            ),
            limit=self._policy.concurrency,
        )
        await self._settle_missing(
            {key: product for key, product in unknown.items() if not candidates[key]}, known
        )
        return {product: known[key] for product, key in keys.items()}

    async def renew(self, product: DesiredProduct) -> int:
        """The catalog item id of a product whose cached item ConnectWise no longer has."""
        await self._cache.drop([folded(product.identifier)])
        return (await self.resolve([product]))[product]

    async def missing(self, products: Iterable[DesiredProduct]) -> list[str]:
        """Every name of a set-up table that the products need and ConnectWise does not have."""
        return await self._placement.missing(products)

    @property
    def looks_at_every_item(self) -> bool:
        """Whether prices are updated, so that no item is taken from the cache."""
        return self._policy.existing == "update_prices"

    async def _cached(self, keys: Iterable[CatalogKey]) -> dict[CatalogKey, int]:
        if self.looks_at_every_item:
            return {}
        asked = list(keys)
        cached = await self._cache.get(asked)
        return {key: item_id for key, item_id in zip(asked, cached, strict=True) if item_id is not None}

    async def _settle(
        self,
        key: CatalogKey,
        product: DesiredProduct,
        candidates: list[models.CatalogItem],
        known: dict[CatalogKey, int],
    ) -> None:
        """The item under the plain identifier when one fits, else the one under the qualified identifier."""
        item = await self._match(product, candidates)
        await self._keep(
            key, await concurrency.to_the_end(self._qualified(product)) if item is None else item, known
        )

    async def _keep(self, key: CatalogKey, item_id: int, known: dict[CatalogKey, int]) -> None:
        known[key] = item_id
        await self._cache.put({key: item_id})

    async def _settle_missing(
        self, missing: dict[CatalogKey, DesiredProduct], known: dict[CatalogKey, int]
    ) -> None:
        """Create the items of products without a candidate, in batches.

        A batch has each identifier once: a product of another manufacturer looks again after the first one has its item.
        """
        while missing:
            one_each = {folded(product.identifier): key for key, product in missing.items()}
            for identifiers in _batches(sorted(one_each)):
                batch = {one_each[name]: missing.pop(one_each[name]) for name in identifiers}
                await self._settle_batch(batch, known)

    async def _settle_batch(
        self, batch: Mapping[CatalogKey, DesiredProduct], known: dict[CatalogKey, int]
    ) -> None:
        """Settle each product under its plain identifier and, when that is taken, under the qualified one.

        A batch is not broken off, as `_qualified` is not: the locks stay while a create is under way, and a copy that it
        makes is deleted. No further create starts. The qualified identifiers are locked only when the plain ones are free again,
        so that two jobs never wait for each other.
        """
        broken_off = asyncio.Event()
        try:
            taken = await concurrency.to_the_end(self._plain(batch, known, broken_off))
        except asyncio.CancelledError:
            broken_off.set()
            raise
        await concurrency.gather_limited(
            (self._settle(key, batch[key], [], known) for key in taken), limit=self._policy.concurrency
        )

    async def _plain(
        self,
        batch: Mapping[CatalogKey, DesiredProduct],
        known: dict[CatalogKey, int],
        broken_off: asyncio.Event,
    ) -> list[CatalogKey]:
        """Match or create the items under the plain identifiers; the keys whose identifier belongs to another product are left."""
        taken: list[CatalogKey] = []
        failures: list[Exception] = []

        async def settle(key: CatalogKey, product: DesiredProduct) -> None:
            if broken_off.is_set() or failures:
                return
            try:
                candidates = unite(found[form] for form in forms(product))
                item = await self._match(product, candidates)
                if item is None and not candidates:
                    item = await self._create(product, product.identifier)
                if item is None:
                    taken.append(key)
                else:
                    await self._keep(key, item, known)
            except Exception as failure:  # noqa: BLE001 - raised below, when no create of the batch is under way any more
                failures.append(failure)

        async with self._psa.locks.hold_all(
            f"catalog:{folded(product.identifier)}" for product in batch.values()
        ):
            found = await self._load(
                list(dict.fromkeys(form for product in batch.values() for form in forms(product)))
            )
            await concurrency.gather_limited(
                (settle(key, product) for key, product in batch.items()), limit=self._policy.concurrency
            )
        if failures:
            raise failures[0]
        return taken

    async def _candidates(self, product: DesiredProduct) -> list[models.CatalogItem]:
        """Every item under the identifier of the product, both cleaned and as the source spells it."""
        found = await asyncio.gather(*(self._look_up.get(form) for form in forms(product)))
        return unite(found)

    async def _load(self, identifiers: Sequence[str]) -> Mapping[str, list[models.CatalogItem]]:
        """Every catalog item, inactive ones included, under the identifiers that asked for it."""
        by_name: dict[str, list[models.CatalogItem]] = {}
        for item in await self._psa.client.find_in(self._items, "identifier", identifiers):
            by_name.setdefault(folded(item.identifier), []).append(item)
        return {identifier: by_name.get(folded(identifier), []) for identifier in identifiers}

    async def _find(self, identifier: str) -> list[models.CatalogItem]:
        return (await self._load([identifier]))[identifier]

    async def _match(self, product: DesiredProduct, candidates: list[models.CatalogItem]) -> int | None:
        """The active candidate that is the product; an inactive one is reactivated or refused when the setting says so."""
        fitting = [item for item in candidates if fits(product, item)]
        active = only(product, [item for item in fitting if not item.inactiveFlag])
        if active is not None:
            return await self._existing_item(product, active)
        if not fitting or self._policy.inactive == "qualify":
            return None
        if self._policy.inactive == "refuse":
            raise inactive(product, fitting[0])
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
                created = await self._create(product, product.qualified)
                if created is not None:
                    return created
        if any(fits(product, item) for item in candidates):
            raise inactive(product, candidates[0])
        raise errors.Ambiguous(
            "A catalog identifier and its qualified form both belong to other products",
            detail=f"{product.identifier!r} and {product.qualified!r} "
            f"(catalog items {', '.join(str(item.id) for item in candidates)})",
            remedy="Rename or correct the manufacturer of one of these catalog items in ConnectWise, then requeue.",
        )

    async def _create(self, product: DesiredProduct, identifier: str) -> int | None:
        """Create the item, under the lock of `identifier`; None when another product has taken the identifier meanwhile."""
        try:
            with naming_default_field("catalog"):
                created = await concurrency.to_the_end(self._creator.create(product, identifier))
        except (errors.OutcomeUnknown, errors.Duplicate) as failure:
            # The item may exist anyway: look it up, and raise the failure only when it does not.
            return await self._made_meanwhile(product, identifier, failure)
        if folded(created.identifier) != folded(identifier):
            return await self._instead_of_copy(product, created, identifier)
        self._psa.objects.count("catalog item", "created")
        log.info("catalog_item_created", identifier=identifier, catalog_item_id=created.id)
        return created.id

    async def _made_meanwhile(
        self, product: DesiredProduct, identifier: str, failure: errors.WorkError
    ) -> int | None:
        """The item that has `identifier` now; None when it belongs to another product, which leaves the qualified identifier.

        Raises `failure` when no item has it, or none that fits has the qualified one.
        """
        candidates = await self._find(identifier)
        found = await self._match(product, candidates)
        if found is None and (not candidates or identifier == product.qualified):
            raise failure
        return found

    async def _instead_of_copy(
        self, product: DesiredProduct, copy: models.CatalogItem, identifier: str
    ) -> int | None:
        """The item that has the identifier, because of which ConnectWise stored a copy with a suffix."""
        await self._copies.remove_left([identifier])
        unseen = errors.Refused(
            "ConnectWise stores a catalog item under another identifier and shows none under the one sent",
            detail=f"{identifier!r} was stored as {copy.identifier!r}",
            remedy="Look for a deleted or hidden catalog item of that identifier in ConnectWise.",
        )
        return await self._made_meanwhile(product, identifier, unseen)


def _batches(identifiers: Sequence[str]) -> Iterator[Sequence[str]]:
    return (identifiers[start : start + _BATCH] for start in range(0, len(identifiers), _BATCH))
