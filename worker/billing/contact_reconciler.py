"""One contact of BSS and its contact of ConnectWise: find or create it, merge the fields of both, write each side."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from cwbridge import errors, freshness
from cwbridge.connectors.bss import models as bss
from cwbridge.connectors.connectwise import models as connectwise
from cwbridge.ledger.agreements import Agreed, Keeper
from cwbridge.ledger.history import Event
from cwbridge.ledger.links import Link
from cwbridge.queue.job import Run
from cwbridge.text import folded
from worker.billing import disappearance
from worker.billing.account_reconciler import TYPE
from worker.billing.contact_fields import FIELDS, ContactFields, bss_changes
from worker.billing.contact_finder import ContactFinder, FoundContact
from worker.billing.contact_writer import ContactWriter
from worker.billing.context import BillingContext
from worker.billing.keys import FLOW, BillingKey, account_key
from worker.billing.merge import Merge, Policy, attempts_of, merge, recovered
from worker.billing.outcome import skipped, synced
from worker.billing.values import (
    Sides,
    Value,
    agreed_on,
    has_changed_meanwhile,
    newly_agreed,
    sent_of,
    unsettled,
    writable,
)

_PRIMARY_OF = "primary_of"
"""Kept beside the agreed values: the account that the contact was the primary one of when its default contact was last asked for."""


class Home(msgspec.Struct, frozen=True):
    """The account of a contact, the company that the account is linked to, and what may be written."""

    account: int
    company: int
    policy: Policy


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """Both contacts as read, where they belong, and what they last agreed on."""

    contact: bss.Contact
    home: Home
    record: connectwise.Contact
    link: Link
    agreed: dict[str, Agreed]
    is_new: bool = False


class ContactReconciler:
    """Makes one contact of BSS and its contact of ConnectWise agree."""

    def __init__(
        self, context: BillingContext, *, fields: ContactFields, finder: ContactFinder, writer: ContactWriter
    ) -> None:
        self._context = context
        self._contacts = context.psa.client.contacts
        self._fields = fields
        self._finder = finder
        self._writer = writer

    async def reconcile(self, run: Run, key: BillingKey) -> Event | None:
        """Sync the contact of `key`; raises WaitingFor while its account is not linked."""
        link = await self._context.link_of(key)
        try:
            contact = await self._context.bss.contacts.get(key.number)
            freshness.source_changed(contact.updatedAt)
        except errors.NotFound:
            return await disappearance.from_bss(
                self._context, key, link, lambda link: f"{_shown(link)} of ConnectWise", counted="BSS contact"
            )
        home = await self._home(run, key, contact, link)
        if isinstance(home, str):
            return skipped(home)
        pair = await self._pair(key, contact, home, link)
        return pair if isinstance(pair, Event) else await self._agree(run, key, pair)

    async def _home(self, run: Run, key: BillingKey, contact: bss.Contact, link: Link | None) -> Home | str:
        """Where the contact belongs, or why it is skipped; nothing of it is pushed while its account has no type."""
        if contact.account is None:
            return "the contact has no account in BSS"
        account = account_key(contact.account.id)
        has_type = await self._has_type(account, key)
        if link is None and not has_type:
            return f"account {account.id} has no type in BSS"
        company = await self._context.link_of(account)
        if company is None:
            return await self._without_company(run, account, key)
        if link is None and company.finished:
            return f"{company.finished}: company {company.target}"
        rules = self._context.rules.contacts
        policy = msgspec.structs.replace(rules, push=rules.push and has_type)
        return Home(account.number, company.target, policy)

    async def _has_type(self, account: BillingKey, key: BillingKey) -> bool:
        """Whether the account has a type; without one the contact runs again when it gets one.

        It is noted before the account is read, so that a type set at this moment is not missed.
        """
        await self._context.skips.note(str(account), str(key))
        agreed = (await self._context.agreements.of(account.identity)).get(TYPE)
        if agreed is None or not agreed.source:
            try:
                record = await self._context.bss.accounts.get(account.number)
            except errors.NotFound:
                return False
            if record.type is None:
                return False
        await self._context.skips.forget(str(account), str(key))
        return True

    async def _without_company(self, run: Run, account: BillingKey, key: BillingKey) -> str:
        if self._context.rules.accounts.push:
            raise errors.WaitingFor(str(account), flow=FLOW, lane=run.lane)
        await self._context.skips.note(str(account), str(key))
        return f"account {account.id} is not linked to a company"

    async def _pair(
        self, key: BillingKey, contact: bss.Contact, home: Home, link: Link | None
    ) -> Pair | Event:
        if link is None:
            return await self._first(key, contact, home)
        try:
            record = await self._contacts.get(link.target)
        except errors.NotFound:
            return await disappearance.from_connectwise(
                self._context, key, link, "contact", _shown, named=f"contact {key.number} of BSS"
            )
        await self._context.finish(key, link, "")
        agreed = await self._context.agreements.of(key.identity)
        return Pair(contact=contact, home=home, record=record, link=link, agreed=agreed)

    async def _first(self, key: BillingKey, contact: bss.Contact, home: Home) -> Pair | Event:
        """Find the contact, or create it where contacts are pushed; one run at a time for a person of a company."""
        who = folded(contact.email or contact.firstName)
        async with self._context.psa.locks.hold(f"contact:{home.company}:{who}"):
            found = await self._finder.in_company(contact, home.company)
            if found is None and not home.policy.push:
                return skipped("ConnectWise has no contact for it, and contacts are not pushed")
            values = await self._fields.of_bss(contact, home.account, home.company)
            if found is None:
                written = writable(values)
                async with self._context.creating(key.identity, sent_of(values, written)):
                    found = await self._writer.create(contact, home.company, written)
            agreed = await self._agreed_at_create(key, values, found)
            link = await self._context.link(key, found.record.id, found.how, agreed)
        return Pair(contact=contact, home=home, record=found.record, link=link, agreed=agreed, is_new=True)

    async def _agreed_at_create(
        self, key: BillingKey, values: Mapping[str, Value], found: FoundContact
    ) -> dict[str, Agreed]:
        target = await self._fields.of_connectwise(found.record)
        if found.how == "created":
            return agreed_on(values, target)
        return await self._context.agreed_at_create(key, found.record.id, FIELDS, Sides(values, target))

    async def _agree(self, run: Run, key: BillingKey, pair: Pair) -> Event | None:
        before = await self._sides(pair, pair.contact, pair.record)
        attempts = await self._context.attempts.of(key.identity)
        known = recovered(FIELDS, before.seen, pair.agreed, attempts.last, attempts.late)
        merged = merge(FIELDS, before.seen, known, pair.home.policy)
        # Before new attempts take the place of those from which they were recovered.
        kept = Keeper(self._context.agreements, key.identity, pair.agreed)
        await kept.keep(known)
        own = attempts_of(merged, before.seen)
        await self._context.attempts.begin(key.identity, own)
        async with self._context.writing(key, own):
            record = await self._writer.update(pair.record, merged.push) if merged.push else pair.record
        half = Merge(push=merged.push, agreed=merged.agreed)
        after = await self._sides(pair, pair.contact, record)
        agreed = known | newly_agreed(FIELDS, half, before, after, attempts.last)
        await kept.keep(agreed)
        async with self._context.writing(key, own):
            contact = await self._pull(pair, merged)
        if merged.pull:
            after = await self._sides(pair, contact, record)
            agreed |= newly_agreed(FIELDS, Merge(pull=merged.pull), before, after, attempts.last)
            await kept.keep(agreed)
        # Accounts read what is kept, so they are asked after it; that they were asked is kept last, so that a run which is broken
        # off before that asks again.
        primary = _primary_of(contact)
        await self._context.enqueue(run, *_accounts_to_look_at(pair, primary))
        agreed[_PRIMARY_OF] = primary
        await kept.keep(agreed)
        left = unsettled(FIELDS, own, after, attempts.last)
        if attempts or merged.is_written:
            await self._context.attempts.end(key.identity, attempts)
        await self._context.attempts.begin(key.identity, left)
        if left or has_changed_meanwhile(agreed, merged, before, after):
            await self._context.enqueue(run, str(key))
        return synced("contact", pair.link, merged, before, is_new=pair.is_new)

    async def _sides(self, pair: Pair, contact: bss.Contact, record: connectwise.Contact) -> Sides:
        account = contact.account.id if contact.account is not None else pair.home.account
        source = await self._fields.of_bss(contact, account, pair.home.company)
        return Sides(source, await self._fields.of_connectwise(record))

    async def _pull(self, pair: Pair, merged: Merge) -> bss.Contact:
        if not merged.pull:
            return pair.contact
        contacts = self._context.bss.contacts
        await contacts.patch(pair.contact.id, *bss_changes(merged.pull))
        self._context.psa.objects.count("BSS contact", "updated")
        return await self._context.contact_after_write(pair.contact.id)


def _shown(link: Link) -> str:
    return f"contact {link.target}"


def _primary_of(contact: bss.Contact) -> Agreed:
    if not contact.isPrimary or contact.account is None:
        return Agreed("", "")
    return Agreed(str(contact.account.id), "")


def _accounts_to_look_at(pair: Pair, primary: Agreed) -> set[str]:
    """The accounts whose default contact may have changed: the one that the contact was the primary one of, and the one it is now.

    The agreed company does not tell, because a run recovers it from an earlier run that was broken off before it asked.
    """
    before, now = pair.agreed.get(_PRIMARY_OF, Agreed("", "")).source, primary.source
    return {str(account_key(int(home))) for home in (before, now) if home} if before != now else set()
