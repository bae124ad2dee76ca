"""arq's worker as the queue uses it: a codec that runs no code, no results, no tries, and immediate starts."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import arq.connections
import arq.constants
import arq.typing
import arq.utils
import arq.worker
import msgspec

from cwbridge.batching import BatchLoader
from cwbridge.redis import Redis

_FUNCTION = "run"
# For deliveries of a claim whose answer was lost; all other deliveries are started at once.
_POLL_SECONDS = 5.0
# Longer than any run: leases decide when a run is over, not arq's time-outs and tries.
_JOB_TIMEOUT_SECONDS = 30 * 24 * 3600
_TRIES = 1_000_000
_HEALTH_SECONDS = 60
_MAX_BODY_BYTES = 64 * 1024
# Nothing waits for the removal of what arq keeps of a job, so several jobs share a round trip.
_FORGOTTEN_TOGETHER = timedelta(milliseconds=5)


class _Body(
    msgspec.Struct,
    forbid_unknown_fields=True,
    rename={"tries": "t", "function": "f", "args": "a", "kwargs": "k", "at": "et"},
):
    """What arq reads from a job: key and fencing token, and nothing that could run."""

    function: str
    args: tuple[str, int]
    kwargs: dict[str, None]
    at: int
    tries: int | None = None


def encode(body: dict[str, Any]) -> bytes:
    """The serializer for arq: JSON instead of pickle."""
    return msgspec.json.encode(body)


def decode(data: bytes) -> dict[str, Any]:
    """The deserializer for arq; raises ValueError for anything but a key and a fencing token."""
    if len(data) > _MAX_BODY_BYTES:
        raise ValueError(f"the body of a job has {len(data)} bytes, at most {_MAX_BODY_BYTES} are read")
    body: dict[str, Any] = msgspec.to_builtins(msgspec.json.decode(data, type=_Body))
    return body


def redis_for_arq(client: Redis, *, arq_queue: str) -> arq.connections.ArqRedis:
    """arq's client over the connections of `client`, with their retries and the codec of this module."""
    return arq.connections.ArqRedis(
        pool_or_conn=client.connection_pool,
        job_serializer=encode,
        job_deserializer=decode,
        default_queue_name=arq_queue,
    )


def keys_of(arq_ids: Iterable[str]) -> list[str]:
    """The Redis keys that arq keeps of jobs, those of an arq queue left out."""
    prefixes = (
        arq.constants.job_key_prefix,
        arq.constants.in_progress_key_prefix,
        arq.constants.retry_key_prefix,
    )
    return [f"{prefix}{arq_id}" for arq_id in arq_ids for prefix in prefixes]


class Worker(arq.worker.Worker):
    """An arq worker that delivers and forgets: no result, no time-out, no tries, no signals, no abort."""

    def __init__(
        self,
        client: arq.connections.ArqRedis,
        run: arq.typing.WorkerCoroutine,
        *,
        slots: int,
        arq_queue: str,
    ) -> None:
        super().__init__(
            [arq.worker.func(run, name=_FUNCTION)],
            queue_name=arq_queue,
            redis_pool=client,
            handle_signals=False,
            max_jobs=slots,
            job_timeout=_JOB_TIMEOUT_SECONDS,
            keep_result=0,
            max_tries=_TRIES,
            poll_delay=_POLL_SECONDS,
            health_check_interval=_HEALTH_SECONDS,
            health_check_key=f"{arq_queue}:health",
            job_serializer=encode,
            job_deserializer=decode,
            allow_abort_jobs=False,
            log_results=False,
        )
        self._ended: BatchLoader[str, None] = BatchLoader(self._forget, window=_FORGOTTEN_TOGETHER)

    async def start_now(self, arq_ids: Sequence[str]) -> Collection[asyncio.Task[None]]:
        """Start jobs that are in the arq queue, and return their tasks.

        It does what `start_jobs` does after a poll, under the same lock, in one round trip for all of them instead of four for
        each: a worker has its arq queue to itself.
        """
        lasts_ms = int(self.in_progress_timeout_s * 1000)
        async with self.pool.pipeline(transaction=False) as pipeline:
            for arq_id in arq_ids:
                pipeline.set(arq.constants.in_progress_key_prefix + arq_id, b"1", nx=True, px=lasts_ms)
            free = await pipeline.execute()
        score = arq.utils.timestamp_ms()
        return [
            self.loop.create_task(self.run_job(arq_id, score))
            for arq_id, is_free in zip(arq_ids, free, strict=True)
            if is_free
        ]

    async def finish_job(  # noqa: PLR0917 - as arq calls it
        self,
        job_id: str,
        finish: bool,
        result_data: bytes | None,
        result_timeout_s: float | None,
        keep_result_forever: bool,
        incr_score: int | None,
        keep_in_progress: float | None,
    ) -> None:
        """Remove what arq keeps of a job that has ended, together with others; one that was broken off is arq's business."""
        if finish:
            await self._ended.get(job_id)
        else:
            await super().finish_job(
                job_id,
                finish,
                result_data,
                result_timeout_s,
                keep_result_forever,
                incr_score,
                keep_in_progress,
            )

    async def _forget(self, arq_ids: Sequence[str]) -> Mapping[str, None]:
        async with self.pool.pipeline(transaction=False) as pipeline:
            pipeline.zrem(self.queue_name, *arq_ids)
            pipeline.delete(*keys_of(arq_ids))
            await pipeline.execute()
        return dict.fromkeys(arq_ids)
