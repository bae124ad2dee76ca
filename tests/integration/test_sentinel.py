"""Redis with Sentinel, as deploy/redis sets it up: the primary is found, a failover is survived, writes that it may lose are refused."""

from __future__ import annotations

import asyncio
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from cwbridge import errors
from cwbridge import redis as redis_module
from cwbridge.embedded_redis import server_binary
from cwbridge.ledger.attempts import Attempt, Attempts
from cwbridge.ledger.creates import Creates, Sent
from cwbridge.ledger.links import Link, Links
from cwbridge.locks import Locks
from cwbridge.queue.job import Enqueue, Run
from cwbridge.queue.outcome import Succeeded
from cwbridge.queue.queue import Queue
from cwbridge.settings import QueueSettings
from producers.watermarks import Watermark
from tests.support.jobs import claimed
from tests.support.sentinel_deployment import SentinelDeployment, launch
from tests.support.until import until

KEY = "jetbuilt/project/1"
ENQUEUE = Enqueue(key=KEY, flow="opportunity", lane="fresh")
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


class Work:
    """What a process does with Redis beside reading."""

    def __init__(self, redis: redis_module.Redis, namespace: str) -> None:
        self.queue = Queue(redis, namespace=namespace, settings=QueueSettings(debounce=timedelta(0)))
        self.watermark = Watermark(redis, namespace=namespace, name="jetbuilt")
        self.locks = Locks(redis, namespace=namespace)
        self.links = Links(redis, namespace=namespace)
        self.creates = Creates(redis, namespace=namespace)
        self.attempts = Attempts(redis, namespace=namespace)

    async def started(self) -> Run:
        """The run of the only key that is due."""
        [(key, fencing_token, *_)] = await claimed(self.queue, 1)
        run = await self.queue.start(key, fencing_token)
        assert run is not None
        return run


async def assert_refused(work: Work, run: Run) -> None:
    """What must be known before another system is written to counts as not written."""

    async def lock() -> None:
        async with work.locks.hold("catalog:ABC-1"):
            raise AssertionError("the lock would not outlive a failover")

    attempt = {"name": Attempt(side="target", source="a", target="b", sent="a")}
    writes = (
        work.queue.enqueue(ENQUEUE),
        work.queue.confirm(run),
        work.creates.begin("bss:account:1", {"name": Sent(own="a", sent="a")}),
        work.attempts.begin("bss:account:1", attempt),
        work.links.begin("opportunity", KEY, Link(target=1, how="created"), "new content"),
        lock(),
    )
    for refused in await asyncio.gather(*writes, return_exceptions=True):
        assert isinstance(refused, errors.Busy)
        assert refused.cause == "no replica of Redis has confirmed a write"
        assert "docs/redis.md" in refused.remedy


async def test_a_failover_that_loses_writes_loses_no_work(tmp_path: Path, namespace: str) -> None:
    # The example's primary would refuse writes without a replica: the worst case is one that takes them.
    settings = {"min-replicas-to-write": "0"}
    async with SentinelDeployment.running(
        tmp_path, launch, namespace=namespace, settings=settings
    ) as deployment:
        redis = redis_module.connect(deployment.url)
        work = Work(redis, namespace)
        assert not (await redis_module.check(redis, name="CWBRIDGE_REDIS__URL")).warnings
        await work.queue.enqueue(ENQUEUE)
        before = await work.started()
        assert await work.queue.confirm(before)
        assert await work.watermark.advance(NOON, await work.watermark.begin())
        async with work.locks.hold("catalog:ABC-1"):
            await work.creates.begin("bss:account:2", {"name": Sent(own="b", sent="b")})

        former = await deployment.primary()
        await deployment.cut_replicas(former)
        await assert_refused(work, before)
        reading = await work.watermark.begin()
        await work.queue.settle(before, Succeeded())
        (lost,) = await claimed(work.queue, 1)
        await redis.set(f"{namespace}:lost", "1")
        term = work.queue.term
        await deployment.kill(former)
        await deployment.join_replicas(former)

        # The first command after the failover waits for it.
        assert await redis.get(f"{namespace}:lost") is None
        assert await deployment.primary() != former
        assert work.queue.term > term
        assert not await work.watermark.advance(NOON + timedelta(hours=1), reading)
        assert (await work.watermark.begin()).since == NOON
        assert (await work.creates.of("bss:account:2")) == {"name": Sent(own="b", sent="b")}
        await deployment.joined()
        assert await work.queue.confirm(before)
        await work.queue.enqueue(msgspec.structs.replace(ENQUEUE, key="jetbuilt/project/2"))
        assert (await work.started()).fencing_token > lost.fencing_token
        await redis.aclose()


async def test_what_the_sentinels_cannot_name_is_said() -> None:
    nobody = redis_module.connect("redis+sentinel://:secret@127.0.0.1:1,127.0.0.1:2/quotes", patient=False)
    with pytest.raises(errors.StoreUnavailable) as refused:
        await redis_module.check(nobody, name="CWBRIDGE_REDIS__URL")
    await nobody.aclose()
    assert refused.value.cause == (
        "Redis named by CWBRIDGE_REDIS__URL cannot be used: none of 2 sentinels answers"
    )


async def test_a_server_in_cluster_mode_is_refused(tmp_path: Path) -> None:
    socket = tmp_path / "redis.sock"
    arguments = [server_binary(), "--cluster-enabled", "yes", "--port", "0"]
    arguments += ["--unixsocket", str(socket), "--dir", str(tmp_path), "--save", ""]
    server = await launch(arguments, tmp_path / "log")
    await until(socket.exists, what="the server listens")
    client = redis_module.connect(f"unix://{socket}")
    try:
        with pytest.raises(errors.SettingsError, match="cluster mode, which is not supported"):
            await redis_module.check(client, name="CWBRIDGE_REDIS__URL")
    finally:
        await client.aclose()
        server.signal(signal.SIGKILL)
        await server.ended()
