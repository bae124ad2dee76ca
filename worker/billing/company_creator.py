"""Makes the company of an account that ConnectWise does not have yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog

from cwbridge import errors
from cwbridge.connectors.bss import models as bss
from cwbridge.connectors.connectwise import models as connectwise
from worker.billing.account_fields import company_fields, has_address
from worker.billing.account_types import AccountTypes
from worker.billing.company_finder import CompanyFinder, FoundCompany, listed
from worker.billing.context import BillingContext
from worker.billing.keys import account_key
from worker.billing.values import Values, sent_of, writable
from worker.psa.default_fields import naming_default_field
from worker.psa.identities import relink_command
from worker.psa.name_table import by_name

log = structlog.get_logger(__name__)
_MAIN_SITE = "Main"


class CompanyCreator:
    """Creates companies; call it with the lock of the account's name held."""

    def __init__(self, context: BillingContext, finder: CompanyFinder, types: AccountTypes) -> None:
        self._context = context
        self._companies = context.psa.client.companies
        self._finder = finder
        self._types = types
        self._statuses = context.psa.name_tables.of(
            "company status", context.psa.client.company_statuses, by_name
        )

    async def create(self, account: bss.Account, values: Values) -> FoundCompany:
        """The new company, still to be linked, or the one that an earlier create made; raises Refused for an account without an address, and what ConnectWise refuses."""
        if not has_address(account):
            raise errors.Refused(
                "An account without any line of a billing address cannot become a company",
                detail=f"account {account.id} {account.name!r}",
                remedy="Fill its billing address in BSS; saving it starts the sync again.",
            )
        written = writable(values)
        draft = await self._draft(account, written)
        identity = account_key(account.id).identity
        try:
            async with self._context.creating(identity, sent_of(values, written)):
                with naming_default_field("company"):
                    company = await self._companies.create(draft)
        except errors.OutcomeUnknown:
            return FoundCompany(await self._made_all_the_same(account), "external_id")
        except errors.Duplicate as refusal:
            return FoundCompany(await self._holder(account, refusal), "external_id")
        await self._context.creates.answered(identity, company.id)
        self._context.psa.objects.count("company", "created")
        log.info("company_created", company_id=company.id, account_id=account.id)
        await self._context.note_ourselves(company)
        return FoundCompany(company, "created")

    async def _draft(self, account: bss.Account, written: Mapping[str, str]) -> dict[str, Any]:
        status = self._context.rules.company_status
        draft: dict[str, Any] = {
            **await self._context.psa.default_fields.of("company"),
            "identifier": str(account.id),
            "site": {"name": _MAIN_SITE},
            "status": {"id": (await self._statuses.need(status, setting="billing.company_status")).id},
            **company_fields(written),
        }
        if account.type is not None and account.type.name:
            draft["types"] = [{"id": await self._types.company_type(account.type.name)}]
        return draft

    async def _made_all_the_same(self, account: bss.Account) -> connectwise.Company:
        """The answer was lost: the company may stand there under the account's id."""
        company = await self._finder.identified(account)
        if company is None:
            raise errors.OutcomeUnknown(
                "The create of a company got no answer",
                detail=f"account {account.id} {account.name!r}",
                remedy="Nothing to do: it is looked for, then created again.",
            )
        return company

    async def _holder(self, account: bss.Account, refusal: errors.Duplicate) -> connectwise.Company:
        """Another company has the account's id as its identifier: the account's own, a stranger's, or one in the recycle bin."""
        company = await self._finder.identified(account)
        if company is not None:
            return company
        binned = await self._finder.binned(account)
        if binned is None:
            raise refusal
        raise errors.Refused(
            "A company in the recycle bin of ConnectWise has the account's id as its identifier",
            detail=f"account {account.id} {account.name!r}: {listed([binned])}",
            remedy="Restore the company and requeue, or choose another one: "
            f"{relink_command(account_key(account.id).identity)}",
        )
