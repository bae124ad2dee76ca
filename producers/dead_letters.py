"""Requeues dead jobs once a day, and once after the settings changed, because their cause may be gone.

    {namespace}:settings    digest of the settings that the producers last started with; secrets are not part of it

Bugs stay dead, and so do jobs that crashed their workers: an automatic retry of those would do harm.
"""

from __future__ import annotations

import hashlib
from collections.abc import Set as AbstractSet

import structlog

from cwbridge.queue import selection
from cwbridge.queue.failure import WORKER_DIED
from cwbridge.queue.queue import Queue
from cwbridge.queue.selection import Selection
from cwbridge.redis import Redis
from cwbridge.settings import Settings

log = structlog.get_logger(__name__)
_DEAD = Selection(states=("dead",))
_WORTH_A_TRY = {"refused", "retry"}


class DeadLetterRetry:
    """Requeues jobs that were refused, or whose system failed for too long, into the backlog lane.

    `settings_tables` are the tables of the settings that decide whether a job is refused.
    """

    def __init__(
        self, queue: Queue, redis: Redis, *, namespace: str, settings_tables: AbstractSet[str]
    ) -> None:
        self._queue = queue
        self._redis = redis
        self._name = f"{namespace}:settings"
        self._settings_tables = set(settings_tables)

    async def try_again(self) -> int:
        """Requeue all of them; answers how many."""
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
            log.info("dead_letters_requeued", jobs=len(started))
        return len(started)

    async def after_new_settings(self, settings: Settings) -> int:
        """Requeue all of them when the settings differ from those of the last start; answers how many."""
        digest = hashlib.sha256(repr(settings.model_dump(include=self._settings_tables)).encode()).hexdigest()
        before = await self._redis.get(self._name)
        if before is not None and before.decode() == digest:
            return 0
        started = await self.try_again() if before is not None else 0
        await self._redis.set(self._name, digest)
        return started
