"""Orders of BSS as sales orders of ConnectWise: which are pushed, their fields, and when they are closed."""

from __future__ import annotations

import contextlib
from decimal import Decimal

from cwbridge import errors
from cwbridge.connectors.bss import documents as bss
from cwbridge.connectors.connectwise import finance
from cwbridge.queue.job import Run
from cwbridge.text import folded, one_line, shorten
from worker.billing import document_header as header
from worker.billing import document_items
from worker.billing.context import BillingContext
from worker.billing.dependencies import Dependencies
from worker.billing.document_header import Header
from worker.billing.document_kind import Desired, Kind
from worker.billing.document_names import DocumentNames
from worker.billing.keys import BillingKey, account_key, contact_key
from worker.billing.order_statuses import OrderStatuses
from worker.billing.outcome import Skip
from worker.psa.members import Members

MAX_NUMBER = 50
MAX_DESCRIPTION = 4000
_REPRESENTATIVE = "billing.sales_representative"


class OrderKind(Kind[bss.Order, finance.Order]):
    """What is particular to orders."""

    noun = "order"
    record = "sales order"
    parent = "salesOrder"
    external_id = "poNumber"

    def __init__(self, context: BillingContext, dependencies: Dependencies, names: DocumentNames) -> None:
        self.source = context.bss.orders
        self.target = context.psa.client.orders
        self._context = context
        self._rules = context.rules.documents.orders
        self._dependencies = dependencies
        self._names = names
        self._statuses = OrderStatuses(context.psa, self._rules)
        self._members = Members(
            context.psa.client,
            noun="sales representative",
            default=self._rules.sales_representative,
            setting=_REPRESENTATIVE,
        )

    def reason_skipped(self, document: bss.Order) -> str:
        status = _status_of(document)
        if folded(status) in self._rules.skipped_statuses:
            return f"its status is {status}: billing.skip_order_statuses"
        return ""

    async def desired(self, run: Run, key: BillingKey, document: bss.Order) -> Desired:
        if document.items is None:
            raise errors.Malformed("BSS shows an order without its items", detail=str(key))
        company, bill_to = await self._companies(run, key, document)
        status = await self._statuses.of(_status_of(document), key)
        code = shorten(one_line(document.code) or document.id, MAX_NUMBER)
        currency = document.currency.code if document.currency is not None else None
        chosen = {"status": header.reference(status.id)}
        interim = await self._statuses.interim() if status.closedFlag else None
        return Desired(
            code=code,
            company=company,
            header={
                "poNumber": header.words(code, MAX_NUMBER, is_required=True),
                "company": header.reference(company),
                "billToCompany": header.reference(bill_to),
                **await self._contact(run, document, company, is_ended=bool(status.closedFlag)),
                "salesRep": header.reference(await self._representative(document, key)),
                "orderDate": header.day(document.orderDate, is_required=True),
                "dueDate": header.day(document.dueDate),
                "taxCode": header.reference(await self._names.tax_code()),
                "currency": header.reference(await self._names.currency(currency)),
                "location": header.reference(await self._names.location()),
                "department": header.reference(await self._names.department()),
                "description": header.words(document.description, MAX_DESCRIPTION),
                **({} if interim else chosen),
            },
            interim={"status": header.reference(interim.id)} if interim else {},
            last=chosen if interim else {},
            charges=document_items.of_order(document.items, key),
            currency=one_line(currency),
        )

    async def lock_of(self, record: finance.Order) -> str:
        is_closed = record.status is not None and await self._statuses.is_closed(record.status.id)
        return "closed" if is_closed else ""

    def company_of(self, record: finance.Order) -> int | None:
        return None if record.company is None else record.company.id

    def shown(self, record: finance.Order) -> str:
        return f"sales order {record.id}"

    def totals_of(self, record: finance.Order) -> tuple[Decimal, Decimal | None]:
        return record.subTotal or Decimal(0), None

    def forget(self) -> None:
        self._names.forget()
        self._statuses.forget()
        self._members.forget()

    async def _companies(self, run: Run, key: BillingKey, document: bss.Order) -> tuple[int, int]:
        """The companies of the customer and of the account that pays."""
        if document.account is None:
            raise errors.Refused(
                "An order names no account",
                detail=str(key),
                remedy="Give the order an account in BSS; saving it starts the sync again.",
            )
        company = await self._dependencies.need(run, account_key(document.account.id))
        bill_to = document.billToAccountId or document.account.id
        if bill_to == document.account.id:
            return company.target, company.target
        return company.target, (await self._dependencies.need(run, account_key(bill_to))).target

    async def _contact(self, run: Run, document: bss.Order, company: int, *, is_ended: bool) -> Header:
        """The contact when it is linked and at the company.

        An order that ends waits for it; any other is synced again when the contact is linked later.
        """
        if document.contact is None:
            return {"contact": header.HeaderField("")}
        key = contact_key(document.contact.id)
        if is_ended:
            # ConnectWise takes no change of it afterwards.
            with contextlib.suppress(Skip):
                await self._dependencies.need(run, key)
        # Noted before the look, so that a link made at this moment is not missed.
        await self._context.skips.note(str(key), run.key)
        link = await self._context.link_of(key)
        if link is None or link.finished:
            return {}
        at = (await self._context.agreements.of(key.identity)).get("company")
        if at is None or at.target != str(company):
            # Linked, and its run goes on: once the contact is at the company, the end of that run wakes this order.
            return {}
        await self._context.skips.forget(str(key), run.key)
        return {"contact": header.reference(link.target)}

    async def _representative(self, document: bss.Order, key: BillingKey) -> int:
        """The member of the row of the responsible user, else the default."""
        user = document.responsibleUser.name if document.responsibleUser is not None else None
        member = self._rules.users.to_psa(user or "")
        if member is not None:
            return (await self._members.named(member, setting="[billing.users]")).id
        if self._rules.sales_representative is None:
            raise errors.MappingRefused(
                f"No sales representative is chosen for the responsible user {one_line(user) or '(none)'!r}",
                detail=str(key),
                remedy=f"Set {_REPRESENTATIVE}, or add a row to [billing.users]; then requeue.",
            )
        return (await self._members.named(self._rules.sales_representative, setting=_REPRESENTATIVE)).id


def _status_of(document: bss.Order) -> str:
    return one_line(document.status.name) if document.status is not None else ""
