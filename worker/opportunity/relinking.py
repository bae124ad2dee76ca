"""Stores which record of ConnectWise a person chose for an object, after a check, and enqueues what depends on it."""

from __future__ import annotations

import re
import shlex
from typing import Self

import msgspec

from cwbridge import concurrency, errors
from cwbridge.connectors.connectwise import client as connectwise
from cwbridge.connectors.connectwise.conditions import field
from cwbridge.connectors.jetbuilt import ACTIVE_PROJECTS
from cwbridge.connectors.jetbuilt import client as jetbuilt
from cwbridge.ledger.api_member import ApiMember
from cwbridge.ledger.hints import Hints
from cwbridge.ledger.links import Link, Links
from cwbridge.linker import LinkName, Relinked, no_record
from cwbridge.queue import selection
from cwbridge.queue.job import Enqueue
from cwbridge.queue.queue import Queue
from cwbridge.queue.selection import Selection
from cwbridge.redis import Redis
from cwbridge.settings import Settings
from worker.opportunity import assembly
from worker.opportunity.dependents import Dependents, company_of, key_of
from worker.opportunity.project_key import FLOW, ProjectKey

_EVERYTHING = 1_000_000
_AT_ONCE = 64
_KEPT_TRIES = 3


class Relinker:
    """Sets links by hand; raises Refused for an impossible record."""

    def __init__(
        self, client: connectwise.ConnectWiseClient, dependents: Dependents, links: Links, queue: Queue
    ) -> None:
        self._client = client
        self._dependents = dependents
        self._links = links
        self._queue = queue

    @classmethod
    def over(
        cls,
        settings: Settings,
        redis: Redis,
        client: connectwise.ConnectWiseClient,
        source: jetbuilt.JetbuiltClient,
    ) -> Self:
        """A relinker with everything it needs."""
        namespace = settings.namespace
        active = Hints(redis, namespace=namespace, name=ACTIVE_PROJECTS)
        api_member = ApiMember(redis, namespace=namespace)
        return cls(
            client,
            Dependents(client, source, active, api_member, assembly.rules(settings)),
            Links(redis, namespace=namespace),
            Queue(redis, namespace=namespace, settings=settings.queue),
        )

    async def relink(self, name: LinkName, target: int) -> Relinked:
        """Check the record and the name, store the choice, and enqueue the keys that depend on it."""
        before = await self._links.get(name.kind, name.identity)
        link = Link(target=target, how="person")
        notes: list[str] = []
        if name.kind == "opportunity":
            key = ProjectKey.parse(name.identity)
            title = await self._opportunity(key, target)
            await self._dependents.check(name)
            async with self._queue.paused(str(key)):
                await self._links.put(name.kind, name.identity, link)
            await self._queue.enqueue(Enqueue(key=str(key), flow=FLOW, lane="interactive", mode="force"))
            await self._queue.requeue(str(key))
            enqueued = [str(key)]
            notes = await self._same_external_id(key, target)
        else:
            title = await self._record(name, target)
            await self._dependents.check(name)
            await self._keep(name, link)
            enqueued = await self._enqueue_dependents(name, target)
        return Relinked(
            name=str(name),
            kind=name.kind,
            target=target,
            title=title,
            before=before,
            enqueued=enqueued,
            notes=notes,
        )

    async def _opportunity(self, key: ProjectKey, target: int) -> str:
        """The name of the opportunity, which must exist and belong to no other key."""
        try:
            record = await self._client.opportunities.get(target)
        except errors.NotFound as error:
            raise no_record("opportunity", target) from error
        identified = key_of(record.source)
        if identified is not None and identified != key:
            raise errors.Refused(
                f"Opportunity {target} carries the external id of {identified}",
                remedy="Choose another one, or clear its field Source in ConnectWise if it does not belong there.",
            )
        linked = await self._links.of_targets("opportunity", [target])
        for other in linked.get(target, ()):
            if other != str(key):
                raise errors.Refused(
                    f"Opportunity {target} is linked to {other}",
                    remedy=f"Choose another one, or first: cwbridge links unlink {other}",
                )
        return record.name

    async def _record(self, name: LinkName, target: int) -> str:
        """The name of the record, which must exist, be active, and belong to the company of the link."""
        try:
            match name.kind:
                case "company":
                    company = await self._client.companies.get(target)
                    if company.deletedFlag:
                        raise no_record("company", target)
                    return company.name
                case "contact":
                    contact = await self._client.contacts.get(target)
                    if (
                        contact.company is None
                        or contact.company.id != company_of(name)
                        or contact.inactiveFlag
                    ):
                        raise _elsewhere(name, target)
                    return f"{contact.firstName or ''} {contact.lastName or ''}".strip()
                case _:
                    site = await self._client.sites(company_of(name) or 0).get(target)
                    if site.inactiveFlag:
                        raise _elsewhere(name, target)
                    return site.name
        except errors.NotFound as error:
            raise no_record(name.kind, target) from error

    async def _same_external_id(self, key: ProjectKey, target: int) -> list[str]:
        """Warnings about other opportunities with the external id, which would make the key ambiguous if the link were lost."""
        rows = await self._client.opportunities.find(
            field("source").equals(key.external_id), fields=("source",)
        )
        return [
            f"opportunity {row.id} carries the external id {key.external_id} as well: clear its field Source in ConnectWise"
            for row in rows
            if row.id != target and row.source == key.external_id
        ]

    async def _keep(self, name: LinkName, link: Link) -> None:
        """Store the link repeatedly until it stays, because runs under way may still store what they found."""
        for _ in range(_KEPT_TRIES):
            await self._links.put(name.kind, name.identity, link)
            await self._runs_ended()
            if await self._links.get(name.kind, name.identity) == link:
                return
        raise errors.Busy(
            f"Runs keep changing what {name} is linked to",
            remedy="Stop the workers, or hold the jobs (cwbridge jobs hold), and repeat this command.",
        )

    async def _runs_ended(self) -> None:
        """Wait for every run that may not know the choice, because only then all of its writes are visible."""
        running = await self._queue.jobs(state="running", limit=_EVERYTHING)
        try:
            await concurrency.gather_limited((self._run_ended(job.key) for job in running), limit=_AT_ONCE)
        except errors.Busy as failure:
            raise errors.Busy(
                "A run that began before this choice does not end",
                detail=failure.detail,
                remedy="The choice is stored. Repeat this command when the run has ended (cwbridge jobs show), "
                "so that what it wrote is corrected.",
            ) from failure

    async def _run_ended(self, key: str) -> None:
        async with self._queue.paused(key):
            pass

    async def _enqueue_dependents(self, name: LinkName, target: int) -> list[str]:
        """Enqueue dead jobs that this choice resolves, and opportunities of the flow that hold another record.

        Jobs that are due or waiting are left as they are: they read the choice when they run.
        """
        asked = re.compile(rf"(?<!\S){re.escape(shlex.quote(str(name)))}(?!\S)")
        dead = Selection(states=("dead",))
        waiting = [
            job.key
            async for job, _ in selection.find(self._queue, dead)
            if job.failure is not None and asked.search(job.failure.remedy)
        ]
        started = await self._queue.requeue_later(dict.fromkeys(waiting, 0), lane="backlog", mode="verify")
        mistaken = [str(key) for key in await self._dependents.mistaken(name, target)]
        rewritten = [key for key in mistaken if await self._rewrite(key)]
        return sorted({*started, *rewritten})

    async def _rewrite(self, key: str) -> bool:
        """Enqueue the key with unknown content, so that its run writes instead of only comparing.

        False for a key that is archived or dead for another reason: it is written when it runs again.
        """
        async with self._queue.paused(key):
            link = await self._links.get("opportunity", key)
            if link is not None:
                await self._links.put("opportunity", key, msgspec.structs.replace(link, fingerprint=""))
        return await self._queue.enqueue(Enqueue(key=key, flow=FLOW, lane="backlog", mode="verify")) > 0


def _elsewhere(name: LinkName, target: int) -> errors.Refused:
    return errors.Refused(
        f"{name.kind.capitalize()} {target} is inactive or belongs to another company than {company_of(name)}",
        remedy="Choose an active one of that company; nothing was changed.",
    )
