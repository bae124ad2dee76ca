"""Delivers jobs through arq; no state of the queue depends on what arq stores.

What arq does with an id (drop a second enqueue, keep a result, hold a lock for the longest timeout) does no harm, because every
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
from collections.abc import Iterable, Sequence
from typing import Any

import redis.exceptions
import structlog

from cwbridge import concurrency, wakeup
from cwbridge.queue import arq_worker
from cwbridge.queue.dispatcher import Dispatcher
from cwbridge.queue.job import Delivery
from cwbridge.queue.queue import Queue
from cwbridge.queue.runner import Runner
from cwbridge.redis import Redis

_RESTART_SECONDS = (0.2, 10.0)
GOODBYE_SECONDS = 10.0
"""How long runs that were broken off may take to end."""

log = structlog.stdlib.get_logger(__name__)


async def serve(client: Redis, queue: Queue, runner: Runner, *, stop: asyncio.Event) -> None:
    """Work until `stop` is set: then claim nothing more, let runs end for `settings.shutdown_timeout`, break off the rest.

    It goes on after outages of Redis. When cancelled, runs are broken off at once; they go on elsewhere at no cost.
    """
    service = Service(client, queue, runner)
    loops = [asyncio.create_task(loop()) for loop in (service.dispatch, service.listen, service.deliver)]
    stopped = asyncio.create_task(stop.wait())
    shutdown_seconds = 0.0
    try:
        await asyncio.wait([stopped, *loops], return_when=asyncio.FIRST_COMPLETED)
        shutdown_seconds = queue.settings.shutdown_timeout.total_seconds()
    finally:
        await concurrency.end(stopped, *loops)
        ends = await asyncio.gather(*loops, return_exceptions=True)
        await service.shut_down(shutdown_seconds)
    for end in ends:
        if isinstance(end, Exception):
            raise end


class Service:
    """One worker: its dispatcher, its arq loop and the runs under way."""

    def __init__(self, client: Redis, queue: Queue, runner: Runner) -> None:
        name = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
        self.arq_queue = f"{queue.namespace}:arq:{name}"
        self._client = arq_worker.redis_for_arq(client, arq_queue=self.arq_queue)
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
        """Run arq's loop until cancelled, and restart it whenever it ends, because a connection error ends it."""
        shortest, longest = _RESTART_SECONDS
        pause = shortest
        clock = asyncio.get_running_loop().time
        while True:
            began = clock()
            try:
                await self._arq.async_run()
            except Exception as error:  # noqa: BLE001 - jobs must be delivered whatever error ended arq's loop
                log.warning("arq_loop_ended", error=type(error).__name__, detail=str(error)[:300])
            finally:
                self._keep(self._arq.tasks.values())
            self._arq = self._new_arq()
            pause = shortest if clock() - began > longest else min(2 * pause, longest)
            await asyncio.sleep(pause)

    async def shut_down(self, seconds: float) -> None:
        """Give back deliveries that have not started, wait for runs under way, and break off those that take longer than `seconds`."""
        await self._quietly(self._queue.give_back(self.arq_queue))
        if self._runs:
            log.info("shutdown_started", runs=len(self._runs), seconds=seconds)
            await asyncio.wait(self._runs, timeout=seconds)
        for task in self._runs:
            task.cancel()
        if self._runs:
            await asyncio.wait(self._runs, timeout=GOODBYE_SECONDS)
        if self._deliveries:
            await asyncio.wait(self._deliveries, timeout=GOODBYE_SECONDS)
        await self._quietly(self._clean_up())

    def _new_arq(self) -> arq_worker.Worker:
        slots = self._queue.settings.concurrency
        return arq_worker.Worker(self._client, self._run, slots=slots, arq_queue=self.arq_queue)

    async def _start(self, deliveries: Sequence[Delivery]) -> None:
        namespace = self._queue.namespace
        arq_ids = [f"{namespace}:{delivery.key}#{delivery.fencing_token}" for delivery in deliveries]
        self._keep(await self._arq.start_now(arq_ids))

    def _keep(self, tasks: Iterable[asyncio.Task[None]]) -> None:
        """Observe the end of arq's tasks, which may outlive its loop."""
        for task in tasks:
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
        if not task.cancelled() and (error := task.exception()) is not None:
            # The run itself never raises; what arq could not remove is removed when the lease ends or the worker stops.
            log.warning("arq_delivery_failed", error=type(error).__name__, detail=str(error)[:300])

    async def _clean_up(self) -> None:
        """Delete everything of this worker's arq queue."""
        left = [name.decode() for name in await self._client.zrange(self.arq_queue, 0, -1)]
        await self._client.delete(self.arq_queue, f"{self.arq_queue}:health", *arq_worker.keys_of(left))

    async def _quietly(self, doing: Any) -> None:
        # Without Redis the leases end by themselves and arq's keys expire.
        with contextlib.suppress(redis.exceptions.RedisError, OSError, TimeoutError):
            async with asyncio.timeout(GOODBYE_SECONDS / 2):
                await doing
