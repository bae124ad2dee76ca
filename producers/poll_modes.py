"""How each collection of BSS is asked for changes: found out at start, kept so that a person can see it.

{namespace}:polling:bss    hash, collection -> PollMode as JSON
"""

from __future__ import annotations

from typing import Literal

import msgspec

from cwbridge.redis import Redis, reply

Way = Literal["filter", "order", "content"]


class PollMode(msgspec.Struct, frozen=True):
    """`way` is how changes are found; `uncertain_times` says that times have no offset and no setting names their zone.

    filter   the server lists what changed since a moment: one call
    order    the server lists the newest changes first: one call, more when much has changed
    content  everything is read and compared: one call for each page
    """

    way: Way
    uncertain_times: bool = False

    def __str__(self) -> str:
        said = {
            "filter": "asks for changes",
            "order": "reads the newest changes first",
            "content": "reads and compares everything",
        }[self.way]
        if self.uncertain_times:
            return f"{said}; times have no offset: set CWBRIDGE_BSS__TIME_ZONE, until then each poll looks back 26 hours"
        return said


_read = msgspec.json.Decoder(PollMode)


class PollModes:
    """The hash of all collections."""

    def __init__(self, redis: Redis, *, namespace: str) -> None:
        self._redis = redis
        self._name = f"{namespace}:polling:bss"

    async def note(self, collection: str, mode: PollMode) -> None:
        """Keep the mode of a collection."""
        await reply(self._redis.hset(self._name, mapping={collection: msgspec.json.encode(mode)}))

    async def all(self) -> dict[str, PollMode]:
        """The mode of each collection that has been polled."""
        stored = await reply(self._redis.hgetall(self._name))
        return {collection.decode(): _read.decode(mode) for collection, mode in sorted(stored.items())}
