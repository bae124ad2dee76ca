"""What a run of one object would do now.

The run is the worker's: the same handler over clients that send reads only (cwbridge.connectors.rehearsed) and a private copy of what
Redis holds (copied_redis). Its reads count against the shared limits as those of an interactive job.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec

from cwbridge import clock, connections
from cwbridge.connections import Connections
from cwbridge.connectors import rehearsed
from cwbridge.connectors.overlay import Overlay, Write
from cwbridge.flow import Flow, FlowContext
from cwbridge.ledger.history import Event
from cwbridge.limits import lane
from cwbridge.queue.failure import Failure
from cwbridge.queue.job import Run
from cwbridge.queue.reading import JobReader
from cwbridge.redis import Redis
from cwbridge.rehearsal import copied_redis
from cwbridge.settings import Settings

_MOST_ENQUEUED = 1_000


class Rehearsal(msgspec.Struct, frozen=True, kw_only=True):
    """What a run would do: its writes in order, the other jobs that it would enqueue, and how it would end.

    With a `failure` the run would end there. After writes it may be one that only the rehearsal has, because it does not know what a
    system computes by itself.
    """

    writes: tuple[Write, ...]
    enqueues: tuple[str, ...]
    event: Event | None
    failure: Failure | None
    calls: int
    """The reads that were sent."""


async def rehearse(settings: Settings, redis: Redis, flow: Flow, key: str) -> Rehearsal:
    """Rehearse the run that `cwbridge sync KEY` would start.

    Raises SettingsError when a system refuses the credentials, StoreUnavailable when no private Redis server can be started.
    """
    writes: list[Write] = []
    events: list[Event] = []
    failure = None
    lane.CURRENT.set("interactive")
    async with copied_redis.copy_of(redis) as store, _clients(settings, redis, flow, writes) as clients:
        context = FlowContext.over(
            settings, store, clients, on_event=lambda own, event: events.append(event) if own == key else None
        )
        async with flow.open_handler(context) as handler:
            try:
                await handler(_run_of(key, flow))
            except Exception as error:  # noqa: BLE001 - however a run ends is what is told of it
                failure = Failure.of(error)
        others = await JobReader(store, settings.namespace).jobs(None, _MOST_ENQUEUED)
    event = events[-1] if events else None
    return Rehearsal(
        writes=tuple(writes),
        enqueues=tuple(sorted({job.key for job in others} - {key})),
        event=event,
        failure=failure,
        calls=event.calls if event is not None else 0,
    )


@asynccontextmanager
async def _clients(
    settings: Settings, redis: Redis, flow: Flow, writes: list[Write]
) -> AsyncIterator[Connections]:
    """The clients of the flow's systems, under the shared limits, whose writes go to `writes`."""
    opened = Connections()
    async with AsyncExitStack() as stack:
        for system in flow.systems:
            transports = None
            if system.dialect is not None:
                transports = rehearsed.transports(Overlay(system.name, system.dialect(), writes))
            client = await stack.enter_async_context(
                connections.open_one(settings, redis, system, transports)
            )
            opened.add(system, client)
        yield opened


def _run_of(key: str, flow: Flow) -> Run:
    """The run of a key that a person names."""
    now_ms = clock.now_ms()
    return Run(
        key=key,
        fencing_token=0,
        flow=flow.name,
        attempts=0,
        crashes=0,
        waits=0,
        lane="interactive",
        mode="verify",
        since_ms=now_ms,
        due_ms=now_ms,
        generation=1,
        started_ms=now_ms,
    )
