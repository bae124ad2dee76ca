"""A worker process of the queue's benchmarks: `engine` as deployed, or bare `arq`; it does nothing in each job, and says when.

Arguments: kind, URL of Redis, namespace, slots. It prints `ready`, works until its standard input ends, and prints as JSON how many
runs it did, when the first and the last of them began (monotonic seconds), and the processor time it used since it was ready.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from datetime import timedelta
from typing import Any

import arq
import uvloop

from cwbridge import log
from cwbridge import redis as redis_module
from cwbridge.queue import arq_port
from cwbridge.queue.job import Run
from cwbridge.queue.queue import Queue
from cwbridge.queue.runner import Runner
from cwbridge.settings import QueueSettings


class Tally:
    """When runs began."""

    def __init__(self) -> None:
        self.runs = 0
        self.first = self.last = 0.0

    def count(self) -> None:
        self.last = time.monotonic()
        self.first = self.first or self.last
        self.runs += 1


async def engine(url: str, namespace: str, slots: int, tally: Tally, stop: asyncio.Event) -> None:
    async def handle(_run: Run) -> None:
        tally.count()

    client = redis_module.connect(url)
    settings = QueueSettings(concurrency=slots, debounce=timedelta(0))
    queue = Queue(client, namespace=namespace, settings=settings)
    await arq_port.serve(client, queue, Runner(queue, {"bench": handle}), stop=stop)
    await client.aclose()


async def bare_arq(url: str, namespace: str, slots: int, tally: Tally, stop: asyncio.Event) -> None:
    async def handle(ctx: dict[Any, Any], *args: Any, **kwargs: Any) -> None:
        tally.count()

    client = redis_module.connect(url)
    worker = arq.Worker(
        [arq.worker.func(handle, name="run")],
        redis_pool=arq.ArqRedis(pool_or_conn=client.connection_pool),
        queue_name=namespace,
        max_jobs=slots,
        keep_result=0,
        handle_signals=False,
    )
    running = asyncio.create_task(worker.async_run())
    await stop.wait()
    running.cancel()
    await asyncio.wait({running})
    await client.aclose()


async def main(kind: str, url: str, namespace: str, slots: int) -> None:
    log.configure(level="warning")
    tally, stop = Tally(), asyncio.Event()
    serve = {"engine": engine, "arq": bare_arq}[kind]
    serving = asyncio.create_task(serve(url, namespace, slots, tally, stop))
    used_before = time.process_time()
    print("ready", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    used = time.process_time() - used_before
    stop.set()
    await serving
    print(json.dumps({"runs": tally.runs, "first": tally.first, "last": tally.last, "cpu": used}), flush=True)


if __name__ == "__main__":
    kind, url, namespace, slots = sys.argv[1:]
    uvloop.run(main(kind, url, namespace, int(slots)))
