"""Work that is broken off in the middle, as a kill breaks it off: what was sent before still takes effect."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from cwbridge.connectors import transport
from sandbox.calls import Call, CallLog
from sandbox.faults import FaultRule
from sandbox.server import Sandbox
from tests.support.until import until


async def after_calls(box: Sandbox, work: Coroutine[Any, Any, Any], calls: int) -> None:
    """Break the work off when so many calls were answered, if it has not ended by then."""
    enough = asyncio.Event()
    with _counted((box.bss_calls, box.connectwise_calls), calls, enough):
        await _broken_off(box, work, enough.wait())


async def in_write(
    box: Sandbox, work: Coroutine[Any, Any, Any], method: str, writes: int, *, path: str = "/*c*"
) -> None:
    """Break the work off when so many writes of a method were answered and the next one took effect, before its answer arrives."""
    both = (box.connectwise_faults, box.bss_faults)
    for faults in both:
        faults.add(FaultRule(name="held", action="hold_after", method=method, path=path, after=writes))
    held = until(lambda: any(faults.waiting("held") for faults in both), what="a write", within=60)
    await _broken_off(box, work, held)


async def _broken_off(box: Sandbox, work: Coroutine[Any, Any, Any], moment: Coroutine[Any, Any, Any]) -> None:
    """Cancel the work at the moment, if that comes before the work ends; what was sent takes effect."""
    working, waiting = asyncio.create_task(work), asyncio.create_task(moment)
    await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
    with pytest.MonkeyPatch.context() as patched:
        # A killed process waits for no answer.
        patched.setattr(transport, "ANSWER_SECONDS", 0.0)
        for task in (working, waiting):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
    for faults in (box.connectwise_faults, box.bss_faults):
        faults.clear()
    logs = (box.bss_calls, box.connectwise_calls)
    await until(lambda: not any(log.concurrent for log in logs), what="what was sent has taken effect")


@contextlib.contextmanager
def _counted(logs: tuple[CallLog, ...], calls: int, enough: asyncio.Event) -> Iterator[None]:
    """Set `enough` when so many calls were answered."""
    left = calls

    def counting(count: Callable[[Call], None]) -> Callable[[Call], None]:
        def counted_call(call: Call) -> None:
            nonlocal left
            count(call)
            left -= 1
            if left <= 0:
                enough.set()

        return counted_call

    for log in logs:
        log._count = counting(log._count)  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        for log in logs:
            del log._count
