"""Records of both systems in the words of the cases: how a field is written and how it is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.support.pairs import COMPANIES, CONTACTS, TYPES, Pairs

Row = dict[str, Any]
Names = dict[str, int]
"""Id by the name of a record in the case."""

ACCOUNT: Row = {
    "name": "Harbor Lights",
    "code": "HL-1",
    "type": "Customer",
    "currency": "USD",
    "phone": "206-555-0100",
    "fax": "206-555-0199",
    "website": "https://harbor.example",
    "address 1": "4100 Campus Way",
    "address 2": "Suite 2",
    "city": "Seattle",
    "zip": "98195",
    "state": "Washington",
    "country": "United States",
}
CONTACT: Row = {
    "first name": "Ada",
    "last name": "Byron",
    "title": "Director",
    "email": "ada@harbor.example",
    "phone": "206-555-0101",
    "mobile": "206-555-0102",
    "fax": "206-555-0103",
}
_ACCOUNT = {"name": "name", "code": "code", "phone": "phone", "fax": "fax", "website": "webSite"}
_ADDRESS = {
    "address 1": "address1",
    "address 2": "address2",
    "city": "city",
    "zip": "postCode",
    "state": "stateName",
    "state code": "stateCode",
    "country": "countryName",
    "country code": "countryCode",
}
_COMPANY = {
    "name": "name",
    "account number": "accountNumber",
    "phone": "phoneNumber",
    "fax": "faxNumber",
    "website": "website",
    "address 1": "addressLine1",
    "address 2": "addressLine2",
    "city": "city",
    "zip": "zip",
    "state": "state",
}
_CONTACT = {
    "first name": "firstName",
    "last name": "lastName",
    "title": "jobTitle",
    "email": "email",
    "phone": "phone",
    "mobile": "mobilePhone",
    "fax": "fax",
}
_PERSON = {"first name": "firstName", "last name": "lastName", "title": "title"}
ITEMS = {
    "email": "Email",
    "phone": "Direct",
    "mobile": "Mobile",
    "fax": "Fax",
    "home": "Home",
    "invoices": "Email for invoices",
}
_REFERENCES = {
    "country": ("country", "company/countries", "name"),
    "currency": ("currency", "finance/currencies", "currencyIdentifier"),
    "status": ("status", "company/companies/statuses", "name"),
}


class Writer:
    """Writes fields as another user of the system would."""

    def __init__(self, pairs: Pairs, names: Names) -> None:
        self._pairs = pairs
        self._names = names

    def account(self, told: Mapping[str, str]) -> Row:
        fields: Row = {_ACCOUNT[name]: value or None for name, value in told.items() if name in _ACCOUNT}
        if vendor := told.get("vendor link"):
            fields["integrationId"] = self._number(vendor)
        address = {_ADDRESS[name]: value or None for name, value in told.items() if name in _ADDRESS}
        if address:
            fields["address"] = address
        if "type" in told:
            kinds = {
                row["name"]: row["id"] for row in self._pairs.bss.rows("organization/accounttypes").values()
            }
            fields["typeId"] = kinds[told["type"]] if told["type"] else None
        if "currency" in told:
            fields["currencyCode"] = told["currency"] or None
        if "parent" in told:
            fields["parentAccountId"] = self._names[told["parent"]] if told["parent"] else None
        return fields

    def contact(self, told: Mapping[str, str]) -> Row:
        fields: Row = {_CONTACT[name]: value or None for name, value in told.items() if name in _CONTACT}
        if "account" in told:
            fields["accountId"] = self._names[told["account"]] if told["account"] else None
        if "primary" in told:
            fields["isPrimary"] = told["primary"] == "yes"
        return fields

    def company(self, told: Mapping[str, str]) -> Row:
        fields: Row = {_COMPANY[name]: value or None for name, value in told.items() if name in _COMPANY}
        for name, (field, table, label) in _REFERENCES.items():
            if name in told:
                fields[field] = self._reference(table, label, told[name]) if told[name] else None
        for name, field in (("parent", "parentCompany"), ("bill to", "billToCompany")):
            if name in told:
                fields[field] = {"id": self._names[told[name]]} if told[name] else None
        if "identifier" in told:
            fields["identifier"] = self._number(told["identifier"])
        return fields

    def person(self, told: Mapping[str, str]) -> Row:
        fields: Row = {_PERSON[name]: value or None for name, value in told.items() if name in _PERSON}
        if "company" in told:
            fields["company"] = {"id": self._names[told["company"]]}
        if "inactive" in told:
            fields["inactiveFlag"] = told["inactive"] == "yes"
        return fields

    def items(self, told: Mapping[str, str], held: list[Row]) -> list[Row]:
        """The communication items of a contact after a change: only those told are others."""
        items = list(held)
        for name, kind in ITEMS.items():
            if name not in told:
                continue
            number = self._pairs.item_type(kind)
            rest = [item for item in items if item["type"]["id"] != number]
            mine = next((item for item in items if item["type"]["id"] == number), {"type": {"id": number}})
            items = [*rest, mine | {"value": told[name]}] if told[name] else rest
        return items

    def _number(self, told: str) -> str:
        """`id of b1` is the id of the record b1; any other text stands for itself."""
        name = told.removeprefix("id of ")
        return told if name == told else str(self._names[name])

    def _reference(self, table: str, label: str, name: str) -> Row:
        row = next(row for row in self._pairs.connectwise.table(table) if row[label] == name)
        return {"id": row["id"]}


class Reader:
    """Shows records in the words of the cases."""

    def __init__(self, pairs: Pairs, names: Names) -> None:
        self._pairs = pairs
        self._names = names

    def account(self, number: int) -> dict[str, str]:
        row = self._pairs.in_bss(number)
        kinds = self._pairs.bss.rows("organization/accounttypes")
        return {
            **{name: _text(row.get(field)) for name, field in (_ACCOUNT | _ADDRESS).items()},
            "account": self._name(number, "account"),
            "type": kinds[row["typeId"]]["name"] if row["typeId"] else "",
            "currency": _text(row["currencyCode"]),
        }

    def contact(self, number: int) -> dict[str, str]:
        row = self._pairs.person_in_bss(number)
        return {
            **{name: _text(row.get(field)) for name, field in _CONTACT.items()},
            "contact": self._name(number, "contact"),
            "account": self._name(row["accountId"], "account"),
        }

    def company(self, number: int) -> dict[str, str]:
        row = self._pairs.in_connectwise(number)
        account = next((name for name, known in self._names.items() if str(known) == row["identifier"]), None)
        default = row.get("defaultContact")
        return {
            **{name: _text(row.get(field)) for name, field in _COMPANY.items()},
            **{name: self._label(row, *where) for name, where in _REFERENCES.items()},
            "company": self._name(number, "company"),
            "identifier": f"id of {account}" if account else row["identifier"],
            "types": ", ".join(sorted(self._pairs.types_of(number))),
            "parent": self._company(row.get("parentCompany")),
            "bill to": "itself"
            if row.get("billToCompany") == {"id": number}
            else self._company(row.get("billToCompany")),
            "default contact": self.person(default["id"])["first name"] if default else "",
        }

    def person(self, number: int) -> dict[str, str]:
        row = self._pairs.contact_row(number)
        items = self._pairs.items_of(number)
        return {
            **{name: _text(row.get(field)) for name, field in _PERSON.items()},
            **{name: items.get(kind, "") for name, kind in ITEMS.items()},
            "person": self._name(number, "person"),
            "company": self._company(row.get("company")),
            "inactive": "yes" if row.get("inactiveFlag") else "no",
        }

    def accounts(self) -> list[dict[str, str]]:
        return [self.account(number) for number in self._pairs.bss.rows("accounts")]

    def contacts(self) -> list[dict[str, str]]:
        return [self.contact(number) for number in self._pairs.bss.rows("contacts")]

    def companies(self) -> list[dict[str, str]]:
        """Those in the recycle bin are left out."""
        rows = [row for row in self._pairs.connectwise.table(COMPANIES) if not row.get("deletedFlag")]
        return [self.company(row["id"]) for row in rows]

    def people(self) -> list[dict[str, str]]:
        return [self.person(row["id"]) for row in self._pairs.connectwise.table(CONTACTS)]

    def _company(self, reference: Row | None) -> str:
        return self._pairs.in_connectwise(reference["id"])["name"] if reference else ""

    def _label(self, row: Row, field: str, table: str, label: str) -> str:
        reference = row.get(field)
        found = self._pairs.connectwise.table(table).get(reference["id"]) if reference else None
        return found[label] if found else ""

    def _name(self, number: int, noun: str) -> str:
        kinds = {"account": "a", "contact": "c", "company": "b", "person": "p"}
        return next(
            (name for name, known in self._names.items() if known == number and _noun(name, kinds, noun)),
            "new",
        )


Show = Callable[[int], dict[str, str]]


def _noun(name: str, kinds: Mapping[str, str], noun: str) -> bool:
    """Names of records in tables begin with a letter of their noun, or are the noun: `b1`, `account`."""
    return name == noun or (name[:1] == kinds[noun] and name[1:].isdigit())


def _text(value: object) -> str:
    return "" if value is None else str(value)


def associations(pairs: Pairs, company: int) -> list[Row]:
    return list(pairs.connectwise.table(TYPES).find("company/id", company))
