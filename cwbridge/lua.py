"""Loads the Lua scripts that lie as files beside the Python modules that call them, and sends calls of one moment together."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

import msgspec
import redis.exceptions
from redis.commands.core import AsyncScript

from cwbridge.redis import Redis


def script(redis: Redis, package: str, *names: str) -> AsyncScript:
    """The script that joins the files `{name}.lua` of `package` in order."""
    return redis.register_script("\n".join(_text(package, name) for name in names))


class _Call(msgspec.Struct):
    keys: Sequence[str]
    args: Sequence[str | int | bytes]
    answer: asyncio.Future[Any]


class GroupedScript:
    """A script whose calls in one pass of the event loop share a round trip; each caller gets its own answer or error.

    A call is carried out even when its caller is cancelled meanwhile.
    """

    def __init__(self, redis: Redis, script: AsyncScript) -> None:
        self._redis = redis
        self._script = script
        self._calls: list[_Call] = []
        self._sending: set[asyncio.Task[None]] = set()

    async def __call__(self, keys: Sequence[str], args: Sequence[str | int | bytes]) -> Any:
        """The answer of the script; raises redis.exceptions.RedisError like a call of its own."""
        call = _Call(keys, args, asyncio.get_running_loop().create_future())
        self._calls.append(call)
        if len(self._calls) == 1:
            task = asyncio.create_task(self._send())
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)
        return await asyncio.shield(call.answer)

    async def _send(self) -> None:
        await asyncio.sleep(0)
        calls, self._calls = self._calls, []
        try:
            answers = await self._answers(calls)
        except BaseException as error:
            for call in calls:
                _settle(call.answer, error)
            if not isinstance(error, Exception):
                raise
            return
        for call, answer in zip(calls, answers, strict=True):
            _settle(call.answer, answer)

    async def _answers(self, calls: Sequence[_Call]) -> list[Any]:
        if len(calls) > 1:
            async with self._redis.pipeline(transaction=False) as pipe:
                for call in calls:
                    pipe.evalsha(self._script.sha, len(call.keys), *call.keys, *call.args)  # type: ignore[arg-type]
                answers = await pipe.execute(raise_on_error=False)
            if not any(isinstance(answer, redis.exceptions.NoScriptError) for answer in answers):
                return list(answers)
        # Alone, or the server has been restarted and knows none of the scripts any more: each call loads what it needs.
        return [await self._script(call.keys, call.args) for call in calls]


def _settle(waiting: asyncio.Future[Any], answer: Any) -> None:
    if waiting.done():
        return
    if isinstance(answer, BaseException):
        waiting.set_exception(answer)
        waiting.exception()  # marks it as seen: the caller may have been cancelled meanwhile
    else:
        waiting.set_result(answer)


@cache
def _text(package: str, name: str) -> str:
    return resources.files(package).joinpath(f"{name}.lua").read_text("utf-8")
