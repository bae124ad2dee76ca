"""Accounts and companies, contacts and contacts: which belong together, and what either side holds of the fields that they share.

Read from the stores of the stand-ins; it shares no code with the worker on purpose.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal

from sandbox.server import Sandbox

Row = dict[str, Any]
Noun = Literal["account", "contact"]
Side = Literal["bss", "connectwise"]

COMPANIES, CONTACTS = "company/companies", "company/contacts"
ITEMS, TYPES = "company/contacts/communications", "company/companyTypeAssociations"
MADE = "CW-"
ACCOUNT_FIELDS = {
    "name": "name", "phone": "phoneNumber", "fax": "faxNumber", "webSite": "website", "code": "accountNumber",
    "address1": "addressLine1", "address2": "addressLine2", "city": "city", "postCode": "zip",
}  # fmt: skip
"""A field of an account, those of its billing address included -> the field of the company."""
CONTACT_FIELDS = {"lastName": "lastName", "jobTitle": "title"}
CONTACT_ITEMS = {"email": "Email", "phone": "Direct", "mobilePhone": "Mobile", "fax": "Fax"}
"""A field of a contact of BSS -> the communication type whose item holds it."""
ADDRESS = frozenset({"address1", "address2", "city", "postCode"})
PHONES = frozenset({"phone", "fax", "mobilePhone"})
FIELDS: dict[Noun, tuple[str, ...]] = {
    "account": tuple(ACCOUNT_FIELDS),
    "contact": (*CONTACT_FIELDS, *CONTACT_ITEMS),
}
COLLECTIONS: dict[Noun, str] = {"account": "accounts", "contact": "contacts"}
TABLES: dict[Noun, str] = {"account": COMPANIES, "contact": CONTACTS}


class BillingBooks:
    """What an auditor of both tenants asks; `twins` are accounts and companies that another user made as one."""

    def __init__(self, box: Sandbox) -> None:
        self._bss = box.bss
        self._connectwise = box.connectwise
        self.twins: dict[int, int] = {}
        self.claims: dict[int, int] = {}
        """An account that may have come to belong to a company which another user made with the same name."""

    def rows(self, noun: Noun, side: Side) -> list[Row]:
        """Every record of one side, without companies in the recycle bin."""
        if side == "bss":
            return list(self._bss.rows(COLLECTIONS[noun]).values())
        return [row for row in self._connectwise.table(TABLES[noun]) if not row.get("deletedFlag")]

    def row(self, noun: Noun, side: Side, number: int) -> Row:
        """One record; raises KeyError when it is gone."""
        if side == "bss":
            return self._bss.rows(COLLECTIONS[noun])[number]
        row = self._connectwise.table(TABLES[noun]).get(number)
        if row is None:
            raise KeyError(f"{TABLES[noun]} {number}")
        return row

    def partners(self, noun: Noun, number: int) -> list[Row]:
        """The records of ConnectWise that belong to a record of BSS; one, when nothing is wrong."""
        if noun == "account":
            account = self.row("account", "bss", number)
            return [row for row in self.rows("account", "connectwise") if self._is_pair(account, row)]
        person = self.row("contact", "bss", number)
        return [row for row in self.rows("contact", "connectwise") if row["firstName"] == person["firstName"]]

    def accounts_of(self, company: Row) -> list[Row]:
        """The accounts that belong to a company; one, when nothing is wrong."""
        return [row for row in self.rows("account", "bss") if self._is_pair(row, company)]

    def persons_of(self, contact: Row) -> list[Row]:
        """The contacts of BSS that a contact of ConnectWise is."""
        return [row for row in self.rows("contact", "bss") if row["firstName"] == contact["firstName"]]

    def began_as_account(self, row: Row) -> bool:
        """Whether an account or company is of a pair whose company was made for the account."""
        if "identifier" in row:
            return bool(row["identifier"].isdecimal())
        return row["id"] not in self.twins and any(
            company["identifier"] == str(row["id"]) for company in self.partners("account", row["id"])
        )

    def pairs(self, noun: Noun) -> Iterator[tuple[Row, Row]]:
        """Both sides of every record that has one partner."""
        for row in self.rows(noun, "bss"):
            partners = self.partners(noun, row["id"])
            if len(partners) == 1:
                yield row, partners[0]

    def value(self, noun: Noun, side: Side, number: int, field: str) -> str:
        """What a side holds of a field; an empty text is no value."""
        row = self.row(noun, side, number)
        if side == "bss":
            if field in ADDRESS:
                row = next((address for address in row["addresses"] if address["isBilling"]), {})
            return row.get(field) or ""
        if noun == "account":
            return row.get(ACCOUNT_FIELDS[field]) or ""
        if field in CONTACT_FIELDS:
            return row.get(CONTACT_FIELDS[field]) or ""
        items = self.items(row, field)
        return items[0]["value"] if items else ""

    def items(self, contact: Row, field: str) -> list[Row]:
        """The items of a contact of the type that belongs to a field, the one that is synced first."""
        kind = self.item_type(CONTACT_ITEMS[field])
        items = [item for item in contact.get("communicationItems") or () if item["type"]["id"] == kind]
        return sorted(items, key=lambda item: (not item.get("defaultFlag"), item["id"]))

    def item_type(self, description: str) -> int:
        """The id of a communication type."""
        return self._id("company/communicationTypes", "description", description)

    def company_type(self, name: str) -> int:
        """The id of a company type."""
        return self._id("company/companies/types", "name", name)

    def mapped_type(self, account_type: int | None, names: dict[str, str]) -> int | None:
        """The company type that belongs to the type of an account."""
        row = self._bss.rows("organization/accounttypes").get(account_type)
        name = None if row is None else names.get(row["name"])
        return None if name is None else self.company_type(name)

    def types_of(self, company: int) -> set[int]:
        """The types that a company has."""
        return {int(row["type"]["id"]) for row in self._connectwise.table(TYPES).find("company/id", company)}

    def _is_pair(self, account: Row, company: Row) -> bool:
        if company["id"] in self.twins.values():
            return bool(self.twins.get(account["id"]) == company["id"])
        made = {MADE + company["identifier"], company.get("accountNumber")} - {None}
        if company["identifier"] == str(account["id"]) or account["code"] in made:
            return True
        is_claimed: bool = self.claims.get(account["id"]) == company["id"]
        return is_claimed and not self._is_taken(made)

    def _is_taken(self, codes: set[str | None]) -> bool:
        return any(row["code"] in codes for row in self.rows("account", "bss"))

    def _id(self, table: str, field: str, value: str) -> int:
        number: int = next(row["id"] for row in self._connectwise.table(table) if row[field] == value)
        return number


def alike(field: str, one: str, other: str) -> bool:
    """Whether two values say the same: servers store blanks and the form of numbers in their own way."""
    if field in PHONES and (digits := re.sub(r"\D", "", one).lstrip("0")):
        return digits == re.sub(r"\D", "", other).lstrip("0")
    return " ".join(one.split()) == " ".join(other.split())
