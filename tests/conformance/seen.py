"""What ConnectWise holds after a step, in the words of the cases; read straight from the tables of the stand-in."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.support.books import Books, emails
from tests.support.books import Row as Record

View = Mapping[str, Callable[[Books, Record], Any]]
PRODUCTS = "procurement/products"
CATALOG = "procurement/catalog"
_CENT = Decimal("0.01")


def _named(table: str, field: str, name: str = "name") -> Callable[[Books, Record], str]:
    def view(books: Books, row: Record) -> str:
        reference = row.get(field)
        if reference is None:
            return ""
        number = reference if isinstance(reference, int) else reference["id"]
        return str(books.row(table, {"id": number}).get(name, ""))

    return view


def _plain(field: str) -> Callable[[Books, Record], str]:
    return lambda _books, row: str(row.get(field) if row.get(field) is not None else "")


def _flag(field: str) -> Callable[[Books, Record], str]:
    return lambda _books, row: "yes" if row.get(field) else "no"


def _person(table: str, field: str) -> Callable[[Books, Record], str]:
    def view(books: Books, row: Record) -> str:
        found = books.row(table, row[field])
        return f"{found.get('firstName', '')} {found.get('lastName', '')}".strip()

    return view


def _of_catalog(view: Callable[[Books, Record], str]) -> Callable[[Books, Record], str]:
    return lambda books, row: view(books, books.row(CATALOG, row["catalogItem"]))


def _line(_books: Books, row: Record) -> str:
    external_id = str(row.get("integrationXRef", ""))
    return external_id.split("@", maxsplit=1)[0].replace(":", " ") if external_id else "by hand"


def _phone(_books: Books, row: Record) -> str:
    items = row.get("communicationItems") or []
    return next((item["value"] for item in items if item["communicationType"] == "Phone"), "")


_ADDRESS: View = {
    "address": _plain("addressLine1"),
    "city": _plain("city"),
    "zip": _plain("zip"),
    "country": _named("company/countries", "country"),
}
_ITEM: View = {
    "sub-category": _named("procurement/subcategories", "subcategory"),
    "category": _named("procurement/categories", "category"),
    "product type": _named("procurement/types", "type"),
    "class": _plain("productClass"),
    "manufacturer": _named("procurement/manufacturers", "manufacturer"),
    "unit": _named("procurement/unitOfMeasures", "unitOfMeasure"),
}
OPPORTUNITY: View = {
    "name": _plain("name"),
    "external id": _plain("source"),
    "type": _named("sales/opportunities/types", "type", "description"),
    "stage": _named("sales/stages", "stage"),
    "status": _named("sales/opportunities/statuses", "status"),
    "probability": _named("sales/probabilities", "probability", "probability"),
    "close date": lambda _books, row: str(row.get("expectedCloseDate", ""))[:10],
    "notes": _plain("notes"),
    "sales rep": _person("system/members", "primarySalesRep"),
    "company": _named("company/companies", "company"),
    "contact": _person("company/contacts", "contact"),
    "site": _named("company/companies/sites", "site"),
    "currency": _named("finance/currencies", "currency", "currencyIdentifier"),
    "location": _named("system/locations", "locationId"),
    "department": _named("system/departments", "businessUnitId"),
    "customer PO": _plain("customerPO"),
    "closed": lambda _books, row: "yes" if row.get("closedDate") else "no",
    "custom fields": lambda _books, row: ", ".join(
        str(item["value"]) for item in row.get("customFields", [])
    ),
}
LINE: View = {
    "line": _line,
    "identifier": _of_catalog(_plain("identifier")),
    "quantity": _plain("quantity"),
    "price": _plain("price"),
    "cost": _plain("cost"),
    "total": lambda _books, row: str(
        (Decimal(row["quantity"]) * row["price"]).quantize(_CENT, ROUND_HALF_UP)
    ),
    "billable": _plain("billableOption"),
    "taxable": _flag("taxableFlag"),
    "place": _plain("sequenceNumber"),
    "description": _plain("description"),
    "customer description": _plain("customerDescription"),
    "notes": _plain("internalNotes"),
    "vendor sku": _plain("vendorSku"),
    **{name: _of_catalog(view) for name, view in _ITEM.items()},
}
CATALOG_ITEM: View = {
    "identifier": _plain("identifier"),
    "description": _plain("description"),
    "customer description": _plain("customerDescription"),
    "price": _plain("price"),
    "cost": _plain("cost"),
    "taxable": _flag("taxableFlag"),
    "inactive": _flag("inactiveFlag"),
    "part number": _plain("manufacturerPartNumber"),
    "by cwbridge": lambda _books, row: "yes" if row.get("integrationXRef") == "cwbridge" else "no",
    **_ITEM,
}
COMPANY: View = {
    "name": _plain("name"),
    "identifier": _plain("identifier"),
    "state": _plain("state"),
    "phone": _plain("phoneNumber"),
    "website": _plain("website"),
    "parent": _named("company/companies", "parentCompany"),
    **_ADDRESS,
}
SITE: View = {"name": _plain("name"), "state": _named("company/states", "stateReference"), **_ADDRESS}
CONTACT: View = {
    "name": lambda _books, row: f"{row['firstName']} {row.get('lastName', '')}".strip(),
    "title": _plain("title"),
    "email": lambda _books, row: ", ".join(emails(row)),
    "phone": _phone,
    "company": _named("company/companies", "company"),
}
NUMBERS = frozenset({"quantity", "price", "cost", "place", "total", "probability"})
"""What is compared as a number: 2 and 2.00 are the same."""


def report(discrepancy: str) -> str:
    """A discrepancy without the number of the product item, which differs from run to run."""
    return re.sub(r" \(product item \d+\)", "", discrepancy)


def matched(rules: tuple[str, ...]) -> dict[str, str]:
    """By which rule each reference was found: `company 5 (created)`."""
    found = (re.fullmatch(r"(sales rep|company|site|contact) .*\((.*)\)", rule) for rule in rules)
    return {match[1]: match[2] for match in found if match is not None}
