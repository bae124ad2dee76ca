"""The judge of the billing side finds what is wrong: each kind of damage, done by hand to tenants that are right."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from sandbox.bss.collections import Row
from sandbox.server import Options, Sandbox
from sandbox.world import World
from tests.fault.billing_books import COMPANIES, CONTACTS, ITEMS, TYPES
from tests.fault.billing_part import BillingPart
from tests.fault.billing_world import with_accounts
from tests.fault.edits import small_world

ADDRESS = {"address1": "4100 Campus Way", "city": "Seattle", "postCode": "98195"}
Damage = Callable[["Tenants"], object]


@cache
def _world() -> World:
    return with_accounts(small_world(7, 0), 7, 0)


class Tenants:
    """One account with one contact on both sides, as the flow would leave them; judged from then on."""

    def __init__(self) -> None:
        self.box = Sandbox(Options(projects=1), world=_world())
        self.part = BillingPart(self.box, 7, keeps_identities=False)
        bss, member = self.box.bss, self.box.connectwise_user
        self.account: int = bss.add(
            "accounts", name="North", code="N-1", phone="(206) 555-0100", typeId=1, address=ADDRESS
        )["id"]
        self.person: int = bss.add(
            "contacts", accountId=self.account, firstName="Ada", lastName="Byron", phone="1", isPrimary=True
        )["id"]
        self.company = self.make_company(str(self.account), "N-1")
        self.contact = self.make_contact()
        reference = {"id": self.company}
        member.edit(
            COMPANIES, self.company, {"billToCompany": reference, "defaultContact": {"id": self.contact}}
        )
        self.part.judge.note_settled()

    def make_company(self, identifier: str, number: str | None) -> int:
        member, books = self.box.connectwise_user, self.part.books
        company = member.add(
            COMPANIES,
            {
                "identifier": identifier,
                "name": "North",
                "accountNumber": number,
                "site": {"name": "Main"},
                "phoneNumber": "206-555-0100",
                "addressLine1": "4100  Campus Way",
                "city": "Seattle",
                "zip": "98195",
            },
        )
        member.add(TYPES, {"type": {"id": books.company_type("Client")}, "company": {"id": company}})
        return company

    def make_contact(self) -> int:
        direct = {"type": {"id": self.part.books.item_type("Direct")}, "value": "1", "defaultFlag": True}
        return self.box.connectwise_user.add(
            CONTACTS,
            {
                "firstName": "Ada",
                "lastName": "Byron",
                "company": {"id": self.company},
                "communicationItems": [direct],
                "ignoreDuplicates": True,
            },
        )

    def edited(self, side: str, field: str, value: str) -> None:
        """Another user edits a field, which both sides hold afterwards as something else."""
        number = self.account if side == "bss" else self.company
        self.part.editor._save("account", side, number, field, value)  # type: ignore[arg-type]

    def found(self) -> list[str]:
        return [violation.kind for violation in self.part.judge.violations()]


def _edit_company(**fields: object) -> Damage:
    return lambda tenants: tenants.box.connectwise_user.edit(COMPANIES, tenants.company, dict(fields))


def _items(tenants: Tenants) -> Row:
    contact = tenants.part.books.row("contact", "connectwise", tenants.contact)
    row: Row = contact["communicationItems"][0]
    return row


def _second_item(tenants: Tenants) -> None:
    kind = {"id": tenants.part.books.item_type("Direct")}
    tenants.box.connectwise_user.add(ITEMS, {"contactId": tenants.contact, "type": kind, "value": "1"})


def _vendor_changed(tenants: Tenants) -> None:
    tenants.part.editor.make(tenants.part.editor.__class__.foreign_company)
    vendor = max(row["id"] for row in tenants.box.connectwise.table(COMPANIES))
    tenants.box.connectwise_user.edit(COMPANIES, vendor, {"website": "https://other.example"})


def _edit_undone(tenants: Tenants) -> None:
    before = tenants.part.books.value("account", "bss", tenants.account, "city")
    tenants.edited("connectwise", "city", "Tacoma")
    tenants.box.connectwise_user.edit(COMPANIES, tenants.company, {"city": before})


DAMAGES: dict[str, tuple[str, Damage]] = {
    "a field differs": ("lost", _edit_company(faxNumber="9")),
    "an edit is undone": ("lost", _edit_undone),
    "no parent": (
        "lost",
        lambda tenants: tenants.box.bss.edit("accounts", tenants.account, parentAccountId=tenants.account),
    ),
    "no type": ("lost", lambda tenants: tenants.box.bss.edit("accounts", tenants.account, typeId=2)),
    "no default contact": ("lost", _edit_company(defaultContact=None)),
    "not billed to itself": ("lost", _edit_company(billToCompany=None)),
    "an account without a company": (
        "lost",
        lambda tenants: tenants.box.bss.add("accounts", name="South", typeId=1, address=ADDRESS),
    ),
    "a company without an account": ("lost", lambda tenants: tenants.make_company("SOUTH", "S-1")),
    "a contact of BSS without one of ConnectWise": (
        "lost",
        lambda tenants: tenants.box.bss.add("contacts", accountId=tenants.account, firstName="Eve"),
    ),
    "two companies": ("doubled", lambda tenants: tenants.make_company("NORTH", "N-1")),
    "two accounts": (
        "doubled",
        lambda tenants: tenants.box.bss.add("accounts", name="North", code="N-1", typeId=1, address=ADDRESS),
    ),
    "two contacts": ("doubled", lambda tenants: tenants.make_contact()),
    "two contacts of BSS": (
        "doubled",
        lambda tenants: tenants.box.bss.add("contacts", accountId=tenants.account, firstName="Ada"),
    ),
    "two items of one type": ("doubled", _second_item),
    "a company in the recycle bin": (
        "foreign",
        lambda tenants: tenants.box.connectwise_user.remove(COMPANIES, tenants.company),
    ),
    "a contact deleted": (
        "foreign",
        lambda tenants: tenants.box.connectwise_user.remove(CONTACTS, tenants.contact),
    ),
    "a company of others changed": ("foreign", _vendor_changed),
}


def test_tenants_that_agree_are_right() -> None:
    """Blanks and the form of a phone number are the servers' own."""
    assert Tenants().found() == []


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_judge_finds(damage: str) -> None:
    kind, do = DAMAGES[damage]
    tenants = Tenants()
    do(tenants)
    assert kind in tenants.found()


@pytest.mark.parametrize(("side", "other"), [("bss", "connectwise"), ("connectwise", "bss")])
def test_an_edit_of_one_side_must_stay_and_of_two_one_of_both(side: str, other: str) -> None:
    tenants = Tenants()
    tenants.edited(side, "city", "Tacoma")
    assert tenants.found() == ["lost"]
    tenants.edited(other, "city", "Olympia")
    tenants.box.bss.edit("accounts", tenants.account, address={"city": "Olympia"})
    tenants.box.connectwise_user.edit(COMPANIES, tenants.company, {"city": "Olympia"})
    assert tenants.found() == []
    tenants.box.bss.edit("accounts", tenants.account, address={"city": "Seattle"})
    tenants.box.connectwise_user.edit(COMPANIES, tenants.company, {"city": "Seattle"})
    assert tenants.found() == ["lost"]


def test_what_redis_forgot_may_give_way_to_the_master() -> None:
    tenants = Tenants()
    tenants.edited("connectwise", "city", "Tacoma")
    tenants.part.judge.note_memory_lost(whole=True)
    tenants.box.connectwise_user.edit(COMPANIES, tenants.company, {"city": "Seattle"})
    assert tenants.found() == []
