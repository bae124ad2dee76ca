"""A store as an operator meets it on a bad morning: dead letters, a throttle, a system on hold, differences in money."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from cwbridge import __version__, clock, errors
from cwbridge.ledger.history import Event, History
from cwbridge.ledger.links import Link, Links
from cwbridge.ledger.money_discrepancies import MoneyDiscrepancies, MoneyDiscrepancy
from cwbridge.limits.holds import SystemHolds
from cwbridge.limits.limiter import Limiter
from cwbridge.limits.rate import Rate
from cwbridge.presence import Presence
from cwbridge.queue import outcome
from cwbridge.queue.job import Enqueue
from cwbridge.queue.queue import Queue
from cwbridge.redis import Redis, reply
from cwbridge.settings import Settings
from producers.watermarks import Watermark
from tests.support.jobs import claimed

SYSTEMS: Mapping[str, Mapping[str, Any]] = {
    "jetbuilt": {"url": "https://app.jetbuilt.com/api"},
    "connectwise": {"url": "https://api-eu.myconnectwise.net", "rate_limit": "60/60s"},
    "bss": {"url": "https://bss.example"},
    "queue": {"debounce": "0ms"},
}
"""Addresses that nothing is sent to."""
DEAD = "jetbuilt/project/97737"
MISSING = errors.MappingRefused(
    "ConnectWise has no sub-category named Interactive Displays",
    detail="item 1900102, Samsung Flip Pro 75",
    remedy="Create it under Product > Setup Tables, or map the name in [catalog], then requeue.",
)
REP = errors.MappingRefused(
    "ConnectWise has no active member for the owner jane.roe@example.com",
    remedy="Activate the member, or set connectwise.default_sales_rep, then requeue.",
)
TAX = errors.ValueRefused(
    "ConnectWise refuses the tax code of the invoice", remedy="Map the tax code in [billing], then requeue."
)
AUDIT = errors.InventoryLocked("ConnectWise inventory auditing is on", seconds=3600)
BUG = KeyError("unitOfMeasure")


async def set_up(redis: Redis, settings: Settings) -> None:
    """Fill the namespace of `settings`."""
    queue = Queue(redis, namespace=settings.namespace, settings=settings.queue)
    failed: dict[str, Exception] = {DEAD: MISSING}
    failed |= {f"jetbuilt/project/{97800 + number}": MISSING for number in range(141)}
    failed |= {f"jetbuilt/project/{98000 + number}": REP for number in range(4)}
    failed |= {f"bss/invoice/{5000 + number}": TAX for number in range(12)}
    failed |= {"jetbuilt/project/98500": BUG}
    failed |= {f"jetbuilt/project/{98600 + number}": AUDIT for number in range(7)}
    await fail(queue, failed)
    await queue.enqueue(*(Enqueue(f"bss/order/{number}", "billing", "backlog") for number in range(1, 24)))
    await _sync(redis, settings.namespace)
    await _slow_systems(redis, settings.namespace)
    await _processes(redis, settings.namespace)


async def fail(queue: Queue, failed: Mapping[str, Exception]) -> None:
    """Enqueue, run and fail each key."""
    await queue.enqueue(
        *(Enqueue(key, "billing" if key.startswith("bss") else "opportunity") for key in failed)
    )
    while deliveries := await claimed(queue, 50, flows=("opportunity", "billing")):
        for delivery in deliveries:
            run = await queue.start(delivery.key, delivery.fencing_token)
            assert run is not None
            await queue.settle(run, outcome.of(failed[delivery.key]))


async def _sync(redis: Redis, namespace: str) -> None:
    """Histories, links and watermarks."""
    history, now = History(redis, namespace=namespace), clock.now_ms()
    for number in range(1, 15):
        created = Event(
            what="created" if number % 3 else "updated",
            at_ms=now - (15 - number) * 40_000,
            target=4700 + number,
            counts={"created": 20 + number, "deleted": number, "kept": 3},
            amounts={"total": f"{number * 1234}.50 USD"},
            calls=12 + number,
            seconds=1.25,
        )
        await history.add(f"jetbuilt/project/{97000 + number}", created)
    refused = Event(
        what="refused: MappingRefused",
        at_ms=now - 20_000,
        cause=str(MISSING),
        remedy=MISSING.remedy,
        calls=9,
        seconds=0.81,
        matches=("rep: jane.roe@example.com -> JRoe (email)", "company: Globex -> 250 (name)"),
        last_calls=(
            "GET /procurement/subcategories -> 200 in 0.112 s",
            "GET /sales/opportunities -> 200 in 0.098 s",
        ),
    )
    await history.add(DEAD, refused)
    links = Links(redis, namespace=namespace)
    await links.put("opportunity", DEAD, Link(target=4711, how="external_id"))
    await links.put("company", "jetbuilt:client:8801", Link(target=250, how="name"))
    for name in ("jetbuilt", "connectwise_companies"):
        watermark = Watermark(redis, namespace=namespace, name=name)
        assert await watermark.advance(datetime.now(UTC), await watermark.begin())
    money = MoneyDiscrepancies(redis, namespace=namespace)
    for key, source, target in (
        ("bss/invoice/4711", "1250.00", "1249.99"),
        ("bss/invoice/4810", "88.40", "90.00"),
    ):
        difference = MoneyDiscrepancy(currency="EUR", source=Decimal(source), target=Decimal(target))
        await money.keep(key, {"subtotal": difference})


async def _slow_systems(redis: Redis, namespace: str) -> None:
    """ConnectWise has throttled, and BSS has refused the credentials."""
    limiter = Limiter(redis, namespace=namespace, system="connectwise", rate=Rate(60, 60), concurrency=6)
    calls = await asyncio.gather(*(limiter.acquire() for _ in range(5)))
    for call in calls:
        limiter.release(call)
    await limiter.hold(0.001, reason="throttled")
    await limiter.close()
    await SystemHolds(redis, namespace=namespace).note("bss")


async def _processes(redis: Redis, namespace: str) -> None:
    """A producer and two workers, as they note themselves."""
    now = clock.now_ms()
    for number, (services, slots) in enumerate(((("producers",), 0), (("worker",), 8), (("worker",), 8))):
        one = Presence(
            id=f"process-{number}",
            services=services,
            flows=("opportunity", "billing"),
            slots=slots,
            version=__version__,
            host=f"bridge-{number}",
            pid=4000 + number,
            since_ms=now - 7_200_000 * (number + 1),
            seen_ms=now - 2_000,
        )
        await reply(redis.hset(f"{namespace}:present", one.id, msgspec.json.encode(one).decode()))
