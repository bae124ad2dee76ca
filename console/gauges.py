"""Reads what the series of the whole daemon show; for producers, refreshed when they are asked for their metrics."""

from __future__ import annotations

import time
from decimal import Decimal

from cwbridge import cluster_metrics as series
from cwbridge import presence, web
from cwbridge import redis as redis_module
from cwbridge.cluster_metrics import Values
from cwbridge.flow import Flows
from cwbridge.ledger.money_discrepancies import Found, MoneyDiscrepancies
from cwbridge.limits.holds import SystemHolds
from cwbridge.limits.lane import LANES
from cwbridge.limits.usage import usage
from cwbridge.queue.counts import Counts, FlowCounts
from cwbridge.queue.queue import Queue
from cwbridge.redis import Redis
from cwbridge.series import Series
from cwbridge.settings import Settings
from producers import scheduler
from producers.watermarks import Watermark

_STATES = ("due", "scheduled", "dispatched", "running", "waiting", "dead", "held")
_FULL_SYNC = "_full_sync"
_DURABILITY_SECONDS = 60.0


def refresher(settings: Settings, redis: Redis, flows: Flows) -> web.Refresh:
    """A function that brings the series of the whole daemon up to date; they are not exported while Redis is away."""
    state = ClusterState(settings, redis, flows)

    async def refresh() -> None:
        try:
            series.EXPORTED.update(await state.read())
        except BaseException:
            # What Redis held a while ago would look like the present.
            series.EXPORTED.forget()
            raise

    return refresh


class ClusterState:
    """What is in Redis, as values of series; reads nothing whose size grows with the number of settled objects."""

    def __init__(self, settings: Settings, redis: Redis, flows: Flows) -> None:
        self._settings = settings
        self._redis = redis
        self._flows = flows
        self._queue = Queue(redis, namespace=settings.namespace, settings=settings.queue)
        self._durable: tuple[float, bool] | None = None

    async def read(self) -> dict[Series, Values]:
        """The values of every series now."""
        counts = await self._queue.counts()
        return {
            **await self._systems(),
            **self._jobs(counts),
            **await self._sources(),
            **await self._money(),
            **await self._processes(counts),
            series.REQUEUES: dict((await self._queue.counters()).requeues.items()),
            series.REDIS_DURABLE: {(): float(await self._is_durable())},
        }

    async def _systems(self) -> dict[Series, Values]:
        namespace = self._settings.namespace
        systems = {system.name: system for flow in self._flows for system in flow.systems}
        on_hold = await SystemHolds(self._redis, namespace=namespace).all()
        used: dict[tuple[str, ...], float] = {}
        allowed: dict[tuple[str, ...], float] = {}
        for name, system in systems.items():
            rate = self._settings.of(system.settings).rate_limit
            found = await usage(self._redis, namespace=namespace, system=name, rate=rate)
            if found is not None:
                used[name,], allowed[name,] = found.used, found.allowed
        return {
            series.LIMITER_USED: used,
            series.LIMITER_LIMIT: allowed,
            series.ON_HOLD: {(name,): float(name in on_hold) for name in systems},
        }

    def _jobs(self, counts: Counts) -> dict[Series, Values]:
        flows = {name: counts.flows.get(name, FlowCounts()) for name in {*self._flows.names, *counts.flows}}
        return {
            series.QUEUE_JOBS: {
                (name, state): getattr(flow, state) for name, flow in flows.items() for state in _STATES
            },
            series.QUEUE_OLDEST_PENDING: {
                (name, lane): flow.oldest_pending_age_ms.get(lane, 0) / 1000
                for name, flow in flows.items()
                for lane in LANES
            },
            series.JOBS_WAITING: {
                (name, error): count
                for name, flow in flows.items()
                for error, count in flow.waiting_by_error.items()
            },
            series.DEAD_LETTERS: {
                (name, error): count
                for name, flow in flows.items()
                for error, count in flow.dead_by_error.items()
            },
        }

    async def _sources(self) -> dict[Series, Values]:
        namespace = self._settings.namespace
        read: dict[tuple[str, ...], float] = {}
        for one in self._flows.registrations.values():
            for name, _ in one.source.watermarks(one.flow, self._settings):
                moment = await Watermark(self._redis, namespace=namespace, name=name).get()
                if moment is not None:
                    read[name,] = moment.timestamp()
        done = await scheduler.last_done(self._redis, namespace)
        return {
            series.WATERMARK: read,
            series.SCHEDULE_LAST_SUCCESS: {(name,): at_ms / 1000 for name, at_ms in done.items()},
            series.FULL_SYNC: {
                (name.removesuffix(_FULL_SYNC),): at_ms / 1000
                for name, at_ms in done.items()
                if name.endswith(_FULL_SYNC)
            },
        }

    async def _money(self) -> dict[Series, Values]:
        found = await MoneyDiscrepancies(self._redis, namespace=self._settings.namespace).all()
        keys: dict[str, set[str]] = {name: set() for name in self._flows.names}
        amounts: dict[tuple[str, ...], Decimal] = {}
        for one in found:
            flow = self._flow(one)
            keys.setdefault(flow, set()).add(one.key)
            labels = (flow, one.discrepancy.currency)
            amounts[labels] = amounts.get(labels, Decimal(0)) + abs(one.discrepancy.difference)
        return {
            series.MISMATCH_OBJECTS: {(flow,): len(keys[flow]) for flow in self._flows.names},
            series.MISMATCH_AMOUNT: {labels: float(amount) for labels, amount in amounts.items()},
        }

    def _flow(self, found: Found) -> str:
        accepts = (flow.name for flow in self._flows if flow.key_format.accepts(found.key))
        return next(accepts, "")

    async def _processes(self, counts: Counts) -> dict[Series, Values]:
        processes = await presence.present(self._redis, self._settings.namespace)
        workers = [one for one in processes if one.slots]
        return {
            series.WORKERS: {(): len(workers)},
            series.WORKER_SLOTS: {(): sum(one.slots for one in workers)},
            series.WORKER_SLOTS_BUSY: {(): counts.running + counts.dispatched},
        }

    async def _is_durable(self) -> bool:
        """Asked once a minute at most, because it hardly ever changes."""
        if self._durable is None or time.monotonic() - self._durable[0] > _DURABILITY_SECONDS:
            found = await redis_module.durability(self._redis)
            self._durable = time.monotonic(), not found.warnings
        return self._durable[1]
