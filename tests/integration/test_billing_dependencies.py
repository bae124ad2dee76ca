"""A record that refers to another one waits for it, is skipped for the same reason, and comes when the other is linked."""

from __future__ import annotations

from typing import Any

import pytest

from cwbridge.flow import FlowContext
from cwbridge.ledger.history import Event
from cwbridge.ledger.links import Link
from cwbridge.ledger.skips import Skips
from cwbridge.queue.job import Run
from sandbox.bss.collections import Row
from tests.support.pairs import Pairs
from worker.billing import assembly
from worker.billing.context import BillingContext
from worker.billing.dependencies import Dependencies
from worker.billing.flow import Reconciler
from worker.billing.keys import BillingKey, Noun, document_key

ORDER = "bss/order/7d0c2a1e-7d44-4b0e-9d57-2f6a41c08b93"
PRODUCT = "5f0c2a1e-7d44-4b0e-9d57-2f6a41c08b93"


class NeedsProduct:
    """Stands for any reconciler with a dependency."""

    def __init__(self, context: BillingContext) -> None:
        self._dependencies = Dependencies(context)

    async def reconcile(self, run: Run, key: BillingKey) -> Event:
        del key
        links = await self._dependencies.need_all(run, [document_key("product", PRODUCT)])
        (link,) = links.values()
        return Event(what="updated", target=link.target)


@pytest.fixture(autouse=True)
def _orders_need_a_product(pairs: Pairs, monkeypatch: pytest.MonkeyPatch) -> None:
    real = assembly._documents

    def documents(context: BillingContext, opened: FlowContext) -> dict[Noun, Reconciler]:
        return {**real(context, opened), "order": NeedsProduct(context)}

    monkeypatch.setattr(assembly, "_documents", documents)
    pairs.choose(push=["account", "contact", "product", "order"])


def product(pairs: Pairs, **fields: Any) -> Row:
    made = pairs.bss.add("products", code="A-1", name="A", **fields)
    pairs.bss.remove("products", made["id"])
    return pairs.bss.put("products", made | {"id": PRODUCT})


async def test_it_waits_for_the_other_and_goes_on_when_that_is_linked(pairs: Pairs) -> None:
    product(pairs)
    await pairs.settle(ORDER)
    events = await pairs.bench.history(ORDER)
    assert [event.what for event in events] == ["updated", "wait: WaitingFor"]
    assert events[1].leads_to == f"bss/product/{PRODUCT}"
    link = await pairs.links.get("catalog_item", f"bss:product:{PRODUCT}")
    assert link is not None
    assert events[0].target == link.target


async def test_a_refused_one_keeps_it_waiting_and_is_named(pairs: Pairs) -> None:
    first = pairs.bss.add("products", code="A-1", name="First")["id"]
    await pairs.settle(f"bss/product/{first}")
    product(pairs)
    told = await pairs.failure(ORDER)
    assert f"waiting for bss/product/{PRODUCT}" in told
    job = await pairs.bench.job(ORDER)
    assert job is not None
    assert (job.state, job.attempts) == ("waiting", 0)


async def test_a_skipped_one_skips_it_and_brings_it_back_when_it_is_linked(pairs: Pairs) -> None:
    await pairs.settle(ORDER)
    assert (await pairs.last(ORDER)).cause == f"bss/product/{PRODUCT} is skipped: BSS has no such product"
    assert await pairs.bench.job(ORDER) is None
    product(pairs)
    await pairs.settle(f"bss/product/{PRODUCT}")
    assert await pairs.bench.job(ORDER) is not None or (await pairs.last(ORDER)).what == "updated"


async def test_a_skipped_one_comes_back_although_the_run_that_linked_the_other_ended_before(
    pairs: Pairs,
) -> None:
    product(pairs)
    await pairs.settle(f"bss/product/{PRODUCT}")
    # The order was skipped before the link was made, and the run that made it ended before it looked who was skipped.
    await Skips(pairs.bench.redis, namespace=pairs.bench.namespace).note(f"bss/product/{PRODUCT}", ORDER)
    await pairs.settle(f"bss/product/{PRODUCT}")
    assert await pairs.bench.job(ORDER) is not None or (await pairs.last(ORDER)).what == "updated"


async def test_one_that_is_not_pushed_skips_it(pairs: Pairs) -> None:
    product(pairs)
    pairs.choose(push=["account", "contact", "order"])
    await pairs.settle(ORDER)
    assert "billing.push does not name product" in (await pairs.last(ORDER)).cause


async def test_one_to_which_nothing_is_written_any_more_skips_it(pairs: Pairs) -> None:
    product(pairs)
    await pairs.links.put(
        "catalog_item",
        f"bss:product:{PRODUCT}",
        Link(target=5, how="created", finished="the catalog item was deleted in ConnectWise"),
    )
    await pairs.settle(ORDER)
    assert (await pairs.last(ORDER)).cause == "the catalog item was deleted in ConnectWise: catalog item 5"
