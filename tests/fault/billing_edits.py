"""What other users do in BSS and ConnectWise while everything breaks: seeded, and never so that a record must be refused."""

from __future__ import annotations

import time

from sandbox.server import Sandbox
from tests.fault.billing_books import (
    COMPANIES,
    CONTACT_ITEMS,
    CONTACTS,
    FIELDS,
    ITEMS,
    BillingBooks,
    Noun,
    Row,
    Side,
)
from tests.fault.edit_record import EditRecord
from tests.fault.foreign import Foreign
from tests.fault.new_values import NewValues
from tests.fault.newcomers import TWIN, Newcomers
from tests.fault.other_users import OtherUsers
from tests.fault.part import SeededEditor
from tests.fault.relations import Relations

_MOST_ACCOUNTS = 16
_MOST_CONTACTS = 40
_SHARE_CLEARED = 0.15
# Longer than it takes until a create that was broken off has been looked for.
_NEW_SECONDS = 6.0


class BillingEditor(SeededEditor):
    """Edits accounts and contacts on both sides."""

    def __init__(
        self,
        box: Sandbox,
        seed: int,
        *,
        books: BillingBooks,
        record: EditRecord,
        foreign: Foreign,
        keeps_identities: bool = False,
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
                (2, BillingEditor.move_person),
                (3, BillingEditor.foreign_field),
                (3, BillingEditor.foreign_item),
                (2, BillingEditor.foreign_company),
            ),
        )
        self._books = books
        self._record = record
        self._foreign = foreign
        self._keeps_identities = keeps_identities
        self._first_seen: dict[tuple[str, int], float] = {}
        self._users = OtherUsers(box, books, self._dice)
        self._new = NewValues()
        self._newcomers = Newcomers(self._users, books, record, self._new, self._dice)
        self._relations = Relations(self._users, books, self._dice)

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

    def some_pair(self) -> tuple[int, int]:
        """Any account with its company."""
        account, company = self._dice.choice(list(self._books.pairs("account")))
        return account["id"], company["id"]

    def change_pair(self, pair: tuple[int, int], side: Side, field: str) -> None:
        """A field of one side of a pair."""
        self._save("account", side, pair[side == "connectwise"], field, self._value(field))

    def change_newest(self, system: str, path: str) -> None:
        """What the newest record can be known by, where it was made from; and a field of the record itself."""
        noun: Noun = "contact" if "contacts" in path else "account"
        made: Side = "connectwise" if system == "connectwise" else "bss"
        origin: Side = "bss" if made == "connectwise" else "connectwise"
        known = {"contact": ("email", "lastName"), "account": ("name",)}[noun]
        newest = max(row["id"] for row in self._books.rows(noun, origin))
        for field in known:
            self._save(noun, origin, newest, field, self._value(field))
        record = max(row["id"] for row in self._books.rows(noun, made))
        self._save(noun, made, record, "phone", self._value("phone"))

    def claim_newest_company(self) -> None:
        """An account of the same name as the newest company."""
        company = max(self._books.rows("account", "connectwise"), key=lambda row: row["id"])
        account = self.begin_named_account(company["name"])
        self._books.claims[account] = company["id"]

    def new_account(self) -> None:
        """An account with a contact."""
        if len(self._books.rows("account", "bss")) < _MOST_ACCOUNTS:
            self.begin_account()

    def begin_account(self) -> int:
        number = self._newcomers.account(self._new.named("Account"), code=self._new.named("A"))
        self._newcomers.person(number, primary=self._dice.random() < 0.5)
        return number

    def begin_named_account(self, name: str) -> int:
        """An account without a code."""
        return self._newcomers.account(name)

    def new_person(self) -> None:
        """A contact of an account."""
        if len(self._books.rows("contact", "bss")) < _MOST_CONTACTS:
            self.begin_person()

    def begin_person(self) -> None:
        self._newcomers.person(self._dice.choice(self._books.rows("account", "bss"))["id"], primary=False)

    def new_company(self) -> None:
        """A company that becomes an account, with a contact."""
        if len(self._books.rows("account", "bss")) < _MOST_ACCOUNTS:
            self.begin_company()

    def begin_company(self) -> int:
        company = self._newcomers.company(self._new.named("Company"), accountNumber=self._new.code())
        self._newcomers.contact(company)
        return company

    def new_contact(self) -> None:
        """A contact of a linked company."""
        if len(self._books.rows("contact", "bss")) < _MOST_CONTACTS:
            self.begin_contact()

    def begin_contact(self) -> None:
        pairs = list(self._books.pairs("account"))
        if pairs:
            self._newcomers.contact(self._dice.choice(pairs)[1]["id"])

    def new_twins(self) -> None:
        """An account and a company of one code, made on both sides at the same moment, with one contact on both."""
        if len(self._books.rows("account", "bss")) < _MOST_ACCOUNTS:
            self.begin_twins()

    def begin_twins(self) -> None:
        name, code = self._new.named("Twin"), self._new.named("T")
        company = self._newcomers.company(name, accountNumber=code)
        account = self._newcomers.account(name, code=code)
        self._books.twins[account] = company
        who = self._new.named(TWIN), self._new.email()
        self._newcomers.contact(company, *who)
        self._newcomers.person(account, *who, primary=False)

    def new_parent(self) -> None:
        """An account comes below another one."""
        self._relations.new_parent()

    def new_primary(self) -> None:
        """A contact becomes the primary one of its account."""
        self._relations.new_primary()

    def move_person(self) -> None:
        """A contact goes to another account; it is found again within the company only."""
        if not self._keeps_identities:
            self._relations.move()

    def change_type(self) -> None:
        """The type of an account."""
        self._relations.change_type()

    def foreign_field(self) -> None:
        """A field that is none of the flow's business, on either side."""
        pairs = list(self._books.pairs("account"))
        if pairs:
            account, company = self._dice.choice(pairs)
            count = self._dice.randrange(1, 10_000)
            self._users.save_in_connectwise(COMPANIES, company["id"], {"numberOfEmployees": count})
            self._users.save_in_bss("account", account["id"], {"email": self._new.email()})
            self._foreign.keep_field(COMPANIES, company["id"], "numberOfEmployees")
            self._foreign.keep_field("accounts", account["id"], "email")

    def foreign_item(self) -> None:
        """A communication item that is none of the four."""
        pairs = [contact for _, contact in self._books.pairs("contact")]
        if pairs:
            contact = self._dice.choice(pairs)
            kind, value = self._dice.choice(
                (("Home", self._new.phone()), ("Email for invoices", self._new.email()))
            )
            item = self._users.add_item(contact["id"], kind, value, default=False)
            self._foreign.keep_field(ITEMS, item, "value")

    def foreign_company(self) -> None:
        """A company without a type that has a row in the settings, with a contact: both stay as they are."""
        company = self._newcomers.company_row(self._new.named("Vendor"), kind="Vendor")
        self._foreign.keep_row(COMPANIES, company)
        self._foreign.keep_row(
            CONTACTS, self._newcomers.contact_row(company, self._new.named("Vera"), self._new.email())
        )

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
            if field in self._editable("contact", person)
            and bool(person[field]) is filled
            and bool(self._books.items(contact, field)) is filled
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
        """The code tells which account belongs to a company that other users made, the address who is one contact on both sides.

        Nobody changes the address of a contact that was just made: of a create without an answer the address alone tells what it made.
        """
        if noun == "account":
            kept = frozenset() if self._books.began_as_account(row) else frozenset({"code"})
        elif self._keeps_identities:
            kept = frozenset({"email", "lastName"})
        else:
            is_known_by_email = row["firstName"].startswith(TWIN) or self._is_new(row)
            kept = frozenset({"email"}) if is_known_by_email else frozenset()
        return tuple(field for field in FIELDS[noun] if field not in kept)

    def _is_new(self, row: Row) -> bool:
        """By the time at which an edit of it was first thought of."""
        seen = self._first_seen.setdefault((row["firstName"], row["id"]), time.monotonic())
        return time.monotonic() - seen < _NEW_SECONDS

    def _save(self, noun: Noun, side: Side, number: int, field: str, value: str) -> None:
        before = self._books.value(noun, side, number, field)
        self._users.save(noun, side, number, {field: value})
        self._record.note(noun, side, number, field, before)

    def _value(self, field: str, *, may_clear: bool = False) -> str:
        """A new value, or none."""
        if may_clear and field != "name" and self._dice.random() < _SHARE_CLEARED:
            return ""
        return self._new.of(field)
