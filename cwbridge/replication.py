"""Writes that a failover must not lose: they count only when a replica has them as well.

Redis replicates after it has answered, so a primary that dies takes its last writes with it. Most of them may be lost: the replica
that takes over holds a beginning of the primary's history, and whatever it lacks is noticed again by a poll or a run. What has to
be known before another system is written to may not; such a write is followed by WAIT on the same connection. With a single
server nothing is waited for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import redis.exceptions
from redis.asyncio.client import Pipeline
from redis.commands.core import AsyncScript

from cwbridge import errors, sentinel
from cwbridge.redis import Redis

_WAIT_MS = 1000
_AGAIN_SECONDS = 2.0


def is_replicated(client: Redis) -> bool:
    """Whether the server has replicas that may take over."""
    return sentinel.primary_of(client) is not None


async def write(client: Redis, queue: Callable[[Pipeline], object]) -> list[Any]:
    """Send the commands that `queue` puts on a pipeline; raises Busy when no replica confirms them, and they may be lost.

    The caller goes on as if nothing was written, and a later run writes it again.
    """
    waits = is_replicated(client)
    async with client.pipeline(transaction=False) as pipe:
        queue(pipe)
        if waits:
            pipe.execute_command("WAIT", 1, _WAIT_MS)
        answers: list[Any] = await pipe.execute()
    if waits and not answers.pop():
        raise errors.Busy(
            "no replica of Redis has confirmed a write",
            seconds=_AGAIN_SECONDS,
            remedy="It goes on by itself when a replica is in step; check the replicas with INFO replication (docs/redis.md).",
        )
    return answers


async def call(
    client: Redis, script: AsyncScript, keys: Sequence[str], args: Sequence[str | int | bytes]
) -> Any:
    """The answer of a script; raises Busy as `write` does."""
    if not is_replicated(client):
        return await script(keys, args)
    given: list[Any] = [len(keys), *keys, *args]
    try:
        (answer,) = await write(client, lambda pipe: pipe.evalsha(script.sha, *given))
    except redis.exceptions.NoScriptError:
        # A server that was no primary before has no scripts; EVAL keeps it for the next call.
        (answer,) = await write(client, lambda pipe: pipe.eval(str(script.script), *given))
    return answer
