"""What orders and invoices do not share: where they are, which fields they have, and when ConnectWise no longer takes a change."""

from __future__ import annotations

from abc import ABC, abstractmethod
from decimal import Decimal
from typing import Any, Generic, Literal, Self, TypeVar

import msgspec

from cwbridge import errors
from cwbridge.connectors.bss import documents as bss
from cwbridge.connectors.bss.client import Collection
from cwbridge.connectors.connectwise import models as connectwise
from cwbridge.connectors.connectwise.resource import Resource
from cwbridge.ledger.creates import SentFields
from cwbridge.queue.job import Run
from worker.billing.document_header import Header
from worker.billing.document_items import Charge
from worker.billing.keys import BillingKey

Source = TypeVar("Source", bound=bss.Document)
Target = TypeVar("Target", bound=connectwise.Tracked)


class Desired(msgspec.Struct, frozen=True, kw_only=True):
    """An order or invoice as ConnectWise should have it."""

    code: str
    """The external id, unique within the company."""
    company: int
    header: Header
    first: dict[str, Any] = {}
    """Fields of a new record only."""
    interim: Header = {}
    """Fields of a new record until `last` is written."""
    last: Header = {}
    """Fields that are written when the lines are there, because they end the record."""
    charges: tuple[Charge, ...]
    currency: str
    tax: Decimal | None = None

    def as_sent(self, note: SentFields | None, external_id: str) -> Self | None:
        """The document by the company and code that a create without an answer has sent; None when they are the same.

        In BSS the document may have got another account or code since then, and its record stands where it was sent.
        """
        code, company = (note or {}).get(external_id), (note or {}).get("company")
        if code is None or company is None:
            return None
        earlier = msgspec.structs.replace(self, code=code.sent, company=int(company.sent))
        return None if (earlier.code, earlier.company) == (self.code, self.company) else earlier


class Kind(ABC, Generic[Source, Target]):
    """Orders, or invoices."""

    noun: Literal["order", "invoice"]
    record: str
    """What the record is called."""
    parent: Literal["salesOrder", "invoice"]
    """The reference of a product item to it."""
    external_id: Literal["poNumber", "reference"]
    source: Collection[Source]
    target: Resource[Target]
    ended_by: frozenset[str] = frozenset()
    """Fields in which a locked record may differ, because other users end it by them."""

    @abstractmethod
    def reason_skipped(self, document: Source) -> str:
        """Why the document is not pushed; empty when it is."""

    @abstractmethod
    async def desired(self, run: Run, key: BillingKey, document: Source) -> Desired:
        """The document as ConnectWise should have it; raises WaitingFor and Skip for what it depends on, Refused for unknown names."""

    def without_taken(self, draft: dict[str, Any], refusal: errors.Duplicate) -> dict[str, Any] | None:
        """The draft without the value that another record has; None when the refusal is about another field."""
        del draft, refusal
        return None

    def notes_of(self, record: Target, desired: Desired) -> tuple[str, ...]:
        """What the history says of a new record beside its fields."""
        del record, desired
        return ()

    @abstractmethod
    async def lock_of(self, record: Target) -> str:
        """Why ConnectWise takes no change of the record, in a word; empty when it does."""

    @abstractmethod
    def company_of(self, record: Target) -> int | None:
        """The company of the record."""

    @abstractmethod
    def shown(self, record: Target) -> str:
        """The record as a person finds it."""

    @abstractmethod
    def totals_of(self, record: Target) -> tuple[Decimal, Decimal | None]:
        """What ConnectWise computed: the sum of the lines without tax, and the tax where both systems tell it."""

    @abstractmethod
    def forget(self) -> None:
        """Look up names again, because ConnectWise no longer has one of them."""
