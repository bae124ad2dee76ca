"""What `cwbridge doctor` asks of flows and systems: checks that only read, and the lists of names that settings choose from.

Check       one thing that is looked at; its run gives one or more results
NameList    names that a system has, with the settings that name some of them
Looker      gives checks the open clients and Redis; raises NotChecked where one cannot be used
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal, Protocol, TypeVar

import msgspec

from cwbridge.connectors.system import Checked, System
from cwbridge.redis import Redis
from cwbridge.settings import Settings

C = TypeVar("C", bound=Checked)
State = Literal["ok", "warning", "problem"]
Missing = Literal["refused", "created", "left out"]
"""What becomes of records whose name is missing: they are refused, the name is created, or the record is written without it."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the report; `remedy` is empty where nothing is to be done."""

    check: str
    state: State
    detail: str = ""
    remedy: str = ""


class NotChecked(Exception):
    """A check cannot run; the text says why and continues "not checked: "."""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to look at; it only reads. After `seconds` it is stopped and reported as not answered in time."""

    name: str
    run: Callable[[], Awaitable[Sequence[Result]]]
    seconds: float = 12.0


class Looker(Protocol):
    """What a check may use."""

    @property
    def settings(self) -> Settings: ...

    async def client(self, system: System[C], /) -> C:
        """The open client of a system, with proven credentials; raises NotChecked when there is none."""

    async def redis(self) -> Redis:
        """A connection to Redis; raises NotChecked when it cannot be used."""


class KnownName(msgspec.Struct, frozen=True):
    """A row that a system has: `names` are all by which a setting may name it, the first is shown."""

    names: tuple[str, ...]
    active: bool = True


class AskedName(msgspec.Struct, frozen=True, kw_only=True):
    """A name in the settings, the setting it stands in, and what happens when the system does not have it."""

    name: str
    setting: str
    missing: Missing = "refused"


class NameList(msgspec.Struct, frozen=True, kw_only=True):
    """One list of names of a system. `read` takes the open client of `system`.

    `values_of` are the settings whose values are such names, `keys_of` the tables whose left sides are; `asked` are the names that
    the settings now hold.
    """

    noun: str
    system: System[Any]
    read: Callable[[Any], Awaitable[Sequence[KnownName]]]
    values_of: tuple[str, ...] = ()
    keys_of: tuple[str, ...] = ()
    asked: tuple[AskedName, ...] = ()


def ok(check: str, detail: str) -> Result:
    """A result that needs nothing."""
    return Result(check=check, state="ok", detail=detail)


def warning(check: str, detail: str, remedy: str) -> Result:
    """A result that a person should know."""
    return Result(check=check, state="warning", detail=detail, remedy=remedy)


def broken(check: str, detail: str, remedy: str) -> Result:
    """A result that keeps something from working."""
    return Result(check=check, state="problem", detail=detail, remedy=remedy)


def first_keys(check: str, found: Sequence[tuple[str, str]], *, none: str) -> Result:
    """Keys with the names of their objects, for the first `cwbridge sync KEY`; `none` says that there is no such object."""
    named = ", ".join(f"{key} ({name})" for key, name in found)
    return ok(check, f"for `cwbridge sync`: {named}" if named else none)
