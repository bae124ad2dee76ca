"""Everything that can be told about one object: what is stored, where people see it, and what a run would do now."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from console.command import Bridge, keys_on
from console.jobs import known as known_module
from console.jobs.known import Known
from cwbridge import errors, rehearsal
from cwbridge.queue.failure import Failure
from cwbridge.rehearsal import Rehearsal


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """One object; `now` is None when it was not asked for, or cannot be told: then `unknown_now` says why."""

    known: Known
    pages: Mapping[str, str]
    """The addresses of both sides, by what they are."""
    now: Rehearsal | None = None
    unknown_now: Failure | None = None


async def explain(bridge: Bridge, key: str, *, now: bool) -> Explanation:
    """Read what is stored about the object of a valid key, and with `now` rehearse a run of it."""
    flow = bridge.flows.of_key(key)
    known = await known_module.gather(bridge, key)
    told = Explanation(known=known, pages=flow.pages(bridge.settings, key, known.link))
    if not now:
        return told
    try:
        keys_on(bridge.flows, bridge.settings, [key])
        found = await rehearsal.rehearse(bridge.settings, bridge.redis, flow, key)
    except errors.BridgeError as error:
        return msgspec.structs.replace(told, unknown_now=Failure.of(error))
    return msgspec.structs.replace(told, now=found)
