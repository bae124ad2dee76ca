"""Invoices of BSS as invoices of ConnectWise: which are pushed, their fields, and when they are closed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from cwbridge import errors
from cwbridge.connectors.bss import documents as bss
from cwbridge.connectors.connectwise import finance
from cwbridge.queue.job import Run
from cwbridge.text import folded, one_line, shorten
from worker.billing import document_header as header
from worker.billing import document_items
from worker.billing.context import BillingContext
from worker.billing.dependencies import Dependencies
from worker.billing.document_kind import Desired, Kind
from worker.billing.document_names import DocumentNames
from worker.billing.keys import BillingKey, account_key
from worker.psa.name_table import by_name

MAX_NUMBER = 15
MAX_REFERENCE = 50
MAX_COMMENT = 4000
_CREDIT_MEMO = "CreditMemo"


class InvoiceKind(Kind[bss.Invoice, finance.Invoice]):
    """What is particular to invoices."""

    noun = "invoice"
    record = "invoice"
    parent = "invoice"
    external_id = "reference"
    ended_by = frozenset({"status"})

    def __init__(self, context: BillingContext, dependencies: Dependencies, names: DocumentNames) -> None:
        psa = context.psa
        self.source = context.bss.invoices
        self.target = psa.client.invoices
        self._rules = context.rules.documents
        self._dependencies = dependencies
        self._names = names
        self._statuses = psa.name_tables.of("invoice status", psa.client.invoice_statuses, by_name)

    def reason_skipped(self, document: bss.Invoice) -> str:
        if folded(document.stage) in self._rules.invoices.skipped_stages:
            return f"its stage is {one_line(document.stage)}: billing.skip_invoice_stages"
        return ""

    async def desired(self, run: Run, key: BillingKey, document: bss.Invoice) -> Desired:
        if document.items is None:
            raise errors.Malformed("BSS shows an invoice without its items", detail=str(key))
        type_ = self._type(key, document)
        company, bill_to = await self._companies(run, key, document)
        code = shorten(one_line(document.code) or document.id, MAX_REFERENCE)
        method = document.paymentMethod.name if document.paymentMethod is not None else None
        currency = document.currency.code if document.currency is not None else None
        return Desired(
            code=code,
            company=company,
            header={
                "reference": header.words(code, MAX_REFERENCE, is_required=True),
                "type": header.words(type_, MAX_REFERENCE, is_required=True),
                "company": header.reference(company),
                "billToCompany": header.reference(bill_to),
                "date": header.day(document.date, is_required=True),
                "dueDate": header.day(document.dueDate),
                "status": header.reference(await self._status(document)),
                "billingTerms": header.reference(await self._names.billing_terms(method)),
                "taxCode": header.reference(await self._names.tax_code()),
                "currency": header.reference(await self._names.currency(currency)),
                "locationId": header.bare_id(await self._names.location()),
                "departmentId": header.bare_id(await self._names.department()),
                "topComment": header.words(document.description, MAX_COMMENT),
            },
            first={"invoiceNumber": code} if len(code) <= MAX_NUMBER else {},
            charges=document_items.of_invoice(document.items, key),
            currency=one_line(currency),
            tax=document.taxAmount,
        )

    def without_taken(self, draft: dict[str, Any], refusal: errors.Duplicate) -> dict[str, Any] | None:
        if folded(refusal.field) != "invoicenumber" or "invoiceNumber" not in draft:
            return None
        return {name: value for name, value in draft.items() if name != "invoiceNumber"}

    def notes_of(self, record: finance.Invoice, desired: Desired) -> tuple[str, ...]:
        if record.invoiceNumber == desired.code:
            return ()
        why = "is taken" if "invoiceNumber" in desired.first else "is too long for an invoice number"
        return (f"{desired.code} {why}: ConnectWise has numbered it {record.invoiceNumber}",)

    async def lock_of(self, record: finance.Invoice) -> str:
        if record.glBatch is not None:
            return "batched"
        is_closed = record.closedBy or (record.status is not None and record.status.isClosed)
        return "closed" if is_closed else ""

    def company_of(self, record: finance.Invoice) -> int | None:
        return None if record.company is None else record.company.id

    def shown(self, record: finance.Invoice) -> str:
        return f"invoice {record.id} (number {record.invoiceNumber or 'none'})"

    def totals_of(self, record: finance.Invoice) -> tuple[Decimal, Decimal | None]:
        return record.subtotal or Decimal(0), record.salesTax or Decimal(0)

    def forget(self) -> None:
        self._names.forget()
        self._statuses.forget()

    def _type(self, key: BillingKey, document: bss.Invoice) -> str:
        match folded(document.type):
            case "debit" | "":
                return self._rules.invoices.type
            case "credit":
                return _CREDIT_MEMO
        raise errors.Refused(
            f"An invoice has the type {one_line(document.type)!r}, which is neither Debit nor Credit",
            detail=str(key),
            remedy="Correct its type in BSS; saving it starts the sync again.",
        )

    async def _companies(self, run: Run, key: BillingKey, document: bss.Invoice) -> tuple[int, int]:
        """The companies of the customer and of the account that pays."""
        customer = document.accountId or document.billingAccountId
        if customer is None:
            raise errors.Refused(
                "An invoice names no account",
                detail=str(key),
                remedy="Give the invoice an account in BSS; saving it starts the sync again.",
            )
        bill_to = document.billingAccountId or customer
        company = await self._dependencies.need(run, account_key(customer))
        if bill_to == customer:
            return company.target, company.target
        return company.target, (await self._dependencies.need(run, account_key(bill_to))).target

    async def _status(self, document: bss.Invoice) -> int | None:
        """By the row of its stage; a status that closes invoices is never sent."""
        name = self._rules.invoices.statuses.to_psa(document.stage or "")
        if name is None:
            return None
        status = await self._statuses.need(name, setting="[billing.invoice_statuses]")
        return None if status.closedFlag else status.id
