"""Runs coroutines concurrently, all or nothing: the first failure cancels the others and is raised as itself, not in a group."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

T = TypeVar("T")
_CANCEL_AGAIN_SECONDS = 2.0


@asynccontextmanager
async def group() -> AsyncIterator[asyncio.TaskGroup]:
    """A task group that raises the first failure of its tasks itself."""
    try:
        async with asyncio.TaskGroup() as tasks:
            yield tasks
    except BaseExceptionGroup as failures:
        failure = _first(failures)
        raise failure from failure.__cause__


async def gather_limited(work: Iterable[Coroutine[Any, Any, T]], *, limit: int) -> list[T]:
    """Run all of `work`, at most `limit` at once, and return the results in order; a coroutine is taken only when it can start."""
    remaining = enumerate(work)
    results: dict[int, T] = {}
    try:
        async with group() as tasks:
            for _ in range(limit):
                tasks.create_task(_take_turns(remaining, results))
    finally:
        for _, never_started in remaining:
            never_started.close()
    return [results[place] for place in range(len(results))]


_TO_THE_END: set[asyncio.Task[Any]] = set()


async def to_the_end(work: Coroutine[Any, Any, T], *, wait: float = 0.0) -> T:
    """The result of `work`, which goes on when the caller is cancelled: for writes that must not be left half done.

    A cancelled caller first waits for the end of `work`, for `wait` seconds at most.
    """
    task = asyncio.create_task(work)
    _TO_THE_END.add(task)
    task.add_done_callback(_ended)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await _wait_stubbornly(task, wait)
        raise


async def _wait_stubbornly(task: asyncio.Task[Any], seconds: float) -> None:
    """Wait for the end of `task` even when cancelled once more."""
    clock = asyncio.get_running_loop().time
    until = clock() + seconds
    while not task.done() and (left := until - clock()) > 0:
        with suppress(asyncio.CancelledError):
            await asyncio.wait({task}, timeout=left)


def _ended(task: asyncio.Task[Any]) -> None:
    _TO_THE_END.discard(task)
    if not task.cancelled():
        task.exception()  # marks it as seen: the caller may have been cancelled meanwhile


async def end(*tasks: asyncio.Task[Any]) -> None:
    """Cancel the tasks until they have ended, with whatever result.

    Once is not always enough: `asyncio.wait_for` of Python 3.11 may swallow a cancellation, and libraries use it.
    """
    remaining = {task for task in tasks if not task.done()}
    while remaining:
        for task in remaining:
            task.cancel()
        _, remaining = await asyncio.wait(remaining, timeout=_CANCEL_AGAIN_SECONDS)
    await asyncio.gather(*tasks, return_exceptions=True)


async def _take_turns(remaining: Iterator[tuple[int, Coroutine[Any, Any, T]]], results: dict[int, T]) -> None:
    for place, piece in remaining:
        results[place] = await piece


def _first(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    failure = failures.exceptions[0]
    return _first(failure) if isinstance(failure, BaseExceptionGroup) else failure
