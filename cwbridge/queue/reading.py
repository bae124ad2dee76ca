"""Reads jobs for people; changes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Literal

import msgspec

from cwbridge import lua
from cwbridge.limits.lane import LANES, Lane
from cwbridge.mode import Mode
from cwbridge.queue.failure import Failure
from cwbridge.queue.job import Job, Reason, State
from cwbridge.redis import Redis, reply

_IN_ONE_GO = 500
_NO_END = -1


class _Record(msgspec.Struct, frozen=True):
    """The fields of {ns}:job:{key} that people see; record.lua says what they mean."""

    state: Literal["due", "dispatched", "running", "waiting", "dead", "held"]
    flow: str = ""
    lane: Lane = "fresh"
    mode: Mode = "if_changed"
    generation: int = 0
    attempts: int = 0
    crashes: int = 0
    waits: int = 0
    since: int = 0
    due: int = 0
    reason: Reason = "enqueued"
    failure: str = ""
    waits_for: str | None = None
    hold: bool = False


_FIELDS = _Record.__struct_fields__


class JobReader:
    """Finds keys in the sets of their states, and reads their records."""

    def __init__(self, redis: Redis, namespace: str) -> None:
        self._redis = redis
        self._namespace = namespace
        self._records = lua.script(redis, __package__, "record", "read")

    async def job(self, key: str) -> Job | None:
        found = await self._read([key])
        return found[0] if found else None

    async def known(self, keys: Sequence[str]) -> dict[str, Job]:
        """The jobs of these keys, outstanding or archived."""
        found: dict[str, Job] = {}
        for start in range(0, len(keys), _IN_ONE_GO):
            some = keys[start : start + _IN_ONE_GO]
            found |= {job.key: job for job in [*await self._read_archived(some), *await self._read(some)]}
        return found

    async def jobs(self, state: State | None, limit: int) -> list[Job]:
        keys = await self._keys(state, limit)
        found: list[Job] = []
        for start in range(0, len(keys), _IN_ONE_GO):
            found += await self._read_in(state, keys[start : start + _IN_ONE_GO])
        return found[:limit]

    async def batches(self, state: State | None, limit: int | None = None) -> AsyncIterator[list[Job]]:
        """All of them, some hundred at a time; with a `limit` no more keys than that are read of each set."""
        keys = await self._keys(state, _NO_END if limit is None else limit)
        for start in range(0, len(keys), _IN_ONE_GO):
            yield await self._read_in(state, keys[start : start + _IN_ONE_GO])

    async def upcoming(self, flow: str, lane: Lane, limit: int) -> list[Job]:
        """The jobs of a flow and lane that workers have, and at most `limit` of those that they claim next."""
        now = await self._now_ms()
        async with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.zrange(f"{self._namespace}:leases", 0, limit)
            pipeline.zrangebyscore(
                f"{self._namespace}:due:{flow}:{lane}", "-inf", str(now), start=0, num=limit
            )
            keys = [key.decode() for found in await pipeline.execute() for key in found]
        jobs = await self._read(list(dict.fromkeys(keys)))
        return [job for job in jobs if (job.flow, job.lane) == (flow, lane)]

    async def archived(self) -> int:
        """How many jobs are archived."""
        return int(await reply(self._redis.hlen(f"{self._namespace}:archived")))

    async def leased_since(self, moment_ms: int) -> int:
        """How many deliveries and runs had a worker at that moment or later."""
        return int(await self._redis.zcount(f"{self._namespace}:leases", moment_ms, "+inf"))

    async def _keys(self, state: State | None, limit: int) -> list[str]:
        if state == "archived":
            return await self._archived_keys(limit)
        now = await self._now_ms()
        lowest, highest = {"due": ("-inf", str(now)), "scheduled": (f"({now}", "+inf")}.get(
            state or "", ("-inf", "+inf")
        )
        names = await self._sets_of(state)
        async with self._redis.pipeline(transaction=False) as pipeline:
            for name in names:
                pipeline.zrangebyscore(f"{self._namespace}:{name}", lowest, highest, start=0, num=limit)
            return [key.decode() for keys in await pipeline.execute() for key in keys]

    async def _sets_of(self, state: State | None) -> list[str]:
        """The sorted sets in which keys of a state are."""
        flows = sorted(await reply(self._redis.smembers(f"{self._namespace}:flows")))
        pending = [f"due:{flow.decode()}:{lane}" for lane in LANES for flow in flows]
        sets = {
            "due": pending,
            "scheduled": pending,
            "dispatched": ["leases"],
            "running": ["leases"],
            "waiting": ["waiting"],
            "dead": ["dead"],
            "held": ["held"],
        }
        return sets[state] if state else ["leases", *pending, "waiting", "dead", "held"]

    async def _archived_keys(self, limit: int) -> list[str]:
        since = await reply(self._redis.hgetall(f"{self._namespace}:archived"))
        earliest = sorted(since, key=lambda key: (int(since[key].partition(b"|")[0]), key))
        return [key.decode() for key in (earliest if limit == _NO_END else earliest[:limit])]

    async def _read_in(self, state: State | None, keys: Sequence[str]) -> list[Job]:
        if state == "archived":
            return await self._read_archived(keys)
        return [job for job in await self._read(keys) if state in {None, job.state}]

    async def _read(self, keys: Sequence[str]) -> list[Job]:
        now, *records = await self._records([self._namespace], [len(_FIELDS), *_FIELDS, *keys])
        jobs = [
            _job(key, values, held_since, now)
            for key, (*values, held_since) in zip(keys, records, strict=True)
            if values[0] is not None
        ]
        refusals = await self._refusals({job.waits_for for job in jobs if job.waits_for is not None})
        return [_explained(job, refusals) for job in jobs]

    async def _refusals(self, keys: set[str]) -> dict[str, Failure]:
        """The failures of those keys that are dead, or held while dead."""
        async with self._redis.pipeline(transaction=False) as pipeline:
            for key in keys:
                pipeline.hmget(f"{self._namespace}:job:{key}", ["state", "after", "failure"])
            answers = await pipeline.execute() if keys else []
        return {
            key: msgspec.json.decode(failure, type=Failure)
            for key, (state, after, failure) in zip(keys, answers, strict=True)
            if failure is not None and b"dead" in {state, after}
        }

    async def _read_archived(self, keys: Sequence[str]) -> list[Job]:
        """Those of the keys that are archived; one held in advance is outstanding work again."""
        async with self._redis.pipeline(transaction=False) as pipeline:
            for key in keys:
                pipeline.hget(f"{self._namespace}:archived", key)
                pipeline.exists(f"{self._namespace}:job:{key}")
            answers = await pipeline.execute()
        return [
            _archived(key, since.decode())
            for key, since, outstanding in zip(keys, answers[::2], answers[1::2], strict=True)
            if since is not None and not outstanding
        ]

    async def _now_ms(self) -> int:
        seconds, microseconds = await self._redis.time()
        return int(seconds) * 1000 + int(microseconds) // 1000


def _archived(key: str, entry: str) -> Job:
    since, _, flow = entry.partition("|")
    since_ms = int(since)
    return Job(
        key=key,
        flow=flow,
        state="archived",
        lane="fresh",
        generation=0,
        attempts=0,
        crashes=0,
        waits=0,
        since_ms=since_ms,
        due_ms=since_ms,
        failure=None,
    )


def _explained(job: Job, refusals: dict[str, Failure]) -> Job:
    """Add to a job that waits for a dead job why that one was refused."""
    refusal = refusals.get(job.waits_for or "")
    if refusal is None or job.failure is None or job.waits_for is None:
        return job
    return msgspec.structs.replace(job, failure=job.failure.blocked_by(job.waits_for, refusal))


def _job(key: str, values: Sequence[bytes | None], held_since: bytes | None, now: int) -> Job:
    texts = {name: value.decode() for name, value in zip(_FIELDS, values, strict=True) if value is not None}
    record = msgspec.convert(texts, _Record, strict=False)
    return Job(
        key=key,
        flow=record.flow,
        state="scheduled" if record.state == "due" and record.due > now else record.state,
        lane=record.lane,
        mode=record.mode,
        generation=record.generation,
        attempts=record.attempts,
        crashes=record.crashes,
        waits=record.waits,
        since_ms=record.since,
        due_ms=record.due,
        reason=record.reason,
        waits_for=record.waits_for,
        failure=msgspec.json.decode(record.failure, type=Failure) if record.failure else None,
        held=record.hold,
        held_since_ms=None if held_since is None else int(held_since),
    )
