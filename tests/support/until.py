"""Waiting for a condition, with a deadline and a name for what did not come."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable
from typing import Any

_LOOK_SECONDS = 0.02


async def until(look: Callable[[], Any], *, what: str, within: float = 20.0) -> Any:
    """The first true answer of `look`, a function or coroutine function; raises AssertionError that says `what` did not come."""
    deadline = time.monotonic() + within
    while True:
        answer = look()
        if inspect.isawaitable(answer):
            answer = await answer
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {within:g} s in vain until {what}")
        await asyncio.sleep(_LOOK_SECONDS)
