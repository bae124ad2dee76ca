"""Makes the agreement of a company that has none for the unit of a subscription."""

from __future__ import annotations

import structlog

from cwbridge import errors
from cwbridge.connectors import write_guard
from cwbridge.connectors.bss.filters import equals
from cwbridge.connectors.connectwise import finance
from cwbridge.queue.job import Run
from worker.billing.context import BillingContext
from worker.billing.dependencies import Dependencies
from worker.billing.keys import contact_key

log = structlog.get_logger(__name__)


class AgreementCreator:
    """Creates agreements; call it with the lock of company and type held, after a fresh look."""

    def __init__(self, context: BillingContext, dependencies: Dependencies) -> None:
        self._context = context
        self._dependencies = dependencies

    async def create(
        self, run: Run, company: int, account: int, type_: finance.AgreementType
    ) -> finance.Agreement:
        """The new agreement; raises WaitingFor for its contact, OutcomeUnknown when the answer was lost, and refusals."""
        draft = {
            "name": type_.name,
            "type": {"id": type_.id},
            "company": {"id": company},
            "contact": {"id": await self._contact(run, company, account)},
        }
        await write_guard.confirm()
        created = await self._context.psa.client.agreements.create(draft)
        await self._context.note_ourselves(created)
        self._context.psa.objects.count("agreement", "created")
        log.info("agreement_created", agreement_id=created.id, company_id=company)
        return created

    async def _contact(self, run: Run, company: int, account: int) -> int:
        """The default contact of the company, else the one that will be: the primary contact of the account."""
        record = await self._context.psa.client.companies.get(company)
        if record.defaultContact is not None:
            return record.defaultContact.id
        primary = None
        if self._context.rules.contacts.push:
            contacts = await self._context.bss.contacts.find(equals("accountId", account))
            primary = min((row.id for row in contacts if row.isPrimary), default=None)
        if primary is None:
            raise errors.Refused(
                "A new agreement needs a contact, and the company has no default contact",
                detail=f"company {company}",
                remedy="Give the company a default contact in ConnectWise, or its account a primary contact in BSS; then requeue.",
            )
        return (await self._dependencies.need(run, contact_key(primary))).target
