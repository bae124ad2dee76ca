"""The judge of documents finds what is wrong: each kind of damage, done by hand to tenants that are right."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from sandbox.connectwise.store import API_MEMBER
from sandbox.connectwise.user import ConnectWiseUser
from sandbox.server import Options, Sandbox
from sandbox.world import World
from tests.fault import document_expected as expected
from tests.fault.billing_books import COMPANIES, CONTACTS
from tests.fault.casting import Casting
from tests.fault.document_books import (
    ADDITIONS,
    AGREEMENT_TYPES,
    AGREEMENTS,
    CATALOG,
    COLLECTIONS,
    FIELDS,
    INVOICES,
    LINES,
    ORDERS,
    PARENTS,
    PAYMENTS,
    STATUSES,
    DocumentBooks,
)
from tests.fault.document_part import DocumentPart

Row = dict[str, Any]
Damage = Callable[["Tenants"], object]
SEED = 7


@cache
def _world() -> World:
    return Casting(flows=("documents",), accounts=2).world(SEED)


class Tenants:
    """Both tenants as the flow would leave them; judged from then on."""

    def __init__(self) -> None:
        self.box = Sandbox(Options(projects=1), world=_world())
        self.part = DocumentPart(self.box, SEED, keeps_identities=False)
        self.books = DocumentBooks(self.box)
        self.ours = ConnectWiseUser(self.box.connectwise, API_MEMBER)
        for account in self.books.of_bss("accounts"):
            self._company(account)
        for product in self.books.of_bss("products"):
            self._catalog_item(product)
        for table, collection in COLLECTIONS.items():
            for document in filter(expected.is_pushed, self.books.of_bss(collection)):
                self.document(table, document)
        for payment in self.books.of_bss("payments"):
            self.payment(payment)
        for subscription in self.books.of_bss("subscriptions"):
            self.addition(subscription)
        self.part.judge.note_settled()

    def invoice(self) -> tuple[Row, Row]:
        """An invoice with more than one line, on both sides."""
        return self._both(INVOICES, "invoices")

    def order(self) -> tuple[Row, Row]:
        return self._both(ORDERS, "orders")

    def line(self) -> Row:
        """A line of that invoice."""
        return self.books.lines(INVOICES, self.invoice()[1]["id"])[0]

    def paid(self) -> tuple[Row, Row]:
        """A payment on both sides."""
        for payment in self.books.of_bss("payments"):
            for row in self.books.rows(PAYMENTS):
                if row.get("appliedBy") == f"cwbridge:{payment['id']}":
                    return payment, row
        raise AssertionError("no payment is in ConnectWise")

    def had(self) -> tuple[Row, Row]:
        """A subscription and its addition."""
        subscription = self.books.of_bss("subscriptions")[0]
        return subscription, self.books.additions_of(subscription["id"])[0]

    def found(self) -> list[str]:
        return [violation.kind for violation in self.part.judge.violations()]

    def document(self, table: str, document: Row) -> None:
        """An order or invoice with its lines."""
        company = {"id": self.books.company_of(document["accountId"])}
        statuses = self.books.rows(STATUSES[table])
        status = next(row for row in statuses if row["name"] == expected.status(document))
        fields = {
            "company": company,
            "billToCompany": company,
            "status": {"id": status["id"]},
            "dueDate": _day(document["dueDate"]),
        }
        if table == INVOICES:
            fields |= {"reference": document["code"], "topComment": document["description"]}
            fields |= {"type": expected.invoice_type(document), "date": _day(document["date"])}
        else:
            contact = document["contact"] and {"id": self.books.contact_of(document["contact"]["id"])}
            fields |= {"poNumber": document["code"], "description": document["description"]}
            fields |= {"orderDate": _day(document["orderDate"]), "contact": contact}
            fields["salesRep"] = {"id": next(iter(self.books.rows("system/members")))["id"]}
        number = self.ours.add(table, {name: value for name, value in fields.items() if value is not None})
        for item in document["items"]:
            self.line_of(table, number, item)

    def line_of(self, table: str, number: int, item: Row) -> None:
        quantity, price, cost = expected.amounts(item)
        self.ours.add(
            LINES,
            {
                PARENTS[table]: {"id": number},
                "catalogItem": {"id": self.books.item_of(item["product"]["id"])},
                "billableOption": "Billable",
                "quantity": quantity,
                "price": price,
                "cost": cost,
                "integrationXRef": f"bss:{item['id']}@1",
            },
        )

    def payment(self, payment: Row) -> None:
        """A payment whose invoice is there."""
        invoice = next(row for row in self.books.of_bss("invoices") if row["id"] == payment["invoiceId"])
        for held in self.books.documents(INVOICES, invoice):
            self.ours.add(
                PAYMENTS,
                {
                    "invoice": {"id": held["id"]},
                    "type": expected.PAYMENT_TYPES[payment["paymentMethod"]["name"]],
                    "amount": payment["amount"],
                    "paymentDate": _day(payment["paymentDate"]),
                    "appliedBy": f"cwbridge:{payment['id']}",
                },
            )

    def addition(self, subscription: Row) -> None:
        """An addition of the agreement of its unit, which is made when it is missing."""
        company = self.books.company_of(subscription["accountId"])
        assert company is not None
        field = next(row["id"] for row in self.books.rows(FIELDS) if row["caption"] == "Subscription ID")
        self.ours.add(
            ADDITIONS,
            {
                "agreementId": self._agreement(company, expected.UNITS[subscription["unit"]]),
                "product": {"id": self.books.item_of(subscription["product"]["id"])},
                "quantity": subscription["quantity"],
                "unitPrice": subscription["sellPrice"],
                "unitCost": subscription["costPrice"],
                "billCustomer": "DoNotBill",
                "customFields": [{"id": field, "value": subscription["id"]}],
            },
        )

    def agreement(self, company: int, kind: str) -> int:
        row = next(row for row in self.books.rows(AGREEMENT_TYPES) if row["name"] == kind)
        people = self.box.connectwise.table(CONTACTS).find("company/id", company)
        return self.ours.add(
            AGREEMENTS,
            {
                "name": kind,
                "type": {"id": row["id"]},
                "company": {"id": company},
                "contact": {"id": people[0]["id"]},
            },
        )

    def _agreement(self, company: int, kind: str) -> int:
        for row in self.box.connectwise.table(AGREEMENTS).find("company/id", company):
            if self.books.named(AGREEMENT_TYPES, row["type"]) == kind:
                return int(row["id"])
        return self.agreement(company, kind)

    def _company(self, account: Row) -> None:
        company = self.ours.add(
            COMPANIES, {"identifier": str(account["id"]), "name": account["name"], "site": {"name": "Main"}}
        )
        for person in self.books.of_bss("contacts"):
            if person["accountId"] == account["id"]:
                self.ours.add(
                    CONTACTS,
                    {"firstName": person["firstName"], "company": {"id": company}, "ignoreDuplicates": True},
                )

    def _catalog_item(self, product: Row) -> None:
        if not self.books.items(product):
            first = {
                name: {"id": next(iter(self.books.rows(f"procurement/{table}")))["id"]}
                for name, table in (("subcategory", "subcategories"), ("type", "types"))
            }
            self.ours.add(
                CATALOG,
                {
                    "identifier": product["code"],
                    "description": product["name"],
                    "customerDescription": product["fullDescription"],
                    "price": product["sellPrice"],
                    "cost": product["costPrice"],
                    "integrationXRef": f"bss:{product['id']}",
                }
                | first,
            )

    def _both(self, table: str, collection: str) -> tuple[Row, Row]:
        for document in self.books.of_bss(collection):
            found = self.books.documents(table, document)
            if found and len(document["items"]) > 1:
                return document, found[0]
        raise AssertionError(f"no {collection} with two items are in ConnectWise")


def _day(day: object) -> str:
    return f"{day}T00:00:00Z"


def _edit(table: str, of: Callable[[Tenants], Row], **fields: object) -> Damage:
    return lambda tenants: tenants.ours.edit(table, of(tenants)["id"], dict(fields))


def _remove(table: str, of: Callable[[Tenants], Row]) -> Damage:
    return lambda tenants: tenants.ours.remove(table, of(tenants)["id"])


def _doubled_line(tenants: Tenants) -> None:
    document, held = tenants.invoice()
    tenants.line_of(INVOICES, held["id"], document["items"][0])


def _line_of_nothing(tenants: Tenants) -> None:
    document, held = tenants.invoice()
    tenants.line_of(INVOICES, held["id"], document["items"][0] | {"id": "gone"})


def _emptied(tenants: Tenants) -> None:
    """The lines go and come back: what was seen on the way counts."""
    document, held = tenants.invoice()
    for line in tenants.books.lines(INVOICES, held["id"]):
        tenants.ours.remove(LINES, line["id"])
    for item in document["items"]:
        tenants.line_of(INVOICES, held["id"], item)


def _foreign_line(tenants: Tenants) -> int:
    editor = tenants.part.editor
    while not any(row.get("description", "").startswith("Line of another") for row in _lines(tenants)):
        editor.make(editor.__class__.foreign_line)
    rows = [row for row in _lines(tenants) if row.get("description", "").startswith("Line of another")]
    assert not tenants.found()
    return int(rows[0]["id"])


def _lines(tenants: Tenants) -> list[Row]:
    return list(tenants.books.rows(LINES))


def _foreign_payment_changed(tenants: Tenants) -> None:
    tenants.part.editor.make(tenants.part.editor.__class__.foreign_payment)
    assert not tenants.found()
    theirs = max(row["id"] for row in tenants.books.rows(PAYMENTS))
    tenants.ours.edit(PAYMENTS, theirs, {"amount": Decimal(1)})


def _known_item_changed(tenants: Tenants) -> None:
    theirs = next(row for row in tenants.books.rows(CATALOG) if row["identifier"] == "BY-HAND-1")
    tenants.ours.edit(CATALOG, theirs["id"], {"price": 99})


def _second_agreement(tenants: Tenants) -> None:
    agreement = next(iter(tenants.books.rows(AGREEMENTS)))
    kind = tenants.books.named(AGREEMENT_TYPES, agreement["type"])
    assert kind is not None
    tenants.agreement(agreement["company"]["id"], kind)


def _pushed_draft(tenants: Tenants) -> None:
    draft = next(row for row in tenants.books.of_bss("invoices") if not expected.is_pushed(row))
    tenants.document(INVOICES, draft | {"stage": "Unpaid"})


def _ended(tenants: Tenants) -> None:
    tenants.box.bss_user.cancel(tenants.had()[0]["id"])


def _ended_another_day(tenants: Tenants) -> None:
    _ended(tenants)
    tenants.ours.edit(ADDITIONS, tenants.had()[1]["id"], {"cancelledDate": "2999-01-01T00:00:00Z"})


DAMAGES: dict[str, tuple[str, Damage]] = {
    "an invoice without a partner": (
        "lost",
        lambda tenants: tenants.part.editor.make(tenants.part.editor.__class__.begin_sent_invoice),
    ),
    "an order without a partner": (
        "lost",
        lambda tenants: tenants.part.editor.make(tenants.part.editor.__class__.begin_placed_order),
    ),
    "a line is missing": ("lost", _remove(LINES, Tenants.line)),
    "a line has another price": ("lost", _edit(LINES, Tenants.line, price=Decimal("0.01"))),
    "a line has another quantity": ("lost", _edit(LINES, Tenants.line, quantity=77)),
    "an invoice has another day": (
        "lost",
        _edit(INVOICES, lambda tenants: tenants.invoice()[1], date="2001-01-01T00:00:00Z"),
    ),
    "an order has another status": (
        "lost",
        lambda tenants: tenants.box.bss_user.edit(
            "orders", tenants.order()[0]["id"], {"status": {"name": expected.CLOSING}}
        ),
    ),
    "a payment is missing": (
        "lost",
        lambda tenants: tenants.box.bss_user.pay(tenants.invoice()[0]["id"]),
    ),
    "a payment has another amount": (
        "lost",
        _edit(PAYMENTS, lambda tenants: tenants.paid()[1], amount=Decimal("0.01")),
    ),
    "a payment has another day": (
        "lost",
        _edit(PAYMENTS, lambda tenants: tenants.paid()[1], paymentDate="2001-01-01T00:00:00Z"),
    ),
    "an addition has another price": (
        "lost",
        _edit(ADDITIONS, lambda tenants: tenants.had()[1], unitPrice=Decimal("0.01")),
    ),
    "an addition goes on": ("lost", _ended),
    "an addition ends on another day": ("lost", _ended_another_day),
    "a product has another price": (
        "lost",
        lambda tenants: tenants.part.editor.make(tenants.part.editor.__class__.reprice_product),
    ),
    "two invoices": ("doubled", lambda tenants: tenants.document(INVOICES, tenants.invoice()[0])),
    "two orders": ("doubled", lambda tenants: tenants.document(ORDERS, tenants.order()[0])),
    "a line twice": ("doubled", _doubled_line),
    "a line of no item": ("doubled", _line_of_nothing),
    "a payment twice": ("doubled", lambda tenants: tenants.payment(tenants.paid()[0])),
    "an addition twice": ("doubled", lambda tenants: tenants.addition(tenants.had()[0])),
    "an agreement twice": ("doubled", _second_agreement),
    "a draft is pushed": ("doubled", _pushed_draft),
    "an invoice was without lines": ("empty", _emptied),
    "a payment was deleted": ("foreign", _remove(PAYMENTS, lambda tenants: tenants.paid()[1])),
    "an invoice was deleted": (
        "foreign",
        lambda tenants: tenants.box.connectwise.remove(INVOICES, tenants.invoice()[1]["id"]),
    ),
    "an addition was deleted": ("foreign", _remove(ADDITIONS, lambda tenants: tenants.had()[1])),
    "a line of another member was deleted": (
        "foreign",
        lambda tenants: tenants.ours.remove(LINES, _foreign_line(tenants)),
    ),
    "a line of another member was changed": (
        "foreign",
        lambda tenants: tenants.ours.edit(LINES, _foreign_line(tenants), {"price": Decimal("0.01")}),
    ),
    "a payment of another member was changed": ("foreign", _foreign_payment_changed),
    "a catalog item of another member was changed": ("foreign", _known_item_changed),
}


def test_documents_that_are_right_are_right() -> None:
    assert Tenants().found() == []


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_found(damage: str) -> None:
    tenants = Tenants()
    kind, harm = DAMAGES[damage]
    harm(tenants)
    assert kind in tenants.found()


def test_payments_that_are_not_named_are_counted() -> None:
    tenants = Tenants()
    tenants.box.connectwise.modes.applied_by = "drop"
    payment, _ = tenants.paid()
    tenants.payment(payment)
    assert tenants.found() == ["doubled"]


def test_a_document_that_another_member_has_closed_is_right() -> None:
    tenants = Tenants()
    _, held = tenants.invoice()
    closed = next(row for row in tenants.books.rows(STATUSES[INVOICES]) if row.get("closedFlag"))
    tenants.box.connectwise_user.edit(INVOICES, held["id"], {"status": {"id": closed["id"]}})
    assert tenants.found() == []
