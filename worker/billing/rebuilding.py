"""Finds the links of accounts and contacts again from what both systems hold, without a write to either.

All records are read once. The strongest rule goes first over all accounts, so that a weaker one takes no company that a stronger one
gives to another account; the rules are those by which jobs find a company or contact.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from cwbridge import errors
from cwbridge.connectors import unclear
from cwbridge.connectors.bss import models as bss
from cwbridge.connectors.connectwise import models as connectwise
from cwbridge.ledger.links import How, Link
from cwbridge.linker import Rebuilt
from worker.billing.communication import CommunicationTypes
from worker.billing.company_books import ListedCompanies
from worker.billing.company_finder import CompanyFinder
from worker.billing.contact_finder import ContactFinder
from worker.billing.context import BillingContext
from worker.billing.evidence import Evidence
from worker.billing.keys import BillingKey, account_key, contact_key, of_identity, record_identity


class _Claims:
    """The links as they are and as they become; a dry run keeps the new ones to itself."""

    def __init__(self, context: BillingContext, *, dry_run: bool) -> None:
        self._context = context
        self._dry_run = dry_run
        self._claimed: dict[tuple[str, int], BillingKey] = {}

    async def of_targets(self, kind: str, targets: Iterable[int], /) -> dict[int, tuple[str, ...]]:
        """As the ledger of links, with the claims."""
        asked = list(targets)
        stored = await self._context.links.of_targets(kind, asked)
        for target in asked:
            key = self._claimed.get((kind, target))
            if key is not None:
                stored[target] = (*stored.get(target, ()), key.identity)
        return stored

    async def claim(self, key: BillingKey, target: int, how: How) -> bool:
        """Link the record; False when a run is at it, which links it itself and knows what both sides agree on."""
        creates = self._context.creates
        if await creates.among([key.identity, record_identity(key.kind, target)]):
            return False
        if not self._dry_run:
            try:
                await self._context.link(key, target, how, {})
            except (errors.Unsettled, errors.Busy):
                return False
        self._claimed[key.kind, target] = key
        return True


class LinkRebuild:
    """One rebuild of the links of a tenant."""

    def __init__(self, context: BillingContext, *, dry_run: bool) -> None:
        self._context = context
        self._claims = _Claims(context, dry_run=dry_run)
        self._done = Rebuilt(dry_run=dry_run, found=0)
        self._unchanged = 0

    async def run(self) -> Rebuilt:
        """The report; keys that several records fit are left to a person."""
        companies = await self._companies()
        await self._contacts(companies)
        added = len(self._done.added)
        return self._done.joined(
            Rebuilt(dry_run=self._done.dry_run, found=added + self._unchanged, unchanged=self._unchanged)
        )

    async def _companies(self) -> dict[int, int]:
        """Link the accounts; the company of each account that has one."""
        context = self._context
        rows = [unclear.left_out(row) for row in await context.psa.client.companies.find()]
        accounts = [unclear.left_out(row) for row in await context.bss.accounts.find()]
        living = {row.id for row in rows if not row.deletedFlag}
        linked = await self._known("company", living)
        evidence = Evidence(context.psa.client, context.bss.accounts, context.creates, context.api_member)
        finder = CompanyFinder(ListedCompanies(rows), self._claims, evidence, context.creates, context.rules)
        left = {row.id: row for row in accounts if account_key(row.id) not in linked}
        for number in range(len(finder.rules)):
            for account in list(left.values()):
                found = await self._by_rule(finder, number, account)
                if found is not None:
                    del left[account.id]
                    linked |= found
        return {key.number: target for key, target in linked.items()}

    async def _by_rule(
        self, finder: CompanyFinder, number: int, account: bss.Account
    ) -> dict[BillingKey, int] | None:
        """What a rule decides about an account; None when it says nothing."""
        key = account_key(account.id)
        how, rule = finder.rules[number]
        try:
            fitting = await rule(account)
        except errors.Refused:
            # A stranger's company with the account's id, or links of the vendor's connector: its job says what to do.
            self._done.ambiguous[str(key)] = []
            return {}
        return await self._link(key, [row.id for row in fitting], how) if fitting else None

    async def _contacts(self, companies: Mapping[int, int]) -> None:
        """Link the contacts of the accounts that have a company."""
        context = self._context
        records = [unclear.left_out(row) for row in await context.psa.client.contacts.find()]
        linked = await self._known("contact", {row.id for row in records})
        of_company: dict[int, list[connectwise.Contact]] = defaultdict(list)
        for record in records:
            if record.company is not None:
                of_company[record.company.id].append(record)
        finder = ContactFinder(
            context, CommunicationTypes(context.psa.client, context.rules.mobile_type), self._claims
        )
        for contact in map(unclear.left_out, await context.bss.contacts.find()):
            key = contact_key(contact.id)
            company = companies.get(contact.account.id) if contact.account is not None else None
            if company is None or key in linked:
                continue
            found = await finder.fitting(contact, of_company.get(company, ()))
            if found:
                await self._link(key, [one.record.id for one in found], found[0].how)

    async def _known(self, kind: str, living: set[int]) -> dict[BillingKey, int]:
        """The links that there are; those to records that ConnectWise no longer has are reported."""
        known: dict[BillingKey, Link] = {}
        for identity, link in (await self._context.links.all(kind)).items():
            key = of_identity(identity)
            if key is not None:
                known[key] = link
        for key, link in known.items():
            if link.target not in living:
                self._done.gone[str(key)] = link.target
        self._unchanged += sum(link.target in living for link in known.values())
        return {key: link.target for key, link in known.items()}

    async def _link(self, key: BillingKey, fitting: list[int], how: How) -> dict[BillingKey, int]:
        if len(fitting) > 1:
            self._done.ambiguous[str(key)] = sorted(fitting)
            return {}
        if not await self._claims.claim(key, fitting[0], how):
            return {}
        self._done.added[str(key)] = fitting[0]
        return {key: fitting[0]}
