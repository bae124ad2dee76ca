"""The contract of a flow: everything that the platform knows about one kind of sync.

    Flow       describes the flow and opens its handler; light to import
    Source     the producers' half: notices what may have changed, on schedules
    Linker     corrects by hand which record of the target belongs to an object

The queue, the ledger, the metrics and the console know flows through these alone. A new flow is a subclass of Flow, a subclass of
Source and one line in the registry (console/flows.py).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from cwbridge import errors
from cwbridge.access import Access
from cwbridge.checks import Check, Looker, NameList
from cwbridge.connectors.system import System
from cwbridge.keys import KeyFormat
from cwbridge.ledger.history import Event, History
from cwbridge.ledger.links import Link, Links
from cwbridge.linker import Linker, LinkKind, LinkName
from cwbridge.queue.queue import Queue
from cwbridge.redis import Redis
from cwbridge.settings import Section, Settings, variable

if TYPE_CHECKING:
    from cwbridge.connections import Connections
    from cwbridge.queue.runner import Handler


class FlowContext(msgspec.Struct, frozen=True, kw_only=True):
    """What a flow uses in one process: the settings, the store, and the open clients of its systems."""

    settings: Settings
    redis: Redis
    queue: Queue
    links: Links
    history: History
    connections: Connections

    @classmethod
    def over(
        cls,
        settings: Settings,
        redis: Redis,
        connections: Connections,
        *,
        on_event: Callable[[str, Event], None] | None = None,
    ) -> FlowContext:
        """A context over open connections; `on_event` is called with every event of this process."""
        return cls(
            settings=settings,
            redis=redis,
            queue=Queue(redis, namespace=settings.namespace, settings=settings.queue),
            links=Links(redis, namespace=settings.namespace),
            history=History(redis, namespace=settings.namespace, on_event=on_event),
            connections=connections,
        )


class Flow(ABC):
    """One kind of sync, as the platform sees it."""

    name: str
    title: str
    systems: tuple[System[Any], ...]
    key_format: KeyFormat
    link_kinds: tuple[LinkKind, ...]
    """The first is the kind of the flow's main records; their identities are its keys, unless `link_of` says otherwise."""
    has_linker: bool = False
    """Whether the links can be rebuilt from what the systems hold."""
    external_id_field: str = ""
    """The label of the field that holds the external id, as users see it; empty when records are found by several rules."""
    tables: tuple[type[Section], ...] = ()
    """The flow's own tables of the settings. A change of one, or of a system's, is a reason to retry dead jobs."""

    def is_on(self, settings: Settings) -> bool:
        """Whether every system of the flow has a URL."""
        return not self.lacks(settings)

    def lacks(self, settings: Settings) -> list[str]:
        """The variables of the URLs that the flow needs and the settings do not have."""
        return [
            variable(system.name, "url")
            for system in self.systems
            if not settings.of(system.settings).switched_on
        ]

    def pushed(self, settings: Settings) -> frozenset[str]:  # noqa: ARG002  only flows that let it be chosen read it
        """The nouns of the source's records that the flow writes to the target, where the settings choose them."""
        return frozenset()

    def keys_of(self, number: str) -> tuple[str, ...]:  # noqa: ARG002  only flows with numbers read it
        """The keys, or beginnings of keys, that a person means by a bare number."""
        return ()

    def link_name(self, text: str) -> LinkName | None:
        """The link that a person names, or None when it is no link of this flow."""
        if self.key_format.accepts(text):
            return self.link_of(text)
        for kind in self.link_kinds[1:]:
            if kind.identity is not None and kind.identity.fullmatch(text):
                return LinkName(kind.name, text)
        return None

    def link_of(self, key: str) -> LinkName:
        """The link of the object of `key`."""
        return LinkName(self.link_kinds[0].name, key)

    def record_of(self, key: str) -> tuple[str, int] | None:  # noqa: ARG002  only flows with such keys read it
        """The kind and id of the record of the target that a key itself names; None for a key of the source."""
        return None

    def key_of_link(self, name: LinkName) -> str | None:
        """The key whose job writes the record of a link; None for a link that jobs of several keys may use."""
        return name.identity if name.kind == self.link_kinds[0].name else None

    def pages(self, settings: Settings, key: str, link: Link | None) -> Mapping[str, str]:  # noqa: ARG002  only flows that know some read it
        """The addresses under which people see the object of `key` and its record, by what they are."""
        return {}

    @abstractmethod
    def external_id(self, key: str) -> str:
        """The text that the record of `key` carries in the target, so that it is found again without Redis."""

    @abstractmethod
    def key_of(self, external_id: str | None) -> str | None:
        """The key that has this external id; None for any other text."""

    def access(self) -> Sequence[Access]:
        """The endpoints that the flow calls; the union over all flows is the least role of the API members."""
        return ()

    def names(self, settings: Settings) -> Sequence[NameList]:  # noqa: ARG002  only flows with names in their settings read it
        """The lists of names that the flow's settings choose from, with the names that they hold now."""
        return ()

    def checks(self, looker: Looker) -> Sequence[Check]:  # noqa: ARG002  only flows that have some read it
        """What `cwbridge doctor` should look at beside the names and the access."""
        return ()

    @abstractmethod
    def open_handler(self, context: FlowContext) -> AbstractAsyncContextManager[Handler]:
        """The handler of this flow's jobs while the body runs."""

    @abstractmethod
    def describe(self, key: str, event: Event) -> str:
        """One event in the history of `key` in a few words."""

    def linker(self, context: FlowContext) -> Linker:  # noqa: ARG002  only flows that have one read it
        """The linker of this flow; raises Refused when the flow has none (`has_linker`)."""
        raise errors.Refused(
            f"Links of the flow {self.name} cannot be corrected by hand",
            remedy="Correct the object in its source, then requeue its job.",
        )


class Schedule(msgspec.Struct, frozen=True):
    """Runs `action` every `interval`; `starts_late` skips the very first slot, when another schedule does that work first.

    With `follows_people` it runs as often a day, but more often in the hours in which its polls usually find something.
    """

    name: str
    interval: timedelta
    action: Callable[[], Awaitable[object]]
    starts_late: bool = False
    follows_people: bool = False


class Polled(msgspec.Struct, frozen=True, kw_only=True):
    """What a poll saw: objects listed, and keys newly enqueued."""

    seen: int
    enqueued: int


class Poller(Protocol):
    """The producers' half of a flow at work."""

    def schedules(self) -> Sequence[Schedule]:
        """The schedules of the flow."""

    async def poll(self, *, full: bool) -> Polled:
        """Poll once, now: what changed, or with `full` everything."""


class Source(ABC):
    """The producers' half of a flow: notices what may have changed and enqueues keys; never writes to a target."""

    systems: tuple[System[Any], ...]

    def watermarks(self, flow: Flow, settings: Settings) -> Sequence[tuple[str, str]]:  # noqa: ARG002  only sources that have some read it
        """Name and title of each watermark, for `cwbridge status`: (`jetbuilt`, `Jetbuilt read until`)."""
        return ()

    async def status_rows(self, _redis: Redis, _namespace: str, /) -> Mapping[str, str]:
        """What a person should see of the source in the status beside the watermarks, by title."""
        return {}

    @abstractmethod
    def open(self, context: FlowContext, flow: Flow) -> AbstractAsyncContextManager[Poller]:
        """The poller while the body runs."""


class Registration(msgspec.Struct, frozen=True):
    """A flow with its source."""

    flow: Flow
    source: Source


class Flows:
    """The registered flows: finds the one that a key, a link or an external id belongs to."""

    def __init__(self, registrations: Iterable[Registration]) -> None:
        self.registrations = {one.flow.name: one for one in registrations}

    def __iter__(self) -> Any:
        return iter(one.flow for one in self.registrations.values())

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.registrations)

    @property
    def tables(self) -> tuple[type[Section], ...]:
        """The tables of the settings that the flows and their systems have, each once."""
        systems = (system.settings for flow in self for system in flow.systems)
        return tuple(dict.fromkeys([*systems, *(table for flow in self for table in flow.tables)]))

    def get(self, name: str) -> Flow | None:
        """The flow of that name."""
        found = self.registrations.get(name)
        return None if found is None else found.flow

    def on(self, settings: Settings) -> Flows:
        """The flows that are switched on; raises SettingsError when there are none."""
        chosen = [one for one in self.registrations.values() if one.flow.is_on(settings)]
        if not chosen:
            lacking = "; ".join(f"{flow.name} lacks {', '.join(flow.lacks(settings))}" for flow in self)
            raise errors.SettingsError(
                f"no flow is switched on: {lacking}",
                remedy="Set the addresses that one flow lacks, in the environment or in cwbridge.toml.",
            )
        return Flows(chosen)

    def of_key(self, text: str) -> Flow:
        """The flow of a key; raises Refused that shows what keys look like."""
        for flow in self:
            if flow.key_format.accepts(text):
                return flow  # type: ignore[no-any-return]
        examples = " or ".join(example for flow in self for example in flow.key_format.examples)
        raise errors.Refused(f"{text[:80]!r} is not a key", remedy=f"Keys look like {examples}.")

    def link_name(self, text: str) -> tuple[Flow, LinkName]:
        """The link that a person names, with its flow; raises Refused that shows the forms."""
        for flow in self:
            name = flow.link_name(text)
            if name is not None:
                return flow, name
        examples = ", ".join(kind.example for flow in self for kind in flow.link_kinds)
        raise errors.Refused(
            f"{text[:80]!r} is not the name of a link", remedy=f"Names look like {examples}."
        )

    def link_kinds(self) -> tuple[LinkKind, ...]:
        """Every kind of link, each once."""
        return tuple({kind.name: kind for flow in self for kind in flow.link_kinds}.values())
