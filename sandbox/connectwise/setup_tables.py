"""The set-up tables of the tenant, as a partner would have them before cwbridge arrives: none of its own names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sandbox.connectwise.store import PODS, ConnectWiseStore
from sandbox.connectwise.table import Row
from sandbox.world.places import COUNTRIES, CURRENCIES, states

STAGES = (
    ("1. Prospect", 10),
    ("2. Qualification", 25),
    ("3. Quote", 50),
    ("4. Negotiation", 75),
    ("5. Verbal", 90),
)
STATUSES: tuple[tuple[str, dict[str, bool]], ...] = (
    ("Open", {}),
    ("Won", {"wonFlag": True}),
    ("Lost", {"lostFlag": True}),
    ("No Decision", {"lostFlag": True}),
)
SUBCATEGORIES = {
    "Hardware": ("Displays", "Microphones", "Network", "Racks"),
    "Managed Services": ("Monitoring", "Helpdesk"),
    "Software": ("Licenses",),
}
TYPES = (
    ("Inventory Part", "InventoryPart"),
    ("Non-Inventory Part", "NonInventoryPart"),
    ("Professional Service", "Service"),
)
NOT_SET_UP = frozenset({"JP", "JPY"})
"""A country and a currency that the tenant lacks."""
OWN_NAMES = {"AE": "UAE"}
"""Countries that the tenant calls by another name."""
COMMUNICATIONS: tuple[tuple[str, dict[str, bool]], ...] = (
    ("Email", {"emailFlag": True, "defaultFlag": True}),
    ("Direct", {"phoneFlag": True, "defaultFlag": True}),
    ("Mobile", {"phoneFlag": True}),
    ("Fax", {"faxFlag": True, "defaultFlag": True}),
    ("Home", {"phoneFlag": True}),
    ("Email for invoices", {"emailFlag": True}),
)
ORDER_STATUSES = (("Open", False), ("On Hold", False), ("Closed", True))
INVOICE_STATUSES = (("New", False), ("Sent", False), ("Paid", False), ("Closed", True))
"""Statuses of documents with whether they close; the first of each is the default."""
AGREEMENT_TYPES = ("Managed Services", "Subscriptions Monthly", "Subscriptions Annual")
PLAIN: dict[str, tuple[str, ...]] = {
    "sales/opportunities/ratings": ("Hot", "Warm", "Cold"),
    "procurement/unitOfMeasures": ("Each", "Hour"),
    "company/companies/types": ("Customer", "Prospect", "Vendor", "Client", "Partner"),
    "company/companies/statuses": ("Active", "Inactive", "Credit Hold"),
    "company/contacts/departments": ("Facilities", "IT"),
    "company/contacts/relationships": ("Owner", "Assistant"),
}
"""Tables of names; the first of each is the default."""


def fill_setup_tables(store: ConnectWiseStore, offices: Sequence[str]) -> None:
    """Add the set-up tables to an empty store; the first two offices become locations."""
    _organisation(store, offices)
    _finance(store)
    _sales(store)
    _documents(store)
    _procurement(store)
    for table, names in PLAIN.items():
        for name in names:
            store.add(table, name=name, defaultFlag=name == names[0])
    for description, flags in COMMUNICATIONS:
        store.add("company/communicationTypes", description=description, **flags)
    for description in ("Decision Maker", "Billing", "End User"):
        store.add("company/contacts/types", description=description)
    _custom_fields(store)


def _organisation(store: ConnectWiseStore, offices: Sequence[str]) -> None:
    for name in offices[:2]:
        store.add("system/locations", name=name[:50], locationFlag=True)
    for identifier, name in (("SALES", "Sales"), ("PS", "Professional Services")):
        store.add("system/departments", identifier=identifier, name=name)


def _finance(store: ConnectWiseStore) -> None:
    currencies: dict[str, Row] = {}
    for code, (name, symbol) in CURRENCIES.items():
        if code not in NOT_SET_UP:
            currencies[code] = store.add(
                "finance/currencies",
                currencyIdentifier=code,
                name=name,
                symbol=symbol,
                decimalSeparator=".",
                thousandsSeparator=",",
                numberOfDecimals=2,
            )
    countries: dict[str, Row] = {}
    for code, (name, currency, prefix) in COUNTRIES.items():
        if code not in NOT_SET_UP:
            countries[code] = store.add(
                "company/countries",
                name=OWN_NAMES.get(code, name),
                countryCode=code,
                identifier=code,
                dialingPrefix=prefix,
                currency=_ref(currencies[currency]),
                defaultFlag=code == "US",
            )
    for code, identifier, name in states():
        store.add("company/states", identifier=identifier, name=name, country=_ref(countries[code]))
    store.add(
        "finance/taxCodes",
        identifier="EXEMPT",
        description="Exempt",
        invoiceCaption="Exempt",
        effectiveDate="2015-01-01T00:00:00Z",
        defaultFlag=True,
    )
    store.add(
        "finance/taxCodes",
        identifier="VAT",
        description="Value Added Tax",
        invoiceCaption="VAT",
        effectiveDate="2015-01-01T00:00:00Z",
        levelOneCaption="VAT",
        levelOneRate=24,
        levelOneRateType="Percent",
        levelOneProductsFlag=True,
    )
    for name, days in (("Net 30 days", 30), ("Due on receipt", 0)):
        store.add("finance/billingTerms", name=name, dueDays=days, defaultFlag=days == 30)


def _documents(store: ConnectWiseStore) -> None:
    """Add the statuses of orders and invoices, and the types of agreements."""
    statuses = (("sales/orders/statuses", ORDER_STATUSES), ("finance/billingStatuses", INVOICE_STATUSES))
    for table, rows in statuses:
        for position, (name, closed) in enumerate(rows, start=1):
            store.add(table, name=name, sortOrder=position, closedFlag=closed, defaultFlag=position == 1)
    for name in AGREEMENT_TYPES:
        store.add(
            "finance/agreements/types",
            name=name,
            employeeCompRate="Hourly",
            employeeCompNotExceed="Billing",
            invoicingCycle="CalendarYear",
            applicationUnits="Amount",
            applicationCycle="CalendarYear" if name.endswith("Annual") else "CalendarMonth",
            billTime="Billable",
            billExpenses="Billable",
            billProducts="Billable",
            prorateFlag=True,
        )


def _sales(store: ConnectWiseStore) -> None:
    for position, (name, percent) in enumerate(STAGES, start=1):
        probability = store.add("sales/probabilities", probability=percent)
        store.add("sales/stages", name=name, probability=_ref(probability), sequenceNumber=position)
    for percent in (0, 100):
        store.add("sales/probabilities", probability=percent)
    for name, flags in STATUSES:
        store.add(
            "sales/opportunities/statuses",
            name=name,
            **flags,
            closedFlag=bool(flags),
            defaultFlag=name == "Open",
        )
    for description in ("Hardware Sale", "Managed Services"):
        store.add("sales/opportunities/types", description=description)


def _procurement(store: ConnectWiseStore) -> None:
    for category, names in SUBCATEGORIES.items():
        row = store.add("procurement/categories", name=category)
        for name in names:
            store.add("procurement/subcategories", name=name, category=_ref(row))
    for name, xref in TYPES:
        store.add("procurement/types", name=name, typeXref=xref)
    location, department = (
        _ref(next(iter(store.table(t)))) for t in ("system/locations", "system/departments")
    )
    store.add(
        "procurement/warehouses",
        name="Main Warehouse",
        location=location,
        department=department,
        overallDefaultFlag=True,
    )
    store.add(
        "procurement/settings",
        startingPurchaseOrderNum=1001,
        costingMethod="FIFO",
        numDecimalPlaces=2,
    )


def _custom_fields(store: ConnectWiseStore) -> None:
    common: dict[str, Any] = {
        "fieldTypeIdentifier": "Text",
        "entryTypeIdentifier": "EntryField",
        "numberDecimals": 0,
    }
    captions = (
        ("sales/opportunities", "Jetbuilt Id"),
        ("company/companies", "BSS Id"),
        ("finance/agreements/additions", "Subscription ID"),
        ("finance/agreements/additions", "Subscription Name"),
    )
    for number, (table, caption) in enumerate(captions, start=1):
        store.add(
            "system/userDefinedFields",
            podId=PODS[table],
            caption=caption,
            sequenceNumber=number,
            displayOnScreenFlag=True,
            **common,
        )


def _ref(row: Row) -> Row:
    return {"id": row["id"]}
