"""Finds the company of an account that has no link, among companies that are not deleted and belong to no other account."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

import msgspec

from cwbridge import errors
from cwbridge.connectors.bss import models as bss
from cwbridge.connectors.connectwise import models as connectwise
from cwbridge.ledger.creates import Creates
from cwbridge.ledger.links import How
from cwbridge.text import folded
from worker.billing import keys
from worker.billing.account_fields import MADE_CODE
from worker.billing.company_books import CompanyBook
from worker.billing.evidence import Evidence, codes_agree, names_agree
from worker.billing.keys import account_key
from worker.billing.rules import BillingRules
from worker.psa.identities import relink_command


class FoundCompany(msgspec.Struct, frozen=True):
    """A company and the rule by which it was found."""

    company: connectwise.Company
    how: How


class TakenRecords(Protocol):
    """Who is linked to which record, as the ledger of links tells it."""

    async def of_targets(self, kind: str, targets: Iterable[int], /) -> dict[int, tuple[str, ...]]:
        """The identities that are linked to each target."""


Rule = Callable[[bss.Account], Awaitable[list[connectwise.Company]]]


class CompanyFinder:
    """The rules in their order; the first that finds a company decides, and several hits of one rule are refused."""

    def __init__(
        self,
        companies: CompanyBook,
        links: TakenRecords,
        evidence: Evidence,
        creates: Creates,
        rules: BillingRules,
    ) -> None:
        self._companies = companies
        self._links = links
        self._evidence = evidence
        self._creates = creates
        self._rules = rules

    @property
    def rules(self) -> tuple[tuple[How, Rule], ...]:
        """Every rule with the way in which it finds; a rule answers all companies that fit and are free."""
        return (
            ("external_id", self._of_create),
            ("external_id", self._by_vendor_link),
            ("external_id", self._by_identifier),
            ("name", self._by_create),
            ("name", self._by_code),
            ("name", self._by_name),
        )

    async def find(self, account: bss.Account) -> FoundCompany | None:
        """The company, or None when none fits; raises Ambiguous for several, Refused for a stranger's with the account's id."""
        for how, rule in self.rules:
            found = _only(account, await rule(account))
            if found is not None:
                return FoundCompany(found, how)
        return None

    async def identified(self, account: bss.Account) -> connectwise.Company | None:
        """The company whose identifier is the account's id, where it was made for the account."""
        rows = await self._by_identifier(account)
        return rows[0] if rows else None

    async def binned(self, account: bss.Account) -> connectwise.Company | None:
        """The company in the recycle bin that keeps the account's id as its identifier."""
        rows = await self._companies.identified(str(account.id))
        return next((row for row in rows if row.deletedFlag), None)

    async def _by_identifier(self, account: bss.Account) -> list[connectwise.Company]:
        rows = await self._free(account, await self._companies.identified(str(account.id)))
        for row in rows:
            if not await self._evidence.made_for(account, row):
                raise _stranger(account, row)
        return rows[:1]

    async def _by_vendor_link(self, account: bss.Account) -> list[connectwise.Company]:
        """The company that the vendor's own connector has linked."""
        linked = (account.integrationId or "").strip()
        if not linked:
            return []
        if not self._rules.adopt_vendor_links:
            self._refuse_vendor(account)
            return []
        if not linked.isdecimal():
            return []
        return await self._free(account, await self._companies.of_id(int(linked)))

    def _refuse_vendor(self, account: bss.Account) -> None:
        if not self._rules.beside_vendor_connector:
            raise errors.Refused(
                "The vendor's own ConnectWise connector syncs accounts of this tenant",
                detail=f"integrationId {account.integrationId} of account {account.id} {account.name!r}",
                remedy="Switch that connector off and set billing.adopt_vendor_links = true to take over its links, "
                "or set billing.beside_vendor_connector = true; then requeue.",
            )

    async def _by_code(self, account: bss.Account) -> list[connectwise.Company]:
        """By account number; a code that was made for a company names its identifier."""
        code = account.code or ""
        if not code.strip():
            return []
        if code.startswith(MADE_CODE):
            identifier = code.removeprefix(MADE_CODE)
            rows = await self._companies.identified(identifier)
            return await self._free(
                account, [row for row in rows if folded(row.identifier) == folded(identifier)]
            )
        rows = await self._companies.numbered(code.strip())
        return await self._free(account, [row for row in rows if codes_agree(account, row)])

    async def _of_create(self, account: bss.Account) -> list[connectwise.Company]:
        """The company that an open create is known to have made of the account, or the account of it."""
        company = keys.record_made(account_key(account.id), await self._creates.made())
        return [] if company is None else await self._free(account, await self._companies.of_id(company))

    async def _by_create(self, account: bss.Account) -> list[connectwise.Company]:
        """The company for which the account was made, by what was sent: another user may have edited the company since."""
        found = []
        for identity, sent in (await self._creates.all()).items():
            code = sent.get("code")
            company = keys.record_of("company", identity)
            if company is not None and code is not None and folded(code.sent) == folded(account.code):
                found += await self._companies.of_id(company)
        return await self._free(account, found)

    async def _by_name(self, account: bss.Account) -> list[connectwise.Company]:
        rows = await self._companies.named(account.name or "")
        return await self._free(account, [row for row in rows if names_agree(account, row)])

    async def _free(
        self, account: bss.Account, rows: Iterable[connectwise.Company]
    ) -> list[connectwise.Company]:
        """Those that are not deleted, not linked to another account, and not made for another one."""
        living = [row for row in rows if not row.deletedFlag]
        linked = await self._links.of_targets("company", [row.id for row in living])
        own = account_key(account.id)
        return [
            row
            for row in living
            if all(keys.of_identity(identity) in {None, own} for identity in linked.get(row.id, ()))
            and not await self._evidence.made_for_another(account, row)
        ]


def listed(companies: Iterable[connectwise.Company]) -> str:
    """Companies as candidates in a refusal."""
    return ", ".join(f"company {row.id} {row.name!r} ({row.identifier})" for row in companies)


def _only(account: bss.Account, rows: list[connectwise.Company]) -> connectwise.Company | None:
    if len(rows) > 1:
        raise errors.Ambiguous(
            "Several companies of ConnectWise fit an account",
            detail=f"account {account.id} {account.name!r}: {listed(rows)}",
            remedy="Delete, merge or rename all but one of them in ConnectWise and requeue, "
            f"or choose one: {relink_command(account_key(account.id).identity)}",
        )
    return rows[0] if rows else None


def _stranger(account: bss.Account, row: connectwise.Company) -> errors.Refused:
    return errors.Refused(
        "A company that was not made for an account has the account's id as its identifier",
        detail=f"account {account.id} {account.name!r}: {listed([row])}",
        remedy="Change the company's identifier in ConnectWise and requeue, or, if it is the right company: "
        f"{relink_command(account_key(account.id).identity)}",
    )
