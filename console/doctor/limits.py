"""The limits of a process that only looks: its calls count like all others, and nothing that it learns is told to the daemon."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Literal

from cwbridge import errors
from cwbridge.limits.limiter import Limiter


class LookingLimits:
    """Passes through a hold for refused credentials, because the doctor tries its own; after a throttle it asks no more."""

    def __init__(self, limiter: Limiter, *, title: str) -> None:
        self._limiter = limiter
        self._title = title
        self.throttled_seconds: float | None = None
        """The pause that the system asked for, None while it has asked for none."""

    def slot(self) -> AbstractAsyncContextManager[object]:
        """`async with limits.slot():` around one call; raises Throttled once the system asked for a pause."""
        return self._slot()

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        if self.throttled_seconds is not None:
            raise errors.Throttled(
                f"{self._title} asked for a pause of {self.throttled_seconds:.0f} s",
                seconds=self.throttled_seconds,
                remedy="Run the doctor again after that; if it stays, another program uses up the limit, or the configured rate is too high.",
            )
        call = None
        try:
            call = await self._limiter.acquire()
        except errors.SystemOnHold:
            # The daemon's credentials were refused some time ago; whether these work is what the doctor finds out.
            yield
            return
        try:
            yield
        finally:
            self._limiter.release(call)

    async def hold(self, seconds: float, *, reason: Literal["throttled", "credentials_refused"]) -> None:
        """Keep this process from asking more; other processes find out by themselves."""
        if reason == "throttled":
            self.throttled_seconds = seconds

    async def close(self) -> None:
        """Wait until every slot is given back."""
        await self._limiter.close()
