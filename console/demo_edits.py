"""The edits that the demo makes as users of the three systems do, and whether each has arrived."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

import aiohttp
import msgspec

from console.sandbox import RunningSandbox, System
from cwbridge.ledger.history import Event

_INVOICE = "DEMO-0001"
_AMOUNT = Decimal("108.25")
"""25 pieces at 4.20, and 3 at 1.083, prorated to 3.25."""
_EDIT_STAGES = "opportunity,estimate,revisions,proposal"


class Pair(msgspec.Struct, frozen=True):
    """An account of BSS and the company that it became, and a product that became a catalog item."""

    account: int
    company: int
    product: str


class Edit(ABC):
    """One edit: the key whose run carries it over, and the system in which it arrives."""

    key: str
    target: str
    told: str
    """The edit as a sentence."""
    example: str
    """A command by which a person makes another edit."""

    def __init__(self) -> None:
        self._made_at = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since the edit was made."""
        return time.monotonic() - self._made_at

    @abstractmethod
    async def has_arrived(self, event: Event) -> bool:
        """Whether the target shows the edit after a run of its key."""


class LineEdit(Edit):
    """One more piece in a line of a Jetbuilt project."""

    target = "ConnectWise"

    def __init__(
        self, place: RunningSandbox, project: dict[str, Any], line: dict[str, Any], after: str
    ) -> None:
        super().__init__()
        self.key = f"jetbuilt/project/{project['original_version_id'] or project['id']}"
        self.told = (
            f"A sales person changes {project['name']} in Jetbuilt: "
            f"{line['manufacturer_name']} {line['model']}, quantity {line['quantity']} -> {after}"
        )
        self.example = (
            f"curl -X PATCH {place.jetbuilt}/projects/{project['id']} "
            f"-H 'Authorization: Token token={place.credentials.jetbuilt_api_key}' -d name='Lobby, second phase'"
        )

    async def has_arrived(self, event: Event) -> bool:
        """The run has replaced the lines and compared the totals of both sides."""
        return event.what == "updated" and bool(event.counts.get("created"))


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One side of a pair: the system by its name and title, and the record in it."""

    system: Literal["bss", "connectwise"]
    title: str
    table: str
    number: int

    async def record(self, place: RunningSandbox) -> dict[str, Any]:
        return await place.record(self.system, self.table, self.number)


class FieldEdit(Edit):
    """A field of an account or company that is to arrive in `arrives_as` of the other side."""

    def __init__(
        self,
        place: RunningSandbox,
        pair: Pair,
        *,
        to: Side,
        arrives_as: str,
        after: str,
        told: str,
        example: str,
    ) -> None:
        super().__init__()
        self.key = f"bss/account/{pair.account}"
        self.target = to.title
        self.told = told
        self.example = example
        self._place = place
        self._to = to
        self._arrives_as, self._after = arrives_as, after

    async def has_arrived(self, event: Event) -> bool:  # noqa: ARG002  the record says it itself
        """The record of the other side holds the value."""
        return bool((await self._to.record(self._place)).get(self._arrives_as) == self._after)


class InvoiceIssued(Edit):
    """A new invoice of BSS that ConnectWise is to have with the same sum."""

    target = "ConnectWise"

    def __init__(self, place: RunningSandbox, invoice: str, code: str, amount: Decimal) -> None:
        super().__init__()
        self.invoice = invoice
        self.key = f"bss/invoice/{invoice}"
        self.told = f"The billing run of BSS issues invoice {code} over {amount}"
        self.example = _example(place, "bss", f"records/invoices/{invoice}", '{"stage": "Paid"}')
        self._place = place
        self._amount = amount

    async def has_arrived(self, event: Event) -> bool:
        """ConnectWise computes the same sum from the lines."""
        if event.target is None:
            return False
        row = await self._place.record("connectwise", "finance/invoices", event.target)
        return Decimal(row["subtotal"]) == self._amount


class PaymentReceived(Edit):
    """A payment that the invoice in ConnectWise is to have."""

    target = "ConnectWise"

    def __init__(self, place: RunningSandbox, payment: str, amount: Decimal) -> None:
        super().__init__()
        self.key = f"bss/payment/{payment}"
        self.told = f"The customer pays {amount}"
        self.example = _example(place, "bss", f"records/payments/{payment}", '{"amount": "12.00"}')

    async def has_arrived(self, event: Event) -> bool:
        """The run has made it."""
        return event.what == "created"


async def edits(place: RunningSandbox, pair: Pair) -> AsyncIterator[Edit]:
    """Edits of users of Jetbuilt, BSS and ConnectWise, each made when it is asked for."""
    line = await _edit_line(place)
    if line is not None:
        yield line
    account = Side(system="bss", title="BSS", table="accounts", number=pair.account)
    company = Side(system="connectwise", title="ConnectWise", table="company/companies", number=pair.company)
    yield await _edit_field(
        place,
        pair,
        who="A clerk",
        at=account,
        fields=("phone", "+30 210 555 0123"),
        to=company,
        arrives_as="phoneNumber",
        again='{"fax": "+30 210 555 0199"}',
    )
    yield await _edit_field(
        place,
        pair,
        who="A dispatcher",
        at=company,
        fields=("website", "https://support.example"),
        to=account,
        arrives_as="webSite",
        again='{"city": "Patras"}',
    )
    invoice = await _issue_invoice(place, pair)
    yield invoice
    yield await _pay(place, pair, invoice.invoice)


async def _issue_invoice(place: RunningSandbox, pair: Pair) -> InvoiceIssued:
    items = [
        {"product": pair.product, "quantity": 25, "finalPrice": "4.20"},
        {"product": pair.product, "quantity": 3, "finalPrice": "1.083", "finalTotal": "3.25"},
    ]
    day = datetime.now(UTC).date().isoformat()
    account = await place.record("bss", "accounts", pair.account)
    invoice = await place.add(
        "bss",
        "invoices",
        code=_INVOICE,
        accountId=pair.account,
        stage="Unpaid",
        type="Debit",
        date=day,
        dueDate=day,
        currency={"code": account["currencyCode"]},
        items=items,
    )
    return InvoiceIssued(place, str(invoice), _INVOICE, _AMOUNT)


async def _pay(place: RunningSandbox, pair: Pair, invoice: str) -> PaymentReceived:
    payment = await place.add(
        "bss",
        "payments",
        accountId=pair.account,
        invoiceId=invoice,
        paymentMethod={"id": 1, "name": "Bank transfer"},
        paymentDate=datetime.now(UTC).date().isoformat(),
        amount=str(_AMOUNT),
    )
    return PaymentReceived(place, str(payment), _AMOUNT)


def _example(place: RunningSandbox, system: System, path: str, body: str) -> str:
    """A command that another user of a system stands for."""
    return f"curl -X PATCH {place.control_url(system)}/{path} -H 'X-Sandbox-Key: {place.control_key}' -d '{body}'"


async def _edit_field(
    place: RunningSandbox,
    pair: Pair,
    *,
    who: str,
    at: Side,
    fields: tuple[str, str],
    to: Side,
    arrives_as: str,
    again: str,
) -> FieldEdit:
    """Another user of one side changes a field."""
    field, after = fields
    row = await at.record(place)
    await place.edit(at.system, at.table, at.number, **{field: after})
    return FieldEdit(
        place,
        pair,
        to=to,
        arrives_as=arrives_as,
        after=after,
        told=f"{who} changes {row['name']} in {at.title}: {field} {row.get(field) or 'none'} -> {after}",
        example=_example(place, at.system, f"records/{at.table}/{at.number}", again),
    )


async def _edit_line(place: RunningSandbox) -> LineEdit | None:
    """Add one piece to a line of a project that is still being sold; None without such a project."""
    async with aiohttp.ClientSession(
        headers={"Authorization": f"Token token={place.credentials.jetbuilt_api_key}"}
    ) as session:
        for project in await _ask(session, "GET", f"{place.jetbuilt}/projects?stage={_EDIT_STAGES}"):
            items = await _ask(session, "GET", f"{place.jetbuilt}/projects/{project['id']}/items")
            line = next((item for item in items["line_items"] if item["kind"] == "physical"), None)
            if line is None or project.get("locked"):
                continue
            after = str(Decimal(line["quantity_per_room"]) + 1)
            url = f"{place.jetbuilt}/projects/{project['id']}/items/{line['id']}"
            changed = await _ask(session, "PATCH", url, {"quantity_per_room": after})
            return LineEdit(place, project, line, changed["quantity"])
    return None


async def _ask(
    session: aiohttp.ClientSession, method: str, url: str, body: dict[str, str] | None = None
) -> Any:
    while True:
        async with session.request(method, url, json=body) as answer:
            if answer.status == 429:
                await asyncio.sleep(1)
                continue
            answer.raise_for_status()
            return await answer.json()
