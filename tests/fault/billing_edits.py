"""What other users do in BSS and ConnectWise while everything breaks: seeded, and never so that a record must be refused."""

from __future__ import annotations

from sandbox.server import Sandbox
from tests.fault.billing_books import (
    COMPANIES,
    CONTACT_ITEMS,
    CONTACTS,
    FIELDS,
    ITEMS,
    PHONES,
    TYPES,
    BillingBooks,
    Noun,
    Row,
    Side,
)
from tests.fault.billing_world import ACCOUNT_TYPES
from tests.fault.edit_record import EditRecord
from tests.fault.foreign import Foreign
from tests.fault.other_users import OtherUsers
from tests.fault.part import SeededEditor

_MOST_ACCOUNTS = 16
_MOST_CONTACTS = 40
_SHARE_CLEARED = 0.15
_SHARE_MOBILE = 0.5
_REQUIRED = frozenset({"name"})
_ADDRESS = {
    "stateName": "Washington",
    "stateCode": "WA",
    "countryName": "United States",
    "countryCode": "US",
    "city": "Seattle",
    "postCode": "98195",
}
_TYPE_IDS = {"Customer": 1, "Reseller": 2, "Prospect": 3}


class BillingEditor(SeededEditor):
    """Edits accounts and contacts on both sides."""

    def __init__(
        self, box: Sandbox, seed: int, *, books: BillingBooks, record: EditRecord, foreign: Foreign
    ) -> None:
        super().__init__(
            seed,
            (
                (20, BillingEditor.change_account),
                (16, BillingEditor.change_company),
                (14, BillingEditor.change_person),
                (14, BillingEditor.change_contact),
                (8, BillingEditor.change_both_sides),
                (5, BillingEditor.change_both_contacts),
                (3, BillingEditor.new_account),
                (4, BillingEditor.new_person),
                (3, BillingEditor.new_company),
                (4, BillingEditor.new_contact),
                (2, BillingEditor.new_twins),
                (3, BillingEditor.new_parent),
                (4, BillingEditor.new_primary),
                (3, BillingEditor.change_type),
                (3, BillingEditor.foreign_field),
                (3, BillingEditor.foreign_item),
                (2, BillingEditor.foreign_company),
            ),
        )
        self._box = box
        self._books = books
        self._record = record
        self._foreign = foreign
        self._users = OtherUsers(box, books, self._dice)

    def change_account(self) -> None:
        """A field of an account in BSS."""
        self._change("account", "bss")

    def change_company(self) -> None:
        """A field of a linked company in ConnectWise."""
        self._change("account", "connectwise")

    def change_person(self) -> None:
        """A field of a contact in BSS."""
        self._change("contact", "bss")

    def change_contact(self) -> None:
        """A field of a linked contact in ConnectWise."""
        self._change("contact", "connectwise")

    def change_contact_itself(self) -> None:
        """A field that is no communication item."""
        self._change("contact", "connectwise", fields=("lastName", "jobTitle"))

    def change_person_itself(self) -> None:
        """The same in BSS."""
        self._change("contact", "bss", fields=("lastName", "jobTitle"))

    def change_item(self) -> None:
        """A field of a contact in BSS that a communication item holds, and that is filled."""
        self._change_item(filled=True, clear=False)

    def fill_item(self) -> None:
        """The same, of a contact whose item is still to be made."""
        self._change_item(filled=False, clear=False)

    def clear_item(self) -> None:
        """The same, so that the item has to go."""
        self._change_item(filled=True, clear=True)

    def change_both_sides(self) -> None:
        """One field of an account and of its company, differently, and another field on one side."""
        self._change_both("account")

    def change_both_contacts(self) -> None:
        """The same of a contact."""
        self._change_both("contact")

    def change_pair(self, noun: Noun, ours: int, theirs: int, fields: tuple[str, str]) -> None:
        """One field in BSS, another one in ConnectWise."""
        self._save(noun, "bss", ours, fields[0], self._value(fields[0]))
        self._save(noun, "connectwise", theirs, fields[1], self._value(fields[1]))

    def new_account(self) -> None:
        """An account with a contact."""
        if len(self._books.rows("account", "bss")) < _MOST_ACCOUNTS:
            self.begin_account()

    def begin_account(self) -> int:
        number = self._add_account(self._fresh("Account"), code=self._fresh("A"))
        self._add_person(number, primary=self._dice.random() < 0.5)
        return number

    def begin_named_account(self, name: str) -> int:
        """An account without a code."""
        return self._add_account(name)

    def new_person(self) -> None:
        """A contact of an account."""
        if len(self._books.rows("contact", "bss")) < _MOST_CONTACTS:
            self.begin_person()

    def begin_person(self) -> None:
        self._add_person(self._dice.choice(self._books.rows("account", "bss"))["id"], primary=False)

    def new_company(self) -> None:
        """A company that becomes an account, with a contact."""
        if len(self._books.rows("account", "bss")) < _MOST_ACCOUNTS:
            self.begin_company()

    def begin_company(self) -> int:
        company = self._add_company(self._fresh("Company"), accountNumber=self._number())
        self._add_contact(company)
        return company

    def new_contact(self) -> None:
        """A contact of a linked company."""
        if len(self._books.rows("contact", "bss")) < _MOST_CONTACTS:
            self.begin_contact()

    def begin_contact(self) -> None:
        pairs = list(self._books.pairs("account"))
        if pairs:
            self._add_contact(self._dice.choice(pairs)[1]["id"])

    def new_twins(self) -> None:
        """An account and a company of one code, made on both sides at the same moment, with one contact on both."""
        if len(self._books.rows("account", "bss")) >= _MOST_ACCOUNTS:
            return
        name, code = self._fresh("Twin"), self._fresh("T")
        company = self._add_company(name, accountNumber=code)
        account = self._add_account(name, code=code)
        self._books.twins[account] = company
        who = self._fresh("Gemma"), self._email()
        self._add_contact(company, *who)
        self._add_person(account, *who, primary=False)

    def new_parent(self) -> None:
        """An account without children comes below another one that has no parent."""
        rows = self._books.rows("account", "bss")
        parents = {row["parentAccountId"] for row in rows}
        roots = [row["id"] for row in rows if row["parentAccountId"] is None]
        leaves = [row["id"] for row in rows if row["id"] not in parents]
        child = self._dice.choice(leaves)
        above = [root for root in roots if root != child]
        if above:
            self._users.save_in_bss("account", child, {"parentAccountId": self._dice.choice(above)})

    def new_primary(self) -> None:
        """A contact becomes the primary one of its account; another one may be it no longer."""
        person = self._dice.choice(self._books.rows("contact", "bss"))
        mates = [
            row
            for row in self._books.rows("contact", "bss")
            if row["accountId"] == person["accountId"] and row["isPrimary"] and row["id"] != person["id"]
        ]
        self._users.save_in_bss("contact", person["id"], {"isPrimary": True})
        if mates and self._dice.random() < 0.5:
            self._users.save_in_bss("contact", self._dice.choice(mates)["id"], {"isPrimary": False})

    def change_type(self) -> None:
        """The type of an account; its company gets one more."""
        pairs = [account for account, _ in self._books.pairs("account")]
        if pairs:
            account = self._dice.choice(pairs)
            others = [number for number in _TYPE_IDS.values() if number != account["typeId"]]
            self._users.save_in_bss("account", account["id"], {"typeId": self._dice.choice(others)})

    def foreign_field(self) -> None:
        """A field that is none of the flow's business, on either side."""
        pairs = list(self._books.pairs("account"))
        if pairs:
            account, company = self._dice.choice(pairs)
            count = self._dice.randrange(1, 10_000)
            self._users.save_in_connectwise(COMPANIES, company["id"], {"numberOfEmployees": count})
            self._users.save_in_bss("account", account["id"], {"email": self._email()})
            self._foreign.keep_field(COMPANIES, company["id"], "numberOfEmployees")
            self._foreign.keep_field("accounts", account["id"], "email")

    def foreign_item(self) -> None:
        """A communication item that is none of the four."""
        pairs = [contact for _, contact in self._books.pairs("contact")]
        if pairs:
            contact = self._dice.choice(pairs)
            kind, value = self._dice.choice((("Home", self._phone()), ("Email for invoices", self._email())))
            item = self._users.add_item(contact["id"], kind, value, default=False)
            self._foreign.keep_field(ITEMS, item, "value")

    def foreign_company(self) -> None:
        """A company without a type that has a row in the settings, with a contact: both stay as they are."""
        company = self._company_row(self._fresh("Vendor"), kind="Vendor")
        self._foreign.keep_row(COMPANIES, company)
        self._foreign.keep_row(CONTACTS, self._contact_row(company, self._fresh("Vera"), self._email()))

    def _change(self, noun: Noun, side: Side, *, fields: tuple[str, ...] = ()) -> None:
        pairs = list(self._books.pairs(noun))
        if pairs:
            row = self._dice.choice(pairs)[side == "connectwise"]
            field = self._dice.choice(fields or self._editable(noun, row))
            self._save(noun, side, row["id"], field, self._value(field, may_clear=not fields))

    def _change_item(self, *, filled: bool, clear: bool) -> None:
        places = [
            (person["id"], field)
            for person, contact in self._books.pairs("contact")
            for field in CONTACT_ITEMS
            if bool(person[field]) is filled and bool(self._books.items(contact, field)) is filled
        ]
        if places:
            number, field = self._dice.choice(places)
            self._save("contact", "bss", number, field, "" if clear else self._value(field))

    def _change_both(self, noun: Noun) -> None:
        pairs = list(self._books.pairs(noun))
        if pairs:
            ours, theirs = self._dice.choice(pairs)
            fields = [field for field in self._editable(noun, ours) if field in self._editable(noun, theirs)]
            field = self._dice.choice(fields)
            self._save(noun, "bss", ours["id"], field, self._value(field))
            self._save(noun, "connectwise", theirs["id"], field, self._value(field, may_clear=True))
            other = self._dice.choice(fields)
            self._save(noun, "connectwise", theirs["id"], other, self._value(other))

    def _editable(self, noun: Noun, row: Row) -> tuple[str, ...]:
        """The code tells which account belongs to a company that other users made."""
        made_elsewhere = noun == "account" and not self._is_from_bss(row)
        return tuple(field for field in FIELDS[noun] if not (made_elsewhere and field == "code"))

    def _is_from_bss(self, row: Row) -> bool:
        """Whether the pair of an account or company began as an account."""
        if "identifier" in row:
            return bool(row["identifier"].isdecimal())
        if row["id"] in self._books.twins:
            return False
        return any(
            company["identifier"] == str(row["id"]) for company in self._books.partners("account", row["id"])
        )

    def _save(self, noun: Noun, side: Side, number: int, field: str, value: str) -> None:
        before = self._books.value(noun, side, number, field)
        self._users.save(noun, side, number, {field: value})
        self._record.note(noun, side, number, field, before)

    def _add_account(self, name: str, *, code: str | None = None) -> int:
        number = self._users.add_to_bss(
            "account",
            name=name,
            code=code,
            typeId=self._dice.choice(list(_TYPE_IDS.values())),
            currencyCode="USD",
            phone=self._phone(),
            webSite=f"https://{self._number().lower()}.example",
            address={**_ADDRESS, "address1": f"{self._number()} Campus Way"},
        )
        self._note_new("account", "bss", number)
        return number

    def _add_person(self, account: int, first: str = "", email: str = "", *, primary: bool) -> None:
        number = self._users.add_to_bss(
            "contact",
            accountId=account,
            firstName=first or self._fresh("Ada"),
            lastName=self._number(),
            email=email or self._email(),
            phone=self._phone(),
            mobilePhone=self._phone() if self._dice.random() < _SHARE_MOBILE else None,
            isPrimary=primary,
        )
        self._note_new("contact", "bss", number)

    def _add_company(self, name: str, *, accountNumber: str) -> int:  # noqa: N803 - as ConnectWise calls it
        company = self._company_row(
            name, kind=self._dice.choice(list(ACCOUNT_TYPES.values())), accountNumber=accountNumber
        )
        self._note_new("account", "connectwise", company)
        return company

    def _company_row(self, name: str, *, kind: str, **fields: str) -> int:
        company = self._users.add_to_connectwise(
            COMPANIES,
            {
                "identifier": name.replace(" ", "").upper(),
                "name": name,
                "site": {"name": "Main"},
                "phoneNumber": self._phone(),
                "addressLine1": f"{self._number()} Main Street",
                "city": "Tacoma",
                **fields,
            },
        )
        self._users.add_to_connectwise(
            TYPES, {"type": {"id": self._books.company_type(kind)}, "company": {"id": company}}
        )
        return company

    def _add_contact(self, company: int, first: str = "", email: str = "") -> None:
        contact = self._contact_row(company, first or self._fresh("Eve"), email or self._email())
        self._note_new("contact", "connectwise", contact)

    def _contact_row(self, company: int, first: str, email: str) -> int:
        items = {"Email": email, "Direct": self._phone()}
        return self._users.add_to_connectwise(
            CONTACTS,
            {
                "firstName": first,
                "lastName": self._number(),
                "company": {"id": company},
                "communicationItems": [
                    {"type": {"id": self._books.item_type(kind)}, "value": value, "defaultFlag": True}
                    for kind, value in items.items()
                ],
            },
        )

    def _note_new(self, noun: Noun, side: Side, number: int) -> None:
        for field in FIELDS[noun]:
            if self._books.value(noun, side, number, field):
                self._record.note(noun, side, number, field, "")

    def _value(self, field: str, *, may_clear: bool = False) -> str:
        """A value that no other field has ever had, or none."""
        if may_clear and field not in _REQUIRED and self._dice.random() < _SHARE_CLEARED:
            return ""
        if field in PHONES:
            return self._phone()
        if field == "email":
            return self._email()
        if field == "webSite":
            return f"https://{self._number().lower()}.example"
        return self._fresh("Value")

    def _phone(self) -> str:
        return f"(206) 555-{self._next():04}"

    def _email(self) -> str:
        return f"n{self._next()}@people.example"

    def _number(self) -> str:
        return f"N{self._next():05}"

    def _next(self) -> int:
        self._new += 1
        return self._new
