"""Reads jobs for people; changes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec

from cwbridge.limits.lane import LANES
from cwbridge.queue.failure import Failure
from cwbridge.queue.job import Job, State
from cwbridge.redis import Redis

_IN_ONE_GO = 500
_NO_END = -1


class _Record(msgspec.Struct, frozen=True):
    """The fields of {ns}:job:{key} that people see; record.lua says what they mean."""

    state: str
    lane: str = "fresh"
    wanted: int = 0
    attempts: int = 0
    kills: int = 0
    waits: int = 0
    since: int = 0
    due: int = 0
    reason: str = "wanted"
    failure: str = ""


class JobReader:
    """Finds keys in the sets of their states, and reads their records."""

    def __init__(self, redis: Redis, namespace: str) -> None:
        self._redis = redis
        self._namespace = namespace

    async def job(self, key: str) -> Job | None:
        found = await self._read([key])
        return found[0] if found else None

    async def jobs(self, state: State | None, most: int) -> list[Job]:
        keys = await self._keys(state, most)
        found: list[Job] = []
        for start in range(0, len(keys), _IN_ONE_GO):
            found += await self._read(keys[start : start + _IN_ONE_GO])
        return [job for job in found if state in {None, job.state}][:most]

    async def batches(self, state: State | None) -> AsyncIterator[list[Job]]:
        """All of them, some hundred at a time."""
        keys = await self._keys(state, _NO_END)
        for start in range(0, len(keys), _IN_ONE_GO):
            found = await self._read(keys[start : start + _IN_ONE_GO])
            yield [job for job in found if state in {None, job.state}]

    async def _keys(self, state: State | None, most: int) -> list[str]:
        sets = {
            "due": [f"due:{lane}" for lane in LANES],
            "later": [f"due:{lane}" for lane in LANES],
            "dispatched": ["leases"],
            "running": ["leases"],
            "dead": ["dead"],
            "held": ["held"],
        }
        wanted = sets[state] if state else ["leases", *sets["due"], "dead", "held"]
        now = await self._now_ms()
        lowest, highest = {"due": ("-inf", str(now)), "later": (f"({now}", "+inf")}.get(
            state or "", ("-inf", "+inf")
        )
        async with self._redis.pipeline(transaction=False) as pipeline:
            for name in wanted:
                pipeline.zrangebyscore(f"{self._namespace}:{name}", lowest, highest, start=0, num=most)
            return [key.decode() for keys in await pipeline.execute() for key in keys]

    async def _read(self, keys: list[str]) -> list[Job]:
        async with self._redis.pipeline(transaction=False) as pipeline:
            for key in keys:
                pipeline.hgetall(f"{self._namespace}:job:{key}")
            records = await pipeline.execute()
        now = await self._now_ms()
        return [_job(key, fields, now) for key, fields in zip(keys, records, strict=True) if fields]

    async def _now_ms(self) -> int:
        seconds, microseconds = await self._redis.time()
        return int(seconds) * 1000 + int(microseconds) // 1000


def _job(key: str, fields: dict[bytes, bytes], now: int) -> Job:
    texts = {name.decode(): value.decode() for name, value in fields.items()}
    record = msgspec.convert(texts, _Record, strict=False)
    return msgspec.convert(
        {
            "key": key,
            "state": "later" if record.state == "due" and record.due > now else record.state,
            "lane": record.lane,
            "wanted": record.wanted,
            "attempts": record.attempts,
            "kills": record.kills,
            "waits": record.waits,
            "since_ms": record.since,
            "due_ms": record.due,
            "reason": record.reason,
            "failure": msgspec.json.decode(record.failure, type=Failure) if record.failure else None,
        },
        Job,
    )
