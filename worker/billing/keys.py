"""The keys of the billing flow.

bss/account/{id}             an account and its company
bss/contact/{id}             a contact of BSS and its contact of ConnectWise
connectwise/company/{id}     a company to which no account belongs yet
connectwise/contact/{id}     a contact of ConnectWise to which no contact of BSS belongs yet
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, Self

import msgspec

from cwbridge import errors
from cwbridge.keys import KeyFormat
from cwbridge.linker import LinkName

FLOW = "billing"
Noun = Literal["account", "contact", "company"]

PATTERN = re.compile(
    r"(?P<system>bss)/(?P<noun>account|contact)/(?P<id>[1-9]\d{0,18})"
    r"|(?P<system_>connectwise)/(?P<noun_>company|contact)/(?P<id_>[1-9]\d{0,18})"
)
FORMAT = KeyFormat(
    pattern=PATTERN,
    examples=("bss/account/42", "bss/contact/7", "connectwise/company/120", "connectwise/contact/9"),
)
IDENTITY = re.compile(r"bss:(?P<noun>account|contact):(?P<id>[1-9]\d{0,18})")
_KINDS = {"account": "company", "company": "company", "contact": "contact"}
"""The kind of link that an object has, which is the noun of its record in ConnectWise."""


class BillingKey(msgspec.Struct, frozen=True, order=True):
    """One record of BSS, or one of ConnectWise to which none of BSS belongs."""

    system: Literal["bss", "connectwise"]
    noun: Noun
    id: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a key; raises Refused for anything else."""
        found = PATTERN.fullmatch(text)
        if found is None:
            raise errors.Refused(
                f"{text[:80]!r} is not a key of the billing flow",
                remedy="Keys look like bss/account/42, bss/contact/7, connectwise/company/120 or connectwise/contact/9.",
            )
        system, noun, number, *_ = (part for part in found.groups() if part is not None)
        return cls(system, noun, int(number))  # type: ignore[arg-type]

    @property
    def kind(self) -> str:
        """The kind of the link in the ledger."""
        return _KINDS[self.noun]

    @property
    def identity(self) -> str:
        """The identity in the ledger of links: `bss:account:42`."""
        return f"{self.system}:{self.noun}:{self.id}"

    @property
    def link(self) -> LinkName:
        return LinkName(self.kind, self.identity)

    def __str__(self) -> str:
        return f"{self.system}/{self.noun}/{self.id}"


def account_key(number: int) -> BillingKey:
    return BillingKey("bss", "account", number)


def company_key(number: int) -> BillingKey:
    return BillingKey("connectwise", "company", number)


def contact_key(number: int) -> BillingKey:
    return BillingKey("bss", "contact", number)


def record_identity(kind: str, target: int) -> str:
    """The identity of a record of ConnectWise for which a record of BSS is made: `connectwise:company:5`."""
    return f"connectwise:{kind}:{target}"


def record_of(kind: str, identity: str) -> int | None:
    """The id in the identity of a record of ConnectWise of that kind; None for other identities."""
    head, _, number = identity.rpartition(":")
    return int(number) if head == f"connectwise:{kind}" else None


def record_made(key: BillingKey, made: Mapping[str, int]) -> int | None:
    """The record that an open create is known to have made of an object of BSS, or the object of it; None when there is none.

    `made` is what each open create has made, by the identity that it was made for.
    """
    if key.identity in made:
        return made[key.identity]
    origins = (record_of(key.kind, identity) for identity, number in made.items() if number == key.id)
    return next((record for record in origins if record is not None), None)


def of_identity(identity: str) -> BillingKey | None:
    """The key whose link identity this is; None for identities of other flows."""
    found = IDENTITY.fullmatch(identity)
    return None if found is None else BillingKey("bss", found["noun"], int(found["id"]))  # type: ignore[arg-type]
