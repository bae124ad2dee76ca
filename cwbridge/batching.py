"""Many single questions within a few milliseconds become one; each asker gets its own part of the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Generic, TypeVar

A = TypeVar("A")


class Coalescer(Generic[A]):
    """Collects keys for `collect_for`, then asks `ask` for all of them at once."""

    def __init__(
        self, ask: Callable[[Sequence[str]], Awaitable[Mapping[str, A]]], *, collect_for: timedelta
    ) -> None:
        self._ask = ask
        self._collect_for = collect_for.total_seconds()
        self._waiting: dict[str, asyncio.Future[A]] = {}
        self._asking: set[asyncio.Task[None]] = set()

    async def get(self, key: str) -> A:
        """The answer to `key`; the question's failure is raised to everybody who waited for it."""
        answer = self._waiting.get(key)
        if answer is None:
            answer = asyncio.get_running_loop().create_future()
            if not self._waiting:
                self._start()
            self._waiting[key] = answer
        return await asyncio.shield(answer)

    def _start(self) -> None:
        task = asyncio.create_task(self._collect_and_ask())
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _collect_and_ask(self) -> None:
        await asyncio.sleep(self._collect_for)
        asked, self._waiting = self._waiting, {}
        try:
            answers = await self._ask(list(asked))
        except BaseException as problem:
            _fail(asked, problem)
            if not isinstance(problem, Exception):
                raise
            return
        for key, waiting in asked.items():
            if not waiting.done():
                waiting.set_result(answers[key])


def _fail(asked: Mapping[str, asyncio.Future[A]], problem: BaseException) -> None:
    for waiting in asked.values():
        if not waiting.done():
            waiting.set_exception(problem)
            waiting.exception()  # marks it as seen: an asker may have been cancelled meanwhile
