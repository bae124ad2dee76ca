"""A case of products, orders, invoices, payments and subscriptions: what BSS and ConnectWise hold, and what is to come of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import msgspec

from tests.conformance.case_files import CaseFiles, NamedCase

FOLDER = Path(__file__).parent / "document_cases"
Fields = dict[str, Any]
By = Literal["poll", "full sync", "key"]
Kind = Literal["product", "order", "invoice", "payment", "subscription"]


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a file; what it does not know is a typing mistake."""


class InConnectWise(_Part, frozen=True):
    """What another member of ConnectWise makes or changes, one table for each kind of record."""

    catalog_items: str = ""
    orders: str = ""
    invoices: str = ""
    lines: str = ""
    payments: str = ""
    agreements: str = ""
    closed: tuple[str, ...] = ()
    """Documents that get a closed status: `invoice 000433`."""
    batched: tuple[str, ...] = ()
    """Invoices that go into a batch of the accounts."""
    unbatched: tuple[str, ...] = ()


class Given(_Part, frozen=True):
    """What another user of BSS makes; in a later step, what is changed.

    The first column of a table names a record, which is its code where it has one; a name that is known already is a record that
    changes, and only the columns of that table change. `of` in a table of items names the order or invoice.
    """

    accounts: str = ""
    products: str = ""
    subscriptions: str = ""
    orders: str = ""
    invoices: str = ""
    items: str = ""
    payments: str = ""
    gone: tuple[str, ...] = ()
    """Records that vanish from BSS: `invoice 000433`, `item 2 of 000433`."""
    in_connectwise: InConnectWise = InConnectWise()
    settings: Fields = {}
    """Values of the table `billing`."""
    bss: Fields = {}
    """Modes of the BSS stand-in."""
    connectwise: Fields = {}
    """Modes of the ConnectWise stand-in."""
    redis: Literal["kept", "wiped"] = "kept"


class Expected(_Part, frozen=True):
    """What is compared; nothing else is. A table names every record of its kind in ConnectWise, by the columns that it has."""

    of: str = ""
    """The record whose job is looked at: `invoice 000433`."""
    result: str | None = None
    told: str | None = None
    cause: str | None = None
    detail: str | None = None
    remedy: str | None = None
    reported: list[str] | None = None
    """Differences that the history tells, in money."""
    catalog_items: str | None = None
    orders: str | None = None
    invoices: str | None = None
    lines: str | None = None
    payments: str | None = None
    agreements: str | None = None
    additions: str | None = None
    totals: str | None = None
    """Every document that is on both sides, with the sum of its items in BSS and the subtotal that ConnectWise computed."""
    writes: int | None = None
    """How many changes ConnectWise has accepted."""


class Step(_Part, frozen=True):
    """A later change and what is to come of it; `by` says how it is noticed."""

    expect: Expected
    change: Given = Given()
    by: By = "poll"


class Case(NamedCase, frozen=True, kw_only=True):
    """One named case."""

    given: Given = Given()
    expect: Expected
    then: tuple[Step, ...] = ()


FILES = CaseFiles(FOLDER, Case)
