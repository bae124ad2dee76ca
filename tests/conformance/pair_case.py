"""A case of the billing side as its file tells it: what BSS and ConnectWise hold, and what is to come of it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec

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


class Case(_Part, frozen=True):
    """One named case; `point` is the file that it stands in."""

    name: str
    expect: Expected
    given: Given = Given()
    then: tuple[Step, ...] = ()
    point: str = ""

    @property
    def id(self) -> str:
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")


class _File(_Part, frozen=True):
    title: str
    case: tuple[Case, ...]


def titles() -> dict[str, str]:
    """The title of each file, in order."""
    return {path.stem: _read(path).title for path in _paths()}


def all_cases() -> list[Case]:
    """The cases of all files, in order; raises ValueError where a name stands twice."""
    cases = list(_cases())
    names = [case.name for case in cases]
    doubled = {name for name in names if names.count(name) > 1}
    if doubled:
        raise ValueError(f"several cases are named {doubled}")
    return cases


def _cases() -> Iterator[Case]:
    for path in _paths():
        for case in _read(path).case:
            yield msgspec.structs.replace(case, point=path.stem)


def _paths() -> list[Path]:
    return sorted(FOLDER.glob("*.toml"))


def _read(path: Path) -> _File:
    try:
        return msgspec.convert(tomllib.loads(path.read_text("utf-8")), _File)
    except (msgspec.ValidationError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"{path.name}: {error}") from error
