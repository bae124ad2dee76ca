"""Runs delivered jobs and never raises: an error becomes the outcome of the run."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import time
from collections.abc import Callable, Collection, Coroutine, Mapping
from functools import cache
from typing import Any

import redis.exceptions
import structlog
from prometheus_client import Counter, Gauge, Histogram

from cwbridge import clock, concurrency, errors, freshness, metrics
from cwbridge.connectors import write_guard
from cwbridge.limits import lane, priority
from cwbridge.queue import outcome as outcomes
from cwbridge.queue.failure import Failure
from cwbridge.queue.job import Enqueue, Run
from cwbridge.queue.lease import Lease
from cwbridge.queue.outcome import DeadLettered, Deferred, Outcome, Retried, Succeeded
from cwbridge.queue.queue import Queue, Settled

Handler = Callable[[Run], Coroutine[Any, Any, None]]

_SETTLE_AGAIN_SECONDS = 0.5

log = structlog.stdlib.get_logger(__name__)


class Runner:
    """Runs deliveries with the handler of their flow."""

    def __init__(self, queue: Queue, handlers: Mapping[str, Handler]) -> None:
        self._queue = queue
        self._handlers = handlers

    @property
    def flows(self) -> Collection[str]:
        """The flows that it has a handler for."""
        return self._handlers.keys()

    async def run(self, key: str, fencing_token: int) -> None:
        """Run one delivery; raises nothing but CancelledError, after which the job goes on elsewhere at once."""
        taken_at = clock.lasting_seconds()
        try:
            run = await self._queue.start(key, fencing_token)
        except Exception as error:  # noqa: BLE001 - the lease of the delivery ends, then the key is delivered again
            log.warning("job_start_failed", key=key, fencing_token=fencing_token, error=type(error).__name__)
            return
        if run is None:
            log.debug("delivery_stale", key=key, fencing_token=fencing_token)
            return
        context = {
            "key": run.key,
            "flow": run.flow,
            "fencing_token": run.fencing_token,
            "attempt": run.attempts + 1,
            "lane": run.lane,
            "mode": run.mode,
        }
        with structlog.contextvars.bound_contextvars(**context):
            await self._run(run, taken_at)

    async def _run(self, run: Run, taken_at: float) -> None:
        began = time.monotonic()
        log.debug("job_started")
        _of_lane(run.flow, run.lane).observe(max(0, run.started_ms - run.due_ms) / 1000)
        with _in_progress(run.flow).track_inprogress():
            async with Lease(self._queue, run, taken_at=taken_at) as lease:
                try:
                    outcome = await self._outcome(run, lease)
                    state = await self._settle(run, outcome, lease)
                except asyncio.CancelledError:
                    await concurrency.to_the_end(self._settle(run, Deferred(0), lease))
                    log.info("job_broken_off")
                    raise
        if state is None:
            await self._look_again(run)
        outcome = await self._as_settled(run, outcome, state)
        _report(run.flow, outcome, state, time.monotonic() - began)

    async def _outcome(self, run: Run, lease: Lease) -> Outcome:
        """Let the handler work until it ends or the lease does."""
        work = asyncio.create_task(self._work(run, lease), name=run.key)
        lease.covers(work)
        try:
            await asyncio.wait({work})
        finally:
            work.cancel()
            (end,) = await asyncio.gather(work, return_exceptions=True)
        return self._meaning(end, lease)

    def _meaning(self, end: BaseException | None, lease: Lease) -> Outcome:
        if end is None:
            return Succeeded()
        broken_off = isinstance(end, errors.LeaseLost | asyncio.CancelledError)
        if broken_off and lease.lost:
            return Deferred(0)
        if isinstance(end, Exception):
            return outcomes.of(end)
        # A handler that cancels itself would be run again without end if it were taken for a broken off one.
        return DeadLettered(Failure.of(end))

    async def _work(self, run: Run, lease: Lease) -> None:
        """Runs in a task of its own, so that the context variables set here end with it."""
        write_guard.CURRENT.set(lease)
        lane.CURRENT.set(run.lane)
        priority.CALLS_MADE.set(collections.Counter())
        change = freshness.Change()
        freshness.CURRENT.set(change)
        await self._handlers[run.flow](run)
        if run.lane == "fresh":
            freshness.observe(change, run.flow)

    async def _settle(self, run: Run, outcome: Outcome, lease: Lease) -> Settled | None:
        """End the run in Redis; repeat while Redis is away and the lease lasts."""
        while not lease.taken:
            with contextlib.suppress(redis.exceptions.RedisError, OSError):
                return await self._queue.settle(run, outcome)
            if lease.lost:
                break
            await asyncio.sleep(_SETTLE_AGAIN_SECONDS)
        return None

    async def _look_again(self, run: Run) -> None:
        """Have the target compared once more: a write that was under way may have arrived after another run had looked.

        A worker that is stopped between the check of its lease and the sending cannot be told; it sends when it wakes up.
        """
        with contextlib.suppress(redis.exceptions.RedisError, OSError, errors.Busy):
            await self._queue.enqueue(Enqueue(key=run.key, flow=run.flow, lane="backlog", mode="verify"))

    async def _as_settled(self, run: Run, outcome: Outcome, state: Settled | None) -> Outcome:
        """The outcome after the queue dead-lettered a last attempt or a wait that closes a circle."""
        if state != "dead":
            return outcome
        if isinstance(outcome, Retried):
            return DeadLettered(outcome.failure)
        if isinstance(outcome, Deferred):
            failure = Failure.of_circle()
            with contextlib.suppress(redis.exceptions.RedisError, OSError):
                job = await self._queue.job(run.key)
                failure = (job.failure if job is not None else None) or failure
            return DeadLettered(failure)
        return outcome


def _report(flow: str, outcome: Outcome, state: Settled | None, seconds: float) -> None:
    """Count and log how a run ended."""
    end = "lease_lost" if state is None else _END[type(outcome)]
    _runs(flow, end).inc()
    _duration(flow, end).observe(seconds)
    if state is None:
        log.warning("job_lease_lost", seconds=round(seconds, 3))
        return
    match outcome:
        case Succeeded():
            metrics.LAST_SUCCESS.labels(flow).set_to_current_time()
            log.info("job_completed", seconds=round(seconds, 3), state=state)
        case Deferred(failure=None):
            log.info("job_deferred", wait_seconds=0)
        case Deferred(failure=Failure() as failure):
            log.info("job_deferred", wait_seconds=round(outcome.seconds, 3), **_fields(failure))
        case Retried():
            log.warning("job_retry_scheduled", **_fields(outcome.failure))
        case DeadLettered():
            trace = outcome.failure.trace or None
            log.error("job_dead_lettered", **_fields(outcome.failure), trace=trace)


_END = {
    Succeeded: "succeeded",
    Deferred: "deferred",
    Retried: "retried",
    DeadLettered: "dead_lettered",
}


def _fields(failure: Failure) -> dict[str, str]:
    return {
        "error": failure.error,
        "cause": failure.cause,
        "detail": failure.detail,
        "remedy": failure.remedy,
    }


# Looking up a labelled series costs more than counting in it.
@cache
def _of_lane(flow: str, own: lane.Lane) -> Histogram:
    return metrics.JOB_QUEUE_WAIT.labels(flow, own)


@cache
def _in_progress(flow: str) -> Gauge:
    return metrics.JOBS_IN_PROGRESS.labels(flow)


@cache
def _runs(flow: str, end: str) -> Counter:
    return metrics.JOB_RUNS.labels(flow, end)


@cache
def _duration(flow: str, end: str) -> Histogram:
    return metrics.JOB_DURATION.labels(flow, end)
