"""Which changes by other users a poll of ConnectWise has looked at already: the overlap lists some of them again.

{namespace}:noticed:{name}    hash, table:id -> the state in which it was looked at last
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

import msgspec

from cwbridge.connectors.connectwise import models
from cwbridge.ledger.api_member import ApiMember
from cwbridge.redis import Redis, reply
from cwbridge.text import digest

T = TypeVar("T", bound=models.Tracked)
_NOTICED_SECONDS = 7 * 86400


class NoticedChanges:
    """The changes that one poller has looked at."""

    def __init__(self, redis: Redis, *, namespace: str, name: str, api_member: ApiMember) -> None:
        self._redis = redis
        self._name = f"{namespace}:noticed:{name}"
        self._api_member = api_member

    async def by_others(self, table: str, rows: Iterable[T]) -> list[T]:
        """The rows that another user changed last, except those already noticed in that state."""
        own_names = await self._api_member.names()
        foreign = [row for row in rows if row.info is not None and row.info.updatedBy not in own_names]
        if not foreign:
            return []
        noticed = await reply(self._redis.hmget(self._name, [f"{table}:{row.id}" for row in foreign]))
        return [
            row
            for row, before in zip(foreign, noticed, strict=True)
            if before is None or before.decode() != state(row)
        ]

    async def note(self, groups: Mapping[str, Iterable[models.Tracked]]) -> None:
        """Call it only after the keys are enqueued, so that a poll after a crash finds the same changes again."""
        states = {f"{table}:{row.id}": state(row) for table, rows in groups.items() for row in rows}
        if states:
            await reply(self._redis.hset(self._name, mapping=states))
            await self._redis.expire(self._name, _NOTICED_SECONDS)


def state(row: models.Tracked) -> str:
    """The time of the row's last change with what the row holds: the server counts seconds, and one may see several changes."""
    moment = row.info.lastUpdated if row.info is not None else None
    at = "" if moment is None else moment.isoformat()
    return f"{at} {digest(msgspec.json.encode(row))}"
