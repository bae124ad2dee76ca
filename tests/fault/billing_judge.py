"""Decides whether anything of the billing side was lost, doubled or harmed, from the stores of the stand-ins alone.

It shares no code with the worker: what belongs together, and which value a field must have, is worked out a second time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from tests.fault.billing_books import CONTACT_ITEMS, FIELDS, MADE, BillingBooks, Noun, Row, alike
from tests.fault.billing_world import ACCOUNT_TYPES
from tests.fault.edit_record import EditRecord
from tests.fault.foreign import Foreign
from tests.fault.violations import Violation


class BillingJudge:
    """Looks at the end, and at every deletion from the moment it is made."""

    def __init__(self, books: BillingBooks, record: EditRecord, foreign: Foreign) -> None:
        self._books = books
        self._record = record
        self._foreign = foreign
        self._unsettled: list[Violation] = []

    def violations(self) -> list[Violation]:
        """Everything that is wrong now, and what was wrong at an earlier moment at which nothing was due."""
        found = [*self._now(), *self._foreign.violations()]
        return [*self._unsettled, *(one for one in found if one not in self._unsettled)]

    def note_settled(self) -> None:
        """Whatever was edited must be right by now; what is edited from now on is judged by itself."""
        self._unsettled += [one for one in self._now() if one not in self._unsettled]
        self._record.settle()

    def note_memory_lost(self, *, whole: bool) -> None:
        """Without the agreed values both sides are merged as at their first link."""
        del whole
        self._record.doubt()

    def _now(self) -> list[Violation]:
        return [*self._accounts(), *self._companies(), *self._persons(), *self._contacts(), *self._doubled()]

    def _accounts(self) -> Iterator[Violation]:
        for account in self._books.rows("account", "bss"):
            named = f"account {account['id']} {account['name']!r}"
            partners = self._books.partners("account", account["id"])
            if not partners:
                yield Violation("lost", f"{named} has no company")
            elif len(partners) > 1:
                yield Violation("doubled", f"{named} has companies {_ids(partners)}")
            else:
                yield from self._fields("account", account, partners[0])
                yield from self._relatives(account, partners[0])

    def _companies(self) -> Iterator[Violation]:
        mapped = {self._books.company_type(name) for name in ACCOUNT_TYPES.values()}
        for company in self._books.rows("account", "connectwise"):
            named = f"company {company['id']} {company['name']!r}"
            accounts = self._books.accounts_of(company)
            if not accounts and mapped & self._books.types_of(company["id"]):
                yield Violation("lost", f"{named} has no account")
            elif len(accounts) > 1:
                yield Violation("doubled", f"{named} has accounts {_ids(accounts)}")

    def _persons(self) -> Iterator[Violation]:
        for person in self._books.rows("contact", "bss"):
            named = f"contact {person['id']} {person['firstName']!r} of BSS"
            partners = self._books.partners("contact", person["id"])
            if not partners:
                yield Violation("lost", f"{named} has no contact in ConnectWise")
            elif len(partners) > 1:
                yield Violation("doubled", f"{named} has contacts {_ids(partners)} in ConnectWise")
            else:
                yield from self._fields("contact", person, partners[0])
                yield from self._company_of(named, person, partners[0])

    def _contacts(self) -> Iterator[Violation]:
        linked = {company["id"] for _, company in self._books.pairs("account")}
        for contact in self._books.rows("contact", "connectwise"):
            named = f"contact {contact['id']} {contact['firstName']!r} of ConnectWise"
            persons = self._books.persons_of(contact)
            if not persons and contact.get("company", {}).get("id") in linked:
                yield Violation("lost", f"{named} has no contact in BSS")
            elif len(persons) > 1:
                yield Violation("doubled", f"{named} has contacts {_ids(persons)} in BSS")

    def _fields(self, noun: Noun, ours: Row, theirs: Row) -> Iterator[Violation]:
        for field in FIELDS[noun]:
            one = self._books.value(noun, "bss", ours["id"], field)
            other = self._books.value(noun, "connectwise", theirs["id"], field)
            named = f"{field} of {noun} {ours['id']} and {theirs['id']}"
            if field == "code" and one.startswith(MADE):
                continue
            if not alike(field, one, other):
                yield Violation("lost", f"{named} is {one!r} in BSS and {other!r} in ConnectWise")
            elif told := self._record.told(noun, ours["id"], theirs["id"], field):
                yield Violation("lost", f"{named}: {told}")

    def _relatives(self, account: Row, company: Row) -> Iterator[Violation]:
        named = f"company {company['id']} of account {account['id']}"
        kind = self._books.mapped_type(account["typeId"], ACCOUNT_TYPES)
        if kind not in self._books.types_of(company["id"]):
            yield Violation("lost", f"{named} lacks the type {kind}")
        if account["parentAccountId"] is not None:
            parents = [row["id"] for row in self._books.partners("account", account["parentAccountId"])]
            if (held := _id(company, "parentCompany")) not in parents:
                yield Violation("lost", f"{named} has parent {held} and should have {parents}")
        if (held := _id(company, "billToCompany")) != company["id"]:
            yield Violation("lost", f"{named} is billed to {held}")
        primaries = [
            row["id"]
            for row in self._books.rows("contact", "bss")
            if row["accountId"] == account["id"] and row["isPrimary"]
        ]
        if primaries:
            chosen = [row["id"] for row in self._books.partners("contact", min(primaries))]
            if (held := _id(company, "defaultContact")) not in chosen:
                yield Violation("lost", f"{named} has default contact {held} and should have {chosen}")

    def _company_of(self, named: str, person: Row, contact: Row) -> Iterator[Violation]:
        companies = [row["id"] for row in self._books.partners("account", person["accountId"])]
        if (held := _id(contact, "company")) not in companies:
            yield Violation("lost", f"{named} is at company {held} and should be at {companies}")

    def _doubled(self) -> Iterator[Violation]:
        codes = [row["code"] for row in self._books.rows("account", "bss") if row["code"]]
        yield from (Violation("doubled", f"account code {code}") for code in _twice(codes))
        for contact in self._books.rows("contact", "connectwise"):
            for field in CONTACT_ITEMS:
                items = self._books.items(contact, field)
                if len(items) > 1:
                    yield Violation("doubled", f"{field} of contact {contact['id']}: items {_ids(items)}")


def _ids(rows: Iterable[Row]) -> str:
    return ", ".join(str(row["id"]) for row in rows)


def _id(row: Row, reference: str) -> int | None:
    number: int | None = (row.get(reference) or {}).get("id")
    return number


def _twice(things: Iterable[Any]) -> list[Any]:
    return [thing for thing, times in Counter(things).items() if times > 1]
