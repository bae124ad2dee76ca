"""One run's stage: stand-ins in this process, a Redis server and a fleet of processes around it, and a part for each flow."""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import redis.exceptions

from cwbridge import concurrency
from cwbridge.queue.counts import Counts
from cwbridge.queue.queue import Queue
from cwbridge.redis import reply
from cwbridge.settings import QueueSettings
from sandbox.faults import Faults
from sandbox.server import Options, Sandbox
from tests.fault.casting import NAMESPACE, Casting
from tests.fault.part import Part, SeededEditor
from tests.fault.processes import Fleet, Nursery
from tests.fault.redis_server import RedisServer
from tests.fault.sentinel_servers import SentinelServers
from tests.fault.violations import Violation

_LOOK_SECONDS = 0.1
_POLLS = 2

Act = Callable[["Stage"], Awaitable[None]]
E = TypeVar("E", bound=SeededEditor)


class Stage:
    """What a scenario works with."""

    def __init__(
        self,
        seed: int,
        box: Sandbox,
        store: RedisServer | SentinelServers,
        fleet: Fleet,
        *,
        parts: tuple[Part, ...],
        patience: float,
    ) -> None:
        self.dice = random.Random(f"{seed}:disruptions")
        self.box = box
        self.store = store
        self.fleet = fleet
        self.parts = parts
        self.patience = patience
        self.jobs = 0
        self.missed: list[str] = []
        self._editing = random.Random(f"{seed}:editing")
        self._claims = 0
        self._queue = Queue(store.client, namespace=NAMESPACE, settings=QueueSettings())

    @classmethod
    @asynccontextmanager
    async def opened(cls, nursery: Nursery, casting: Casting, seed: int) -> AsyncIterator[Stage]:
        """Everything up and working; the home is kept when the body raises."""
        home = Path(tempfile.mkdtemp(prefix="cwbridge-fault-"))
        options = Options(seed=seed, limits=casting.limits, latency_ms=casting.latency_ms)
        async with (
            Sandbox(options, world=casting.world(seed)) as box,
            casting.store(nursery, home) as store,
        ):
            casting.prepare(box)
            parts = casting.parts(box, seed)
            fleet = Fleet(
                nursery,
                environment=casting.environment(box, store.url, parts),
                logs=home,
                without=casting.without,
                real_commands=casting.real_commands,
            )
            stage = cls(seed, box, store, fleet, parts=parts, patience=casting.patience)
            counting = asyncio.create_task(stage._count_jobs())
            try:
                fleet.man(workers=casting.workers, producers=casting.producers)
                yield stage
            finally:
                await concurrency.end(counting)
                await fleet.dismiss()
        shutil.rmtree(home)

    @property
    def redis(self) -> RedisServer:
        """The only server."""
        assert isinstance(self.store, RedisServer)
        return self.store

    @property
    def sentinels(self) -> SentinelServers:
        """The servers of a deployment with Sentinel."""
        assert isinstance(self.store, SentinelServers)
        return self.store

    def editor(self, kind: type[E]) -> E:
        """The editor of this kind."""
        return next(part.editor for part in self.parts if isinstance(part.editor, kind))

    async def keep_editing(self, *, every: float) -> None:
        """An edit of any part about every so many seconds, until cancelled."""
        while True:
            await asyncio.sleep(self._editing.expovariate(1 / every))
            self.edit()

    def edit(self) -> None:
        """Any one edit of any part."""
        self._editing.choice(self.parts).editor.edit()

    @property
    def edits(self) -> int:
        return sum(part.editor.made for part in self.parts)

    @property
    def writes(self) -> int:
        """How many writes in the middle of an apply were accepted."""
        return sum(part.writes() for part in self.parts)

    def violations(self) -> list[Violation]:
        """What any judge finds."""
        return [violation for part in self.parts for violation in part.judge.violations()]

    def faults(self, system: str) -> Faults:
        """The faults of a stand-in by the name of its system."""
        faults: Faults = getattr(self.box, f"{system}_faults")
        return faults

    def disarm(self, name: str | None = None) -> None:
        """No fault of this name, or none at all, on any side."""
        for system in ("connectwise", "jetbuilt", "bss"):
            self.faults(system).clear(name)

    async def wipe(self) -> None:
        """FLUSHALL."""
        self.note_memory_lost(whole=True)
        await self.redis.wipe()

    def note_memory_lost(self, *, whole: bool) -> None:
        """Tell the judges what nobody can know any more."""
        for part in self.parts:
            part.judge.note_memory_lost(whole=whole)

    @property
    def home(self) -> Path:
        return self.fleet.log("x").parent

    async def counts(self) -> Counts | None:
        """The queue's figures; None while Redis is away."""
        with suppress(redis.exceptions.RedisError, OSError):
            return await self._queue.counts()
        return None

    async def settled(self) -> list[str]:
        """Wait until everything seen is done and nothing is due; what is left when the patience ends is stuck."""
        edits = self.edits
        try:
            async with asyncio.timeout(self.patience):
                await self.polled(_POLLS)
                while True:
                    while not await self._quiet():  # noqa: ASYNC110 - other processes work, and none tells us
                        await asyncio.sleep(_LOOK_SECONDS)
                    # A poll may enqueue between the two looks; what is dead or held stays.
                    left = await self._left()
                    if not left or await self._quiet():
                        break
        except TimeoutError:
            return await self._left() or ["producers did not poll"]
        if not left and edits == self.edits:
            for part in self.parts:
                part.judge.note_settled()
        return left

    async def full_sync(self) -> list[str]:
        """`cwbridge sync --full` as an operator would run it; it must end with 0."""
        command = self.fleet.command("sync", "--full", "--json")
        try:
            async with asyncio.timeout(self.patience):
                await command.gone.wait()
        except TimeoutError:
            command.kill()
            return ["the full sync did not end", *await self._left()]
        return await self.settled()

    async def until(self, condition: Any, *, within: float = 15.0) -> bool:
        """Whether `condition()` came true in time."""
        try:
            async with asyncio.timeout(within):
                while not condition():  # noqa: ASYNC110 - as above
                    await asyncio.sleep(0.005)
        except TimeoutError:
            return False
        return True

    async def polled(self, times: int) -> None:
        """As many polls of each collection as asked for end after now; all but the first of them began after now."""
        names = [name for part in self.parts for name in part.schedules]
        ended: Counter[str] = Counter()
        before = await self._slots(names)
        while any(ended[name] < times for name in names):
            await asyncio.sleep(_LOOK_SECONDS / 4)
            now = await self._slots(names)
            ended.update(name for name in names if now[name] not in {None, before[name]})
            before |= {name: slot for name, slot in now.items() if slot is not None}

    async def _slots(self, names: list[str]) -> dict[str, bytes | None]:
        """The last slot that each schedule has done; None for all of them while Redis is away."""
        with suppress(redis.exceptions.RedisError, OSError):
            values = await self.store.client.mget([f"{NAMESPACE}:schedule:{name}" for name in names])
            return dict(zip(names, values, strict=True))
        return dict.fromkeys(names)

    async def _quiet(self) -> bool:
        counts = await self.counts()
        return counts is not None and not (counts.active or counts.scheduled or counts.waiting)

    async def _left(self) -> list[str]:
        jobs = await self._queue.jobs()
        return [
            f"{job.key} is {job.state} ({job.failure.cause if job.failure else job.reason}"
            f"{'; ' + job.failure.detail if job.failure else ''})"
            for job in jobs
        ]

    async def _count_jobs(self) -> None:
        """Every claim but an interactive one is counted in Redis; a wiped or older count begins again."""
        while True:
            with suppress(redis.exceptions.RedisError, OSError):
                claims = int(await reply(self.store.client.hget(f"{NAMESPACE}:turns", "slots")) or 0)
                self.jobs += max(0, claims - self._claims)
                self._claims = claims
            await asyncio.sleep(_LOOK_SECONDS)
