"""The queue in Redis: one job per object; every change of state is one script."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Literal, TypeVar

import msgspec
import structlog
from redis.commands.core import AsyncScript

from cwbridge import clock, errors, lua, replication, sentinel
from cwbridge.limits.lane import Lane
from cwbridge.mode import Mode
from cwbridge.queue import outcome as outcomes
from cwbridge.queue.counts import Counters, Counts
from cwbridge.queue.failure import Failure
from cwbridge.queue.job import Claim, Delivery, Enqueue, Job, Run, State
from cwbridge.queue.lanes import FreeSlots
from cwbridge.queue.reading import JobReader
from cwbridge.redis import Redis, reply
from cwbridge.settings import QueueSettings

_AT_ONCE = 500
_RUN_ENDS_LOOKS = 600
_LOOK_SECONDS = 0.1
_PAUSED_MS = 600_000
_BODY_LASTS_MS = 24 * 3600 * 1000
_PACKAGE = "cwbridge.queue"
_T = TypeVar("_T")

Settled = Literal["gone", "due", "waiting", "dead", "held"]
"""The state of a key after its run."""

JobChange = Literal["archive", "hold", "release"]
"""A change of jobs by a person that does not start them."""

log = structlog.stdlib.get_logger(__name__)


class Queue:
    """The port of the queue; all methods raise redis.exceptions.RedisError when Redis stays away."""

    def __init__(self, redis: Redis, *, namespace: str, settings: QueueSettings) -> None:
        self.namespace = namespace
        self.settings = settings
        self._keys = [namespace]
        self._redis = redis
        self._reader = JobReader(redis, namespace)
        self._lease_ms = _ms(settings.lease_duration)
        self._enqueue = self._script("enqueue")
        self._claim = self._script("claim")
        self._start = self._grouped("start")
        self._extend = self._script("extend")
        self._settle = self._grouped("settle")
        self._reclaim = self._script("reclaim")
        self._counts = self._script("counts")
        self._requeue = self._script("requeue")
        self._wake = self._script("wake")
        self._archive = self._script("archive")
        self._hold = self._script("hold")
        self._release = self._script("release")

    @property
    def term(self) -> int:
        """Grows when another server becomes the primary; always 0 with a single server."""
        primary = sentinel.primary_of(self._redis)
        return 0 if primary is None else primary.term

    async def enqueue(self, *enqueues: Enqueue) -> int:
        """Enqueue objects, durably; returns how many were enqueued, known versions excluded.

        Raises Busy when a failover could lose them: then they count as not enqueued.
        """
        count = 0
        for some in _batches(enqueues, _AT_ONCE):
            arguments: list[str | int | bytes] = []
            for one in some:
                arguments += (one.key, one.flow, one.lane, one.mode, one.version, self._debounce_ms(one))
            count += await replication.call(self._redis, self._enqueue, self._keys, arguments)
        return count

    def _debounce_ms(self, enqueue: Enqueue) -> int:
        """What is left of the debounce since the change; a clock of the source that is ahead or behind makes it neither longer nor negative."""
        whole = _ms(self.settings.debounce)
        passed = clock.now_ms() - enqueue.changed_ms if enqueue.changed_ms is not None else 0
        return whole - min(max(passed, 0), whole)

    async def claim(self, free_slots: FreeSlots, *, arq_queue: str = "") -> Claim:
        """As many due keys as there are free slots (at least one), with new fencing tokens; they are in `arq_queue` when it returns."""
        given: list[str | int] = [arq_queue, self._lease_ms, clock.now_ms(), _BODY_LASTS_MS]
        given += [free_slots.slots, free_slots.unasked, free_slots.backlog]
        for flow, runs in free_slots.flows.items():
            given += [flow, runs.unasked, runs.backlog]
        now, next_due, next_end, *claimed = await self._claim(self._keys, given)
        deliveries = [
            Delivery(key.decode(), fencing_token, flow.decode(), lane.decode())
            for key, fencing_token, flow, lane in _batches(claimed, 4)
        ]
        return Claim(deliveries, _seconds_until(next_due, now), _seconds_until(next_end, now), now)

    async def start(self, key: str, fencing_token: int) -> Run | None:
        """Begin the run of a delivery; None when it is stale."""
        answer = await self._start(self._keys, [key, fencing_token, self._lease_ms])
        if answer is None:
            return None
        flow, attempts, crashes, waits, lane, mode, since, due, generation, now = answer
        return Run(
            key=key,
            fencing_token=fencing_token,
            flow=flow.decode(),
            attempts=int(attempts),
            crashes=int(crashes),
            waits=int(waits),
            lane=lane.decode(),
            mode=mode.decode(),
            since_ms=int(since),
            due_ms=int(due),
            generation=int(generation),
            started_ms=now,
        )

    async def extend(self, run: Run) -> bool:
        """The heartbeat; False when another delivery has the key by now."""
        return bool(await self._extend(self._keys, [run.key, run.fencing_token, self._lease_ms]))

    async def confirm(self, run: Run) -> bool:
        """As `extend`; raises Busy when a failover could lose the right to write."""
        given: list[str | int | bytes] = [run.key, run.fencing_token, self._lease_ms]
        return bool(await replication.call(self._redis, self._extend, self._keys, given))

    async def settle(self, run: Run, outcome: outcomes.Outcome) -> Settled | None:
        """End a run; None, and nothing changed, when another delivery has the key by now."""
        kind, delay_ms, failure = self._decision(run, outcome)
        given: list[str | int | bytes] = [run.key, run.fencing_token, kind, delay_ms]
        given += [self.settings.max_attempts, _ms(self.settings.debounce)]
        given += [msgspec.json.encode(failure), failure.error] if failure is not None else ["", ""]
        waits_for = outcome.waits_for if isinstance(outcome, outcomes.Deferred) else None
        if waits_for is None:
            given += [""]
        else:
            given += [waits_for.key, waits_for.flow, waits_for.lane, waits_for.mode]
            given += [msgspec.json.encode(Failure.of_circle())]
        answer = await self._settle(self._keys, given)
        return None if answer is None else answer.decode()

    async def reclaim(self) -> int:
        """Take back the jobs whose lease has ended; a key that crashed too many workers becomes dead. Returns how many."""
        return await self._take_back("")

    async def give_back(self, arq_queue: str) -> int:
        """Take back deliveries of `arq_queue` that have not started, because its worker stops."""
        return await self._take_back(arq_queue)

    async def counts(self) -> Counts:
        """How much work there is, by flow and state."""
        return Counts.read(await self._counts(self._keys))

    async def counters(self) -> Counters:
        """How many jobs were dead-lettered and requeued since the beginning."""
        return Counters.read(await reply(self._redis.hgetall(f"{self.namespace}:counters")))

    async def job(self, key: str) -> Job | None:
        """The outstanding work of one object; None when it is settled."""
        return await self._reader.job(key)

    async def jobs(self, *, state: State | None = None, limit: int = 1000) -> list[Job]:
        """Outstanding work, the earliest first within each state."""
        return await self._reader.jobs(state, limit)

    async def upcoming(self, flow: str, lane: Lane, *, limit: int) -> list[Job]:
        """The jobs of a flow and lane that workers have, and at most `limit` of those that they claim next."""
        return await self._reader.upcoming(flow, lane, limit)

    def batches(self, *, state: State | None = None, limit: int | None = None) -> AsyncIterator[list[Job]]:
        """All outstanding work, some hundred jobs at a time, so that callers need not hold all of it.

        With a `limit` at most so many keys of each flow, lane and state are read.
        """
        return self._reader.batches(state, limit)

    async def requeue(self, *keys: str, by: str = "person") -> int:
        """Requeue what a person names, dead, waiting or pending: it runs at once and writes whatever the source shows."""
        requeued = await self.requeue_later(dict.fromkeys(keys, 0), lane="interactive", mode="force", by=by)
        return len(requeued)

    async def requeue_later(
        self,
        delays_ms: Mapping[str, int],
        *,
        lane: Lane,
        mode: Mode = "if_changed",
        by: str = "person",
        only_dead: bool = False,
    ) -> list[str]:
        """Requeue dead, waiting and pending keys, each after its own delay or at a new enqueue; returns the requeued keys.

        A stronger mode that a key has already is kept. `only_dead` leaves out all but dead keys, and keeps their age.
        """
        requeued: list[str] = []
        for some in _batches(list(delays_ms.items()), _AT_ONCE):
            given = [text for key, delay_ms in some for text in (key, delay_ms)]
            arguments = [by, lane, mode, int(only_dead), *given]
            answer = await replication.call(self._redis, self._requeue, self._keys, arguments)
            requeued += [key.decode() for key in answer]
        return requeued

    async def change_each(self, change: JobChange, keys: Sequence[str]) -> list[str]:
        """Archive, hold or release keys; returns those that changed."""
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
        """Make waiting keys due at once, in their own lane; returns how many."""
        count = 0
        for some in _batches(keys, _AT_ONCE):
            count += await self._wake(self._keys, some)
        return count

    async def archive(self, *keys: str) -> int:
        """Archive dead keys until they change again."""
        return len(await self.change_each("archive", keys))

    async def hold(self, *keys: str) -> int:
        """Keep keys from running until `release`; a run under way ends first."""
        return len(await self.change_each("hold", keys))

    async def release(self, *keys: str) -> int:
        """Release held keys; returns how many were held."""
        return len(await self.change_each("release", keys))

    @asynccontextmanager
    async def paused(self, key: str) -> AsyncIterator[None]:
        """No run of `key` begins or goes on while the body runs; raises Busy when one takes too long to end.

        When this process is killed meanwhile, workers release the key after ten minutes.
        """
        held_here = await self._hold(self._keys, [_PAUSED_MS, key])
        try:
            await self._run_ended(key)
            yield
        finally:
            if held_here:
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
            remedy="Wait until it has ended (cwbridge jobs show), then repeat the command; nothing was changed.",
        )

    def _script(self, name: str) -> AsyncScript:
        return lua.script(self._redis, _PACKAGE, "record", name)

    def _grouped(self, name: str) -> lua.GroupedScript:
        # Jobs that were claimed together begin together, and short ones end together.
        return lua.GroupedScript(self._redis, self._script(name))

    async def _take_back(self, arq_queue: str) -> int:
        poison = Failure.of_crashes(self.settings.max_crashes)
        given: list[Any] = [self.settings.max_crashes, msgspec.json.encode(poison), poison.error, arq_queue]
        taken = list(_batches(await self._reclaim(self._keys, given), 4))
        for key, flow, state, crashed in taken:
            log.warning("job_reclaimed", key=key.decode(), state=state.decode(), crashed=bool(crashed))
            if crashed:
                from cwbridge import metrics  # noqa: PLC0415 - a command that looks at jobs counts none

                metrics.JOB_CRASHES.labels(flow.decode()).inc()
        return len(taken)

    def _decision(self, run: Run, outcome: outcomes.Outcome) -> tuple[str, int, Failure | None]:
        match outcome:
            case outcomes.Succeeded():
                return "succeeded", 0, None
            case outcomes.Deferred():
                return "deferred", round(outcome.seconds * 1000), outcome.failure
            case outcomes.Retried():
                last = run.attempts + 1 >= self.settings.max_attempts
                failure = outcome.failure.dead_lettered(run.attempts + 1) if last else outcome.failure
                return "retried", self._backoff_ms(run.attempts), failure
            case outcomes.DeadLettered():
                return "dead_lettered", 0, outcome.failure

    def _backoff_ms(self, attempts: int) -> int:
        """Exponential with full jitter: many jobs that failed together do not come back together."""
        longest = min(self.settings.backoff_max, self.settings.backoff_base * 2 ** min(attempts, 20))
        return round(_ms(longest) * random.random())  # noqa: S311 - it spreads load and protects no secret


def _ms(length: timedelta) -> int:
    return round(length.total_seconds() * 1000)


def _seconds_until(moment_ms: int, now_ms: int) -> float | None:
    return (moment_ms - now_ms) / 1000 if moment_ms >= 0 else None


def _batches(items: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    return (items[start : start + size] for start in range(0, len(items), size))
