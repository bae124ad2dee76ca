"""The producers' half: enqueues every note."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from cwbridge.flow import Flow, FlowContext, Polled, Schedule, Source
from cwbridge.queue.job import Enqueue
from cwbridge.redis import Redis, reply


class NotesPoller:
    def __init__(self, context: FlowContext, flow: Flow) -> None:
        self._context = context
        self._flow = flow

    def schedules(self) -> Sequence[Schedule]:
        return (Schedule("notes_poll", timedelta(seconds=1), self._poll),)

    async def poll(self, *, full: bool) -> Polled:  # noqa: ARG002  every poll of notes is a full one
        return await self._poll()

    async def _poll(self) -> Polled:
        numbers = await reply(self._context.redis.hkeys(f"{self._context.settings.namespace}:notes"))
        keys = [f"notes/note/{number.decode()}" for number in numbers]
        enqueued = await self._context.queue.enqueue(
            *(Enqueue(key=key, flow=self._flow.name, version="1") for key in keys)
        )
        return Polled(seen=len(keys), enqueued=enqueued)


class NotesSource(Source):
    systems = ()

    async def status_rows(self, redis: Redis, namespace: str, /) -> Mapping[str, str]:
        return {"notes written": str(await reply(redis.hlen(f"{namespace}:notes")))}

    @asynccontextmanager
    async def open(self, context: FlowContext, flow: Flow) -> AsyncIterator[NotesPoller]:
        yield NotesPoller(context, flow)
