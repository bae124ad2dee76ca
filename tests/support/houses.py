"""Three houses that are customers in BSS and companies in ConnectWise, each with people, and the model of what they are to hold.

Records are told by their names and e-mail addresses, whichever side has them.
"""

from __future__ import annotations

from typing import Any, Literal

from sandbox.bss.collections import Row
from tests.support.merging import MergeModel, Name, Side, Values
from tests.support.pairs import CONTACTS, Pairs

Noun = Literal["account", "contact"]
ACCOUNT = {"phone": "phoneNumber", "webSite": "website", "postCode": "zip"}
"""Fields of an account, and those of its company."""
PERSON = {"jobTitle": "title", "mobilePhone": "Mobile", "fax": "Fax"}
"""Fields of a contact of BSS, and the field and the communication items of its contact of ConnectWise."""
FIELDS = {"account": tuple(ACCOUNT), "contact": tuple(PERSON)}
HOUSES = ("Ash", "Birch", "Cedar")
"""Ash begins in BSS, Birch in ConnectWise, Cedar on both sides with other values."""


class Houses:
    """Both sides and the model of them."""

    def __init__(self, pairs: Pairs, master: Side) -> None:
        self.pairs = pairs
        self.model = MergeModel(master)
        self._contacts: dict[Name, str] = {}
        pairs.choose(master="bss" if master == "bss" else "connectwise")

    def begin(self) -> None:
        """The three houses, each with a contact."""
        for house in HOUSES:
            sides: tuple[Side, ...] = {"Ash": ("bss",), "Birch": ("psa",)}.get(house, ("bss", "psa"))  # type: ignore[assignment]
            for side in sides:
                values = dict(
                    zip(ACCOUNT, ("1", "22", "") if side == "bss" else ("", "333", "1"), strict=True)
                )
                self._make_account(house, side, values)
                self.model.made(("account", house), side, values)
            for side in sides:
                self.join(house, side, ("1", "", "22") if side == "bss" else ("333", "22", ""), "first")

    def _make_account(self, house: str, side: Side, values: dict[str, str]) -> None:
        if side == "bss":
            address = {"address1": "1 Pier", "countryName": "United States", "postCode": values["postCode"]}
            texts = {name: value for name, value in values.items() if name != "postCode"}
            self.pairs.account(house, address=address, currencyCode=None, **texts)
            return
        fields = {ACCOUNT[name]: value for name, value in values.items() if value}
        country = {"id": self.pairs._id("company/countries", "name", "United States")}
        made = self.pairs.company(house, house.upper(), addressLine1="1 Pier", country=country, **fields)
        self.pairs.add_type(made, "Client")

    def join(self, house: str, side: Side, values: tuple[str, str, str], who: str) -> None:
        """A contact; the house may not stand on that side yet."""
        email = f"{who}@{house.lower()}.example"
        name, held = ("contact", email), dict(zip(PERSON, values, strict=True))
        if side == "bss" and (account := self.account(house)) is not None:
            self.pairs.person(account["id"], who.title(), "Byron", email=email, **held)
        elif side == "psa" and (company := self.company(house)) is not None:
            number = self.pairs.contact(company["id"], who.title(), Email=email)
            self._edit_contact(number, held)
        else:
            return
        self.model.made(name, side, held)

    def edit(self, noun: Noun, house: str, side: Side, place: int, value: str) -> None:
        """A field by its place in FIELDS; nothing happens to a record that the side does not have yet."""
        field = FIELDS[noun][place]
        name = (noun, house if noun == "account" else f"first@{house.lower()}.example")
        row = self.row(name, side)
        if row is None:
            return
        match name[0], side:
            case "account", "bss" if field == "postCode":
                self.pairs.edit_account(row["id"], address={field: value})
            case "account", "bss":
                self.pairs.edit_account(row["id"], **{field: value})
            case "account", _:
                self.pairs.edit_company(row["id"], **{ACCOUNT[field]: value or None})
            case _, "bss":
                self.pairs.edit_person(row["id"], **{field: value})
            case _:
                self._edit_contact(row["id"], {field: value})
        self.model.edited(name, side, field, value)

    def _edit_contact(self, number: int, values: dict[str, str]) -> None:
        items = list(self.pairs.contact_row(number).get("communicationItems") or ())
        fields: dict[str, Any] = {}
        for name, value in values.items():
            if name == "jobTitle":
                fields["title"] = value or None
                continue
            kind = self.pairs.item_type(PERSON[name])
            held = next((item for item in items if item["type"]["id"] == kind), {"type": {"id": kind}})
            items = [item for item in items if item["type"]["id"] != kind]
            items += [{**held, "value": value}] if value else []
            fields["communicationItems"] = items
        self.pairs.edit_contact(number, **fields)

    def account(self, house: str) -> Row | None:
        rows = self.pairs.bss.rows("accounts").values()
        return next((row for row in rows if row["name"] == house), None)

    def people(self, house: str) -> list[Row]:
        """The contacts of the house in BSS, in the order of their ids."""
        account = self.account(house)
        rows = self.pairs.bss.rows("contacts").values()
        return [row for row in rows if account is not None and row["accountId"] == account["id"]]

    def company(self, house: str) -> Row | None:
        return next((row for row in self.pairs.companies() if row["name"] == house), None)

    def row(self, name: Name, side: Side) -> Row | None:
        match name[0], side:
            case "account", "bss":
                return self.account(name[1])
            case "account", _:
                return self.company(name[1])
            case _, "bss":
                rows = self.pairs.bss.rows("contacts").values()
                return next((row for row in rows if row["email"] == name[1]), None)
            case _:
                contacts = self.pairs.connectwise.table(CONTACTS)
                return next(
                    (row for row in contacts if self.pairs.items_of(row["id"]).get("Email") == name[1]), None
                )

    def seen(self) -> dict[Name, tuple[Values | None, Values | None]]:
        """What both sides hold of every record of the model."""
        return {name: (self._in_bss(name), self._in_psa(name)) for name in self.model.records}

    def _in_bss(self, name: Name) -> Values | None:
        row = self.row(name, "bss")
        if row is None:
            return None
        shown = self.pairs.in_bss(row["id"]) if name[0] == "account" else row
        return {field: shown.get(field) or "" for field in FIELDS[name[0]]}

    def _in_psa(self, name: Name) -> Values | None:
        row = self.row(name, "psa")
        if row is None:
            return None
        if name[0] == "account":
            return {field: row.get(there) or "" for field, there in ACCOUNT.items()}
        items = self.pairs.items_of(row["id"])
        return {field: (row.get(there) or items.get(there) or "") for field, there in PERSON.items()}

    def assert_nothing_is_double(self) -> None:
        pairs, nouns = self.pairs, [noun for noun, _ in self.model.records]
        houses, people = nouns.count("account"), nouns.count("contact")
        assert (len(pairs.bss.rows("accounts")), len(pairs.companies())) == (houses, houses)
        assert (len(pairs.bss.rows("contacts")), len(list(pairs.connectwise.table(CONTACTS)))) == (
            people,
            people,
        )
