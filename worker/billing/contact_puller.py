"""A contact of ConnectWise to which no contact of BSS belongs: it is found, or made in BSS."""

from __future__ import annotations

import structlog

from cwbridge import errors, freshness
from cwbridge.connectors.connectwise import models as connectwise
from cwbridge.ledger.history import Event
from cwbridge.ledger.links import Link
from cwbridge.queue.job import Run
from cwbridge.text import folded
from worker.billing.contact_fields import FIELDS, ContactFields, bss_draft
from worker.billing.contact_finder import ContactFinder, person_of_connectwise
from worker.billing.context import BillingContext
from worker.billing.keys import BillingKey, company_key, contact_key, record_identity
from worker.billing.outcome import skipped
from worker.billing.values import Sides, sent_of, writable

log = structlog.get_logger(__name__)


class ContactPuller:
    """Pulls contacts of linked companies."""

    def __init__(self, context: BillingContext, *, fields: ContactFields, finder: ContactFinder) -> None:
        self._context = context
        self._contacts = context.bss.contacts
        self._fields = fields
        self._finder = finder

    async def pull(self, run: Run, key: BillingKey) -> Event | None:
        """Create the contact in BSS, or enqueue the one that it is."""
        try:
            record = await self._context.psa.client.contacts.get(key.number)
            freshness.source_changed(record.info.lastUpdated if record.info is not None else None)
        except errors.NotFound:
            return skipped("ConnectWise has no such contact")
        if record.company is None:
            return skipped("the contact belongs to no company")
        account = await self._owner(key, record.company.id)
        if account is None:
            return skipped(f"company {record.company.id} is not linked to an account")
        who = person_of_connectwise(record, (await self._fields.kinds()).get("email"))
        name = folded(next(iter(who.emails), "") or who.first_name)
        context = self._context
        async with (
            context.psa.locks.hold(f"contact:{record.company.id}:{name}"),
            context.linking("contact", record.id),
        ):
            owner = await context.owner("contact", record.id)
            existing = await self._finder.in_account(record, account.number) if owner is None else None
            if owner is None and existing is None:
                return await self._create(run, record, account.number, record.company.id)
        if existing is not None and await context.creates.of(key.identity) is not None:
            await context.creates.answered(key.identity, existing.id)
        known = str(owner if existing is None else contact_key(existing.id))
        await context.enqueue(run, known)
        return skipped(f"it is {known}", leads_to=known)

    async def _owner(self, key: BillingKey, company: int) -> BillingKey | None:
        """The account of the company; without one the contact runs again once the company is linked.

        It is noted before the link is read, so that a link made at this moment is not missed.
        """
        waits_for = str(company_key(company))
        await self._context.skips.note(waits_for, str(key))
        account = await self._context.owner("company", company)
        if account is not None:
            await self._context.skips.forget(waits_for, str(key))
        return account

    async def _create(self, run: Run, record: connectwise.Contact, account: int, company: int) -> Event:
        if not self._context.rules.contacts.pull:
            return skipped("BSS has no contact for it, and contacts are not pulled")
        if record.inactiveFlag:
            return skipped("the contact is inactive in ConnectWise")
        target = await self._fields.of_connectwise(record)
        written = writable(target)
        async with self._context.creating(record_identity("contact", record.id), sent_of(target, written)):
            number = await self._contacts.create(bss_draft(written))
            await self._context.creates.answered(record_identity("contact", record.id), number)
        self._context.psa.objects.count("BSS contact", "created")
        log.info("bss_contact_created", bss_contact_id=number, contact_id=record.id)
        contact = await self._context.contact_after_write(number)
        source = await self._fields.of_bss(contact, account, company)
        key = contact_key(number)
        link = Link(target=record.id, how="created")
        agreed = await self._context.agreed_at_pull(key, record.id, FIELDS, Sides(source, target))
        await self._context.keep(key, link, agreed)
        await self._context.enqueue(run, str(key))
        return Event(
            what="created",
            target=record.id,
            cause=f"contact {number} was made in BSS",
            leads_to=str(key),
            matches=(f"contact {record.id} (created)",),
        )
