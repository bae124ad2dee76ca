"""A value that is asked for once and then remembered for a while, however many ask at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from cwbridge import clock

T = TypeVar("T")


class Remembered(Generic[T]):
    """The last answer of `ask`, at most `seconds` old; a failed question is not remembered."""

    def __init__(self, ask: Callable[[], Awaitable[T]], *, seconds: float) -> None:
        self._ask = ask
        self._seconds = seconds
        self._asked_at = float("-inf")
        self._answer: T | None = None
        self._one_at_a_time = asyncio.Lock()

    async def get(self, *, at_most: float | None = None) -> T:
        """The answer, asked for anew when older than `at_most` (default: the age given at the start) seconds."""
        allowed = self._seconds if at_most is None else at_most
        async with self._one_at_a_time:
            if self._answer is None or clock.lasting_seconds() - self._asked_at > allowed:
                self._answer = await self._ask()
                self._asked_at = clock.lasting_seconds()
            return self._answer

    def forget(self) -> None:
        """Ask anew next time."""
        self._answer = None
