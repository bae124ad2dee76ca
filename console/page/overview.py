"""What the status page shows: the state of the daemon as `cwbridge status` reads it, by flow and system, and the last runs."""

from __future__ import annotations

from typing import Any

import msgspec

from console import status as status_module
from console.command import Bridge
from console.status import Status
from cwbridge import clock
from cwbridge.connectors.system import System
from cwbridge.flow import Flow
from cwbridge.ledger.history import Event, History
from cwbridge.limits.usage import Usage, usage
from cwbridge.queue.counts import Counts, FlowCounts
from producers import scheduler

_RUNS = 20


class FlowRow(msgspec.Struct, frozen=True, kw_only=True):
    """The work of one flow; `oldest_ms` is when the oldest job was enqueued that is neither settled, dead nor held."""

    name: str
    title: str
    is_on: bool
    counts: FlowCounts
    oldest_ms: int | None
    oldest_lane: str


class SystemRow(msgspec.Struct, frozen=True, kw_only=True):
    """An outside system, its limits and holds; `host` is empty when it is switched off."""

    name: str
    title: str
    host: str
    rate: str
    concurrency: int
    usage: Usage | None
    """None when it is switched off, or has no rate, so that its calls are not counted in Redis."""
    refused_since_ms: int | None
    """Since when it refuses the credentials."""


class RunRow(msgspec.Struct, frozen=True, kw_only=True):
    """One of the last runs, in words."""

    key: str
    at_ms: int
    text: str
    failed: bool


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on the page, at one moment by the clock of this machine."""

    at_ms: int
    status: Status
    flows: list[FlowRow]
    systems: list[SystemRow]
    schedules: dict[str, int]
    """When each schedule of the producers last succeeded, by its name, in ms."""
    runs: list[RunRow]


async def gather(bridge: Bridge) -> Overview:
    """Read everything; the number of jobs that are read is bounded, however many there are."""
    counts = await bridge.queue.counts()
    status = await status_module.gather(bridge, by_flow=True)
    refused = {one.system: one.since_ms for one in status.on_hold}
    systems = {system.name: system for flow in bridge.flows for system in flow.systems}
    history = History(bridge.redis, namespace=bridge.settings.namespace)
    return Overview(
        at_ms=clock.now_ms(),
        status=status,
        flows=[_flow_row(bridge, flow, counts) for flow in bridge.flows],
        systems=[await _system_row(bridge, system, refused.get(name)) for name, system in systems.items()],
        schedules=dict(sorted((await scheduler.last_done(bridge.redis, bridge.settings.namespace)).items())),
        runs=[
            RunRow(
                key=run.key,
                at_ms=run.event.at_ms,
                text=_described(bridge, run.key, run.event),
                failed=is_failure(run.event),
            )
            for run in await history.recent(_RUNS)
        ],
    )


def is_failure(event: Event) -> bool:
    """Whether a run ended in a refusal, a retry or a bug; a wait is no failure."""
    return event.what.partition(":")[0] in {"refused", "retry", "bug"}


def _flow_row(bridge: Bridge, flow: Flow, counts: Counts) -> FlowRow:
    of_flow = counts.flows.get(flow.name, FlowCounts())
    lane, age_ms = max(of_flow.oldest_pending_age_ms.items(), key=lambda one: one[1], default=("", None))
    return FlowRow(
        name=flow.name,
        title=flow.title,
        is_on=flow.is_on(bridge.settings),
        counts=of_flow,
        oldest_ms=None if age_ms is None else counts.now_ms - age_ms,
        oldest_lane=lane,
    )


async def _system_row(bridge: Bridge, system: System[Any], refused_since_ms: int | None) -> SystemRow:
    section = bridge.settings.of(system.settings)
    rate = section.rate_limit
    url = section.url or ""
    used = None
    if url:
        used = await usage(bridge.redis, namespace=bridge.settings.namespace, system=system.name, rate=rate)
    return SystemRow(
        name=system.name,
        title=system.title,
        host=url.partition("://")[2].partition("/")[0].rpartition("@")[2],
        rate=str(rate),
        concurrency=section.concurrency,
        usage=used,
        refused_since_ms=refused_since_ms,
    )


def _described(bridge: Bridge, key: str, event: Event) -> str:
    """In the words of the flow; a key of a flow that is no longer registered speaks for itself."""
    flow = next((one for one in bridge.flows if one.key_format.accepts(key)), None)
    return f"{event.what}: {event.cause}" if flow is None else flow.describe(key, event)
