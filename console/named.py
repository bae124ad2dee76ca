"""The keys that a person named for `cwbridge sync`, and what their runs lead to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from console.quiet import LONGEST_PAUSE_MS
from cwbridge.ledger.history import Event
from cwbridge.queue.job import Job
from cwbridge.queue.queue import Queue


class NamedKeys:
    """Grows by the keys that a run hands its object over to, and by those that a job waits for."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._keys = dict.fromkeys(keys)
        self.events: dict[str, Event] = {}
        """The last event of each key."""

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._keys))

    def __bool__(self) -> bool:
        return bool(self._keys)

    def on_event(self, key: str, event: Event) -> None:
        """Keep what a run did, and follow it."""
        if key in self._keys:
            self.events[key] = event
            if event.leads_to:
                self._keys[event.leads_to] = None

    async def jobs(self, queue: Queue) -> list[Job]:
        """The jobs of all keys that are not settled."""
        found: list[Job] = []
        looked_at: set[str] = set()
        while more := [key for key in self._keys if key not in looked_at]:
            for key in more:
                looked_at.add(key)
                job = await queue.job(key)
                if job is not None:
                    found.append(job)
                    self._keys |= {} if job.waits_for is None else {job.waits_for: None}
        return found

    async def are_busy(self, queue: Queue) -> bool:
        """Whether a job of them runs or becomes due soon."""
        now_ms = (await queue.counts()).now_ms
        jobs = await self.jobs(queue)
        if _waits_for_none(jobs):
            # What it waits for was settled after the job was read, and has woken it.
            jobs = await self.jobs(queue)
        return any(
            job.state in {"due", "dispatched", "running"}
            or (job.state in {"scheduled", "waiting"} and job.due_ms - now_ms < LONGEST_PAUSE_MS)
            for job in jobs
        )


def _waits_for_none(jobs: Iterable[Job]) -> bool:
    """Whether a job waits for a key that has no job."""
    found = {job.key: job for job in jobs}
    return any(job.waits_for is not None and job.waits_for not in found for job in found.values())
