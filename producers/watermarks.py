"""Watermarks: how far each source has been read; they move only forward, and only after the keys are durably enqueued.

{namespace}:watermark:{name}    ISO 8601, the source's own clock
"""

from __future__ import annotations

from datetime import datetime

from cwbridge.redis import Redis


class Watermark:
    """The moment up to which a source has been read."""

    def __init__(self, redis: Redis, *, namespace: str, name: str) -> None:
        self._redis = redis
        self._name = f"{namespace}:watermark:{name}"

    async def get(self) -> datetime | None:
        """The moment, or None before the first complete reading."""
        stored = await self._redis.get(self._name)
        return None if stored is None else datetime.fromisoformat(stored.decode())

    async def advance(self, to: datetime) -> None:
        """Move to `to`, never back."""
        current = await self.get()
        if current is None or to > current:
            await self._redis.set(self._name, to.isoformat())

    async def forget(self) -> None:
        """Make the next poll read everything."""
        await self._redis.delete(self._name)
