"""Finds the contact of ConnectWise that a contact of BSS is, within the company, and the other way round within the account."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

import msgspec

from cwbridge import errors
from cwbridge.connectors.bss import models as bss
from cwbridge.connectors.bss.filters import equals
from cwbridge.connectors.connectwise import models as connectwise
from cwbridge.connectors.connectwise.conditions import field
from cwbridge.ledger.creates import SentFields
from cwbridge.ledger.links import How
from worker.billing import keys, people
from worker.billing.communication import CommunicationTypes
from worker.billing.company_finder import TakenRecords
from worker.billing.context import BillingContext
from worker.billing.keys import contact_key, record_identity
from worker.billing.people import Person
from worker.psa.identities import relink_command


class FoundContact(msgspec.Struct, frozen=True):
    """A contact of ConnectWise and the rule by which it was found."""

    record: connectwise.Contact
    how: How


class ContactFinder:
    """E-mail within the company, else the name; contacts that belong to another one of the other side are passed over."""

    def __init__(self, context: BillingContext, types: CommunicationTypes, links: TakenRecords) -> None:
        self._context = context
        self._types = types
        self._links = links

    async def in_company(self, contact: bss.Contact, company: int) -> FoundContact | None:
        """The contact of ConnectWise, or None; inactive ones are looked at last. Raises Ambiguous for several."""
        made = await self._free_records(contact, await self._of_create(contact))
        if made:
            return FoundContact(made[0], "external_id")
        rows = await self._context.psa.client.contacts.find(field("company/id").equals(company))
        found = await self.fitting(contact, [*rows, *await self._made_elsewhere(contact, company)])
        if len(found) > 1:
            raise _several(contact, [one.record for one in found])
        return found[0] if found else None

    async def fitting(
        self, contact: bss.Contact, records: Iterable[connectwise.Contact]
    ) -> list[FoundContact]:
        """Those of `records` that are free and fit; inactive ones only when no active one does."""
        free = await self._free_records(contact, records)
        kind = (await self._types.ids()).get("email")
        sent = await self._sent(
            [contact_key(contact.id).identity, *(record_identity("contact", row.id) for row in free)]
        )
        for inactive in (False, True):
            candidates = [row for row in free if bool(row.inactiveFlag) is inactive]
            how, fitting = people.same(
                [person_of_bss(contact), *sent.get(contact_key(contact.id).identity, ())],
                candidates,
                lambda row: [
                    person_of_connectwise(row, kind),
                    *sent.get(record_identity("contact", row.id), ()),
                ],
            )
            if fitting:
                return [FoundContact(row, how) for row in fitting]  # type: ignore[arg-type]
        return []

    async def in_account(self, record: connectwise.Contact, account: int) -> bss.Contact | None:
        """The contact of BSS that a contact of ConnectWise is, or None; raises Ambiguous for several."""
        number = (await self._context.creates.made()).get(record_identity("contact", record.id))
        if number is not None and await self._context.is_free(contact_key(number), record.id):
            with contextlib.suppress(errors.NotFound):
                return await self._context.bss.contacts.get(number)
        rows = {row.id: row for row in await self._context.bss.contacts.find(equals("accountId", account))}
        rows |= {row.id: row for row in await self._made_in_bss(record)}
        kind = (await self._types.ids()).get("email")
        rows |= {row.id: row for row in await self._makers_in_bss(person_of_connectwise(record, kind))}
        free = [row for row in rows.values() if await self._context.is_free(contact_key(row.id), record.id)]
        own = record_identity("contact", record.id)
        sent = await self._sent([own, *(contact_key(row.id).identity for row in free)])
        _, fitting = people.same(
            [person_of_connectwise(record, kind), *sent.get(own, ())],
            free,
            lambda row: [person_of_bss(row), *sent.get(contact_key(row.id).identity, ())],
        )
        if len(fitting) > 1:
            named = ", ".join(f"contact {row.id} {_name(person_of_bss(row))!r}" for row in fitting)
            raise errors.Ambiguous(
                "Several contacts of BSS fit a contact of ConnectWise",
                detail=f"contact {record.id} of ConnectWise: {named} of account {account}",
                remedy="Merge or rename all but one of them in BSS and requeue, or choose one: "
                "cwbridge links relink bss:contact:ID --to " + str(record.id),
            )
        return fitting[0] if fitting else None

    async def _of_create(self, contact: bss.Contact) -> list[connectwise.Contact]:
        """The contact that an open create is known to have made of this one, or it of that one."""
        record = keys.record_made(contact_key(contact.id), await self._context.creates.made())
        if record is None:
            return []
        return await self._context.psa.client.contacts.find(field("id").equals(record))

    async def _made_elsewhere(self, contact: bss.Contact, company: int) -> list[connectwise.Contact]:
        """The contacts that open creates have made of this one, or it of them, where it has moved to another account since."""
        creates = await self._context.creates.all()
        own = creates.get(contact_key(contact.id).identity, {})
        conditions = []
        if "company" in own and own["company"].sent != str(company):
            conditions.append(field("company/id").equals(int(own["company"].sent)))
        person = person_of_bss(contact)
        for identity, sent in creates.items():
            record = keys.record_of("contact", identity)
            if record is not None and _person_sent(sent).shares_email(person):
                conditions.append(field("id").equals(record))
        found = [await self._context.psa.client.contacts.find(condition) for condition in conditions]
        return [
            row for rows in found for row in rows if row.company is not None and row.company.id != company
        ]

    async def _made_in_bss(self, record: connectwise.Contact) -> list[bss.Contact]:
        """The contact that an open create has made of a record, in whichever account it is by now."""
        sent = await self._context.creates.of(record_identity("contact", record.id)) or {}
        email = sent["email"].sent if "email" in sent else ""
        return await self._context.bss.contacts.find(equals("email", email)) if email else []

    async def _makers_in_bss(self, person: Person) -> list[bss.Contact]:
        """The contacts of BSS whose open creates have sent this person, in whichever account they are by now."""
        found = []
        for identity, sent in (await self._context.creates.all()).items():
            key = keys.of_identity(identity)
            if key is not None and key.kind == "contact" and _person_sent(sent).shares_email(person):
                with contextlib.suppress(errors.NotFound):
                    found.append(await self._context.bss.contacts.get(key.number))
        return found

    async def _sent(self, identities: list[str]) -> dict[str, list[Person]]:
        """Whom open creates have made: another user may have edited a contact before the run that made it could link it."""
        creates = await self._context.creates.among(identities)
        return {identity: [_person_sent(fields)] for identity, fields in creates.items()}

    async def _free_records(
        self, contact: bss.Contact, rows: Iterable[connectwise.Contact]
    ) -> list[connectwise.Contact]:
        known = list(rows)
        linked = await self._links.of_targets("contact", [row.id for row in known])
        own = contact_key(contact.id)
        return [
            row
            for row in known
            if all(keys.of_identity(identity) in {None, own} for identity in linked.get(row.id, ()))
        ]


def _person_sent(fields: SentFields) -> Person:
    first_name, last_name, email = (
        fields[name].sent if name in fields else "" for name in ("first_name", "last_name", "email")
    )
    return Person(first_name=first_name, last_name=last_name, emails=(email,) if email else ())


def person_of_bss(contact: bss.Contact) -> Person:
    return Person(
        first_name=contact.firstName or "",
        last_name=contact.lastName or "",
        emails=(contact.email,) if contact.email else (),
    )


def person_of_connectwise(record: connectwise.Contact, email_type: int | None) -> Person:
    """Every e-mail address of the contact counts, under whichever type it stands."""
    emails = [
        item.value
        for item in record.communicationItems or ()
        if item.value and (item.communicationType == "Email" or _is_of(item, email_type))
    ]
    return Person(first_name=record.firstName or "", last_name=record.lastName or "", emails=tuple(emails))


def _is_of(item: connectwise.CommunicationItem, kind: int | None) -> bool:
    return item.type is not None and item.type.id == kind


def _several(contact: bss.Contact, rows: list[connectwise.Contact]) -> errors.Ambiguous:
    named = ", ".join(f"{row.firstName} {row.lastName or ''} (id {row.id})" for row in rows)
    return errors.Ambiguous(
        "Several contacts of ConnectWise fit a contact of BSS",
        detail=f"contact {contact.id} {_name(person_of_bss(contact))!r}: {named}",
        remedy="Merge or inactivate all but one of them in ConnectWise and requeue, "
        f"or choose one: {relink_command(contact_key(contact.id).identity)}",
    )


def _name(person: Person) -> str:
    return f"{person.first_name} {person.last_name}".strip()
