"""ConnectWise stores a catalog item whose identifier is taken at that moment as a copy; the copy goes away whatever happens meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from cwbridge import connections, errors
from cwbridge.connectors import transport
from cwbridge.connectors.connectwise.system import CONNECTWISE
from cwbridge.ledger.catalog import CatalogCache
from cwbridge.ledger.catalog_copies import CatalogCopyNotes
from sandbox.faults import FaultRule
from tests.support.bench import Bench
from tests.support.until import until
from worker.opportunity.catalog_rule import placement_rule
from worker.opportunity.settings import CatalogSettings
from worker.psa.catalog import Catalog, CatalogPolicy
from worker.psa.catalog_copies import CatalogCopyRemoval
from worker.psa.catalog_placement import CatalogPlacement
from worker.psa.context import PsaContext
from worker.psa.records import DesiredProduct

IDENTIFIER = "NOVEL-9"
PRODUCT = DesiredProduct(
    identifier=IDENTIFIER, qualified=f"Shure {IDENTIFIER}", kind="equipment", description="New"
)
POST = "/procurement/catalog"


class Shelf:
    """A catalog as a run uses it, and what the stand-in holds under the identifier."""

    def __init__(self, bench: Bench, catalog: Catalog, notes: CatalogCopyNotes) -> None:
        self.bench = bench
        self.catalog = catalog
        self.notes = notes
        self.faults = bench.box.connectwise_faults

    def stored(self) -> list[str]:
        rows = self.bench.books.rows("procurement/catalog")
        return [row["identifier"] for row in rows if row["identifier"].startswith(IDENTIFIER)]

    def add(self, identifier: str) -> int:
        """Another user adds an item."""
        like = self.bench.books.rows("procurement/catalog")[0]
        fields = {name: like[name] for name in ("subcategory", "type", "customerDescription")}
        return self.bench.box.connectwise_user.add(
            "procurement/catalog", {**fields, "identifier": identifier, "description": "Another"}
        )

    @contextlib.asynccontextmanager
    async def overtaken(self) -> AsyncIterator[asyncio.Task[dict[DesiredProduct, int]]]:
        """A create is under way, another user has made the item meanwhile, and the rest of the body comes before its end."""
        self.faults.add(FaultRule(name="held", action="hold_before", method="POST", path=POST, times=1))
        resolving = asyncio.create_task(self.catalog.resolve([PRODUCT]))
        await until(lambda: self.faults.waiting("held"), what="the create is under way")
        self.add(IDENTIFIER)
        yield resolving
        self.faults.release("held")
        await asyncio.wait({resolving})

    async def locked(self) -> bool:
        return bool(
            await self.bench.redis.exists(f"{self.bench.namespace}:lock:catalog:{IDENTIFIER.lower()}")
        )


@pytest.fixture
async def shelf(bench: Bench) -> AsyncIterator[Shelf]:
    await bench.settled()
    chosen, redis, namespace = bench.settings(), bench.redis, bench.namespace
    async with connections.open_all(chosen, redis, (CONNECTWISE,)) as opened:
        psa = PsaContext.over(opened.client(CONNECTWISE), redis, chosen, flow="opportunity")
        notes = CatalogCopyNotes(redis, namespace=namespace)
        catalog = Catalog(
            psa,
            CatalogPlacement(psa.client, psa.name_tables, placement_rule(chosen.of(CatalogSettings))),
            CatalogCache(redis, namespace=namespace),
            CatalogCopyRemoval(psa.client.catalog, notes),
            CatalogPolicy(inactive="qualify", existing="keep", concurrency=4),
        )
        yield Shelf(bench, catalog, notes)


async def test_a_copy_is_deleted_and_the_item_that_was_faster_is_used(shelf: Shelf):
    async with shelf.overtaken() as resolving:
        pass
    assert (await resolving)[PRODUCT] in {row["id"] for row in shelf.bench.books.rows("procurement/catalog")}
    assert shelf.stored() == [IDENTIFIER]
    assert await shelf.notes.all() == []


async def test_the_lock_stays_while_the_create_of_a_cancelled_run_is_under_way(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
):
    """Else another job would find nothing, create the item, and one of the two would become a copy."""
    monkeypatch.setattr(transport, "ANSWER_SECONDS", 0.0)
    async with shelf.overtaken() as resolving:
        resolving.cancel()
        await asyncio.wait({resolving})
        assert resolving.cancelled()
        assert await shelf.locked()

    async def unlocked() -> bool:
        return not await shelf.locked()

    await until(unlocked, what="the create and its undoing have ended")
    assert shelf.stored() == [IDENTIFIER]


async def test_a_copy_that_cannot_be_deleted_fails_the_run_until_it_is_gone(shelf: Shelf):
    shelf.faults.add(FaultRule(name="stuck", action="fail", method="DELETE", path=f"{POST}/*"))
    async with shelf.overtaken() as resolving:
        pass
    with pytest.raises(errors.OutcomeUnknown):
        await resolving
    assert len(shelf.stored()) == 2
    with pytest.raises(errors.OutcomeUnknown):
        await shelf.catalog.resolve([PRODUCT])

    shelf.faults.clear("stuck")
    await shelf.catalog.resolve([PRODUCT])
    assert shelf.stored() == [IDENTIFIER]


async def test_a_copy_left_behind_is_deleted_by_a_run_of_other_products_which_it_does_not_stop(shelf: Shelf):
    other = DesiredProduct(
        identifier="OTHER-1", qualified="Shure OTHER-1", kind="equipment", description="Other"
    )
    shelf.faults.add(FaultRule(name="stuck", action="fail", method="DELETE", path=f"{POST}/*"))
    async with shelf.overtaken() as resolving:
        resolving.cancel()

    async def noted() -> bool:
        return bool(await shelf.notes.all()) and not await shelf.locked()

    await until(noted, what="the copy is noted")
    await shelf.catalog.resolve([other])
    assert len(shelf.stored()) == 2

    shelf.faults.clear("stuck")
    await shelf.catalog.resolve([other])
    assert shelf.stored() == [IDENTIFIER]


@pytest.mark.parametrize("renamed", [False, True])
async def test_a_noted_copy_that_a_user_deleted_or_renamed_is_left_to_the_user(
    shelf: Shelf, *, renamed: bool
):
    shelf.faults.add(FaultRule(name="stuck", action="fail", method="DELETE", path=f"{POST}/*"))
    async with shelf.overtaken() as resolving:
        pass
    with pytest.raises(errors.OutcomeUnknown):
        await resolving
    [copy] = await shelf.notes.all()
    shelf.faults.clear("stuck")
    user = shelf.bench.box.connectwise_user
    if renamed:
        user.edit("procurement/catalog", copy.item_id, {"identifier": "Mine"})
    else:
        user.remove("procurement/catalog", copy.item_id)

    await shelf.catalog.resolve([PRODUCT])

    assert await shelf.notes.all() == []
    kept = [
        row["identifier"]
        for row in shelf.bench.books.rows("procurement/catalog")
        if row["id"] == copy.item_id
    ]
    assert kept == (["Mine"] if renamed else [])
