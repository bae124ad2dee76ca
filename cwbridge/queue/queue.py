"""Outstanding work per object, in Redis; every change of state is one script."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Literal, TypeVar

import msgspec
import structlog
from redis.commands.core import AsyncScript

from cwbridge import errors, lua, metrics
from cwbridge.queue import outcome as outcomes
from cwbridge.queue.failure import Failure
from cwbridge.queue.job import Counts, Delivery, Enqueue, Job, Run, State, flow_of
from cwbridge.queue.lanes import FreeSlots, Lane
from cwbridge.queue.reading import JobReader
from cwbridge.redis import Redis
from cwbridge.settings import QueueSettings

_AT_ONCE = 500
_RUN_ENDS_LOOKS = 600
_LOOK_SECONDS = 0.1
_PAUSED_MS = 600_000
_PACKAGE = "cwbridge.queue"
_START_FIELDS = ("attempts", "crashes", "waits", "lane", "since_ms", "due_ms", "generation", "started_ms")
_T = TypeVar("_T")

Settled = Literal["gone", "due", "dead", "held"]
"""What became of a key whose run ended."""

JobChange = Literal["archive", "hold", "release"]
"""What a person does to keys without starting them."""

log = structlog.stdlib.get_logger(__name__)


class Queue:
    """The port of the queue; all methods raise redis.exceptions.RedisError when Redis stays away."""

    def __init__(self, redis: Redis, *, namespace: str, settings: QueueSettings) -> None:
        self.namespace = namespace
        self.settings = settings
        self._keys = [namespace]
        self._redis = redis
        self._reader = JobReader(redis, namespace)
        self._enqueue = self._script("enqueue")
        self._claim = self._script("claim")
        self._start = self._script("start")
        self._extend = self._script("extend")
        self._settle = self._script("settle")
        self._reclaim = self._script("reclaim")
        self._counts = self._script("counts")
        self._requeue = self._script("requeue")
        self._spread = self._script("spread")
        self._wake = self._script("wake")
        self._archive = self._script("archive")
        self._hold = self._script("hold")
        self._release = self._script("release")

    async def enqueue(self, *enqueues: Enqueue) -> int:
        """Mark objects as wanted; durable when it returns. Answers how many were marked: unchanged versions are not."""
        count = 0
        for some in _batches(enqueues, _AT_ONCE):
            given = [text for enqueue in some for text in (enqueue.key, enqueue.lane, enqueue.version)]
            count += await self._enqueue(self._keys, [_ms(self.settings.debounce), *given])
        return count

    async def claim(self, free_slots: FreeSlots, *, arq_queue: str = "") -> list[Delivery]:
        """As many due keys as there is room for, with new tickets, to be delivered through `arq_queue` at once."""
        if free_slots.slots <= 0:
            return []
        given: list[str | int] = [
            free_slots.slots,
            free_slots.unasked,
            free_slots.backlog,
            _ms(self.settings.lease_duration),
            arq_queue,
        ]
        flat = await self._claim(self._keys, given)
        return [
            Delivery(key.decode(), fencing_token, lane.decode())
            for key, fencing_token, lane in _batches(flat, 3)
        ]

    async def start(self, key: str, fencing_token: int) -> Run | None:
        """Begin the run of a delivery; None when it is stale."""
        answer = await self._start(self._keys, [key, fencing_token, _ms(self.settings.lease_duration)])
        if answer is None:
            return None
        fields = dict(zip(_START_FIELDS, _texts(answer), strict=True))
        return msgspec.convert({"key": key, "fencing_token": fencing_token, **fields}, Run, strict=False)

    async def extend(self, run: Run) -> bool:
        """The heartbeat; False when the ticket is somebody else's by now."""
        return bool(
            await self._extend(self._keys, [run.key, run.fencing_token, _ms(self.settings.lease_duration)])
        )

    async def settle(self, run: Run, outcome: outcomes.Outcome) -> Settled | None:
        """End a run; None, and nothing changed, when the ticket is somebody else's by now."""
        kind, delay_ms, failure = self._decision(run, outcome)
        given: list[str | int | bytes] = [run.key, run.fencing_token, kind, delay_ms]
        given += [self.settings.max_attempts, _ms(self.settings.debounce)]
        given += [msgspec.json.encode(failure) if failure is not None else b""]
        answer = await self._settle(self._keys, given)
        return None if answer is None else answer.decode()

    async def reclaim(self) -> int:
        """Take back what silent workers had; a key whose workers died too often is given up. Answers how many."""
        return await self._take_back("")

    async def give_back(self, arq_queue: str) -> int:
        """Take back what was delivered to `arq_queue` and not started, because its worker stops."""
        return await self._take_back(arq_queue)

    async def counts(self) -> Counts:
        due, scheduled, dispatched, running, dead, held, age, upcoming, now = await self._counts(self._keys)
        following = upcoming if upcoming >= 0 else None
        return Counts(due, scheduled, dispatched, running, dead, held, age, following, now)

    async def job(self, key: str) -> Job | None:
        """The outstanding work of one object; None when it is settled."""
        return await self._reader.job(key)

    async def jobs(self, *, state: State | None = None, limit: int = 1000) -> list[Job]:
        """Outstanding work, the earliest first within each state."""
        return await self._reader.jobs(state, limit)

    def batches(self, *, state: State | None = None) -> AsyncIterator[list[Job]]:
        """All outstanding work, some hundred jobs at a time, for those who do not want to hold it all."""
        return self._reader.batches(state)

    async def requeue(self, *keys: str) -> int:
        """Dead and parked keys start over in the interactive lane."""
        return await self._count_changed(self._requeue, keys)

    async def spread(self, pauses_ms: Mapping[str, int], *, lane: Lane, again: bool = False) -> list[str]:
        """Given up and parked keys start over, each after its pause or at a new edit; answers which did.

        `again` starts only what was given up, and leaves its age as it is.
        """
        started: list[str] = []
        for some in _batches(list(pauses_ms.items()), _AT_ONCE):
            given = [text for key, pause in some for text in (key, pause)]
            answer = await self._spread(self._keys, [lane, int(again), *given])
            started += [key.decode() for key in answer]
        return started

    async def change_each(self, change: JobChange, keys: Sequence[str]) -> list[str]:
        """Archive, hold or release keys; answers which of them were changed."""
        script = {"archive": self._archive, "hold": self._hold, "release": self._release}[change]
        before = [0] if change == "hold" else []
        changed: list[str] = []
        for some in _batches(keys, _AT_ONCE):
            async with self._redis.pipeline(transaction=False) as pipe:
                for key in some:
                    await script(self._keys, [*before, key], client=pipe)
                answers = await pipe.execute()
            changed += [key for key, count in zip(some, answers, strict=True) if count]
        return changed

    async def wake(self, *keys: str) -> int:
        """What waited for the same thing goes on at once, in its own lane."""
        return await self._count_changed(self._wake, keys)

    async def archive(self, *keys: str) -> int:
        """Forget dead keys until they change again."""
        return len(await self.change_each("archive", keys))

    async def hold(self, *keys: str) -> int:
        """Keep keys from running until `release`; a run under way ends first."""
        return len(await self.change_each("hold", keys))

    async def release(self, *keys: str) -> int:
        return len(await self.change_each("release", keys))

    @asynccontextmanager
    async def paused(self, key: str) -> AsyncIterator[None]:
        """No run of `key` begins or goes on while the body runs; raises Busy when one takes too long to end.

        When this process is killed meanwhile, workers let the key go after ten minutes.
        """
        ours = await self._hold(self._keys, [_PAUSED_MS, key])
        try:
            await self._run_ended(key)
            yield
        finally:
            if ours:
                await self.release(key)

    async def _run_ended(self, key: str) -> None:
        for _ in range(_RUN_ENDS_LOOKS):
            job = await self.job(key)
            if job is None or job.state != "running":
                return
            await asyncio.sleep(_LOOK_SECONDS)
        raise errors.Busy(
            "A run of this object does not end",
            detail=key,
            remedy="Wait until it has ended (cwbridge jobs show), then do this again; nothing was changed.",
        )

    def _script(self, name: str) -> AsyncScript:
        return lua.script(self._redis, _PACKAGE, "record", name)

    async def _count_changed(self, script: AsyncScript, keys: Sequence[str]) -> int:
        count = 0
        for some in _batches(keys, _AT_ONCE):
            count += await script(self._keys, some)
        return count

    async def _take_back(self, arq_queue: str) -> int:
        poison = Failure.of_crashes(self.settings.max_crashes)
        given: list[str | int | bytes] = [self.settings.max_crashes, msgspec.json.encode(poison), arq_queue]
        taken = _texts(await self._reclaim(self._keys, given))
        for key, after in _batches(taken, 2):
            log.warning("job_reclaimed", key=key, after=after)
            if after == "dead":
                metrics.DEAD_LETTERS.labels(flow_of(str(key)), poison.error).inc()
        metrics.RECLAIMED.inc(len(taken) // 2)
        return len(taken) // 2

    def _decision(self, run: Run, outcome: outcomes.Outcome) -> tuple[str, int, Failure | None]:
        match outcome:
            case outcomes.Succeeded():
                return "done", 0, None
            case outcomes.Deferred():
                return "wait", round(outcome.seconds * 1000), outcome.failure
            case outcomes.Retried():
                last = run.attempts + 1 >= self.settings.max_attempts
                failure = outcome.failure.dead_lettered(run.attempts + 1) if last else outcome.failure
                return "retry", self._backoff_ms(run.attempts), failure
            case outcomes.DeadLettered():
                return "refused", 0, outcome.failure

    def _backoff_ms(self, attempts: int) -> int:
        """Exponential with full jitter: many jobs that failed together do not come back together."""
        longest = min(self.settings.backoff_max, self.settings.backoff_base * 2 ** min(attempts, 20))
        return round(_ms(longest) * random.random())  # noqa: S311 - spreads load, guards nothing


def _ms(length: timedelta) -> int:
    return round(length.total_seconds() * 1000)


def _texts(answer: list[bytes | int]) -> list[str | int]:
    return [part.decode() if isinstance(part, bytes) else part for part in answer]


def _batches(items: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    return (items[start : start + size] for start in range(0, len(items), size))
