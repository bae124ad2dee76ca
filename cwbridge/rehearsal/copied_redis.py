"""A private Redis server that begins as a copy of the shared one: a key is copied when a command first names it.

What is written stays in the private server, so that a rehearsed run may keep links, take locks and enqueue jobs like any other.
The scripts of the queue make up the names of their keys; those are not copied: a rehearsal begins with an empty queue.
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import redis.asyncio
import redis.asyncio.client

from cwbridge import redis as redis_module
from cwbridge.embedded_redis import EmbeddedRedis
from cwbridge.redis import Redis, reply

_WITHOUT_KEY = frozenset(
    {"PING", "TIME", "SCRIPT", "SCRIPT LOAD", "SCRIPT EXISTS", "WAIT", "PUBLISH", "INFO", "CONFIG GET"}
)
_OF_KEYS_ONLY = frozenset({"DEL", "EXISTS", "MGET", "UNLINK", "TOUCH"})
_SCRIPTS = frozenset({"EVAL", "EVALSHA"})


class CopiedRedis(redis.asyncio.Redis):
    """The client of the private server; `origin` is read and never written to."""

    origin: Redis
    copied: set[str]

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        await self.copy_keys(keys_of(args))
        return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> _CopiedPipeline:
        made = _CopiedPipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)
        made.copies = self
        return made

    async def copy_keys(self, keys: Iterable[str]) -> None:
        """Copy those of the keys that were not named before."""
        for key in keys:
            if key not in self.copied:
                self.copied.add(key)
                await self._copy(key)

    async def _copy(self, key: str) -> None:
        kind = (await self.origin.type(key)).decode()
        if kind == "none":
            return
        command = await _filling(self.origin, key, kind)
        lasts_ms = await self.origin.pttl(key)
        if command is not None:
            await super().execute_command(*command)  # type: ignore[no-untyped-call]
        if lasts_ms > 0:
            await super().execute_command("PEXPIRE", key, lasts_ms)  # type: ignore[no-untyped-call]


class _CopiedPipeline(redis.asyncio.client.Pipeline):
    copies: CopiedRedis

    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        for args, _ in self.command_stack:
            await self.copies.copy_keys(keys_of(args))
        return await super().execute(raise_on_error)


@asynccontextmanager
async def copy_of(origin: Redis) -> AsyncIterator[Redis]:
    """A private server while the body runs; raises StoreUnavailable where none can be started."""
    with tempfile.TemporaryDirectory(prefix="cwbridge-rehearsal-") as folder:
        async with EmbeddedRedis(Path(folder)) as url:
            client = cast("CopiedRedis", redis_module.connect(url, kind=CopiedRedis))
            client.origin, client.copied = origin, set()
            try:
                yield client
            finally:
                await client.aclose()


def keys_of(args: Sequence[Any]) -> list[str]:
    """The keys that a command names."""
    name = str(args[0]).upper()
    if name in _SCRIPTS:
        return [_text(key) for key in args[3 : 3 + int(args[2])]]
    if name in _WITHOUT_KEY or len(args) < 2:
        return []
    return [_text(key) for key in (args[1:] if name in _OF_KEYS_ONLY else args[1:2])]


def _text(key: Any) -> str:
    return key.decode() if isinstance(key, bytes) else str(key)


async def _filling(origin: Redis, key: str, kind: str) -> list[Any] | None:
    """The command that makes the value of a key again; None when the key has ended meanwhile.

    Not DUMP and RESTORE: a server does not read what a newer one has dumped.
    """
    match kind:
        case "string":
            value = await origin.get(key)
            return None if value is None else ["SET", key, value]
        case "hash":
            given = [part for pair in (await reply(origin.hgetall(key))).items() for part in pair]
            command = "HSET"
        case "set":
            given, command = list(await reply(origin.smembers(key))), "SADD"
        case "list":
            given, command = await reply(origin.lrange(key, 0, -1)), "RPUSH"
        case "zset":
            scored = await origin.zrange(key, 0, -1, withscores=True)
            given, command = [part for member, score in scored for part in (repr(score), member)], "ZADD"
        case _:
            raise ValueError(f"{key} is a {kind}, which is not used by cwbridge")
    return [command, key, *given] if given else None
