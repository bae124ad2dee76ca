"""Orders, invoices, payments and additions of ConnectWise in the words of the cases, read from what the stand-in keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from tests.conformance.document_names import Names

Row = dict[str, Any]
Rows = Callable[[str], Iterable[Row]]
"""The records of a table of ConnectWise, as stored."""
Shown = dict[str, str]
CATALOG = "procurement/catalog"
PRODUCTS = "procurement/products"
ORDERS = "sales/orders"
INVOICES = "finance/invoices"
PAYMENTS = "finance/invoices/payments"
AGREEMENTS = "finance/agreements"
ADDITIONS = "finance/agreements/additions"
COMPANIES = "company/companies"
BY_HAND = "by hand"
CENT = Decimal("0.01")
COLUMNS: Final[Mapping[str, Sequence[str]]] = {
    "catalog items": (
        "product", "identifier", "description", "customer description", "category", "sub-category", "type", "unit", "price",
        "cost", "taxable", "inactive",
    ),
    "orders": (
        "order", "po number", "company", "bill to", "contact", "status", "sales rep", "date", "due", "currency", "location",
        "department", "description", "notes", "subtotal",
    ),
    "invoices": (
        "invoice", "number", "reference", "type", "company", "bill to", "status", "date", "due", "currency", "terms",
        "tax code", "location", "department", "comment", "notes", "order", "subtotal", "tax", "total", "balance",
    ),
    "lines": (
        "of", "line", "identifier", "quantity", "price", "cost", "total", "billable", "taxable", "place", "description",
        "customer description", "notes",
    ),
    "payments": ("payment", "invoice", "amount", "date", "type", "applied by"),
    "agreements": ("agreement", "type", "company", "contact", "start", "cancelled"),
    "additions": (
        "subscription", "agreement", "company", "identifier", "quantity", "price", "cost", "bill", "start", "cancelled",
        "description", "subscription name",
    ),
    "totals": ("document", "BSS", "ConnectWise", "difference"),
}  # fmt: skip


class DocumentView:
    """Shows records; `names` are those of the case, `known` the ids of records that the tenant began with, by table."""

    def __init__(self, rows: Rows, names: Names, known: Mapping[str, set[int]] | None = None) -> None:
        self._rows = rows
        self._names = names
        self._known = known or {}

    def shown(self, what: str) -> list[Shown]:
        """Every record of a kind that the tenant did not begin with; `what` is a key of COLUMNS but `totals`."""
        show, table = _SHOWN[what]
        return [show(self, row) for row in self._fresh(table)]

    def totals(self, bss: Mapping[str, tuple[str, Decimal]]) -> list[Shown]:
        """Each document of BSS, noun and sum of its items by name, beside the subtotals that ConnectWise has of it."""
        return [
            {
                "document": name,
                "BSS": str(total),
                "ConnectWise": str(self._subtotal(row, field)),
                "difference": str(self._subtotal(row, field) - total),
            }
            for name, (noun, total) in bss.items()
            for table, field, kind in ((ORDERS, "salesOrder", "order"), (INVOICES, "invoice", "invoice"))
            if kind == noun
            for row in self._fresh(table)
            if self._document(kind, row, field) == name
        ]

    def catalog_item(self, row: Row) -> Shown:
        product = str(row.get("integrationXRef", "")).removeprefix("bss:")
        return {
            "product": self._names.name("product", product) or BY_HAND,
            "identifier": _text(row.get("identifier")),
            "description": _text(row.get("description")),
            "customer description": _text(row.get("customerDescription")),
            "category": self._label("procurement/categories", row.get("category")),
            "sub-category": self._label("procurement/subcategories", row.get("subcategory")),
            "type": self._label("procurement/types", row.get("type")),
            "unit": self._label("procurement/unitOfMeasures", row.get("unitOfMeasure")),
            "price": _text(row.get("price")),
            "cost": _text(row.get("cost")),
            "taxable": _flag(row.get("taxableFlag")),
            "inactive": _flag(row.get("inactiveFlag")),
        }

    def order(self, row: Row) -> Shown:
        return {
            **self._common(row),
            "order": self._document("order", row, "salesOrder"),
            "po number": _text(row.get("poNumber")),
            "contact": self._person("company/contacts", row.get("contact")),
            "status": self._label("sales/orders/statuses", row.get("status")),
            "sales rep": self._person("system/members", row.get("salesRep")),
            "date": _day(row.get("orderDate")),
            "description": _text(row.get("description")),
            "notes": _text(row.get("notes")),
            "subtotal": str(self._subtotal(row, "salesOrder")),
        }

    def invoice(self, row: Row) -> Shown:
        order = self._record(ORDERS, row.get("salesOrder"))
        return {
            **self._common(row),
            "invoice": self._document("invoice", row, "invoice"),
            "number": _text(row.get("invoiceNumber")),
            "reference": _text(row.get("reference")),
            "type": _text(row.get("type")),
            "status": self._label("finance/billingStatuses", row.get("status")),
            "date": _day(row.get("date")),
            "terms": self._label("finance/billingTerms", row.get("billingTerms")),
            "tax code": self._label("finance/taxCodes", row.get("taxCode"), "identifier"),
            "comment": _text(row.get("topComment")),
            "notes": _text(row.get("internalNotes")),
            "order": self._document("order", order, "salesOrder") if order else "",
            "subtotal": str(self._subtotal(row, "invoice")),
            "tax": _text(row.get("salesTax", 0)),
            "total": _text(row.get("total")),
            "balance": _text(row.get("balance")),
        }

    def line(self, row: Row) -> Shown:
        order, invoice = (
            self._record(ORDERS, row.get("salesOrder")),
            self._record(INVOICES, row.get("invoice")),
        )
        document = (
            self._document("order", order, "salesOrder")
            if order
            else self._document("invoice", invoice, "invoice")
            if invoice
            else ""
        )
        return {
            "of": document,
            "line": self._item(row).rpartition("/")[2] or BY_HAND,
            "identifier": self._label(CATALOG, row.get("catalogItem"), "identifier"),
            "quantity": _text(row.get("quantity")),
            "price": _text(row.get("price")),
            "cost": _text(row.get("cost")),
            "total": str(_extended(row)),
            "billable": _text(row.get("billableOption")),
            "taxable": _flag(row.get("taxableFlag")),
            "place": _text(row.get("sequenceNumber")),
            "description": _text(row.get("description")),
            "customer description": _text(row.get("customerDescription")),
            "notes": _text(row.get("internalNotes")),
        }

    def payment(self, row: Row) -> Shown:
        applied = _text(row.get("appliedBy"))
        payment = self._names.name("payment", applied.removeprefix("cwbridge:"))
        invoice = self._record(INVOICES, row.get("invoice"))
        return {
            "payment": payment or BY_HAND,
            "invoice": self._document("invoice", invoice, "invoice") if invoice else "",
            "amount": _text(row.get("amount")),
            "date": _day(row.get("paymentDate")),
            "type": _text(row.get("type")),
            "applied by": "cwbridge" if payment else applied,
        }

    def agreement(self, row: Row) -> Shown:
        return {
            "agreement": _text(row.get("name")),
            "type": self._label("finance/agreements/types", row.get("type")),
            "company": self._label(COMPANIES, row.get("company")),
            "contact": self._person("company/contacts", row.get("contact")),
            "start": _day(row.get("billStartDate") or row.get("startDate")),
            "cancelled": _day(row.get("dateCancelled")),
        }

    def addition(self, row: Row) -> Shown:
        captions = {kind["id"]: kind["caption"] for kind in self._rows("system/userDefinedFields")}
        fields = {captions[field["id"]]: field.get("value") for field in row.get("customFields", ())}
        agreement = self._record(AGREEMENTS, row.get("agreement") or {"id": row.get("agreementId")})
        return {
            "subscription": self._names.name("subscription", fields.get("Subscription ID")) or BY_HAND,
            "agreement": _text(agreement.get("name")),
            "company": self._label(COMPANIES, agreement.get("company")),
            "identifier": self._label(CATALOG, row.get("product"), "identifier"),
            "quantity": _text(row.get("quantity")),
            "price": _text(row.get("unitPrice")),
            "cost": _text(row.get("unitCost")),
            "bill": _text(row.get("billCustomer")),
            "start": _day(row.get("effectiveDate")),
            "cancelled": _day(row.get("cancelledDate")),
            "description": _text(row.get("description")),
            "subscription name": _text(fields.get("Subscription Name")),
        }

    def _common(self, row: Row) -> Shown:
        """What orders and invoices have alike."""
        return {
            "company": self._label(COMPANIES, row.get("company")),
            "bill to": self._label(COMPANIES, row.get("billToCompany")),
            "due": _day(row.get("dueDate")),
            "currency": self._label("finance/currencies", row.get("currency"), "currencyIdentifier"),
            "location": self._label("system/locations", row.get("location") or row.get("locationId")),
            "department": self._label("system/departments", row.get("department") or row.get("departmentId")),
        }

    def _document(self, noun: str, row: Row, field: str) -> str:
        """The name of an order or invoice: by its lines, else by its external id, else by who made it."""
        items = self._names.all("item")
        held = {item.rpartition("/")[0] for item in map(self._item, self._lines(row, field)) if item in items}
        if len(held) == 1:
            return held.pop()
        code = row.get("poNumber" if noun == "order" else "reference")
        made = self._names.name(f"ConnectWise {noun}", row.get("id"))
        return made or (code if code and self._names.find(noun, code) is not None else BY_HAND)

    def _item(self, row: Row) -> str:
        """The name of the item that a line is, `000433/1`, or nothing."""
        external = str(row.get("integrationXRef") or "").removeprefix("bss:").partition("@")[0]
        return self._names.name("item", external)

    def _subtotal(self, row: Row, field: str) -> Decimal:
        """What ConnectWise has computed, or the sum of the lines where the record as stored does not say it."""
        told = row.get("subTotal" if field == "salesOrder" else "subtotal")
        if told is not None:
            return Decimal(str(told))
        return sum((_extended(line) for line in self._lines(row, field)), Decimal(0))

    def _lines(self, row: Row, field: str) -> list[Row]:
        return [line for line in self._rows(PRODUCTS) if _id(line.get(field)) == row.get("id")]

    def _fresh(self, table: str) -> list[Row]:
        known = self._known.get(table, set())
        return [row for row in self._rows(table) if row["id"] not in known]

    def _record(self, table: str, reference: Any) -> Row:
        number = _id(reference)
        return (
            next((row for row in self._rows(table) if row["id"] == number), {}) if number is not None else {}
        )

    def _label(self, table: str, reference: Any, field: str = "name") -> str:
        return _text(self._record(table, reference).get(field))

    def _person(self, table: str, reference: Any) -> str:
        row = self._record(table, reference)
        return f"{row.get('firstName', '')} {row.get('lastName') or ''}".strip()


_SHOWN: Final[Mapping[str, tuple[Callable[[DocumentView, Row], Shown], str]]] = {
    "catalog items": (DocumentView.catalog_item, CATALOG),
    "orders": (DocumentView.order, ORDERS),
    "invoices": (DocumentView.invoice, INVOICES),
    "lines": (DocumentView.line, PRODUCTS),
    "payments": (DocumentView.payment, PAYMENTS),
    "agreements": (DocumentView.agreement, AGREEMENTS),
    "additions": (DocumentView.addition, ADDITIONS),
}
TABLES = tuple(dict.fromkeys(table for _, table in _SHOWN.values()))


def _extended(line: Row) -> Decimal:
    """Quantity times price in cents, half up."""
    amount = Decimal(str(line.get("quantity", 0))) * Decimal(str(line.get("price", 0)))
    return amount.quantize(CENT, ROUND_HALF_UP)


def _id(reference: Any) -> Any:
    return reference.get("id") if isinstance(reference, Mapping) else reference


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _day(value: object) -> str:
    return _text(value)[:10]


def _flag(value: object) -> str:
    return "yes" if value else "no"
