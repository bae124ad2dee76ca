"""arq as the deliverer of jobs, and nothing more: no state of the queue depends on what it remembers.

What arq does with an id (drop a second enqueue, keep a result, hold a lock for the longest timeout) cannot hurt, because every
delivery has an id of its own, `{namespace}:{key}#{fencing_token}`. Every worker has an arq queue of its own, so that it gets what it
claimed and workers do not race for the head of one queue. A claim writes its deliveries into that queue; the worker then tells
arq to start them, so that nothing waits for arq's next poll.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import uuid
from collections.abc import Sequence
from typing import Any

import arq.connections
import arq.constants
import arq.worker
import msgspec
import redis.exceptions
import structlog

from cwbridge import concurrency
from cwbridge.queue import wakeup
from cwbridge.queue.dispatcher import Dispatcher
from cwbridge.queue.job import Delivery
from cwbridge.queue.queue import Queue
from cwbridge.queue.runner import Runner
from cwbridge.redis import Redis

_FUNCTION = "run"
# Only for deliveries whose start was broken off by an error.
_POLL_SECONDS = 5.0
# Longer than any run: leases, not arq's time-outs and tries, say when a run is over.
_JOB_TIMEOUT_SECONDS = 30 * 24 * 3600
_TRIES = 1_000_000
_HEALTH_SECONDS = 60
_MAX_BODY_BYTES = 64 * 1024
_RESTART_SECONDS = (0.2, 10.0)
_GOODBYE_SECONDS = 10.0
# A slot is free when its run has ended; arq counts the run for the one command more that removes its keys.
_ARQ_SLOTS_PER_SLOT = 4

log = structlog.stdlib.get_logger(__name__)


class _Body(
    msgspec.Struct,
    forbid_unknown_fields=True,
    rename={"tries": "t", "function": "f", "args": "a", "kwargs": "k", "at": "et"},
):
    """What arq reads from a job: key and fencing token, and nothing that could run."""

    function: str
    args: tuple[str, int]
    kwargs: dict[str, None]
    at: int
    tries: int | None = None


def encode(body: dict[str, Any]) -> bytes:
    """The serializer for arq: JSON instead of pickle."""
    return msgspec.json.encode(body)


def decode(data: bytes) -> dict[str, Any]:
    """The deserializer for arq; raises ValueError for anything but a key and a fencing token."""
    if len(data) > _MAX_BODY_BYTES:
        raise ValueError(f"the body of a job has {len(data)} bytes, at most {_MAX_BODY_BYTES} are read")
    body: dict[str, Any] = msgspec.to_builtins(msgspec.json.decode(data, type=_Body))
    return body


def redis_for_arq(client: Redis, *, arq_queue: str) -> arq.connections.ArqRedis:
    """arq's client over the connections of `client`, with their retries and the codec of this module."""
    return arq.connections.ArqRedis(
        pool_or_conn=client.connection_pool,
        job_serializer=encode,
        job_deserializer=decode,
        default_queue_name=arq_queue,
    )


def build_worker(
    client: arq.connections.ArqRedis, function: arq.worker.Function, *, slots: int, arq_queue: str
) -> arq.worker.Worker:
    """An arq worker that delivers and forgets: no result, no time-out, no tries, no signals, no abort."""
    return arq.worker.Worker(
        [function],
        queue_name=arq_queue,
        redis_pool=client,
        handle_signals=False,
        max_jobs=slots * _ARQ_SLOTS_PER_SLOT,
        job_timeout=_JOB_TIMEOUT_SECONDS,
        keep_result=0,
        max_tries=_TRIES,
        poll_delay=_POLL_SECONDS,
        health_check_interval=_HEALTH_SECONDS,
        health_check_key=f"{arq_queue}:health",
        job_serializer=encode,
        job_deserializer=decode,
        allow_abort_jobs=False,
        log_results=False,
    )


async def serve(client: Redis, queue: Queue, runner: Runner, *, stop: asyncio.Event) -> None:
    """Work until `stop` is set: then claim nothing more, let runs end for `settings.shutdown_timeout`, break off the rest.

    It goes on after outages of Redis. When cancelled, runs are broken off at once; they go on elsewhere at no cost.
    """
    service = Service(client, queue, runner)
    loops = [asyncio.create_task(loop()) for loop in (service.dispatch, service.listen, service.deliver)]
    stopped = asyncio.create_task(stop.wait())
    drain_seconds = 0.0
    try:
        await asyncio.wait([stopped, *loops], return_when=asyncio.FIRST_COMPLETED)
        drain_seconds = queue.settings.shutdown_timeout.total_seconds()
    finally:
        await concurrency.end(stopped, *loops)
        ends = await asyncio.gather(*loops, return_exceptions=True)
        await service.drain(drain_seconds)
    for end in ends:
        if isinstance(end, Exception):
            raise end


class Service:
    """One worker: its dispatcher, its arq loop and the runs under way."""

    def __init__(self, client: Redis, queue: Queue, runner: Runner) -> None:
        name = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
        self.arq_queue = f"{queue.namespace}:arq:{name}"
        self._client = redis_for_arq(client, arq_queue=self.arq_queue)
        self._queue = queue
        self._runner = runner
        self._dispatcher = Dispatcher(queue, self._start, flows=runner.flows, arq_queue=self.arq_queue)
        self._arq = self._new_arq()
        self._runs: set[asyncio.Task[Any]] = set()
        self._deliveries: set[asyncio.Task[Any]] = set()

    async def dispatch(self) -> None:
        """Claim and start until cancelled."""
        await self._dispatcher.run()

    async def listen(self) -> None:
        """Wake the dispatcher when a key becomes due, until cancelled."""
        await wakeup.listen(self._client, f"{self._queue.namespace}:wake", self._dispatcher.due_at)

    async def deliver(self) -> None:
        """Run arq's loop until cancelled, and anew whenever it ends: arq does not outlive a connection error."""
        shortest, longest = _RESTART_SECONDS
        pause = shortest
        clock = asyncio.get_running_loop().time
        while True:
            began = clock()
            try:
                await self._arq.async_run()
            except Exception as error:  # noqa: BLE001 - whatever ended arq's loop, jobs must be delivered
                log.warning("arq_loop_ended", error=type(error).__name__, detail=str(error)[:300])
            finally:
                self._keep(self._arq)
            self._arq = self._new_arq()
            pause = shortest if clock() - began > longest else min(2 * pause, longest)
            await asyncio.sleep(pause)

    async def drain(self, seconds: float) -> None:
        """Give back what has not begun, wait for what has, and break off what takes longer."""
        await self._quietly(self._queue.give_back(self.arq_queue))
        if self._runs:
            log.info("worker_drains", runs=len(self._runs), seconds=seconds)
            await asyncio.wait(self._runs, timeout=seconds)
        for task in self._runs:
            task.cancel()
        if self._runs:
            await asyncio.wait(self._runs, timeout=_GOODBYE_SECONDS)
        if self._deliveries:
            await asyncio.wait(self._deliveries, timeout=_GOODBYE_SECONDS)
        await self._quietly(self._clean_up())

    def _new_arq(self) -> arq.worker.Worker:
        function = arq.worker.func(self._run, name=_FUNCTION)
        slots = self._queue.settings.concurrency
        return build_worker(self._client, function, slots=slots, arq_queue=self.arq_queue)

    async def _start(self, deliveries: Sequence[Delivery]) -> None:
        worker = self._arq
        await worker.start_jobs([self._arq_id(delivery).encode() for delivery in deliveries])
        self._keep(worker)

    def _arq_id(self, delivery: Delivery) -> str:
        return f"{self._queue.namespace}:{delivery.key}#{delivery.fencing_token}"

    def _keep(self, worker: arq.worker.Worker) -> None:
        """Take over arq's tasks: they outlive its loop, and end more often than it polls."""
        for task in worker.tasks.values():
            self._deliveries.add(task)
            task.add_done_callback(self._delivery_ended)
        worker.tasks.clear()

    async def _run(self, ctx: dict[Any, Any], *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 - as arq calls it
        key, fencing_token = args
        task = asyncio.current_task()
        if task is None:
            return
        self._runs.add(task)
        self._dispatcher.begun(fencing_token)
        try:
            await self._runner.run(key, fencing_token)
        finally:
            self._runs.discard(task)
            self._dispatcher.ended(fencing_token)

    def _delivery_ended(self, task: asyncio.Task[Any]) -> None:
        self._deliveries.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # The run itself never raises; what arq could not remove goes with the lease or with the worker.
            log.warning("arq_delivery_failed", error=type(error).__name__, detail=str(error)[:300])

    async def _clean_up(self) -> None:
        """Nothing of this worker's arq queue stays behind."""
        prefixes = (
            arq.constants.job_key_prefix,
            arq.constants.in_progress_key_prefix,
            arq.constants.retry_key_prefix,
        )
        left = [
            f"{prefix}{name.decode()}"
            for name in await self._client.zrange(self.arq_queue, 0, -1)
            for prefix in prefixes
        ]
        await self._client.delete(self.arq_queue, f"{self.arq_queue}:health", *left)

    async def _quietly(self, doing: Any) -> None:
        # Without Redis the leases end by themselves and arq's keys expire.
        with contextlib.suppress(redis.exceptions.RedisError, OSError, TimeoutError):
            async with asyncio.timeout(_GOODBYE_SECONDS / 2):
                await doing
