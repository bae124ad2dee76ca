"""When two contacts are one person: the rule by which contacts of both systems are matched within a company."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec

from cwbridge.text import folded

T = TypeVar("T")


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Who a contact is, whichever system it is in; `emails` are all that it has."""

    first_name: str
    last_name: str
    emails: tuple[str, ...] = ()

    @property
    def name(self) -> tuple[str, str]:
        return folded(self.first_name), folded(self.last_name)

    def shares_email(self, other: Person) -> bool:
        return bool({folded(email) for email in self.emails} & {folded(email) for email in other.emails})

    def shares_name(self, other: Person) -> bool:
        """By name only where one of both has no e-mail: two addresses are two people."""
        return self.name == other.name and not (self.emails and other.emails)


def same(person: Person, candidates: Iterable[T], who: Callable[[T], Person]) -> tuple[str, list[T]]:
    """The candidates that are the person, and by what: by e-mail, else by name."""
    known = list(candidates)
    by_email = [one for one in known if who(one).shares_email(person)]
    if by_email:
        return "email", by_email
    return "name", [one for one in known if who(one).shares_name(person)]
