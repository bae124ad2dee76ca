"""The metrics that describe what is in Redis, refreshed when a process is asked for its metrics."""

from __future__ import annotations

from collections.abc import Iterable

from cwbridge import metrics, web
from cwbridge.flow import Flows
from cwbridge.ledger import money_discrepancies
from cwbridge.ledger.money_discrepancies import MoneyDiscrepancies, Sum
from cwbridge.limits.holds import SystemHolds
from cwbridge.limits.lane import LANES
from cwbridge.queue.counts import FlowCounts
from cwbridge.queue.queue import Queue
from cwbridge.redis import Redis
from cwbridge.settings import Settings

_STATES = ("due", "scheduled", "dispatched", "running", "waiting", "dead", "held")


def refresher(settings: Settings, redis: Redis, flows: Flows) -> web.Refresh:
    """A function that brings the gauges of the queue and of differences in money up to date for every flow."""
    queue = Queue(redis, namespace=settings.namespace, settings=settings.queue)
    holds = SystemHolds(redis, namespace=settings.namespace)
    money = MoneyDiscrepancies(redis, namespace=settings.namespace)
    systems = {system.name for flow in flows for system in flow.systems}

    async def refresh() -> None:
        on_hold = await holds.all()
        for system in systems:
            metrics.SYSTEM_ON_HOLD.labels(system).set(system in on_hold)
        counts = await queue.counts()
        for flow in {*flows.names, *counts.flows}:
            _show(flow, counts.flows.get(flow, FlowCounts()))
        metrics.STORED_TOTALS.update(await queue.counters())
        _show_money(money_discrepancies.sums(await money.all()))

    return refresh


def _show_money(sums: Iterable[Sum]) -> None:
    """A currency without differences has no series, as before its first one."""
    metrics.MONEY_DISCREPANCIES.clear()
    metrics.MONEY_DIFFERENCE.clear()
    for one in sums:
        metrics.MONEY_DISCREPANCIES.labels(one.kind, one.currency).set(one.count)
        metrics.MONEY_DIFFERENCE.labels(one.kind, one.currency).set(float(one.amount))


def _show(flow: str, counts: FlowCounts) -> None:
    for state in _STATES:
        metrics.QUEUE_JOBS.labels(flow, state).set(getattr(counts, state))
    for lane in LANES:
        age_ms = counts.oldest_pending_age_ms.get(lane, 0)
        metrics.QUEUE_OLDEST_PENDING.labels(flow, lane).set(age_ms / 1000)
