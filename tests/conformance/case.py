"""A mapping case as its file tells it: what Jetbuilt and ConnectWise hold, and what is to come of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import msgspec

from tests.conformance.case_files import CaseFiles, NamedCase

FOLDER = Path(__file__).parent / "cases"
By = Literal["poll", "full sync", "requeue", "waiting"]
Fields = dict[str, Any]


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a file; what it does not know is a typing mistake."""


class Tenant(_Part, frozen=True):
    """What is special about ConnectWise; tables add rows, `catalog` and `lines` also change rows that are there."""

    members: str = ""
    companies: str = ""
    contacts: str = ""
    sites: str = ""
    catalog: str = ""
    set_up: str = ""
    opportunities: str = ""
    opportunity: Fields = {}
    """Fields of the opportunity that another user changes."""
    opportunity_deleted: bool = False
    lines: str = ""
    """Lines of the opportunity that another user changes."""
    lines_by_hand: str = ""
    lines_removed: tuple[str, ...] = ()
    converted: bool = False
    catalog_deleted: tuple[str, ...] = ()
    catalog_meanwhile: str = ""
    """Catalog items that another user makes in the moment before the worker does."""
    modes: Fields = {}
    required: tuple[str, ...] = ()
    """Further fields that this tenant demands, as `table field`."""


class Given(_Part, frozen=True):
    """What differs from the standard project; in a later step, what differs from the step before."""

    project: Fields = {}
    client: Fields = {}
    parent_client: Fields | None = None
    contacts: str | None = None
    rooms: str | None = None
    systems: tuple[str, ...] | None = None
    bundles: tuple[str, ...] | None = None
    items: str | None = None
    labor: str | None = None
    factors: str | None = None
    packages: str | None = None
    options: str | None = None
    credits: str | None = None
    office: Fields = {}
    settings: dict[str, Fields] = {}
    connectwise: Tenant = Tenant()
    new_version: bool = False
    deleted: bool = False
    redis: Literal["kept", "wiped"] = "kept"


class Expected(_Part, frozen=True):
    """What is compared; nothing else is."""

    result: str | None = None
    reason: str | None = None
    cause: str | None = None
    detail: str | None = None
    remedy: str | None = None
    opportunity: Fields = {}
    opportunities: str | None = None
    lines: str | None = None
    company: Fields = {}
    contact: Fields = {}
    site: Fields = {}
    catalog: str | None = None
    matched: Fields = {}
    rows: dict[str, int] = {}
    """How many rows a table of ConnectWise holds, by the last words of its path."""
    names: dict[str, list[str]] = {}
    """Names that a set-up table holds besides those it had at the start."""
    notes: list[str] | None = None
    reported: list[str] | None = None
    total: str | None = None
    difference: str | None = None
    same_opportunity: bool | None = None
    lines_kept: list[str] | None = None
    writes: int | None = None
    option: dict[str, Expected] = {}


class Step(_Part, frozen=True):
    """A later change and what is to come of it; `by` says how the change is noticed."""

    expect: Expected
    change: Given = Given()
    by: By | None = None


class Case(NamedCase, frozen=True, kw_only=True):
    """One named case; `point` is the file it stands in, `fails` the mistake that keeps it from holding yet."""

    expect: Expected
    given: Given = Given()
    then: tuple[Step, ...] = ()
    fails: str = ""


FILES = CaseFiles(FOLDER, Case)
