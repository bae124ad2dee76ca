"""What every part of the billing flow needs, opened once for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import msgspec

from cwbridge import concurrency, errors
from cwbridge.connectors import write_guard
from cwbridge.connectors.bss import models as bss_models
from cwbridge.connectors.bss.client import BssClient
from cwbridge.connectors.connectwise import models as connectwise
from cwbridge.connectors.connectwise.conditions import field
from cwbridge.ledger.agreements import Agreed, Agreements
from cwbridge.ledger.api_member import ApiMember
from cwbridge.ledger.attempts import Attempt, Attempts
from cwbridge.ledger.creates import Creates, SentFields
from cwbridge.ledger.history import History
from cwbridge.ledger.links import How, Link, Links
from cwbridge.ledger.own_writes import OwnWrites
from cwbridge.ledger.skips import Skips
from cwbridge.limits.lane import Lane
from cwbridge.queue.job import Enqueue, Run
from cwbridge.queue.queue import Queue
from worker.billing import keys
from worker.billing.keys import FLOW, BillingKey
from worker.billing.merge import Field, alike
from worker.billing.rules import BillingRules
from worker.billing.values import Sides, Value, agreed_on
from worker.psa.context import PsaContext


class BillingContext(msgspec.Struct, frozen=True, kw_only=True):
    """Both tenants, the ledger, the queue and the rules."""

    bss: BssClient
    psa: PsaContext
    queue: Queue
    agreements: Agreements
    attempts: Attempts
    creates: Creates
    skips: Skips
    api_member: ApiMember
    own_writes: OwnWrites
    history: History
    rules: BillingRules

    @property
    def links(self) -> Links:
        return self.psa.links

    async def link_of(self, key: BillingKey) -> Link | None:
        """The link of an account or contact of BSS."""
        return await self.links.get(key.kind, key.identity)

    async def link(
        self, key: BillingKey, target: int, how: How, agreed: Mapping[str, Agreed], *, parent: int = 0
    ) -> Link:
        """Keep that `target` belongs to the object, and what both agree on; raises Unsettled when it was linked to another one at this moment, Busy when to this one."""
        link = Link(target=target, how=how, parent=parent)
        async with self.linking(key.kind, target):
            owner = await self.owner(key.kind, target)
            if owner == key:
                raise errors.Busy(
                    f"another run has just linked the {key.kind}", seconds=1, detail=str(target)
                )
            if owner is not None:
                raise errors.Unsettled(
                    f"A {key.kind} was linked to another record while it was looked for",
                    detail=f"{key.kind} {target} to {owner}",
                )
            await self.keep(key, link, agreed)
        return link

    async def keep(self, key: BillingKey, link: Link, agreed: Mapping[str, Agreed]) -> None:
        """Store a link. It comes last but for the note of the create: a run that dies before it leaves all that the next one needs."""
        await self.agreements.put(key.identity, agreed)
        await self.links.put(key.kind, key.identity, link)
        await self.creates.end(key.identity, keys.record_identity(key.kind, link.target))

    async def agreed_at_create(
        self, key: BillingKey, target: int, fields: Iterable[Field], now: Sides
    ) -> dict[str, Agreed]:
        """What both sides agreed on when an earlier run made one from the other and died; empty when none did."""
        to_psa = await self.creates.of(key.identity) or {}
        to_bss = await self.creates.of(keys.record_identity(key.kind, target)) or {}
        by_name = {field.name: field for field in fields}

        def held(name: str, sent: str, now: str) -> str:
            return now if alike(by_name[name], sent, now) else sent

        pushed = {
            name: Agreed(field.own, held(name, field.sent, now.target[name].own))
            for name, field in to_psa.items()
            if name in now.target and name in by_name
        }
        pulled = {
            name: Agreed(held(name, field.sent, now.source[name].own), field.own)
            for name, field in to_bss.items()
            if name in now.source and name in by_name
        }
        return pushed | pulled

    async def agreed_at_pull(
        self, key: BillingKey, target: int, fields: Iterable[Field], now: Sides
    ) -> dict[str, Agreed]:
        """What both sides agree on once a record of BSS is made and read: what was sent, and the other fields as they are.

        BSS answers a create with the id alone, so another user may have filled a field before it is read: one that was made
        empty is no agreement.
        """
        fields = tuple(fields)
        empty = {field.name for field in fields if field.pulled and _is_empty(now.target.get(field.name))}
        agreed = {
            name: value
            for name, value in agreed_on(now.source, now.target).items()
            if not (name in empty and value.source)
        }
        return agreed | await self.agreed_at_create(key, target, fields, now)

    def linking(self, kind: str, target: int) -> AbstractAsyncContextManager[None]:
        """While the body runs, no other run links the record or makes a record of BSS for it."""
        return self.psa.locks.hold(f"linking:{kind}:{target}")

    @asynccontextmanager
    async def creating(
        self, identity: str, sent: SentFields, *, replaces: int | None = None
    ) -> AsyncIterator[None]:
        """A create for `identity`, whose record is `replaces` so far, is under way; the note of it stays unless it was refused.

        Of a run that has lost its lease the note may be that of the next run by now. The lease is confirmed first, because Redis may
        have been wiped since the last look-up; raises Busy when another run has linked the object since then.
        """
        if await self._partner_of(identity) != replaces:
            raise errors.Busy("another run has just linked the object", seconds=1, detail=identity)
        await write_guard.confirm()
        await self.creates.begin(identity, sent)
        try:
            yield
        except (errors.OutcomeUnknown, errors.LeaseLost):
            raise
        except errors.WorkError:
            await self.creates.end(identity)
            raise

    async def _partner_of(self, identity: str) -> int | None:
        """The record that an object of BSS is linked to, or the object of BSS that a record of ConnectWise is linked to."""
        key = keys.of_identity(identity)
        if key is not None:
            link = await self.link_of(key)
            return None if link is None else link.target
        _, kind, number = identity.split(":")
        owner = await self.owner(kind, int(number))
        return None if owner is None else owner.number

    async def is_free(self, key: BillingKey, target: int) -> bool:
        """Whether the object of BSS is linked to no record other than `target`.

        Another run may have linked it to that one at this moment, so such a link is no reason to look for another object.
        """
        link = await self.link_of(key)
        return link is None or link.target == target

    @asynccontextmanager
    async def writing(self, key: BillingKey, attempts: Mapping[str, Attempt]) -> AsyncIterator[None]:
        """Writes to a pair are under way; when the run is broken off, or has lost its lease, they may still take effect.

        A worker that was stopped may write when it wakes up, after other runs of the pair: the next one must not take that for an edit.
        """
        try:
            yield
        except (errors.LeaseLost, asyncio.CancelledError):
            await concurrency.to_the_end(self.attempts.note_late(key.identity, attempts))
            raise

    async def owner(self, kind: str, target: int) -> BillingKey | None:
        """The account or contact of BSS that a record of ConnectWise is linked to."""
        identities = (await self.links.of_targets(kind, [target])).get(target, ())
        return next((key for key in map(keys.of_identity, identities) if key is not None), None)

    async def finish(self, key: BillingKey, link: Link, reason: str) -> None:
        """Keep why nothing is written to the pair any more; an empty reason takes it up again, and what was skipped meanwhile."""
        if link.finished == reason:
            return
        await self.links.put(key.kind, key.identity, msgspec.structs.replace(link, finished=reason))
        if not reason:
            await wake(self.queue, self.skips, key)

    async def report_missing(self, key: BillingKey, link: Link, noun: str, reason: str) -> None:
        """Keep that the record `noun` of a pair is gone, and count it, but not again at each later look."""
        if link.finished != reason:
            self.psa.objects.count(noun, "missing")
        await self.finish(key, link, reason)

    async def told_discrepancies(self, key: BillingKey) -> bool:
        """Whether the newest event of the object tells discrepancies, which may be gone by now."""
        newest = next(iter(await self.history.of(str(key))), None)
        return newest is not None and bool(newest.discrepancies)

    async def enqueue(self, run: Run, *keys: str) -> None:
        """Ask for other objects, as urgently as this run was asked for."""
        await self.queue.enqueue(*(Enqueue(key=key, flow=FLOW, lane=run.lane) for key in keys))

    async def wake(self, run: Run, key: BillingKey) -> None:
        """Ask for every object that was skipped because of this one."""
        await wake(self.queue, self.skips, key, run.lane)

    async def enqueue_contacts(self, run: Run, company: int) -> None:
        """Ask for every contact of a company that has just been linked: before, none of them could be pulled."""
        if self.rules.contacts.pull:
            rows = await self.psa.client.contacts.find(field("company/id").equals(company), fields=("id",))
            await self.enqueue(run, *(f"connectwise/contact/{row.id}" for row in rows))

    async def note_ourselves(self, written: connectwise.Tracked) -> None:
        """Keep the name of the API member that ConnectWise writes beside this run's own change."""
        if written.info is not None and written.info.updatedBy:
            await self.api_member.note(written.info.updatedBy)

    async def account_after_write(self, number: int) -> bss_models.Account:
        """The account as a write of this run left it; its state is kept, so that the write makes no echo."""
        account = await self.bss.accounts.get(number)
        await self.own_writes.note(f"account:{number}", account.updatedAt)
        return account

    async def contact_after_write(self, number: int) -> bss_models.Contact:
        """The contact of BSS as a write of this run left it, likewise."""
        contact = await self.bss.contacts.get(number)
        await self.own_writes.note(f"contact:{number}", contact.updatedAt)
        return contact


async def wake(queue: Queue, skips: Skips, key: BillingKey, lane: Lane = "fresh") -> None:
    """Enqueue every object that was skipped because of that of `key`."""
    skipped = await skips.of(str(key))
    await queue.enqueue(*(Enqueue(key=one, flow=FLOW, lane=lane) for one in skipped))
    await skips.forget(str(key), *skipped)


def _is_empty(value: Value | None) -> bool:
    """Whether the value is one that the other side takes, and takes as empty."""
    return value is not None and value.there == ""
