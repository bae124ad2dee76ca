"""How much of the shared limit of a system is used, for people."""

from __future__ import annotations

import msgspec

from cwbridge import lua
from cwbridge.limits import shared
from cwbridge.limits.rate import Rate
from cwbridge.redis import Redis


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """The use of one limit now, over all processes.

    `allowed` is the number of calls per window; a throttle reduces it for some minutes.
    """

    allowed: int
    reduced: bool
    """Whether it is lower than the settings say."""
    used: int
    in_flight: int
    on_hold_ms: int
    """For how long no call is sent; 0 when calls are sent."""
    on_hold_for: str
    """`throttled` or `credentials_refused`; empty when calls are sent."""


async def usage(redis: Redis, *, namespace: str, system: str, rate: Rate) -> Usage | None:
    """Read the use of a limit; None for a system without a rate, whose calls are not counted in Redis."""
    if rate.unlimited:
        return None
    read = lua.script(redis, "cwbridge.limits", "window", "usage")
    allowed, used, in_flight, on_hold_ms, reason = await read(
        shared.redis_keys(namespace, system),
        [rate.calls, round(rate.seconds * 1000), shared.RECOVERY_MS],
    )
    return Usage(
        allowed=allowed,
        reduced=allowed < rate.calls,
        used=used,
        in_flight=in_flight,
        on_hold_ms=on_hold_ms,
        on_hold_for=reason.decode(),
    )
