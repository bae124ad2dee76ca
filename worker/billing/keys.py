"""The keys of the billing flow.

bss/account/{id}             an account and its company
bss/contact/{id}             a contact of BSS and its contact of ConnectWise
bss/product/{id}             a product and its catalog item
bss/order/{id}               an order and its sales order
bss/invoice/{id}             an invoice of both systems
bss/payment/{id}             a payment of both systems
bss/subscription/{id}        a subscription and its addition to an agreement
connectwise/company/{id}     a company to which no account belongs yet
connectwise/contact/{id}     a contact of ConnectWise to which no contact of BSS belongs yet

Accounts and contacts have numbers; the other records of BSS have a GUID in lower case, or a number as text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, Self, TypeGuard, get_args

import msgspec

from cwbridge import errors
from cwbridge.keys import KeyFormat
from cwbridge.linker import LinkName

FLOW = "billing"
DocumentNoun = Literal["product", "order", "invoice", "payment", "subscription"]
"""A record of BSS that goes to ConnectWise only."""
Noun = Literal["account", "contact", "company"] | DocumentNoun

_NUMBER = r"[1-9]\d{0,18}"
_GUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_DOCUMENTS = "|".join(get_args(DocumentNoun))
PATTERN = re.compile(
    rf"(?P<system>bss)/(?P<noun>account|contact)/(?P<id>{_NUMBER})"
    rf"|(?P<system_>connectwise)/(?P<noun_>company|contact)/(?P<id_>{_NUMBER})"
    rf"|(?P<system__>bss)/(?P<noun__>{_DOCUMENTS})/(?P<id__>{_NUMBER}|{_GUID})"
)
_EXAMPLE = "5f0c2a1e-7d44-4b0e-9d57-2f6a41c08b93"
FORMAT = KeyFormat(
    pattern=PATTERN,
    examples=(
        "bss/account/42",
        "bss/contact/7",
        "connectwise/company/120",
        "connectwise/contact/9",
        *(f"bss/{noun}/{_EXAMPLE}" for noun in get_args(DocumentNoun)),
    ),
)
IDENTITY = re.compile(
    rf"bss:(?:(?P<noun>account|contact):(?P<id>{_NUMBER})|(?P<document>{_DOCUMENTS}):(?P<document_id>{_NUMBER}|{_GUID}))"
)
_KINDS: Mapping[Noun, str] = {
    "account": "company",
    "company": "company",
    "contact": "contact",
    "product": "catalog_item",
    "order": "order",
    "invoice": "invoice",
    "payment": "payment",
    "subscription": "addition",
}
"""The kind of link that an object has, which is the noun of its record in ConnectWise."""


class BillingKey(msgspec.Struct, frozen=True):
    """One record of BSS, or one of ConnectWise to which none of BSS belongs.

    `id` is a number, or the text that a document has for one.
    """

    system: Literal["bss", "connectwise"]
    noun: Noun
    id: int | str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a key; raises Refused for anything else."""
        found = PATTERN.fullmatch(text)
        if found is None:
            raise errors.Refused(
                f"{text[:80]!r} is not a key of the billing flow",
                remedy="Keys look like bss/account/42, bss/contact/7, connectwise/company/120, connectwise/contact/9 "
                f"or bss/invoice/{_EXAMPLE}.",
            )
        system, noun, record_id, *_ = (part for part in found.groups() if part is not None)
        return cls(system, noun, record_id if _is_document(noun) else int(record_id))  # type: ignore[arg-type]

    @property
    def number(self) -> int:
        """The id of an account, a contact or a company; ValueError for the GUID of a document."""
        return int(self.id)

    @property
    def document(self) -> DocumentNoun | None:
        """The noun of a document; None for accounts, contacts and companies."""
        return self.noun if _is_document(self.noun) else None

    @property
    def kind(self) -> str:
        """The kind of the link in the ledger."""
        return _KINDS[self.noun]

    @property
    def record(self) -> str:
        """What the record in ConnectWise is called, in words."""
        return self.kind.replace("_", " ")

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


def document_key(noun: DocumentNoun, record_id: str) -> BillingKey:
    """The key of a product, order, invoice, payment or subscription."""
    return BillingKey("bss", noun, record_id)


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
    if found is None:
        return None
    if found["document"] is not None:
        return BillingKey("bss", found["document"], found["document_id"])  # type: ignore[arg-type]
    return BillingKey("bss", found["noun"], int(found["id"]))  # type: ignore[arg-type]


def _is_document(noun: str) -> TypeGuard[DocumentNoun]:
    return noun in get_args(DocumentNoun)
