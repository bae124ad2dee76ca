"""Everything that is stored about one object."""

from __future__ import annotations

import msgspec

from console.command import Bridge
from cwbridge.ledger.history import Event, History
from cwbridge.ledger.links import Link
from cwbridge.queue.job import Job
from cwbridge.queue.reading import JobReader


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """One object: its outstanding work, its link, and what happened to it, newest first."""

    key: str
    kind: str
    """The kind of the linked record."""
    job: Job | None
    link: Link | None
    matches: tuple[str, ...]
    discrepancies: tuple[str, ...]
    last_calls: tuple[str, ...]
    """The last calls of the newest failed run."""
    failed_at_ms: int | None
    run_calls: tuple[str, ...]
    """The last calls of the newest run that did something, for a week."""
    history: list[Event]

    @property
    def is_unknown(self) -> bool:
        """Whether nothing is stored: it was never enqueued, or its history has expired."""
        return self.job is None and self.link is None and not self.history


async def gather(bridge: Bridge, key: str) -> Known:
    """Read the object of a valid key."""
    namespace = bridge.settings.namespace
    linked = bridge.flows.of_key(key).link_of(key)
    job = (await JobReader(bridge.redis, namespace).known([key])).get(key)
    link = await bridge.links.get(linked.kind, linked.identity)
    history = History(bridge.redis, namespace=namespace)
    events = await history.of(key)
    failed = next((event for event in events if event.last_calls), None)
    return Known(
        key=key,
        kind=linked.kind,
        job=job,
        link=link,
        matches=next((event.matches for event in events if event.matches), ()),
        discrepancies=next((event.discrepancies for event in events if event.matches), ()),
        last_calls=failed.last_calls if failed is not None else (),
        failed_at_ms=failed.at_ms if failed is not None else None,
        run_calls=await history.last_calls(key),
        history=events,
    )
