"""Connections to Redis whose sends can always be cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import redis.exceptions
from redis.asyncio.connection import AbstractConnection


class Cancellable(AbstractConnection):
    """A connection whose sends can always be cancelled.

    redis-py sends through asyncio.wait_for, which on Python 3.11 swallows a cancellation that comes at the moment of
    completion (python/cpython issue 86296): code that cancels such a task would wait forever for its end.
    """

    async def send_packed_command(
        self, command: bytes | str | Iterable[bytes], check_health: bool = True
    ) -> None:
        if not self.is_connected:
            await self.connect()  # type: ignore[no-untyped-call]
        elif check_health:
            await self.check_health()  # type: ignore[no-untyped-call]
        longest, self.socket_timeout = self.socket_timeout, None
        try:
            async with asyncio.timeout(longest):
                await super().send_packed_command(command, check_health=False)
        except TimeoutError:
            raise redis.exceptions.TimeoutError("Timeout writing to socket") from None
        finally:
            self.socket_timeout = longest
