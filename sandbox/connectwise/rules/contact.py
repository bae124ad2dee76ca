"""Rules of contacts and of the ways to reach them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.connectwise.errors import Problem, missing
from sandbox.connectwise.normalising import phone
from sandbox.connectwise.rules.base import Rules, set_missing
from sandbox.connectwise.table import Row, fold

CONTACTS = "company/contacts"
COMPANIES = "company/companies"
ROLES = ("defaultContact", "billingContact")
"""The fields of a company that name one of its contacts."""
WAYS = "company/contacts/communications"
WAY_FIELDS = ("id", "type", "value", "extension", "defaultFlag", "domain", "communicationType")


class ContactRules(Rules):
    owned = ((WAYS, "contactId"),)

    def fill(self, row: Row, body: Row) -> None:
        company = self.row("company/companies", row.get("company")) or {}
        set_missing(row, site=company.get("site"))
        type_ids = body.get("typeIds")
        if isinstance(type_ids, list):
            set_missing(row, types=[{"id": number} for number in type_ids])

    def settle(self, row: Row, old: Row | None) -> None:
        items = row.get("communicationItems") or []
        if old is None or items is not old.get("communicationItems"):
            row["communicationItems"] = [self._way(item) for item in items]
        phone = next((w for w in row["communicationItems"] if w.get("communicationType") == "Phone"), None)
        if phone is not None:
            kind = self.store.reference("company/communicationTypes", phone["type"]["id"])
            row["defaultPhoneType"], row["defaultPhoneNbr"] = kind.get("name"), phone["value"]

    def check(self, row: Row, old: Row | None, body: Row) -> Iterator[Problem]:
        if not row.get("firstName"):
            yield missing("firstName")
        types = self.store.table("company/contacts/types")
        if any(kind["id"] not in types for kind in row.get("types") or ()):
            yield Problem("InvalidField", "typeIds names a type that does not exist.", "typeIds")
        company = row.get("company", {}).get("id")
        site = self.row("company/companies/sites", row.get("site"))
        if site is not None and site["company"]["id"] != company:
            yield Problem("InvalidField", "The site does not belong to the company.", "site")
        yield from self._foreign_ways(row, body)
        if old is None and not body.get("ignoreDuplicates") and self._twin(row, company):
            yield Problem("InvalidObject", "A duplicate contact was found.", "firstName")

    def stored(self, row: Row, old: Row | None, body: Row) -> None:
        del body
        for way in self.store.table(WAYS).find("contactId", row["id"]):
            self.store.remove(WAYS, way["id"])
        for way in row["communicationItems"]:
            self.store.put(WAYS, way | {"contactId": row["id"], "_info": row["_info"]})
        if old is not None and old.get("company") != row.get("company"):
            self._leave(old)
        if row["defaultFlag"] and not (old or {}).get("defaultFlag"):
            self._become_default(row)

    def _leave(self, old: Row) -> None:
        """Take the contact off the company that it left."""
        company = self.row(COMPANIES, old.get("company"))
        if company is not None:
            kept = {
                name: value
                for name, value in company.items()
                if name not in ROLES or value != {"id": old["id"]}
            }
            self.store.put(COMPANIES, kept)

    def _become_default(self, row: Row) -> None:
        """Make the contact the default one of its company, which has one at most."""
        company = self.row(COMPANIES, row.get("company"))
        if company is None:
            return
        self.store.put(COMPANIES, self.touched(company) | {"defaultContact": {"id": row["id"]}})
        for other in self.store.table(CONTACTS).find("company/id", company["id"]):
            if other["defaultFlag"] and other["id"] != row["id"]:
                self.store.put(CONTACTS, other | {"defaultFlag": False})

    def _foreign_ways(self, row: Row, body: Row) -> Iterator[Problem]:
        """A communication that is sent with an id has to be one of this contact, once."""
        sent = body.get("communicationItems")
        numbers = [item["id"] for item in sent or () if isinstance(item, dict) and item.get("id")]
        own = {way["id"] for way in self.store.table(WAYS).find("contactId", row["id"])}
        if not own.issuperset(numbers) or len(set(numbers)) < len(numbers):
            text = "communicationItems names a communication of another contact, or one twice."
            yield Problem("InvalidField", text, "communicationItems")

    def _way(self, item: Row) -> Row:
        return {"id": self.store.table(WAYS).new_id(), "defaultFlag": False} | item | kind_of_way(self, item)

    def _twin(self, row: Row, company: int | None) -> bool:
        mine = _who(row)
        return any(
            other["id"] != row["id"] and mine & _who(other)
            for other in self.store.table(CONTACTS).find("company/id", company)
        )


class CommunicationRules(Rules):
    """Communications seen on their own; the contact holds the same ones as `communicationItems`."""

    def settle(self, row: Row, old: Row | None) -> None:
        del old
        if row.get("type"):
            row.update(kind_of_way(self, row))

    def stored(self, row: Row, old: Row | None, body: Row) -> None:
        del old, body
        self._tell_contact(row["contactId"])

    def removed(self, row: Row) -> None:
        self._tell_contact(row["contactId"])

    def _tell_contact(self, number: int) -> None:
        contact = self.store.table(CONTACTS).get(number)
        if contact is not None:
            ways = [
                {name: way[name] for name in WAY_FIELDS if name in way}
                for way in self.store.table(WAYS).find("contactId", number)
            ]
            self.store.put(CONTACTS, self.touched(contact) | {"communicationItems": ways})


def kind_of_way(rules: Rules, way: Row) -> dict[str, Any]:
    """Return what the server makes of a communication: its kind, the domain of an address, the form of a number."""
    kind = rules.row("company/communicationTypes", way.get("type")) or {}
    value = str(way.get("value", ""))
    if kind.get("emailFlag"):
        return {"communicationType": "Email", "domain": "@" + value.rpartition("@")[2]}
    return {
        "communicationType": "Fax" if kind.get("faxFlag") else "Phone",
        "value": phone(rules.store.modes, value),
    }


def _who(row: Row) -> set[tuple[str, ...]]:
    """Return the signs by which the duplicate check takes two contacts of a company for one."""
    signs = {("name", fold(row.get("firstName", "")), fold(row.get("lastName", "")))}
    ways = row.get("communicationItems") or ()
    return signs | {("email", fold(way["value"])) for way in ways if way.get("communicationType") == "Email"}
