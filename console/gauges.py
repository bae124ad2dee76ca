"""The metrics that describe what is in Redis, refreshed when a process is asked for its metrics."""

from __future__ import annotations

from cwbridge import metrics, web
from cwbridge.flow import Flows
from cwbridge.limits.holds import SystemHolds
from cwbridge.queue.queue import Queue
from cwbridge.redis import Redis
from cwbridge.settings import Settings

_STATES = ("due", "scheduled", "waiting", "dispatched", "running", "dead", "held")


def refresher(settings: Settings, redis: Redis, flows: Flows) -> web.Refresh:
    """A function that brings the gauges of the queue up to date for every flow."""
    queue = Queue(redis, namespace=settings.namespace, settings=settings.queue)
    holds = SystemHolds(redis, namespace=settings.namespace)

    async def refresh() -> None:
        await holds.all()
        counts = await queue.counts()
        for flow in flows.names:
            for state in _STATES:
                metrics.QUEUE_JOBS.labels(flow, state).set(getattr(counts, state))

    return refresh
