"""The worker's half: copies a note, after the note that it names as its predecessor.

{namespace}:notes       hash, number -> text; "after 7" waits for note 7
{namespace}:copies      hash, copy id -> text
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cwbridge import errors
from cwbridge.flow import Flow, FlowContext
from cwbridge.keys import KeyFormat
from cwbridge.ledger.history import Event
from cwbridge.ledger.links import Link
from cwbridge.linker import LinkKind
from cwbridge.queue.job import Run
from cwbridge.queue.runner import Handler
from cwbridge.redis import reply


class Notes(Flow):
    name = "note"
    title = "notes -> copies"
    systems = ()
    key_format = KeyFormat(pattern=re.compile(r"notes/note/\d+"), examples=("notes/note/7",))
    link_kinds = (LinkKind(name="copy", plural="copies", example="notes/note/7"),)

    def external_id(self, key: str) -> str:
        return key.replace("/", ":")

    def key_of(self, external_id: str | None) -> str | None:
        key = (external_id or "").replace(":", "/")
        return key if self.key_format.accepts(key) else None

    @asynccontextmanager
    async def open_handler(self, context: FlowContext) -> AsyncIterator[Handler]:
        async def copy(run: Run) -> None:
            await self._copy(context, run.key)

        yield copy

    async def _copy(self, context: FlowContext, key: str) -> None:
        namespace, number = context.settings.namespace, key.rpartition("/")[2]
        text = (await reply(context.redis.hget(f"{namespace}:notes", number)) or b"").decode()
        if text.startswith("after "):
            predecessor = f"notes/note/{text.split()[1]}"
            if await context.links.get("copy", predecessor) is None:
                raise errors.WaitingFor(predecessor, flow=self.name)
        if text == "refused":
            raise errors.Refused("the note is refused", remedy="Write another one.")
        copy = int(await context.redis.incr(f"{namespace}:copy"))
        await reply(context.redis.hset(f"{namespace}:copies", str(copy), text))
        await context.links.put("copy", key, Link(target=copy, how="created"))
        await context.history.add(key, Event(what="created", target=copy))

    def describe(self, key: str, event: Event) -> str:  # noqa: ARG002
        return f"copy {event.target} {event.what}"
