"""A person's answer to which record of ConnectWise an object belongs: checked, kept, and acted on."""

from __future__ import annotations

import re

import msgspec

from cwbridge import errors
from cwbridge.connectors.connectwise import client as connectwise
from cwbridge.connectors.connectwise.conditions import field
from cwbridge.keys import Key
from cwbridge.ledger.links import Kind, Link, Links
from cwbridge.ledger.named import LinkName
from cwbridge.queue import selection
from cwbridge.queue.job import Want
from cwbridge.queue.queue import Queue
from cwbridge.queue.selection import Selection


class Relinked(msgspec.Struct, frozen=True, kw_only=True):
    """What was changed: the link, and the keys that run again because of it."""

    name: str
    kind: Kind
    target: int
    title: str
    before: Link | None
    wanted: list[str]
    notes: list[str]


class Relinker:
    """Puts links by hand; raises Refused for a record that cannot be meant."""

    def __init__(self, client: connectwise.ConnectWiseClient, links: Links, queue: Queue) -> None:
        self._client = client
        self._links = links
        self._queue = queue

    async def relink(self, name: LinkName, target: int) -> Relinked:
        """Check the record, keep the answer, and want what depends on it."""
        before = await self._links.get(name.kind, name.source)
        link = Link(target=target, how="person")
        notes: list[str] = []
        if name.kind == "opportunity":
            key = Key.parse(name.source)
            title = await self._opportunity(key, target)
            async with self._queue.paused(str(key)):
                await self._links.put(name.kind, name.source, link)
            await self._queue.want(Want(key=str(key), lane="interactive"))
            await self._queue.requeue(str(key))
            wanted = [str(key)]
            notes = await self._marked_too(key, target)
        else:
            title = await self._record(name, target)
            await self._links.put(name.kind, name.source, link)
            wanted = await self._want_dependent(name, before)
        return Relinked(
            name=str(name),
            kind=name.kind,
            target=target,
            title=title,
            before=before,
            wanted=wanted,
            notes=notes,
        )

    async def _opportunity(self, key: Key, target: int) -> str:
        """The name of the opportunity, which must exist and belong to nobody else."""
        try:
            record = await self._client.opportunities.get(target)
        except errors.NotFound as problem:
            raise _missing("opportunity", target) from problem
        marked = key_of(record.source)
        if marked is not None and marked != key:
            raise errors.Refused(
                f"Opportunity {target} carries the mark of {marked}",
                remedy="Choose another one, or clear its field Source in ConnectWise if it does not belong there.",
            )
        for other, link in (await self._links.all("opportunity")).items():
            if link.target == target and other != str(key):
                raise errors.Refused(
                    f"Opportunity {target} is linked to {other}",
                    remedy=f"Choose another one, or first: cwbridge links unlink {other}",
                )
        return record.name

    async def _record(self, name: LinkName, target: int) -> str:
        """What the record is called; it must exist, be in use, and belong to the company of the name."""
        try:
            match name.kind:
                case "company":
                    company = await self._client.companies.get(target)
                    if company.deletedFlag:
                        raise _missing("company", target)
                    return company.name
                case "contact":
                    contact = await self._client.contacts.get(target)
                    if contact.company is None or contact.company.id != name.company or contact.inactiveFlag:
                        raise _elsewhere(name, target)
                    return f"{contact.firstName or ''} {contact.lastName or ''}".strip()
                case _:
                    site = await self._client.sites(name.company or 0).get(target)
                    if site.inactiveFlag:
                        raise _elsewhere(name, target)
                    return site.name
        except errors.NotFound as problem:
            raise _missing(name.kind, target) from problem

    async def _marked_too(self, key: Key, target: int) -> list[str]:
        """Other opportunities with the mark: should the link get lost, they would make it ambiguous again."""
        rows = await self._client.opportunities.find(field("source").equals(key.mark), fields=("source",))
        return [
            f"opportunity {row.id} carries the mark {key.mark}, too: clear its field Source in ConnectWise"
            for row in rows
            if row.id != target and row.source == key.mark
        ]

    async def _want_dependent(self, name: LinkName, before: Link | None) -> list[str]:
        """Jobs given up over this very question, and opportunities of ours that hold the record of before."""
        asked = re.compile(rf"(?<!\S){re.escape(str(name))}(?!\S)")
        dead = Selection(states=("dead",))
        waiting = [
            job.key
            async for job, _ in selection.find(self._queue, dead)
            if job.failure is not None and asked.search(job.failure.remedy)
        ]
        started = await self._queue.spread(dict.fromkeys(waiting, 0), lane="backlog")
        holding = await self._holding(name.kind, before.target) if before is not None else []
        for key in holding:
            await self._write_anew(key)
        return sorted({*started, *holding})

    async def _write_anew(self, key: str) -> None:
        """Want it with unknown content: what was settled before is only looked at, not written."""
        async with self._queue.paused(key):
            link = await self._links.get("opportunity", key)
            if link is not None:
                await self._links.put("opportunity", key, msgspec.structs.replace(link, fingerprint=""))
        await self._queue.want(Want(key=key, lane="backlog"))

    async def _holding(self, kind: Kind, target: int) -> list[str]:
        condition = field(f"{kind}/id").equals(target)
        rows = await self._client.opportunities.find(condition, fields=("source",))
        marked = [key_of(row.source) for row in rows]
        return [str(key) for key in marked if key is not None]


def key_of(mark: str | None) -> Key | None:
    """The key whose mark this is; None for any other text in the field."""
    try:
        return Key.of_mark(mark or "")
    except errors.Refused:
        return None


def _missing(noun: str, target: int) -> errors.Refused:
    return errors.Refused(
        f"ConnectWise has no {noun} {target}",
        remedy=f"Look up the id of the {noun} in ConnectWise; nothing was changed.",
    )


def _elsewhere(name: LinkName, target: int) -> errors.Refused:
    return errors.Refused(
        f"{name.kind.capitalize()} {target} is inactive or belongs to another company than {name.company}",
        remedy="Choose an active one of that company; nothing was changed.",
    )
