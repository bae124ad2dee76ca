"""Records in the history of an object what each run did or why it failed; for every flow."""

from __future__ import annotations

import time
from collections.abc import Awaitable

import msgspec

from cwbridge import errors
from cwbridge.connectors import trail
from cwbridge.ledger.history import Event, History
from cwbridge.text import encodable

_CALLS_SHOWN = 12


async def recorded(history: History, key: str, work: Awaitable[Event | None]) -> None:
    """Await `work` and add its event to the history of `key`, with the number of calls and the seconds it took.

    A failure is recorded with its last calls, and raised.
    """
    started = time.monotonic()
    with trail.recording() as calls:
        try:
            event = await work
        except Exception as error:
            await history.add(key, _failure_event(error, calls))
            raise
    if event is not None:
        seconds = round(time.monotonic() - started, 3)
        told = msgspec.structs.replace(event, calls=calls.total, seconds=seconds)
        # Every full sync checks every object; what those runs have read is of no use later.
        shown = () if event.what == "checked" else _shown(calls)
        await history.add(key, told, calls=shown)


def _failure_event(error: Exception, calls: trail.Calls) -> Event:
    work_class, remedy = "bug", ""
    if isinstance(error, errors.WorkError):
        work_class, remedy = error.work_class, error.remedy
    return Event(
        what=f"{work_class}: {type(error).__name__}",
        cause=encodable(str(error)),
        remedy=encodable(remedy),
        leads_to=error.key if isinstance(error, errors.WaitingFor) else "",
        calls=calls.total,
        last_calls=_shown(calls),
    )


def _shown(calls: trail.Calls) -> tuple[str, ...]:
    return tuple(str(call) for call in calls.last(_CALLS_SHOWN))
