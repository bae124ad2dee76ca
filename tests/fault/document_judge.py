"""Decides whether anything of the documents was lost, doubled or harmed, from the stores of the stand-ins alone.

It shares no code with the worker: what each document should have become is worked out a second time.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from sandbox.server import Sandbox
from tests.fault import document_expected as expected
from tests.fault.document_books import (
    ADDITIONS,
    AGREEMENT_TYPES,
    AGREEMENTS,
    CATALOG,
    CODES,
    COLLECTIONS,
    INVOICES,
    LINES,
    ORDERS,
    PARENTS,
    PAYMENTS,
    DocumentBooks,
    Row,
    day,
    item_of_line,
)
from tests.fault.document_line_judge import lines_wrong
from tests.fault.document_payment_judge import payments_wrong
from tests.fault.foreign import Foreign
from tests.fault.violations import Violation, not_one

_KEPT = frozenset({ORDERS, INVOICES, PAYMENTS, AGREEMENTS, ADDITIONS})
"""Nothing of these may be deleted, whoever made it."""
_NOUNS = {ORDERS: "order", INVOICES: "invoice"}
_COPY = re.compile(r".*Copy\d+$")
_SETUP_TABLES = ("categories", "subcategories", "types", "unitOfMeasures")


class DocumentJudge:
    """Looks at the end, and at every deletion from the moment it is made."""

    def __init__(self, box: Sandbox, books: DocumentBooks, foreign: Foreign) -> None:
        self._box = box
        self._books = books
        self._foreign = foreign
        self._seen: list[Violation] = []
        self._emptied: dict[tuple[str, int], Violation] = {}
        self._before = set(self._doubled_rows())
        self._watch()

    def violations(self) -> list[Violation]:
        """Everything that is wrong now, and what was seen on the way."""
        standing = [one for (table, number), one in self._emptied.items() if self._books.row(table, number)]
        return list(
            dict.fromkeys([*self._seen, *standing, *self._now(), *self._foreign.violations()]),
        )

    def note_settled(self) -> None:
        """Whatever was edited must be right by now."""
        self._seen += [one for one in self._now() if one not in self._seen]

    def note_memory_lost(self, *, whole: bool) -> None:
        """Everything that Redis knows of documents is in ConnectWise as well."""

    def is_right(self, table: str, document: Row) -> bool:
        """Whether an order or invoice is in ConnectWise as it should be."""
        return bool(self._books.documents(table, document)) and not list(self._document(table, document))

    def _now(self) -> list[Violation]:
        found = [*self._products(), *self._subscriptions(), *self._agreements(), *self._strays()]
        for table, collection in COLLECTIONS.items():
            for document in self._books.of_bss(collection):
                found += self._document(table, document)
        doubled = (text for text in self._doubled_rows() if text not in self._before)
        return [*found, *(Violation("doubled", text) for text in doubled)]

    def _products(self) -> Iterator[Violation]:
        for product in self._books.of_bss("products"):
            named = f"product {product['code']}"
            items = self._books.items(product)
            if len(items) != 1:
                yield not_one(items, f"{named} has catalog items {_ids(items)}")
            elif items[0].get("integrationXRef"):
                wanted = {
                    "description": product["name"],
                    "customerDescription": product["fullDescription"],
                    "price": product["sellPrice"],
                    "cost": product["costPrice"],
                    "inactiveFlag": not product["isActivated"],
                    "identifier": product["code"],
                }
                yield from _differing(f"catalog item of {named}", wanted, items[0])

    def _document(self, table: str, document: Row) -> Iterator[Violation]:
        named = f"{_NOUNS[table]} {document['code']}"
        found = self._books.documents(table, document)
        if not expected.is_pushed(document):
            if found:
                yield Violation("doubled", f"{named} is a draft and is in ConnectWise: {_ids(found)}")
        elif len(found) != 1:
            yield not_one(found, f"{named} is in ConnectWise as {_ids(found)}")
        else:
            yield from self._header(table, named, document, found[0])
            yield from lines_wrong(self._books, table, named, document, found[0])
            if table == INVOICES:
                keeps = self._box.connectwise.modes.applied_by == "keep"
                yield from payments_wrong(self._books, named, document, found[0], keeps=keeps)

    def _header(self, table: str, named: str, document: Row, held: Row) -> Iterator[Violation]:
        ours = {
            "dueDate": day(document["dueDate"]),
            "company": self._books.company_of(document["accountId"]),
            "status": expected.status(document),
        }
        theirs: Row = {
            "dueDate": day(held.get("dueDate")),
            "company": _id(held, "company"),
            "status": self._books.status_of(table, held),
        }
        if table == INVOICES:
            ours |= {"date": day(document["date"]), "type": expected.invoice_type(document)}
            ours |= {"topComment": document["description"]}
            theirs |= {"date": day(held.get("date")), "type": held["type"]}
            theirs |= {"topComment": held.get("topComment")}
            ours |= {"billToCompany": self._books.company_of(document["billingAccountId"])}
            if self._books.is_finished(held):
                ours["status"] = theirs["status"]
        else:
            ours |= {"orderDate": day(document["orderDate"]), "contact": self._contact(document)}
            theirs |= {"orderDate": day(held.get("orderDate")), "contact": _id(held, "contact")}
            ours |= {"billToCompany": self._books.company_of(document["billToAccountId"])}
            texts = (held.get("description"), held.get("notes"))
            if not any(document["description"] in (text or "") for text in texts):
                yield Violation("lost", f"{named} says {texts}, and not {document['description']!r}")
        theirs |= {"billToCompany": _id(held, "billToCompany")}
        yield from _differing(named, ours, theirs)

    def _contact(self, order: Row) -> int | None:
        return None if order["contact"] is None else self._books.contact_of(order["contact"]["id"])

    def _subscriptions(self) -> Iterator[Violation]:
        for subscription in self._books.of_bss("subscriptions"):
            named = f"subscription {subscription['name']}"
            additions = self._books.additions_of(subscription["id"])
            active = [row for row in additions if not row.get("cancelledDate")]
            if not expected.is_live(subscription):
                yield from self._ended(named, subscription, additions, active)
            elif len(active) != 1:
                yield not_one(active, f"{named} has active additions {_ids(active)}")
            else:
                yield from self._addition(named, subscription, active[0])

    def _ended(
        self, named: str, subscription: Row, additions: list[Row], active: list[Row]
    ) -> Iterator[Violation]:
        """A subscription that ended before it was seen has no addition."""
        if active:
            yield Violation("lost", f"{named} has ended, and its additions {_ids(active)} have not")
        elif additions:
            end = day(subscription["cancelledDate"] or subscription["endDate"])
            last = max(additions, key=lambda row: row["id"])
            if (held := day(last["cancelledDate"])) != max(end, day(last.get("effectiveDate"))):
                yield Violation("lost", f"addition {last['id']} of {named} ends on {held}, not on {end}")

    def _addition(self, named: str, subscription: Row, addition: Row) -> Iterator[Violation]:
        agreement = self._books.row(AGREEMENTS, addition["agreementId"])
        wanted = {
            "quantity": subscription["quantity"],
            "unitPrice": subscription["sellPrice"],
            "unitCost": subscription["costPrice"],
            "billCustomer": "DoNotBill",
            "product": self._books.item_of(subscription["product"]["id"]),
            "company": self._books.company_of(subscription["accountId"]),
            "agreement type": expected.UNITS[subscription["unit"]],
        }
        held = addition | {
            "product": _id(addition, "product"),
            "company": _id(agreement, "company"),
            "agreement type": self._books.named(AGREEMENT_TYPES, agreement.get("type")),
        }
        yield from _differing(f"addition {addition['id']} of {named}", wanted, held)
        started = day(subscription["startDate"])
        if day(addition.get("effectiveDate")) < started:
            yield Violation("lost", f"addition {addition['id']} of {named} begins before {started}")

    def _agreements(self) -> Iterator[Violation]:
        """A second agreement of one type would make every later subscription ambiguous."""
        living = [row for row in self._books.rows(AGREEMENTS) if not row.get("cancelledFlag")]
        for company, kind in _twice((_id(row, "company"), _id(row, "type")) for row in living):
            yield Violation("doubled", f"company {company} has several agreements of type {kind}")

    def _strays(self) -> Iterator[Violation]:
        """What the flow made, and no record of BSS is."""
        for table, collection in COLLECTIONS.items():
            codes = {row["code"] for row in self._books.of_bss(collection)}
            for row in self._books.made_by_the_flow(table):
                if row.get(CODES[table]) not in codes:
                    yield Violation("doubled", f"{_NOUNS[table]} {row['id']} is nothing of BSS")
        known = {row["id"] for row in self._books.of_bss("subscriptions")}
        for addition in self._books.made_by_the_flow(ADDITIONS):
            if self._books.subscription_of(addition) not in known:
                yield Violation("doubled", f"addition {addition['id']} is nothing of BSS")

    def _doubled_rows(self) -> Iterator[str]:
        """Set-up rows that are made when they are missing, and catalog items with the suffix of a second one."""
        for noun in _SETUP_TABLES:
            names = (row["name"].casefold() for row in self._books.rows(f"procurement/{noun}"))
            yield from (f"{noun} {name}" for name in _twice(names))
        rows = list(self._books.rows(CATALOG))
        yield from (f"catalog item {row['identifier']}" for row in rows if _COPY.fullmatch(row["identifier"]))
        yield from (f"catalog item {name}" for name in _twice(row["identifier"] for row in rows))

    def _watch(self) -> None:
        store = self._box.connectwise
        remove = store.remove

        def watched(table: str, number: int) -> None:
            row = store.table(table).get(number)
            remove(table, number)
            if row is not None:
                self._removed(table, row)

        store.remove = watched  # type: ignore[method-assign]

    def _removed(self, table: str, row: Row) -> None:
        if table in _KEPT:
            self._seen.append(Violation("foreign", f"{table} {row['id']} was deleted"))
        elif table == CATALOG:
            is_own_copy = _COPY.fullmatch(row["identifier"]) and row.get("integrationXRef")
            if not is_own_copy:
                self._seen.append(Violation("foreign", f"catalog item {row['identifier']} was deleted"))
        elif table == LINES:
            for parent, field in PARENTS.items():
                if row.get(field):
                    self._line_removed(parent, row[field]["id"], row)

    def _line_removed(self, table: str, document: int, row: Row) -> None:
        if item_of_line(row) is None:
            self._seen.append(Violation("foreign", f"product item {row['id']} was deleted"))
        elif not any(item_of_line(line) for line in self._books.lines(table, document)):
            text = f"{_NOUNS[table]} {document} of ConnectWise had no line left"
            self._emptied.setdefault((table, document), Violation("empty", text))


def _differing(named: str, wanted: Row, held: Row) -> Iterator[Violation]:
    for field, value in wanted.items():
        now = held.get(field)
        if isinstance(now, int | str) and isinstance(value, Decimal):
            now = Decimal(now)
        if value != now:
            yield Violation("lost", f"{field} of {named} is {now!r} and should be {value!r}")


def _ids(rows: Iterable[Row]) -> str:
    return ", ".join(str(row["id"]) for row in rows) or "none"


def _id(row: Row, reference: str) -> int | None:
    number: int | None = (row.get(reference) or {}).get("id")
    return number


def _twice(things: Iterable[Any]) -> list[Any]:
    return [thing for thing, times in Counter(things).items() if times > 1]
