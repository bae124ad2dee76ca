"""One product and its catalog item: find or create the item, and keep what the flow made as BSS has it."""

from __future__ import annotations

from cwbridge import errors, freshness
from cwbridge.connectors.bss import documents as bss
from cwbridge.connectors.connectwise import models as connectwise
from cwbridge.ledger.agreements import Agreed, Keeper
from cwbridge.ledger.history import Event
from cwbridge.ledger.links import Link
from cwbridge.queue.job import Run
from cwbridge.text import folded
from worker.billing import disappearance, product_fields
from worker.billing.context import BillingContext
from worker.billing.keys import BillingKey
from worker.billing.product_creator import ProductCreator
from worker.billing.product_finder import FoundItem, ProductFinder


class ProductReconciler:
    """Brings the catalog item of one product to what BSS says; nothing goes back to BSS."""

    def __init__(self, context: BillingContext, finder: ProductFinder, creator: ProductCreator) -> None:
        self._context = context
        self._items = context.psa.client.catalog
        self._finder = finder
        self._creator = creator

    async def reconcile(self, run: Run, key: BillingKey) -> Event | None:
        """Sync the product of `key`; the event says what was done, None that there was nothing to do."""
        del run
        link = await self._context.link_of(key)
        try:
            product = await self._context.bss.products.get(key.id)
            freshness.source_changed(product.updatedAt)
        except errors.NotFound:
            return await disappearance.from_bss(self._context, key, link, _shown)
        if link is None:
            return await self._first(key, product)
        try:
            item = await self._items.get(link.target)
        except errors.NotFound:
            return await disappearance.from_connectwise(self._context, key, link, "catalog item", _shown)
        await self._context.finish(key, link, "")
        written = await self._update(key, product, item)
        return _event("updated", key, link, written, product_fields.shortened(product)) if written else None

    async def _first(self, key: BillingKey, product: bss.Product) -> Event:
        """Find the item or create it; no other run makes one of that code meanwhile."""
        code = product_fields.identifier(product)
        async with self._context.psa.locks.hold(f"catalog:{folded(code)}"):
            found = await self._finder.find(key, product) or await self._create(key, product)
            link = await self._context.link(key, found.item.id, found.how, {})
        written = await self._update(key, product, found.item, is_new=link.how == "created")
        what = "created" if link.how == "created" else "linked"
        return _event(what, key, link, written, product_fields.shortened(product))

    async def _create(self, key: BillingKey, product: bss.Product) -> FoundItem:
        """The new item, or the one that stands there after a lost answer or under the same code."""
        try:
            created = await self._creator.create(key, product)
        except (errors.OutcomeUnknown, errors.Duplicate):
            found = await self._finder.find(key, product)
            if found is None:
                raise
            return found
        if folded(created.identifier) == folded(product_fields.identifier(product)):
            return FoundItem(created, "created")
        # Stored with a copy suffix: another item has taken the code since the look.
        return await self._finder.find(key, product) or FoundItem(created, "created")

    async def _update(
        self, key: BillingKey, product: bss.Product, item: connectwise.CatalogItem, *, is_new: bool = False
    ) -> tuple[str, ...]:
        """Write what differs on an item of the flow, and keep what both agree on; the names of the written fields."""
        if product_fields.owner(item) != key:
            return ()
        desired = product_fields.fields(product)
        agreements = self._context.agreements
        kept = Keeper(agreements, key.identity, await agreements.of(key.identity))
        before = kept.recovered(lambda name: product_fields.text(getattr(item, name, None)))
        steps = () if is_new else product_fields.changes(item, desired, before)
        names = tuple(step.path.removeprefix("/") for step in steps)
        if steps:
            sent = {
                name: Agreed(product_fields.text(desired.get(name)), product_fields.text(step.value))
                for name, step in zip(names, steps, strict=True)
            }
            await kept.keep_sent(before, sent)
            item = await self._items.patch(item.id, *steps)
            await self._context.note_ourselves(item)
            self._context.psa.objects.count("catalog item", "updated")
        await kept.keep(product_fields.agreed_on(item, desired))
        return names


def _shown(link: Link) -> str:
    return f"catalog item {link.target}"


def _event(what: str, key: BillingKey, link: Link, written: tuple[str, ...], cut: tuple[str, ...]) -> Event:
    parts = [f"to ConnectWise: {', '.join(written)}"] if written else []
    parts += [
        f"{name} is shortened to what ConnectWise takes"
        for name in cut
        if what == "created" or name in written
    ]
    return Event(
        what=what,
        target=link.target,
        cause="; ".join(parts),
        matches=(f"{key.record} {link.target} ({link.how})",),
    )
