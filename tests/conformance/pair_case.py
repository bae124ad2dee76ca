"""A case of the billing side as its file tells it: what BSS and ConnectWise hold, and what is to come of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import msgspec

from tests.conformance.case_files import CaseFiles, NamedCase

FOLDER = Path(__file__).parent / "billing_cases"
Fields = dict[str, Any]
By = Literal["poll", "full sync", "key"]


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a file; what it does not know is a typing mistake."""


class Given(_Part, frozen=True):
    """What differs from the standard pair; in a later step, what another user changes.

    `account`, `company`, `contact` and `person` are the standard account, its company, the standard contact of BSS and its contact of
    ConnectWise; the tables hold others, each under the name in its first column.
    """

    without: tuple[Literal["account"], ...] = ()
    account: Fields = {}
    company: Fields = {}
    contact: Fields = {}
    person: Fields = {}
    accounts: str = ""
    companies: str = ""
    contacts: str = ""
    people: str = ""
    types_added: tuple[str, ...] = ()
    """Types that another user gives the company."""
    types_removed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    """Records that another user deletes."""
    merged_into: str = ""
    """The company into which another user merges the one of the account."""
    settings: Fields = {}
    """Values of the table `billing`."""
    bss: Fields = {}
    """Modes of the BSS stand-in."""
    connectwise: Fields = {}
    """Modes of the ConnectWise stand-in."""
    redis: Literal["kept", "wiped"] = "kept"


class Expected(_Part, frozen=True):
    """What is compared; nothing else is."""

    of: str = "account"
    """The record whose job is looked at: `account`, `contact`, or one of a table."""
    result: str | None = None
    told: str | None = None
    cause: str | None = None
    detail: str | None = None
    remedy: str | None = None
    reported: list[str] | None = None
    account: Fields = {}
    company: Fields = {}
    contact: Fields = {}
    person: Fields = {}
    accounts: str | None = None
    companies: str | None = None
    contacts: str | None = None
    people: str | None = None
    writes: int | None = None
    """How many changes both systems have accepted."""
    linked: dict[str, str] = {}
    """The record of ConnectWise that a record of BSS is linked to, by their names in the tables."""


class Step(_Part, frozen=True):
    """A later change and what is to come of it; `by` says how it is noticed."""

    expect: Expected
    change: Given = Given()
    by: By = "poll"


class Case(NamedCase, frozen=True, kw_only=True):
    """One named case; `point` is the file that it stands in."""

    expect: Expected
    given: Given = Given()
    then: tuple[Step, ...] = ()


FILES = CaseFiles(FOLDER, Case)
