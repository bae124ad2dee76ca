"""A company to which no account belongs: its account is found, or made in BSS."""

from __future__ import annotations

import contextlib
from typing import Any

import structlog

from cwbridge import errors, freshness
from cwbridge.cache import CachedValue
from cwbridge.connectors import unclear
from cwbridge.connectors.bss import models as bss
from cwbridge.connectors.bss.filters import equals
from cwbridge.connectors.connectwise import models as connectwise
from cwbridge.ledger.creates import Sent, SentFields
from cwbridge.ledger.history import Event
from cwbridge.ledger.links import Link
from cwbridge.queue.job import Run
from cwbridge.text import folded, one_line
from worker.billing.account_fields import FIELDS, MADE_CODE, AccountFields, Relatives, account_draft
from worker.billing.account_reconciler import TYPE
from worker.billing.account_types import AccountTypes
from worker.billing.company_finder import CompanyFinder
from worker.billing.context import BillingContext
from worker.billing.evidence import Evidence, names_agree
from worker.billing.keys import BillingKey, account_key, record_identity
from worker.billing.outcome import skipped
from worker.billing.values import Sides, sent_of, writable
from worker.psa.identities import relink_command

log = structlog.get_logger(__name__)
_CACHE_TTL_SECONDS = 600.0


class CompanyPuller:
    """Pulls companies; a company whose account exists is left to the account's own job, which links and merges the two."""

    def __init__(
        self,
        context: BillingContext,
        *,
        fields: AccountFields,
        types: AccountTypes,
        finder: CompanyFinder,
        evidence: Evidence,
    ) -> None:
        self._context = context
        self._accounts = context.bss.accounts
        self._fields = fields
        self._types = types
        self._finder = finder
        self._evidence = evidence
        self._vendor_links = CachedValue(self._listed, ttl=_CACHE_TTL_SECONDS)

    async def pull(self, run: Run, key: BillingKey) -> Event | None:
        """Create the account of a company, or enqueue the account that it belongs to."""
        try:
            company = await self._context.psa.client.companies.get(key.number)
            freshness.source_changed(company.info.lastUpdated if company.info is not None else None)
        except errors.NotFound:
            return skipped("ConnectWise has no such company")
        if company.deletedFlag:
            return skipped("the company is deleted in ConnectWise")
        context = self._context
        async with (
            context.psa.locks.hold(f"company:{folded(company.name)}"),
            context.linking("company", company.id),
        ):
            owner = await context.owner("company", company.id)
            existing = await self._account_of(company) if owner is None else None
            if owner is None and existing is None:
                return await self._create(run, company)
        if existing is not None:
            return await self._hand_over(run, company, existing)
        await context.enqueue(run, str(owner))
        return skipped(f"it is the company of {owner}", leads_to=str(owner))

    async def _hand_over(self, run: Run, company: connectwise.Company, account: bss.Account) -> Event:
        """The account's job links the two; raises Ambiguous when another company claims the account as well."""
        found = await self._finder.find(account)
        if found is None or found.company.id != company.id:
            other = f": company {found.company.id}" if found is not None else ""
            return skipped(f"account {account.id} fits another company better{other}")
        key = str(account_key(account.id))
        await self._context.enqueue(run, key)
        return skipped(f"it is the company of {key}", leads_to=key)

    async def _account_of(self, company: connectwise.Company) -> bss.Account | None:
        """The account that has no company yet: by the company's identifier, by code, by name."""
        for by in (self._of_create, self._by_vendor_link, self._identified):
            account = await by(company)
            if account is not None:
                return account
        sent = await self._context.creates.of(record_identity("company", company.id)) or {}
        made = sent["code"].sent if "code" in sent else None
        for code in filter(None, (made, company.accountNumber, MADE_CODE + company.identifier)):
            rows = await self._accounts.find(equals("code", code))
            found = await self._only(company, [row for row in rows if folded(row.code) == folded(code)])
            if found is not None:
                return found
        named: dict[int, bss.Account] = {}
        for name in dict.fromkeys((company.name, one_line(company.name))):
            rows = await self._accounts.find(equals("name", name))
            named |= {row.id: row for row in rows if names_agree(row, company)}
        return await self._only(company, list(named.values()))

    async def _of_create(self, company: connectwise.Company) -> bss.Account | None:
        """The account that an open create is known to have made."""
        number = (await self._context.creates.made()).get(record_identity("company", company.id))
        if number is None or not await self._context.is_free(account_key(number), company.id):
            return None
        with contextlib.suppress(errors.NotFound):
            return await self._accounts.get(number)
        return None

    async def _by_vendor_link(self, company: connectwise.Company) -> bss.Account | None:
        """The account that the vendor's own connector has linked, where its links are taken over; BSS cannot be asked by it."""
        if not self._context.rules.adopt_vendor_links:
            return None
        accounts = await self._vendor_links.get()
        account = accounts.get(str(company.id))
        free = account is not None and await self._context.is_free(account_key(account.id), company.id)
        return account if free else None

    async def _listed(self) -> dict[str, bss.Account]:
        rows = [unclear.left_out(row) for row in await self._accounts.find()]
        return {row.integrationId: row for row in rows if row.integrationId}

    async def _identified(self, company: connectwise.Company) -> bss.Account | None:
        if not company.identifier.isascii() or not company.identifier.isdecimal():
            return None
        try:
            account = await self._accounts.get(int(company.identifier))
        except errors.NotFound:
            return None
        free = await self._context.is_free(account_key(account.id), company.id)
        return account if free and await self._evidence.made_for(account, company) else None

    async def _only(self, company: connectwise.Company, rows: list[bss.Account]) -> bss.Account | None:
        free = [row for row in rows if await self._context.is_free(account_key(row.id), company.id)]
        if len(free) > 1:
            named = ", ".join(f"account {row.id} {row.name!r} ({row.code})" for row in free)
            raise errors.Ambiguous(
                "Several accounts of BSS fit a company",
                detail=f"company {company.id} {company.name!r}: {named}",
                remedy="Rename or correct the code of all but one of them in BSS and requeue, or choose one: "
                + relink_command("bss:account:ID").replace("--to ID", f"--to {company.id}"),
            )
        return free[0] if free else None

    async def _create(self, run: Run, company: connectwise.Company) -> Event:
        types = await self._types.seen("", company)
        if not self._context.rules.accounts.pull:
            return skipped("BSS has no account for it, and accounts are not pulled")
        if not types.first:
            return skipped("none of its types has a row in [billing.account_types]")
        target = await self._fields.of_company(company)
        written = writable(target)
        draft: dict[str, Any] = {
            **account_draft(written),
            "typeId": await self._types.account_type(types.first),
        }
        draft.setdefault("code", MADE_CODE + company.identifier)
        sent = sent_of(target, written) | {"code": Sent(target["code"].own, draft["code"])}
        number = await self._sent(company, draft, sent)
        self._context.psa.objects.count("account", "created")
        log.info("account_created", account_id=number, company_id=company.id)
        account = await self._context.account_after_write(number)
        key = account_key(number)
        source = await self._fields.of_account(account, Relatives())
        agreed = await self._context.agreed_at_pull(key, company.id, FIELDS, Sides(source, target))
        agreed[TYPE] = (await self._types.seen(types.first, company)).agreed
        await self._context.keep(key, Link(target=company.id, how="created"), agreed)
        await self._context.enqueue(run, str(key))
        return Event(
            what="created",
            target=company.id,
            cause=f"account {number} was made in BSS",
            leads_to=str(key),
            matches=(f"company {company.id} (created)",),
        )

    async def _sent(self, company: connectwise.Company, draft: dict[str, Any], sent: SentFields) -> int:
        """Create the account; what was sent is kept until it is linked, unless BSS refused it."""
        identity = record_identity("company", company.id)
        async with self._context.creating(identity, sent):
            number = await self._accounts.create(draft)
            await self._context.creates.answered(identity, number)
            return number
