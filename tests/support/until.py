"""Waiting for a condition, with a deadline and a name for what did not come."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
_LOOK_SECONDS = 0.02


async def until(look: Callable[[], T | Awaitable[T]], *, what: str, within: float = 20.0) -> T:
    """The first true answer of `look`; raises AssertionError that says `what` was waited for."""
    deadline = time.monotonic() + within
    while True:
        found = look()
        answer: T = await found if inspect.isawaitable(found) else found
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {within:g} s in vain until {what}")
        await asyncio.sleep(_LOOK_SECONDS)
