"""Writes contacts of ConnectWise with their communication items, each of which is a record of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog

from cwbridge import errors
from cwbridge.connectors.bss import models as bss
from cwbridge.connectors.connectwise import models as connectwise
from cwbridge.connectors.connectwise.resource import Change
from worker.billing import communication
from worker.billing.communication import ITEMS
from worker.billing.contact_fields import ContactFields, contact_changes, contact_draft
from worker.billing.contact_finder import ContactFinder, FoundContact
from worker.billing.context import BillingContext
from worker.billing.keys import contact_key
from worker.psa.default_fields import naming_default_field

log = structlog.get_logger(__name__)


class ContactWriter:
    """Creates and changes contacts of ConnectWise."""

    def __init__(self, context: BillingContext, fields: ContactFields, finder: ContactFinder) -> None:
        self._context = context
        self._contacts = context.psa.client.contacts
        self._fields = fields
        self._finder = finder

    async def create(self, contact: bss.Contact, company: int, values: Mapping[str, str]) -> FoundContact:
        """The new contact, or the one that another user, or a create whose answer was lost, has made meanwhile."""
        draft = {
            **await self._context.psa.default_fields.of("contact"),
            **contact_draft(values, await self._fields.kinds()),
        }
        try:
            return await self._created(contact, draft)
        except (errors.OutcomeUnknown, errors.Duplicate) as failure:
            found = await self._finder.in_company(contact, company)
            if found is not None:
                return found
            if not isinstance(failure, errors.Duplicate):
                raise
        # BSS has two people where ConnectWise suspects one: same name and another address, or another company.
        return await self._created(contact, {**draft, "ignoreDuplicates": True})

    async def update(self, record: connectwise.Contact, values: Mapping[str, str]) -> connectwise.Contact:
        """The contact after the changes; communication items of other types are not touched."""
        changes = contact_changes(values)
        if "company" in values:
            changes += await self._move(int(values["company"]))
        if changes:
            written = await self._contacts.patch(record.id, *changes)
            await self._context.note_ourselves(written)
        kinds = await self._fields.kinds()
        wanted = [(kinds[item], values[item]) for item in ITEMS if item in values]
        created = {kind: await self._write_item(record, kind, value) for kind, value in wanted}
        self._context.psa.objects.count("contact", "updated")
        return await self._without_twins(await self._contacts.get(record.id), created)

    async def _without_twins(
        self, record: connectwise.Contact, created: Mapping[int, int | None]
    ) -> connectwise.Contact:
        """The contact without the created items of a type that another user has added between the reading and the create.

        The item of the other user stays; its value is merged as any other edit.
        """
        twins = [own for kind, own in created.items() if own and communication.has_twin(record, kind, own)]
        for own in twins:
            await self._context.psa.client.communications(record.id).delete(own)
        return await self._contacts.get(record.id) if twins else record

    async def _move(self, company: int) -> list[Change]:
        """A contact is at a site of its company, so one that moves to another company moves to that one's main site."""
        sites = [row for row in await self._context.psa.client.sites(company).find() if not row.inactiveFlag]
        main = min(sites, key=lambda row: (not row.primaryAddressFlag, row.id), default=None)
        return [] if main is None else [Change("replace", "/site", {"id": main.id})]

    async def _created(self, contact: bss.Contact, draft: dict[str, Any]) -> FoundContact:
        with naming_default_field("contact"):
            record = await self._contacts.create(draft)
        await self._context.creates.answered(contact_key(contact.id).identity, record.id)
        await self._context.note_ourselves(record)
        self._context.psa.objects.count("contact", "created")
        log.info("contact_created", contact_id=record.id)
        return FoundContact(record, "created")

    async def _write_item(self, record: connectwise.Contact, kind: int, value: str) -> int | None:
        """Create, change or delete the item of a type; the id of a created one."""
        items = self._context.psa.client.communications(record.id)
        held = communication.item_of(record, kind)
        if held is None and value:
            created = await items.create(communication.draft_of(kind, value))
            return created.id
        if held is not None and value:
            await items.patch(held.id, Change("replace", "/value", value))
        elif held is not None:
            await items.delete(held.id)
        return None
