"""The limit of one process without a rate: slots and holds, without a round trip to Redis."""

from __future__ import annotations

import time

from cwbridge.limits.answer import Answer, Full, Granted, Held, HoldReason
from cwbridge.limits.priority import Priority


class LocalLimit:
    """Slots that are counted in this process."""

    def __init__(self, *, concurrency: int) -> None:
        self._free = concurrency
        self._held_until = 0.0
        self._held_for: HoldReason = "throttled"

    async def ask(self, priority: Priority, count: int) -> Answer:  # noqa: ARG002 - there is no window to divide
        return self.look()

    def look(self) -> Answer:
        """A slot for one call, or the reason why there is none."""
        now = time.monotonic()
        if now < self._held_until:
            return Held(self._held_until - now, self._held_for)
        if self._free == 0:
            return Full()
        self._free -= 1
        return (Granted("", 0.0, now),)

    async def confirm(self, call: str, *, late: bool) -> bool:  # noqa: ARG002 - there is no log to correct
        return time.monotonic() >= self._held_until

    async def give_back(self, call: str) -> None:
        self.end(call)

    def end(self, call: str) -> None:  # noqa: ARG002 - slots have no names here
        self._free += 1

    async def hold(self, seconds: float, reason: HoldReason) -> None:
        until = time.monotonic() + seconds
        if until > self._held_until:
            self._held_until, self._held_for = until, reason

    async def clear_hold(self) -> None:
        self._held_until = 0.0

    async def close(self) -> None:
        """Nothing is under way: slots are free at once."""
