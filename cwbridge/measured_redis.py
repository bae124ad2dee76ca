"""A client of Redis that measures its commands and knows whether Redis answers; for the services, which export metrics."""

from __future__ import annotations

import time
from typing import Any

import redis.asyncio
import redis.asyncio.client
import redis.exceptions

from cwbridge import metrics

_AWAY = (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError, OSError)


class _Measure:
    """One command: observed when it is answered, and a connection error says that Redis is away."""

    __slots__ = ("_began",)

    def __enter__(self) -> None:
        self._began = time.perf_counter()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            metrics.REDIS_DURATION.observe(time.perf_counter() - self._began)
            metrics.REDIS_UP.set(1)
        elif issubclass(kind, _AWAY):
            metrics.REDIS_UP.set(0)


class MeasuredPipeline(redis.asyncio.client.Pipeline):
    """A pipeline counts as one command."""

    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        with _Measure():
            return await super().execute(raise_on_error)


class MeasuredRedis(redis.asyncio.Redis):
    """Commands, scripts and pipelines; what is published to it later is not measured."""

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        with _Measure():
            return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> MeasuredPipeline:
        return MeasuredPipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)
