"""The stand-ins that the operations suite syncs."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from cwbridge.redis import Redis
from sandbox.server import Options
from tests.support.bench import Bench


@pytest.fixture
async def bench(redis: Redis, redis_url: str, namespace: str) -> AsyncIterator[Bench]:
    """A small company, whose systems have no limits."""
    async with Bench.opened(redis, redis_url, namespace, Options(projects=2, limits=False)) as opened:
        yield opened
