"""One run's stage: stand-ins in this process, a Redis server and a fleet of processes around it, a judge, and a curtain."""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import redis.exceptions

from cwbridge import concurrency
from cwbridge.queue.counts import Counts
from cwbridge.queue.queue import Queue
from cwbridge.settings import QueueSettings
from sandbox import credentials
from sandbox.server import Options, Sandbox
from tests.fault.edits import Editor, small_world
from tests.fault.judge import Judge, Violation
from tests.fault.processes import Fleet, Nursery
from tests.fault.redis_server import Fsync, RedisServer

NAMESPACE = "fault"
_QUIET_SECONDS = 90.0
_LOOK_SECONDS = 0.1
_POLLS = 2

Changes = Mapping[str, str]
Act = Callable[["Stage"], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Casting:
    """Who plays: how many of what, and with which settings beside the short ones of every run."""

    projects: int = 5
    workers: int = 2
    producers: int = 1
    fsync: Fsync = "everysec"
    settings: Changes = field(default_factory=dict)
    limits: bool = False
    latency_ms: int = 0
    without: Sequence[str] = ()
    real_commands: bool = False


class Outcome(msgspec.Struct, kw_only=True):
    """The result of one run; `seconds` is the time from the last disruption until nothing was due."""

    seed: int
    jobs: int = 0
    edits: int = 0
    kills: int = 0
    seconds: float = 0.0
    violations: list[Violation] = []
    stuck: list[str] = []
    missed: list[str] = []
    """What the scenario wanted to stage and could not; a scenario that did not happen proves nothing."""
    notes: list[str] = []

    @property
    def lost(self) -> int:
        return sum(violation.kind == "lost" for violation in self.violations)

    @property
    def doubled(self) -> int:
        return sum(violation.kind == "doubled" for violation in self.violations)

    @property
    def harmed(self) -> int:
        """Opportunities seen without lines, and lines of others that were touched."""
        return sum(violation.kind in {"empty", "foreign"} for violation in self.violations)

    @property
    def clean(self) -> bool:
        return not self.violations and not self.stuck and not self.missed


class Stage:
    """What a scenario works with."""

    def __init__(self, casting: Casting, seed: int, box: Sandbox, server: RedisServer, fleet: Fleet) -> None:
        self.casting = casting
        self.seed = seed
        self.dice = random.Random(f"{seed}:disruptions")
        self.box = box
        self.redis = server
        self.fleet = fleet
        self.editor = Editor(box, seed)
        self.judge = Judge(box)
        self.jobs = 0
        self.missed: list[str] = []
        self._fencing_token = 0
        self._queue = Queue(server.client, namespace=NAMESPACE, settings=QueueSettings())

    @classmethod
    @asynccontextmanager
    async def opened(cls, nursery: Nursery, casting: Casting, seed: int) -> AsyncIterator[Stage]:
        """Everything up and working; the home is kept when the body raises."""
        home = Path(tempfile.mkdtemp(prefix="cwbridge-fault-"))
        options = Options(seed=seed, limits=casting.limits, latency_ms=casting.latency_ms)
        world = small_world(seed, casting.projects)
        async with (
            Sandbox(options, world=world) as box,
            RedisServer.running(nursery, home, casting.fsync) as server,
        ):
            fleet = Fleet(
                nursery,
                environment=_environment(casting, box, server),
                logs=home,
                without=casting.without,
                real_commands=casting.real_commands,
            )
            stage = cls(casting, seed, box, server, fleet)
            counting = asyncio.create_task(stage._count_jobs())
            try:
                fleet.man(workers=casting.workers, producers=casting.producers)
                yield stage
            finally:
                await concurrency.end(counting)
                await fleet.dismiss()
        shutil.rmtree(home)

    async def wipe(self) -> None:
        """FLUSHALL."""
        self.judge.strays_count = False
        await self.redis.wipe()

    @property
    def home(self) -> Path:
        return self.fleet.log("x").parent

    async def counts(self) -> Counts | None:
        """The queue's figures; None while Redis is away."""
        with suppress(redis.exceptions.RedisError, OSError):
            return await self._queue.counts()
        return None

    async def settled(self, *, within: float = _QUIET_SECONDS) -> list[str]:
        """Wait until everything seen is done and nothing is due; what is left after `within` seconds is stuck."""
        try:
            async with asyncio.timeout(within):
                await self.polled(_POLLS)
                while True:
                    while not await self._quiet():  # noqa: ASYNC110 - other processes work, and none tells us
                        await asyncio.sleep(_LOOK_SECONDS)
                    # A poll may enqueue between the two looks; what is dead or held stays.
                    left = await self._left()
                    if not left or await self._quiet():
                        return left
        except TimeoutError:
            return await self._left() or ["producers did not poll"]

    async def full_sync(self) -> list[str]:
        """`cwbridge sync --full` as an operator would run it; it must end with 0."""
        command = self.fleet.command("sync", "--full", "--json")
        try:
            async with asyncio.timeout(_QUIET_SECONDS):
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
        """As many complete polls as asked for begin and end after now."""
        calls = self.box.jetbuilt_calls
        before = calls.count("GET", "/api/projects", 200)
        while calls.count("GET", "/api/projects", 200) < before + times:  # noqa: ASYNC110 - as above
            await asyncio.sleep(_LOOK_SECONDS / 2)

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
        """Every delivery takes a fencing token; a wiped counter begins again at the clock."""
        while True:
            with suppress(redis.exceptions.RedisError, OSError):
                fencing_token = int(await self.redis.client.get(f"{NAMESPACE}:fencing_token") or 0)
                if 0 < fencing_token - self._fencing_token < 100_000:
                    self.jobs += fencing_token - self._fencing_token
                self._fencing_token = fencing_token or self._fencing_token
            await asyncio.sleep(_LOOK_SECONDS)


def _environment(casting: Casting, box: Sandbox, server: RedisServer) -> dict[str, str]:
    rep = next(row for row in box.connectwise.table("system/members") if row["licenseClass"] != "A")
    settings = {
        "REDIS__URL": server.url,
        "JETBUILT__URL": box.jetbuilt_url,
        "JETBUILT__API_KEY": credentials.JETBUILT_API_KEY,
        "JETBUILT__RATE_LIMIT": "off",
        "JETBUILT__CONCURRENCY": "16",
        "JETBUILT__POLL_INTERVAL": "1s",
        "JETBUILT__POLL_OVERLAP": "5s",
        "CONNECTWISE__URL": box.connectwise_url,
        "CONNECTWISE__COMPANY_ID": credentials.CONNECTWISE_COMPANY_ID,
        "CONNECTWISE__PUBLIC_KEY": credentials.CONNECTWISE_PUBLIC_KEY,
        "CONNECTWISE__PRIVATE_KEY": credentials.CONNECTWISE_PRIVATE_KEY,
        "CONNECTWISE__CLIENT_ID": credentials.CONNECTWISE_CLIENT_ID,
        "CONNECTWISE__DEFAULT_SALES_REP": rep["identifier"],
        "CONNECTWISE__RATE_LIMIT": "off",
        "CONNECTWISE__CONCURRENCY": "16",
        "OPPORTUNITY__INVENTORY_PROBE_INTERVAL": "1500ms",
        "QUEUE__CONCURRENCY": "4",
        "QUEUE__DEBOUNCE": "100ms",
        "QUEUE__LEASE_DURATION": "2s",
        "QUEUE__BACKOFF_BASE": "200ms",
        "QUEUE__BACKOFF_MAX": "2s",
        "QUEUE__MAX_ATTEMPTS": "100",
        "QUEUE__MAX_CRASHES": "20",
        "HTTP__LISTEN": "127.0.0.1:0",
        "HTTP__TIMEOUT": "5s",
        "LOG__FORMAT": "json",
        **casting.settings,
    }
    return {f"CWBRIDGE_{name}": value for name, value in settings.items()} | {
        "CWBRIDGE_NAMESPACE": NAMESPACE,
        "PATH": "/usr/bin:/bin",
    }


async def play(nursery: Nursery, scenario: Any, seed: int, *, keep_logs: bool = True) -> Outcome:
    """One run of a scenario: troubles and edits, then quiet, a check, one full sync, and another check.

    Whatever is found counts, before the full sync too, which is only for what no poll can see.
    """
    outcome = Outcome(seed=seed)
    async with Stage.opened(nursery, scenario.casting, seed) as stage:
        await scenario.act(stage)
        stage.box.connectwise_faults.clear()
        stage.box.jetbuilt_faults.clear()
        ended = time.monotonic()
        stuck = await stage.settled()
        outcome.seconds = time.monotonic() - ended
        violations = stage.judge.violations()
        stuck += [text for text in await stage.full_sync() if text not in stuck]
        violations += [violation for violation in stage.judge.violations() if violation not in violations]
        outcome.violations, outcome.stuck, outcome.missed = violations, stuck, stage.missed
        outcome.jobs, outcome.edits, outcome.kills = stage.jobs, stage.editor.made, stage.fleet.kills
        outcome.notes = list(stage.fleet.crashes)
        if not outcome.clean and keep_logs:
            kept = stage.home.with_name(stage.home.name + "-kept")
            shutil.copytree(stage.home, kept, ignore=shutil.ignore_patterns("*.sock"))
            outcome.notes.append(f"logs: {kept}")
    return outcome
