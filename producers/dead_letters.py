"""Puts given up jobs back once a day, and once after the settings changed: what was wrong may have been put right unsaid.

    {namespace}:settings    digest of the settings the bridge last started with; secrets are not part of it

Bugs stay where they are, and so do jobs that killed their workers: trying them again by itself would do harm, not good.
"""

from __future__ import annotations

import hashlib

import structlog

from cwbridge.queue import selection
from cwbridge.queue.failure import WORKER_DIED
from cwbridge.queue.queue import Queue
from cwbridge.queue.selection import Selection
from cwbridge.redis import Redis
from cwbridge.settings import Settings

log = structlog.get_logger()
_DEAD = Selection(states=("dead",))
_WORTH_A_TRY = {"refused", "retry"}
_SHAPING = {"connectwise", "opportunity", "fixed", "catalog", "jetbuilt"}
"""The tables of the settings that decide whether a job is refused."""


class DeadLetterRetry:
    """Starts jobs over that were refused, or whose system failed for too long, in the backlog lane."""

    def __init__(self, queue: Queue, redis: Redis, *, namespace: str) -> None:
        self._queue = queue
        self._redis = redis
        self._name = f"{namespace}:settings"

    async def try_again(self) -> int:
        """Start all of them over; answers how many."""
        refused = [
            job.key
            async for job, _ in selection.find(self._queue, _DEAD)
            if job.failure is not None
            and job.failure.work_class in _WORTH_A_TRY
            and job.failure.error != WORKER_DIED
        ]
        started = await self._queue.requeue_later(
            dict.fromkeys(refused, 0), lane="backlog", by="schedule", only_dead=True
        )
        if started:
            log.info("refused_tried_again", jobs=len(started))
        return len(started)

    async def after_new_settings(self, settings: Settings) -> int:
        """Start all of them over when the settings are not those of the last start."""
        digest = hashlib.sha256(repr(settings.model_dump(include=_SHAPING)).encode()).hexdigest()
        before = await self._redis.get(self._name)
        if before is not None and before.decode() == digest:
            return 0
        started = await self.try_again() if before is not None else 0
        await self._redis.set(self._name, digest)
        return started
