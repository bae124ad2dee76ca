"""When two contacts are one person: the rule by which contacts of both systems are matched within a company."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
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


def same(
    persons: Sequence[Person], candidates: Iterable[T], who: Callable[[T], Sequence[Person]]
) -> tuple[str, list[T]]:
    """The candidates that are the person, and by what: by e-mail, else by name.

    Either side may be known as several persons: as it is, and as it was when one was made from the other.
    """
    known = list(candidates)
    for how, agree in (("email", Person.shares_email), ("name", Person.shares_name)):
        found = [one for one in known if any(agree(mine, its) for mine in persons for its in who(one))]
        if found:
            return how, found
    return "name", []
