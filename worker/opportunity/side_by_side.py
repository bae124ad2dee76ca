"""Run many coroutines, a few at a time; the first failure stops the rest before it is raised."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Iterator
from typing import Any


async def run(work: Iterable[Coroutine[Any, Any, None]], *, most: int) -> None:
    """Run all of `work`, at most `most` at once, taking each only when there is room for it.

    The first failure cancels what is under way and is raised itself, without an exception group around it.
    """
    remaining = iter(work)
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(most):
                group.create_task(_take_turns(remaining))
    except BaseExceptionGroup as group_of_failures:
        raise _first(group_of_failures) from None
    finally:
        for never_started in remaining:
            never_started.close()


async def _take_turns(remaining: Iterator[Coroutine[Any, Any, None]]) -> None:
    for piece in remaining:
        await piece


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    problem: BaseException = group
    while isinstance(problem, BaseExceptionGroup):
        problem = problem.exceptions[0]
    return problem
