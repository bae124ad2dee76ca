"""What an account refers to: its parent, and the contact that is its primary one."""

from __future__ import annotations

from cwbridge import errors
from cwbridge.connectors.bss import models as bss
from cwbridge.connectors.bss.filters import equals
from cwbridge.queue.job import Run
from worker.billing.account_fields import Relatives
from worker.billing.context import BillingContext
from worker.billing.keys import FLOW, account_key, contact_key


class RelativesReader:
    """Finds the records of ConnectWise that belong to an account's relatives."""

    def __init__(self, context: BillingContext) -> None:
        self._context = context

    async def of(self, run: Run, account: bss.Account, company: int | None) -> Relatives:
        """The relatives that are linked; raises WaitingFor for a parent that is to be synced first."""
        return Relatives(
            company=company,
            parent=await self._parent(run, account),
            default_contact=await self._default_contact(account, company) if company is not None else None,
        )

    async def _parent(self, run: Run, account: bss.Account) -> tuple[int, int] | None:
        if account.parentAccount is None or account.parentAccount.id == account.id:
            return None
        key = account_key(account.parentAccount.id)
        link = await self._context.link_of(key)
        if link is not None:
            return None if link.finished else (key.number, link.target)
        if self._context.rules.accounts.push and await self._exists(key.number):
            raise errors.WaitingFor(str(key), flow=FLOW, lane=run.lane)
        return None

    async def _exists(self, account: int) -> bool:
        try:
            await self._context.bss.accounts.get(account)
        except errors.NotFound:
            return False
        return True

    async def _default_contact(self, account: bss.Account, company: int) -> tuple[int, int] | None:
        """The primary contact; of several the one with the lowest id, and only once it is linked and at the company.

        ConnectWise refuses a default contact of another company; a contact that moves has its own run, which asks for this one.
        """
        if not self._context.rules.contacts.push:
            return None
        contacts = await self._context.bss.contacts.find(equals("accountId", account.id))
        primary = min((row.id for row in contacts if row.isPrimary), default=None)
        if primary is None:
            return None
        key = contact_key(primary)
        link = await self._context.link_of(key)
        at = (await self._context.agreements.of(key.identity)).get("company")
        is_here = at is not None and at.target == str(company)
        return (primary, link.target) if link is not None and not link.finished and is_here else None
