"""Collects single requests of a moment into one; each caller gets its own part of the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from datetime import timedelta
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
A = TypeVar("A")


class BatchLoader(Generic[K, A]):
    """Collects keys for `window`, or with none for one pass of the event loop, then asks `load` for all of them at once.

    What was asked for is loaded although its caller is cancelled meanwhile.
    """

    def __init__(
        self, load: Callable[[Sequence[K]], Awaitable[Mapping[K, A]]], *, window: timedelta = timedelta(0)
    ) -> None:
        self._load = load
        self._window = window.total_seconds()
        self._waiting: dict[K, asyncio.Future[A]] = {}
        self._loading: set[asyncio.Task[None]] = set()

    async def get(self, key: K) -> A:
        """The value of `key`; an error of the request is raised to every caller that waits for it."""
        answer = self._waiting.get(key)
        if answer is None:
            answer = asyncio.get_running_loop().create_future()
            if not self._waiting:
                self._start()
            self._waiting[key] = answer
        return await asyncio.shield(answer)

    def _start(self) -> None:
        task = asyncio.create_task(self._collect_and_load())
        self._loading.add(task)
        task.add_done_callback(self._loading.discard)

    async def _collect_and_load(self) -> None:
        await asyncio.sleep(self._window)
        batch, self._waiting = self._waiting, {}
        try:
            answers = await self._load(list(batch))
        except BaseException as error:
            _fail(batch, error)
            if not isinstance(error, Exception):
                raise
            return
        for key, waiting in batch.items():
            if not waiting.done():
                waiting.set_result(answers[key])


def _fail(batch: Mapping[K, asyncio.Future[A]], error: BaseException) -> None:
    for waiting in batch.values():
        if not waiting.done():
            waiting.set_exception(error)
            waiting.exception()  # marks it as seen: a caller may have been cancelled meanwhile
