"""Loads the Lua scripts that lie as files beside the Python modules that call them, and sends calls of one moment together."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

import redis.exceptions
from redis.commands.core import AsyncScript

from cwbridge.batching import BatchLoader
from cwbridge.redis import Redis


def script(redis: Redis, package: str, *names: str) -> AsyncScript:
    """The script that joins the files `{name}.lua` of `package` in order."""
    return redis.register_script("\n".join(_text(package, name) for name in names))


class _Call(NamedTuple):
    keys: tuple[str, ...]
    args: tuple[str | int | bytes, ...]


class GroupedScript:
    """A script whose calls in one pass of the event loop share a round trip; each caller gets its own answer or error.

    A call is carried out even when its caller is cancelled meanwhile. Equal calls of one pass are one call.
    """

    def __init__(self, redis: Redis, script: AsyncScript) -> None:
        self._redis = redis
        self._script = script
        self._calls: BatchLoader[_Call, Any] = BatchLoader(self._answers)

    async def __call__(self, keys: Sequence[str], args: Sequence[str | int | bytes]) -> Any:
        """The answer of the script; raises redis.exceptions.RedisError like a call of its own."""
        answer = await self._calls.get(_Call(tuple(keys), tuple(args)))
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def _answers(self, calls: Sequence[_Call]) -> dict[_Call, Any]:
        if len(calls) > 1:
            async with self._redis.pipeline(transaction=False) as pipe:
                for call in calls:
                    pipe.evalsha(self._script.sha, len(call.keys), *call.keys, *call.args)  # type: ignore[arg-type]
                answers = await pipe.execute(raise_on_error=False)
            if not any(isinstance(answer, redis.exceptions.NoScriptError) for answer in answers):
                return dict(zip(calls, answers, strict=True))
        # Alone, or the server has been restarted and knows none of the scripts any more: each call loads what it needs.
        return {call: await self._script(call.keys, call.args) for call in calls}


@cache
def _text(package: str, name: str) -> str:
    return resources.files(package).joinpath(f"{name}.lua").read_text("utf-8")
