"""Benches for the tests of the whole path."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from cwbridge.redis import Redis
from sandbox.server import Options
from tests.support.bench import Bench

OpenBench = Callable[..., Awaitable[Bench]]


@pytest.fixture(autouse=True)
def _no_settings_around(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the developer has set for a bridge of their own is none of the tests' business."""
    for name in [name for name in os.environ if name.startswith("CWBRIDGE_")]:
        monkeypatch.delenv(name)


@pytest.fixture
async def open_bench(redis: Redis, redis_url: str, namespace: str) -> AsyncIterator[OpenBench]:
    """Open a bench; the arguments are options of the sandbox, and there is no limit unless one is asked for."""
    async with AsyncExitStack() as stack:

        async def opened(**options: object) -> Bench:
            chosen = Options(**{"projects": 3, "limits": False, **options})  # type: ignore[arg-type]
            return await stack.enter_async_context(Bench.opened(redis, redis_url, namespace, chosen))

        yield opened


@pytest.fixture
async def bench(open_bench: OpenBench) -> Bench:
    """A bench with three projects."""
    return await open_bench()
