"""What ConnectWise holds of the sales of an account, and how that differs from what BSS says; shares nothing with the worker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from sandbox.bss.collections import Row
from tests.support.sales import BOUGHT, UNITS, Sales

COMPANIES = "company/companies"
CONTACTS = "company/contacts"
CATALOG = "procurement/catalog"
LINES = "procurement/products"
INVOICES = "finance/invoices"
PAYMENTS = "finance/invoices/payments"
AGREEMENTS = "finance/agreements"
ADDITIONS = "finance/agreements/additions"
_NAMED_BY = {
    COMPANIES: "name",
    CONTACTS: "firstName",
    CATALOG: "integrationXRef",
    "sales/orders": "poNumber",
    INVOICES: "reference",
    AGREEMENTS: "name",
}
_REFERENCES = {
    "company": COMPANIES,
    "billToCompany": COMPANIES,
    "shipToCompany": COMPANIES,
    "contact": CONTACTS,
    "defaultContact": CONTACTS,
    "catalogItem": CATALOG,
    "product": CATALOG,
    "salesOrder": "sales/orders",
    "invoice": INVOICES,
}
_NUMBERS = frozenset(
    {"id", "_info", "site", "billingSite", "productIds", "invoiceIds", "communicationItems", "dateAcquired"}
)


class SalesBooks:
    """Reads the tables of ConnectWise, without a client of the daemon."""

    def __init__(self, sales: Sales) -> None:
        self._sales = sales
        self._store = sales.pairs.connectwise

    def records(self) -> Counter[str]:
        """Every record that was made, without ids and times."""
        tables = (COMPANIES, CONTACTS, CATALOG, *BOUGHT)
        return Counter(f"{table}: {self._shown(row)}" for table in tables for row in self._made(table))

    def differences(self) -> list[str]:
        """What ConnectWise holds otherwise than BSS says, as sentences."""
        return [
            *self._catalog(),
            *self._documents("orders", "sales/orders", "poNumber", "salesOrder", "subTotal"),
            *self._documents("invoices", INVOICES, "reference", "invoice", "subtotal"),
            *self._payments(),
            *self._additions(),
            *_doubled("agreement", (row["type"]["id"] for row in self._made(AGREEMENTS))),
        ]

    def _made(self, table: str) -> list[Row]:
        rows = list(self._store.table(table))
        if table == CATALOG:
            return [row for row in rows if str(row.get("integrationXRef", "")).startswith("bss:")]
        return rows

    def _shown(self, row: Row) -> str:
        shown: dict[str, Any] = {}
        for name in sorted(row.keys() - _NUMBERS):
            value = row[name]
            if name in _REFERENCES:
                value = self._name(_REFERENCES[name], value["id"])
            elif name == "agreementId":
                value = self._name(AGREEMENTS, value)
            shown[name] = f"{value:.4f}" if isinstance(value, (Decimal, float)) else value
        return str(shown)

    def _name(self, table: str, number: int) -> Any:
        row = self._store.table(table).get(number)
        assert row is not None, f"there is no {table} {number}"
        return row[_NAMED_BY[table]]

    def _catalog(self) -> Iterator[str]:
        rows = self._made(CATALOG)
        wanted = Counter(
            (f"bss:{number}", product["name"], product["sellPrice"], not product["isActivated"])
            for number, product in self._sales.rows("products").items()
        )
        found = Counter(
            (row["integrationXRef"], row["description"], Decimal(row["price"]), row["inactiveFlag"])
            for row in rows
        )
        yield from compared("catalog item", wanted, found)

    def _documents(self, collection: str, table: str, name: str, parent: str, net: str) -> Iterator[str]:
        """Each document once, each of its lines once, and the total that ConnectWise computes of them."""
        pushed = [row for row in self._sales.rows(collection).values() if row.get("stage") != "Draft"]
        records = self._made(table)
        comment = "description" if parent == "salesOrder" else "topComment"
        wanted = Counter((row["code"], row["description"] or "", _net(row)) for row in pushed)
        found = Counter((row[name], row.get(comment) or "", Decimal(row[net])) for row in records)
        yield from compared(table, wanted, found)
        lines = [row for row in self._made(LINES) if parent in row]
        yield from compared(
            f"line of {table}",
            Counter((row["code"], *_line(item)) for row in pushed for item in row["items"]),
            Counter(
                (
                    self._name(table, row[parent]["id"]),
                    row["integrationXRef"].partition("@")[0],
                    self._name(CATALOG, row["catalogItem"]["id"]),
                    Decimal(row["quantity"]),
                    Decimal(row["price"]),
                )
                for row in lines
            ),
        )

    def _payments(self) -> Iterator[str]:
        invoices = self._sales.rows("invoices")
        wanted = Counter(
            (invoices[row["invoiceId"]]["code"], row["amount"], row["paymentDate"].isoformat())
            for row in self._sales.rows("payments").values()
            if invoices[row["invoiceId"]]["stage"] != "Draft"
        )
        found = Counter(
            (self._name(INVOICES, row["invoice"]["id"]), Decimal(row["amount"]), row["paymentDate"][:10])
            for row in self._made(PAYMENTS)
        )
        yield from compared("payment", wanted, found)

    def _additions(self) -> Iterator[str]:
        """A subscription that is live has one addition that is not ended; one that is over has none."""
        types = {row["id"]: row["name"] for row in self._store.table(f"{AGREEMENTS}/types")}
        types_of = {row["id"]: types[row["type"]["id"]] for row in self._made(AGREEMENTS)}
        living = [row for row in self._made(ADDITIONS) if row.get("cancelledDate") is None]
        wanted = Counter(
            (
                number,
                UNITS[row["unit"]],
                f"bss:{row['product']['id']}",
                row["quantity"],
                row["sellPrice"],
            )
            for number, row in self._sales.rows("subscriptions").items()
            if row["status"] == "Active"
        )
        found = Counter(
            (
                _subscription(row),
                types_of[row["agreementId"]],
                self._name(CATALOG, row["product"]["id"]),
                Decimal(row["quantity"]),
                Decimal(row["unitPrice"]),
            )
            for row in living
        )
        yield from compared("addition", wanted, found)
        for number, subscription in self._sales.rows("subscriptions").items():
            if subscription["status"] != "Active":
                yield from self._ended(number, subscription)

    def _ended(self, number: str, subscription: Row) -> Iterator[str]:
        """The last addition of a subscription that is over ends on its day, and not before it begins."""
        own = [row for row in self._made(ADDITIONS) if _subscription(row) == number]
        if not own:
            return
        last = max(own, key=lambda row: int(row["id"]))
        day = max(subscription["cancelledDate"].isoformat(), last["effectiveDate"][:10])
        if str(last.get("cancelledDate"))[:10] != day:
            yield f"the addition of {number} ends on {last.get('cancelledDate')}, not on {day}"


def _line(item: Row) -> tuple[str, str, Decimal, Decimal]:
    """Quantity times price where that is the total in cents, else one piece at the total."""
    counted = sum(one["quantity"] for one in item.get("subscriptions") or ())
    quantity, price = Decimal(item.get("quantity", counted or 1)), item["finalPrice"]
    if (quantity * price).quantize(Decimal("0.01"), ROUND_HALF_EVEN) != item["finalTotal"]:
        quantity, price = Decimal(1), item["finalTotal"]
    return f"bss:{item['id']}", f"bss:{item['product']['id']}", quantity, price


def _net(document: Row) -> Decimal:
    return sum((item["finalTotal"] for item in document["items"]), Decimal("0.00"))


def _subscription(addition: Row) -> str:
    """The id of the subscription is the only custom field that is long enough for one."""
    return str(next(field["value"] for field in addition["customFields"] if len(field["value"]) == 36))


def compared(what: str, wanted: Counter[Any], found: Counter[Any]) -> Iterator[str]:
    """What is missing, and what is too much, as sentences."""
    yield from (f"{what} is missing: {thing}" for thing in (wanted - found).elements())
    yield from (f"{what} is too much: {thing}" for thing in (found - wanted).elements())


def _doubled(what: str, things: Iterable[object]) -> Iterator[str]:
    yield from (
        f"{what} is there {times} times: {thing}" for thing, times in Counter(things).items() if times > 1
    )
