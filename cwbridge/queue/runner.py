"""Does what a delivered job asks for, and never raises: what went wrong becomes the outcome of the run."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

import redis.exceptions
import structlog

from cwbridge import clock, errors, keys, metrics
from cwbridge.connectors import write_guard
from cwbridge.limits import lane
from cwbridge.queue import outcome as outcomes
from cwbridge.queue.failure import Failure
from cwbridge.queue.job import Run, flow_of
from cwbridge.queue.lease import Lease
from cwbridge.queue.outcome import DeadLettered, Deferred, Outcome, Retried, Succeeded
from cwbridge.queue.queue import Queue, Settled

Handler = Callable[[Run], Coroutine[Any, Any, None]]
OnSettled = Callable[[Run, Outcome], Awaitable[None]]

_SETTLE_AGAIN_SECONDS = 0.5

log = structlog.stdlib.get_logger(__name__)


class Runner:
    """Runs deliveries: `flows` names the handler of each flow, `on_settled` hears how each run ended."""

    def __init__(
        self, queue: Queue, flows: Mapping[str, Handler], *, on_settled: OnSettled | None = None
    ) -> None:
        self._queue = queue
        self._flows = flows
        self._on_settled = on_settled

    async def run(self, key_text: str, fencing_token: int) -> None:
        """Run one delivery; raises nothing but CancelledError, after which the job goes on elsewhere at once."""
        taken_at = clock.lasting_seconds()
        try:
            run = await self._queue.start(key_text, fencing_token)
        except Exception as error:  # noqa: BLE001 - the lease of the delivery ends, then it is delivered anew
            log.warning(
                "job_start_failed", key=key_text, fencing_token=fencing_token, error=type(error).__name__
            )
            return
        if run is None:
            log.debug("delivery_stale", key=key_text, fencing_token=fencing_token)
            return
        context = {
            "key": run.key,
            "fencing_token": run.fencing_token,
            "attempt": run.attempts + 1,
            "lane": run.lane,
        }
        with structlog.contextvars.bound_contextvars(**context):
            await self._run(run, taken_at)

    async def _run(self, run: Run, taken_at: float) -> None:
        flow, began = flow_of(run.key), time.monotonic()
        metrics.QUEUE_WAIT.labels(flow).observe(max(0, run.started_ms - run.due_ms) / 1000)
        with metrics.JOBS_RUNNING.labels(flow).track_inprogress():
            async with Lease(self._queue, run, taken_at=taken_at) as lease:
                try:
                    outcome = await self._outcome(run, lease)
                    after = await self._settle(run, outcome, lease)
                except asyncio.CancelledError:
                    await asyncio.shield(asyncio.ensure_future(self._settle(run, Deferred(0), lease)))
                    log.info("job_broken_off")
                    raise
        await self._report(run, flow, outcome, after, time.monotonic() - began)

    async def _outcome(self, run: Run, lease: Lease) -> Outcome:
        """Let the handler work until it ends or the lease does."""
        work = asyncio.create_task(self._work(run, lease), name=run.key)
        lost = asyncio.create_task(lease.lost.wait())
        try:
            await asyncio.wait({work, lost}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            lost.cancel()
            work.cancel()
            (end,) = await asyncio.gather(work, return_exceptions=True)
        return self._meaning(end, lease)

    def _meaning(self, end: BaseException | None, lease: Lease) -> Outcome:
        if end is None:
            return Succeeded()
        broken_off = isinstance(end, errors.LeaseLost | asyncio.CancelledError)
        if broken_off and lease.lost.is_set():
            return Deferred(0)
        if isinstance(end, Exception):
            return outcomes.of(end)
        # A handler that cancels itself would be run again without end if it were taken for a broken off one.
        return DeadLettered(Failure.of(end))

    async def _work(self, run: Run, lease: Lease) -> None:
        """In a task of its own, so that what is set here ends with it."""
        write_guard.CURRENT.set(lease)
        lane.CURRENT.set(run.lane)
        key = keys.Key.parse(run.key)
        handler = self._flows.get(key.flow)
        if handler is None:
            raise errors.Refused(
                f"this worker has no flow {key.flow!r}",
                remedy="Switch its systems on in the settings, then requeue.",
            )
        await handler(run)

    async def _settle(self, run: Run, outcome: Outcome, lease: Lease) -> Settled | None:
        """Say how the run ended, again and again while Redis is away and the lease lasts."""
        while not lease.taken:
            with contextlib.suppress(redis.exceptions.RedisError, OSError):
                return await self._queue.settle(run, outcome)
            if lease.lost.is_set():
                break
            await asyncio.sleep(_SETTLE_AGAIN_SECONDS)
        return None

    async def _report(
        self, run: Run, flow: str, outcome: Outcome, after: Settled | None, seconds: float
    ) -> None:
        metrics.JOB_DURATION.labels(flow).observe(seconds)
        if after is None:
            metrics.JOBS.labels(flow, "lease_lost").inc()
            log.warning("job_lease_lost", seconds=round(seconds, 3))
            return
        if after == "dead" and isinstance(outcome, Retried):
            outcome = DeadLettered(outcome.failure)
        match outcome:
            case Succeeded():
                metrics.JOBS.labels(flow, "done").inc()
                metrics.SYNC_LAG.labels(flow).observe(
                    max(0.0, (run.started_ms - run.since_ms) / 1000 + seconds)
                )
                metrics.LAST_SUCCESS.labels(flow).set_to_current_time()
                log.info("job_settled", seconds=round(seconds, 3), after=after)
            case Deferred():
                metrics.JOBS.labels(flow, "wait").inc()
                log.info("job_waits", wait_seconds=round(outcome.seconds, 3), **_told(outcome.failure))
            case Retried():
                metrics.JOBS.labels(flow, "retry").inc()
                log.warning("job_tries_again", **_told(outcome.failure))
            case DeadLettered():
                metrics.JOBS.labels(flow, "dead").inc()
                metrics.DEAD_LETTERS.labels(flow, outcome.failure.error).inc()
                log.error("job_given_up", **_told(outcome.failure), trace=outcome.failure.trace or None)
        await self._tell(run, outcome)

    async def _tell(self, run: Run, outcome: Outcome) -> None:
        if self._on_settled is None:
            return
        try:
            await self._on_settled(run, outcome)
        except Exception as error:  # noqa: BLE001 - the run is settled whatever the listener makes of it
            log.warning("job_history_lost", error=type(error).__name__, detail=str(error)[:300])


def _told(failure: Failure | None) -> dict[str, str]:
    if failure is None:
        return {}
    return {
        "error": failure.error,
        "cause": failure.cause,
        "detail": failure.detail,
        "remedy": failure.remedy,
    }
