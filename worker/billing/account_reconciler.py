"""One account and its company: find or create the company, merge the fields of both, write each side, keep what was agreed on."""

from __future__ import annotations

import msgspec
import structlog

from cwbridge import errors, freshness
from cwbridge.connectors.bss import models as bss
from cwbridge.connectors.bss.drafts import replace
from cwbridge.connectors.connectwise import models as connectwise
from cwbridge.ledger.agreements import Agreed, Keeper
from cwbridge.ledger.history import Event
from cwbridge.ledger.links import Link
from cwbridge.queue.job import Run
from cwbridge.text import folded
from worker.billing import account_types, disappearance
from worker.billing.account_fields import FIELDS, AccountFields, Relatives, account_changes, company_changes
from worker.billing.account_types import AccountTypes, TypeDecision, TypesSeen
from worker.billing.company_creator import CompanyCreator
from worker.billing.company_finder import CompanyFinder, FoundCompany
from worker.billing.context import BillingContext
from worker.billing.keys import BillingKey, company_key
from worker.billing.merge import Merge, attempts_of, merge, recovered
from worker.billing.outcome import Also, skipped, synced
from worker.billing.relatives import RelativesReader
from worker.billing.values import Sides, agreed_on, has_changed_meanwhile, newly_agreed, unsettled

log = structlog.get_logger(__name__)
TYPE = "type"
_PEOPLE = "people"
"""Kept with the agreed values once the contacts of the company are enqueued: before its link none of them could be pulled."""


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """An account and its company as read, and what they last agreed on."""

    account: bss.Account
    company: connectwise.Company
    link: Link
    agreed: dict[str, Agreed]
    is_new: bool = False


class AccountReconciler:
    """Makes one account and its company agree."""

    def __init__(
        self,
        context: BillingContext,
        *,
        fields: AccountFields,
        types: AccountTypes,
        finder: CompanyFinder,
        creator: CompanyCreator,
        relatives: RelativesReader,
    ) -> None:
        self._context = context
        self._companies = context.psa.client.companies
        self._fields = fields
        self._types = types
        self._finder = finder
        self._creator = creator
        self._relatives = relatives

    async def reconcile(self, run: Run, key: BillingKey) -> Event | None:
        """Sync the account of `key`; the event says what was done, None that there was nothing to do."""
        link = await self._context.link_of(key)
        try:
            account = await self._context.bss.accounts.get(key.number)
            freshness.source_changed(account.updatedAt)
        except errors.NotFound:
            return await disappearance.from_bss(self._context, key, link, _shown)
        if link is None:
            pair = await self._first(run, key, account)
            if pair is None:
                return skipped("ConnectWise has no company for it, and accounts are not pushed")
            return await self._agree(run, key, pair)
        company = await self._living(link)
        if company is None:
            return await disappearance.from_connectwise(self._context, key, link, "company", _shown)
        await self._context.finish(key, link, "")
        agreed = await self._context.agreements.of(key.identity)
        return await self._agree(run, key, Pair(account=account, company=company, link=link, agreed=agreed))

    async def _first(self, run: Run, key: BillingKey, account: bss.Account) -> Pair | None:
        """Find the company, or create it where accounts are pushed; no other run makes one of that name meanwhile."""
        relatives = await self._relatives.of(run, account, None)
        async with self._context.psa.locks.hold(f"company:{folded(account.name)}"):
            found = await self._finder.find(account)
            if found is not None:
                return await self._link_found(key, account, found, relatives)
            if not self._context.rules.accounts.push:
                return None
            values = await self._fields.of_account(account, relatives)
            made = await self._creator.create(account, values)
            if made.how != "created":
                return await self._link_found(key, account, made, relatives)
            agreed = agreed_on(values, await self._fields.of_company(made.company))
            agreed |= _type_agreed(await self._types.seen(_type_of(account), made.company))
            agreed[_PEOPLE] = Agreed("", "")
            link = await self._context.link(key, made.company.id, "created", agreed)
        return Pair(account=account, company=made.company, link=link, agreed=agreed, is_new=True)

    async def _link_found(
        self, key: BillingKey, account: bss.Account, found: FoundCompany, relatives: Relatives
    ) -> Pair:
        """Of a record that an earlier run made and did not link, both sides agreed on what was sent."""
        company = found.company
        sides = await self._sides(account, company, relatives)
        agreed = await self._context.agreed_at_create(key, company.id, FIELDS, sides)
        link = await self._context.link(key, company.id, found.how, agreed)
        return Pair(account=account, company=company, link=link, agreed=agreed, is_new=True)

    async def _living(self, link: Link) -> connectwise.Company | None:
        try:
            company = await self._companies.get(link.target)
        except errors.NotFound:
            return None
        return None if company.deletedFlag else company

    async def _agree(self, run: Run, key: BillingKey, pair: Pair) -> Event | None:
        """Merge and write; ConnectWise first, so that what BSS refuses leaves no change of BSS unwritten."""
        policy = self._context.rules.accounts
        relatives = await self._relatives.of(run, pair.account, pair.company.id)
        before = await self._sides(pair.account, pair.company, relatives)
        attempts = await self._context.attempts.of(key.identity)
        known = recovered(FIELDS, before.seen, pair.agreed, attempts.last, attempts.late)
        merged = merge(FIELDS, before.seen, known, policy)
        types = await self._types.seen(_type_of(pair.account), pair.company)
        decision = account_types.decide(types, pair.agreed.get(TYPE), policy)
        # Before new attempts take the place of those from which they were recovered.
        kept = Keeper(self._context.agreements, key.identity, pair.agreed)
        await kept.keep(known)
        own = attempts_of(merged, before.seen)
        await self._context.attempts.begin(key.identity, own)
        async with self._context.writing(key, own):
            company = await self._push(run, pair, merged, decision, relatives)
        pushed = await self._sides(pair.account, company, relatives)
        half = Merge(push=merged.push, agreed=merged.agreed)
        agreed = known | newly_agreed(FIELDS, half, before, pushed, attempts.last) | _type_agreed(types)
        if TYPE in agreed and not types.account:
            agreed[TYPE] = Agreed("", agreed[TYPE].target)
        if decision.add is not None:
            agreed |= _type_agreed(await self._types.seen(_type_of(pair.account), company))
        await kept.keep(agreed)
        async with self._context.writing(key, own):
            account = await self._pull(pair, merged, decision)
        after = pushed
        if account is not pair.account:
            after = await self._sides(account, company, relatives)
            agreed |= newly_agreed(FIELDS, Merge(pull=merged.pull), before, after, attempts.last)
            agreed |= _type_agreed(await self._types.seen(_type_of(account), company))
            await kept.keep(agreed)
        left = unsettled(FIELDS, own, after, attempts.last)
        if attempts or merged.is_written:
            await self._context.attempts.end(key.identity, attempts)
        await self._context.attempts.begin(key.identity, left)
        others_changed = has_changed_meanwhile(agreed, merged, before, after)
        if left or others_changed or _differs_beside_fields(pair, account, company, decision):
            await self._context.enqueue(run, str(key))
        if _PEOPLE not in agreed:
            await self._context.enqueue_contacts(run, company.id)
            await kept.keep(agreed | {_PEOPLE: Agreed("", "")})
        await self._context.wake(run, company_key(company.id))
        if _type_of(account):
            await self._context.wake(run, key)
        return synced("company", pair.link, merged, before, also=_of_types(decision), is_new=pair.is_new)

    async def _sides(self, account: bss.Account, company: connectwise.Company, relatives: Relatives) -> Sides:
        source = await self._fields.of_account(account, relatives)
        return Sides(source, await self._fields.of_company(company))

    async def _push(
        self, run: Run, pair: Pair, merged: Merge, decision: TypeDecision, relatives: Relatives
    ) -> connectwise.Company:
        company = pair.company
        if merged.push:
            try:
                company = await self._companies.patch(company.id, *company_changes(merged.push))
            except errors.ReferenceGone as gone:
                await self._forget(run, gone.field, relatives)
                raise errors.Unsettled(gone.cause, detail=gone.detail) from gone
            self._context.psa.objects.count("company", "updated")
            await self._context.note_ourselves(company)
        if decision.add is not None:
            await self._types.add(company.id, decision.add)
            read = await self._companies.get(company.id)
            if not merged.push:
                return read
            # The answer of the write tells what became of it; what another user has changed since then is for another run.
            typed = msgspec.structs.replace(company, types=read.types)
            if msgspec.structs.replace(read, info=None) != msgspec.structs.replace(typed, info=None):
                await self._context.enqueue(run, run.key)
            return typed
        return company

    async def _forget(self, run: Run, field: str, relatives: Relatives) -> None:
        """Look up again what ConnectWise no longer has; a relative's own run notices that its record is gone."""
        self._context.psa.setup_tables.forget()
        related = {
            "parentCompany": ("account", relatives.parent),
            "defaultContact": ("contact", relatives.default_contact),
        }
        noun, pair = related.get(field, ("", None))
        if pair is not None:
            await self._context.enqueue(run, f"bss/{noun}/{pair[0]}")

    async def _pull(self, pair: Pair, merged: Merge, decision: TypeDecision) -> bss.Account:
        operations = account_changes(merged.pull)
        if decision.pull:
            operations.append(replace("/typeId", await self._types.account_type(decision.pull)))
        if not operations:
            return pair.account
        accounts = self._context.bss.accounts
        await accounts.patch(pair.account.id, *operations)
        self._context.psa.objects.count("account", "updated")
        return await self._context.account_after_write(pair.account.id)


def _shown(link: Link) -> str:
    return f"company {link.target}"


def _differs_beside_fields(
    pair: Pair, account: bss.Account, company: connectwise.Company, decision: TypeDecision
) -> bool:
    """Whether the parent or a type has changed since the pair was read, beside what the run itself wrote."""
    own_type = decision.pull or _type_of(pair.account)
    types = {kind.id for kind in company.types or ()} - {decision.add}
    return (
        _parent_of(account) != _parent_of(pair.account)
        or folded(_type_of(account)) != folded(own_type)
        or types != {kind.id for kind in pair.company.types or ()}
    )


def _parent_of(account: bss.Account) -> int | None:
    return None if account.parentAccount is None else account.parentAccount.id


def _type_of(account: bss.Account) -> str:
    return (account.type.name if account.type is not None else None) or ""


def _type_agreed(seen: TypesSeen) -> dict[str, Agreed]:
    return {TYPE: seen.agreed} if seen.agree else {}


def _of_types(decision: TypeDecision) -> Also:
    return Also(
        push=(TYPE,) if decision.add is not None else (),
        pull=(TYPE,) if decision.pull else (),
        notes=(decision.lost,) if decision.lost else (),
    )
