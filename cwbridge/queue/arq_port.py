"""arq as the deliverer of jobs, and nothing more: no state of ours depends on what it remembers.

What arq does with an id (drop a second enqueue, keep a result, hold a lock for the longest timeout) cannot hurt, because every
delivery has an id of its own, `{namespace}:{key}#{fencing_token}`. Every worker has an arq queue of its own, so that it gets what it
claimed and workers do not race for the head of one queue.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import uuid
from typing import Any

import arq.connections
import arq.constants
import arq.worker
import msgspec
import redis.exceptions
import structlog

from cwbridge import concurrency
from cwbridge.queue.dispatcher import Dispatcher
from cwbridge.queue.queue import Queue
from cwbridge.queue.runner import Runner
from cwbridge.redis import Redis

_FUNCTION = "run"
_POLL_SECONDS = 0.05
_BODY_LASTS_SECONDS = 24 * 3600
# Longer than any run: leases, not arq's time-outs and tries, say when a run is over.
_JOB_TIMEOUT_SECONDS = 30 * 24 * 3600
_TRIES = 1_000_000
_HEALTH_SECONDS = 60
_MAX_BODY_BYTES = 64 * 1024
_RESTART_SECONDS = (0.2, 10.0)
_GOODBYE_SECONDS = 10.0

log = structlog.stdlib.get_logger(__name__)


class _Body(
    msgspec.Struct,
    forbid_unknown_fields=True,
    rename={"tries": "t", "function": "f", "args": "a", "kwargs": "k", "at": "et"},
):
    """What arq puts into a job: key and ticket, and nothing that could run."""

    function: str
    args: tuple[str, int]
    kwargs: dict[str, None]
    at: int
    tries: int | None = None


def encode(body: dict[str, Any]) -> bytes:
    """The serializer for arq: JSON instead of pickle."""
    return msgspec.json.encode(body)


def decode(data: bytes) -> dict[str, Any]:
    """The deserializer for arq; raises ValueError for anything but a key and a ticket."""
    if len(data) > _MAX_BODY_BYTES:
        raise ValueError(f"the body of a job has {len(data)} bytes, at most {_MAX_BODY_BYTES} are read")
    body: dict[str, Any] = msgspec.to_builtins(msgspec.json.decode(data, type=_Body))
    return body


def redis_for_arq(client: Redis, *, arq_queue: str) -> arq.connections.ArqRedis:
    """arq's client over our own connections, with their patience and our codec."""
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
        max_jobs=slots,
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

    Outages of Redis are sat out. When cancelled, runs are broken off at once; they go on elsewhere at no cost.
    """
    service = Service(client, queue, runner)
    loops = [asyncio.create_task(service.dispatch()), asyncio.create_task(service.deliver())]
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
        self._arq_queue = f"{queue.namespace}:arq:{name}"
        self._client = redis_for_arq(client, arq_queue=self._arq_queue)
        self._queue = queue
        self._runner = runner
        self._dispatcher = Dispatcher(queue, self._enqueue, arq_queue=self._arq_queue)
        self._runs: set[asyncio.Task[Any]] = set()
        self._deliveries: set[asyncio.Task[Any]] = set()

    async def dispatch(self) -> None:
        """Claim and enqueue until cancelled."""
        await self._dispatcher.run()

    async def deliver(self) -> None:
        """Run arq's loop until cancelled, and anew whenever it ends: arq does not outlive a connection error."""
        shortest, longest = _RESTART_SECONDS
        pause = shortest
        clock = asyncio.get_running_loop().time
        while True:
            began = clock()
            try:
                await self._run_arq()
            except Exception as error:  # noqa: BLE001 - whatever ended arq's loop, jobs must be delivered
                log.warning("arq_loop_ended", error=type(error).__name__, detail=str(error)[:300])
            pause = shortest if clock() - began > longest else min(2 * pause, longest)
            await asyncio.sleep(pause)

    async def drain(self, seconds: float) -> None:
        """Give back what has not begun, wait for what has, and break off what takes longer."""
        await self._quietly(self._queue.give_back(self._arq_queue))
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

    async def _enqueue(self, key: str, fencing_token: int) -> None:
        await self._client.enqueue_job(
            _FUNCTION,
            key,
            fencing_token,
            _job_id=f"{self._queue.namespace}:{key}#{fencing_token}",
            _expires=_BODY_LASTS_SECONDS,
        )

    async def _run_arq(self) -> None:
        slots = self._queue.settings.concurrency
        function = arq.worker.func(self._run, name=_FUNCTION)
        worker = build_worker(self._client, function, slots=slots, arq_queue=self._arq_queue)
        try:
            await worker.async_run()
        finally:
            # They outlive their loop; somebody must hear how they end.
            for task in worker.tasks.values():
                self._deliveries.add(task)
                task.add_done_callback(self._delivery_ended)

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
        if not task.cancelled():
            task.exception()

    async def _clean_up(self) -> None:
        """Nothing of this worker's arq queue stays behind."""
        prefixes = (
            arq.constants.job_key_prefix,
            arq.constants.in_progress_key_prefix,
            arq.constants.retry_key_prefix,
        )
        left = [
            f"{prefix}{name.decode()}"
            for name in await self._client.zrange(self._arq_queue, 0, -1)
            for prefix in prefixes
        ]
        await self._client.delete(self._arq_queue, f"{self._arq_queue}:health", *left)

    async def _quietly(self, doing: Any) -> None:
        # Without Redis the leases end by themselves and arq's keys expire.
        with contextlib.suppress(redis.exceptions.RedisError, OSError, TimeoutError):
            async with asyncio.timeout(_GOODBYE_SECONDS / 2):
                await doing
