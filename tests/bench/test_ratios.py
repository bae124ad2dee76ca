"""Figures that hold on any machine: ratios measured in one run, the slower machine slowing both sides. `make bench` prints them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import aiohttp
import pytest
from aiohttp import web

from cwbridge.connectors.connectwise import client as connectwise
from cwbridge.limits.limiter import Limiter
from cwbridge.limits.rate import Rate
from cwbridge.redis import Redis
from tests.bench import figures
from tests.support.configured import loaded

pytestmark = pytest.mark.bench
CALLS = 3000
AT_ONCE = 16
STAGE = b'{"id": 1, "name": "1. Lead", "probability": {"id": 2, "name": "50"}, "_info": {}}'


async def calls_per_second(call: Callable[[], Awaitable[object]]) -> float:
    """How many of `call` per second, `AT_ONCE` at a time."""

    async def caller() -> None:
        for _ in range(CALLS // AT_ONCE):
            await call()

    began = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(AT_ONCE)))
    return CALLS / (time.perf_counter() - began)


@pytest.fixture
async def peer():
    """A server that answers at once, the same for both sides."""

    async def info(_request: web.Request) -> web.Response:
        return web.json_response({"Codebase": "v2025_1/"})

    async def stage(_request: web.Request) -> web.Response:
        return web.Response(body=STAGE, content_type="application/json")

    app = web.Application()
    app.router.add_get("/login/companyinfo/{id}", info)
    app.router.add_get("/v2025_1/apis/3.0/sales/stages/1", stage)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def beside_bare_aiohttp(peer: str, limiter: Limiter) -> list[float]:
    """Requests per second of the client with this limiter, divided by those of bare aiohttp; five pairs, sorted."""
    section = {"url": peer, "company_id": "x", "public_key": "x", "private_key": "x", "client_id": "x"}
    configured = loaded(connectwise=section)

    async def bare() -> None:
        async with session.get(f"{peer}/v2025_1/apis/3.0/sales/stages/1") as answer:
            await answer.json()

    ratios = []
    async with (
        aiohttp.ClientSession() as session,
        connectwise.open_client(configured, limiter) as client,
    ):
        await client.stages.get(1)
        for _ in range(5):
            with_nothing = await calls_per_second(bare)
            with_us = await calls_per_second(lambda: client.stages.get(1))
            ratios.append(with_us / with_nothing)
    await limiter.close()
    return sorted(ratios)


async def test_the_client_keeps_most_of_bare_aiohttps_speed(peer: str, namespace: str):
    limiter = Limiter(None, namespace=namespace, system="connectwise", rate=Rate(0), concurrency=AT_ONCE)
    ratios = await beside_bare_aiohttp(peer, limiter)
    middle = ratios[len(ratios) // 2]
    print(f"\nclient / bare aiohttp, requests per second: {middle:.0%} (of {[f'{r:.0%}' for r in ratios]})")

    figures.note("beside aiohttp, unlimited", f"{middle:.0%}", reached=middle >= 0.8)
    assert middle >= 0.6


async def test_the_client_as_deployed_keeps_more_than_half_of_bare_aiohttps_speed(
    peer: str, redis: Redis, namespace: str
):
    # High enough that no call waits: the cost of asking is what counts.
    limiter = Limiter(
        redis, namespace=namespace, system="connectwise", rate=Rate.parse("900000/60s"), concurrency=AT_ONCE
    )
    ratios = await beside_bare_aiohttp(peer, limiter)
    middle = ratios[len(ratios) // 2]
    print(
        f"\nclient with its limiter in Redis / bare aiohttp, requests per second: {middle:.0%} (at least 55; of {[f'{r:.0%}' for r in ratios]})"
    )

    figures.note("beside aiohttp", f"{middle:.0%}", reached=middle >= 0.55)
    assert middle >= 0.45
