"""One subscription and its addition: find or create it, keep it as BSS has it, end it, and replace it when account, unit or product change."""

from __future__ import annotations

from datetime import date

import msgspec

from cwbridge import clock, errors, freshness
from cwbridge.connectors.bss import documents as bss
from cwbridge.connectors.connectwise import finance
from cwbridge.ledger.agreements import Agreed, Keeper
from cwbridge.ledger.history import Event
from cwbridge.ledger.links import How, Link
from cwbridge.queue.job import Run
from worker.billing import disappearance
from worker.billing import subscription_fields as fields
from worker.billing.agreement_finder import AgreementFinder, Wanted
from worker.billing.context import BillingContext
from worker.billing.dependencies import Dependencies
from worker.billing.keys import BillingKey, account_key, document_key
from worker.billing.outcome import Skip
from worker.billing.subscription_custom_fields import SubscriptionCustomFields
from worker.billing.subscription_fields import ACCOUNT, PRODUCT, REPLACED, UNIT
from worker.billing.subscription_finder import FoundAddition, SubscriptionFinder
from worker.billing.subscription_writer import SubscriptionWriter


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """An addition as read, how it is linked, and what both sides last agreed on."""

    addition: finance.Addition
    link: Link
    agreed: dict[str, Agreed]
    is_new: bool = False
    notes: tuple[str, ...] = ()


class SubscriptionReconciler:
    """Brings the addition of one subscription to what BSS says; nothing goes back to BSS, and nothing is deleted."""

    def __init__(
        self,
        context: BillingContext,
        dependencies: Dependencies,
        agreements: AgreementFinder,
        custom_fields: SubscriptionCustomFields,
    ) -> None:
        self._context = context
        self._dependencies = dependencies
        self._agreements = agreements
        self._custom_fields = custom_fields
        self._finder = SubscriptionFinder(context, agreements, custom_fields)
        self._writer = SubscriptionWriter(context, self._finder, custom_fields)
        self._rules = context.rules.documents.subscriptions

    async def reconcile(self, run: Run, key: BillingKey) -> Event | None:
        """Sync the subscription of `key`; the event says what was done, None that there was nothing to do."""
        link = await self._context.link_of(key)
        try:
            subscription = await self._context.bss.subscriptions.get(key.id)
            freshness.source_changed(subscription.updatedAt)
        except errors.NotFound:
            return await disappearance.from_bss(self._context, key, link, _shown)
        if link is None:
            pair = await self._first(run, key, subscription)
        else:
            try:
                addition = await self._context.psa.client.additions_of(link.parent).get(link.target)
            except errors.NotFound:
                return await disappearance.from_connectwise(self._context, key, link, "addition", _shown)
            await self._context.finish(key, link, "")
            pair = Pair(addition=addition, link=link, agreed=await self._context.agreements.of(key.identity))
        changed = fields.changed_parts(subscription, pair.agreed)
        if changed and not fields.is_ended(subscription):
            pair = await self._replace(run, key, subscription, pair, changed)
        return await self._update(key, subscription, pair)

    async def _first(self, run: Run, key: BillingKey, subscription: bss.Subscription) -> Pair:
        """Find the addition or create it, and link it."""
        account = _account(key, subscription)
        company = (await self._dependencies.need(run, account_key(account))).target
        is_over = fields.is_ended(subscription)
        type_ = None if is_over else await self._agreements.type_of(subscription.unit)
        product = 0 if is_over else await self._product(run, key, subscription)
        async with self._context.psa.locks.hold(f"subscription:{key.id}"):
            found = await self._finder.find(key, company, None if type_ is None else type_.id)
            if found is not None:
                return await self._link_found(key, subscription, found)
            if type_ is None:
                raise Skip("it was cancelled before it came to ConnectWise")
            agreement = await self._agreements.need(run, Wanted(company=company, account=account, type=type_))
            starts = fields.first_day(subscription, agreement, _today())
            return await self._create(key, subscription, agreement, product, starts)

    async def _create(
        self,
        key: BillingKey,
        subscription: bss.Subscription,
        agreement: finance.Agreement,
        product: int,
        starts: date,
        *,
        before: int = 0,
    ) -> Pair:
        """The new addition, linked; `before` is the one that it replaces."""
        wanted = fields.fields(
            subscription,
            billable=self._rules.billable,
            starts=fields.day(starts, source=subscription.startDate or starts),
            ends=None,
        )
        addition, is_made = await self._writer.create(key, agreement, product, wanted, besides=before)
        agreed = fields.agreed_at_create(fields.sent_fields(wanted)) | _made_of(
            subscription, agreement, product
        )
        how: How = "created" if is_made else "external_id"
        has_name = await self._custom_fields.name_field() is not None
        notes = () if has_name or not subscription.name else (self._custom_fields.without_name,)
        return await self._link(key, FoundAddition(addition, agreement), how, agreed, notes)

    async def _link_found(
        self, key: BillingKey, subscription: bss.Subscription, found: FoundAddition
    ) -> Pair:
        """Of an addition that an earlier run made and did not link, both sides agreed on what was sent."""
        agreed = fields.agreed_at_create(await self._context.creates.of(key.identity))
        product = found.addition.product
        here = product.id if product is not None else 0
        parts = _made_of(subscription, found.agreement, here)
        if not await self._is_of_unit(subscription, found.agreement):
            parts[UNIT] = Agreed("", parts[UNIT].target)
        if subscription.product is not None:
            item = await self._context.link_of(document_key("product", subscription.product.id))
            if item is not None and item.target != here:
                parts[PRODUCT] = Agreed("", parts[PRODUCT].target)
        return await self._link(key, found, "external_id", agreed | parts)

    async def _is_of_unit(self, subscription: bss.Subscription, agreement: finance.Agreement) -> bool:
        if fields.is_ended(subscription) or agreement.type is None:
            return True
        return (await self._agreements.type_of(subscription.unit)).id == agreement.type.id

    async def _link(
        self,
        key: BillingKey,
        found: FoundAddition,
        how: How,
        agreed: dict[str, Agreed],
        notes: tuple[str, ...] = (),
    ) -> Pair:
        link = Link(target=found.addition.id, how=how, parent=found.agreement.id)
        await self._context.keep(key, link, agreed)
        return Pair(addition=found.addition, link=link, agreed=agreed, is_new=True, notes=notes)

    async def _replace(
        self,
        run: Run,
        key: BillingKey,
        subscription: bss.Subscription,
        pair: Pair,
        changed: tuple[str, ...],
    ) -> Pair:
        """End the addition on the day of the change, and make another one from that day on.

        The day is kept before anything is written, so that a run which goes on later leaves no days out.
        """
        account = _account(key, subscription)
        company = (await self._dependencies.need(run, account_key(account))).target
        type_ = await self._agreements.type_of(subscription.unit)
        product = await self._product(run, key, subscription)
        old, link = pair.addition, pair.link
        async with self._context.psa.locks.hold(f"subscription:{key.id}"):
            agreement = await self._agreements.need(run, Wanted(company=company, account=account, type=type_))
            on = await self._day_of_change(key, pair)
            await self._writer.end(link.parent, old, on)
            found = await self._finder.in_agreement(key, agreement, besides=(old.id,))
            starts = max(on, fields.first_day(subscription, agreement, on))
            new = (
                await self._create(key, subscription, agreement, product, starts, before=old.id)
                if found is None
                else await self._link_found(key, subscription, found)
            )
        note = f"another {' and '.join(changed)}: addition {old.id} ends on {on.isoformat()}"
        return msgspec.structs.replace(new, is_new=pair.is_new, notes=(note, *new.notes))

    async def _day_of_change(self, key: BillingKey, pair: Pair) -> date:
        known = pair.agreed.get(REPLACED)
        if known is not None:
            return date.fromisoformat(known.source)
        starts = fields.day_of(pair.addition.effectiveDate)
        on = _today() if starts is None else max(_today(), starts)
        text = on.isoformat()
        ended = Agreed(text, text)
        # A subscription that changes back meanwhile finds its addition ended by us, and takes that back.
        await self._context.agreements.put(
            key.identity, pair.agreed | {REPLACED: ended, "cancelledDate": ended}
        )
        return on

    async def _update(self, key: BillingKey, subscription: bss.Subscription, pair: Pair) -> Event | None:
        """Write what BSS changed, and keep what both agree on."""
        addition = pair.addition
        name_field = await self._custom_fields.name_field()
        here = fields.held(addition, name_field)
        kept = Keeper(self._context.agreements, key.identity, pair.agreed)
        before = kept.recovered(lambda name: here.get(name, ""))
        wanted = dict(
            fields.fields(
                subscription,
                billable=self._rules.billable,
                starts=await self._starts(subscription, pair),
                ends=fields.last_day(subscription, addition, before.get("cancelledDate"), _today()),
            )
        )
        if name_field is None:
            wanted.pop(fields.NAME)
        values = fields.to_write(here, wanted, before, self._context.rules.accounts.master)
        if values:
            await kept.keep_sent(before, fields.about_to_be_sent(wanted, values))
            addition = await self._writer.change(pair.link.parent, addition.id, values)
        now = fields.held(addition, name_field)
        discrepancies = fields.overridden(now, wanted, before, values)
        agreed = {
            **{name: before[name] for name in (ACCOUNT, UNIT, PRODUCT) if name in before},
            **fields.agreed_on(now, wanted),
        }
        await kept.keep(agreed)
        return _event(pair, tuple(values), discrepancies)

    async def _starts(self, subscription: bss.Subscription, pair: Pair) -> fields.Wanted:
        """The first day; the agreement is read only where BSS has changed it."""
        known = pair.agreed.get("effectiveDate")
        source = subscription.startDate
        if source is None or (known is not None and known.source == source.isoformat()):
            text = known.target if known is not None else ""
            return fields.Wanted(known.source if known is not None else "", text, None)
        agreement = await self._context.psa.client.agreements.get(pair.link.parent)
        return fields.day(fields.first_day(subscription, agreement, source), source=source)

    async def _product(self, run: Run, key: BillingKey, subscription: bss.Subscription) -> int:
        if subscription.product is None:
            raise errors.Refused(
                "A subscription names no product",
                detail=str(key),
                remedy="Give the subscription a product in BSS; saving it starts the sync again.",
            )
        needed = document_key("product", subscription.product.id)
        return (await self._dependencies.need(run, needed)).target


def _shown(link: Link) -> str:
    return f"addition {link.target}"


def _account(key: BillingKey, subscription: bss.Subscription) -> int:
    if subscription.account is None:
        raise errors.Refused(
            "A subscription names no account",
            detail=str(key),
            remedy="Give the subscription an account in BSS; saving it starts the sync again.",
        )
    return subscription.account.id


def _made_of(subscription: bss.Subscription, agreement: finance.Agreement, product: int) -> dict[str, Agreed]:
    account, unit, item = fields.made_of(subscription)
    company = "" if agreement.company is None else str(agreement.company.id)
    return {
        ACCOUNT: Agreed(account, company),
        UNIT: Agreed(unit, str(agreement.id)),
        PRODUCT: Agreed(item, str(product)),
    }


def _event(pair: Pair, written: tuple[str, ...], discrepancies: tuple[str, ...]) -> Event | None:
    parts = [*pair.notes, *([f"to ConnectWise: {', '.join(written)}"] if written else [])]
    if not (parts or discrepancies or pair.is_new):
        return None
    new = "created" if pair.link.how == "created" else "linked"
    changed = "updated" if parts else "checked"
    return Event(
        what=new if pair.is_new else changed,
        target=pair.link.target,
        cause="; ".join(parts),
        matches=(f"addition {pair.link.target} of agreement {pair.link.parent} ({pair.link.how})",),
        discrepancies=discrepancies,
    )


def _today() -> date:
    return clock.utc_now().date()
