"""One order or invoice and its record: find or create the record, write its lines and its header, compare what both come to."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from decimal import Decimal
from typing import Any, Generic

import msgspec
import structlog

from cwbridge import errors, freshness
from cwbridge.ledger.agreements import Agreed, Keeper
from cwbridge.ledger.history import Event
from cwbridge.ledger.links import How, Link
from cwbridge.ledger.money_discrepancies import MoneyDiscrepancies
from cwbridge.queue.job import Run
from worker.billing import disappearance, document_items, document_outcome, document_totals
from worker.billing import document_header as header
from worker.billing.context import BillingContext
from worker.billing.document_finder import DocumentFinder
from worker.billing.document_header import Header
from worker.billing.document_kind import Desired, Kind, Source, Target
from worker.billing.document_lines import DocumentLines
from worker.billing.document_outcome import Done
from worker.billing.document_totals import Totals
from worker.billing.keys import BillingKey
from worker.billing.outcome import skipped
from worker.psa.gone import gone_reference
from worker.psa.line_writer import Applied
from worker.psa.product_lines import LineParent
from worker.psa.records import DesiredLine, DesiredProduct

log = structlog.get_logger(__name__)


class Pair(msgspec.Struct, Generic[Target], frozen=True, kw_only=True):
    """A record of ConnectWise as read, how it is linked, and what both sides last agreed on."""

    record: Target
    link: Link
    agreed: dict[str, Agreed]
    is_new: bool = False
    notes: tuple[str, ...] = ()


class DocumentReconciler(Generic[Source, Target]):
    """Brings the record of one order or invoice to what BSS says; nothing goes back to BSS, and nothing is deleted but own lines."""

    def __init__(
        self,
        context: BillingContext,
        kind: Kind[Source, Target],
        finder: DocumentFinder[Source, Target],
        lines: DocumentLines,
        money: MoneyDiscrepancies,
    ) -> None:
        self._context = context
        self._kind = kind
        self._finder = finder
        self._lines = lines
        self._money = money

    async def reconcile(self, run: Run, key: BillingKey) -> Event | None:
        """Sync the document of `key`; the event says what was done, None that there was nothing to do."""
        link = await self._context.link_of(key)
        try:
            document = await self._kind.source.get(key.id)
            freshness.source_changed(document.updatedAt)
        except errors.NotFound:
            return await disappearance.from_bss(self._context, key, link, self._shown)
        reason = self._kind.reason_skipped(document)
        if reason:
            return skipped(reason) if link is None else document_outcome.kept(key, link, reason)
        desired = await self._kind.desired(run, key, document)
        lines = document_items.lines_of(desired.charges, self._context.rules.documents.billable)
        if link is None:
            await self._lines.enter(run)
            catalog_items = await self._lines.catalog_items(run, lines)
            pair = await self._first(key, desired)
        else:
            record = await self._living(link)
            if record is None:
                await self._compare(key, desired, None)
                return await disappearance.from_connectwise(
                    self._context, key, link, self._kind.record, self._shown
                )
            await self._context.finish(key, link, "")
            pair = Pair(record=record, link=link, agreed=await self._context.agreements.of(key.identity))
            catalog_items = {}
        lock = await self._kind.lock_of(pair.record)
        if lock:
            return await self._locked(key, desired, lines, pair, lock)
        if link is not None:
            await self._lines.enter(run)
            catalog_items = await self._lines.catalog_items(run, lines)
        return await self._write(key, desired, lines, catalog_items, pair)

    async def _living(self, link: Link) -> Target | None:
        try:
            return await self._kind.target.get(link.target)
        except errors.NotFound:
            return None

    async def _first(self, key: BillingKey, desired: Desired) -> Pair[Target]:
        """Find the record or create it, and link it; no other run makes one of that code in the company meanwhile."""
        earlier = desired.as_sent(await self._context.creates.of(key.identity), self._kind.external_id)
        if earlier is not None:
            async with self._locked_code(key, earlier):
                found = await self._finder.find(key, earlier)
                if found is not None:
                    return await self._link(key, found, "external_id")
        async with self._locked_code(key, desired):
            found = await self._finder.find(key, desired)
            if found is not None:
                return await self._link(key, found, "external_id")
            return await self._create(key, desired)

    def _locked_code(self, key: BillingKey, desired: Desired) -> AbstractAsyncContextManager[None]:
        return self._context.psa.locks.hold(f"{key.noun}:{desired.company}:{desired.code}")

    async def _link(
        self, key: BillingKey, record: Target, how: How, notes: tuple[str, ...] = ()
    ) -> Pair[Target]:
        """Of a record that an earlier run made and did not link, both sides agreed on what was sent."""
        agreed = header.agreed_at_create(await self._context.creates.of(key.identity))
        link = await self._context.link(key, record.id, how, agreed)
        return Pair(record=record, link=link, agreed=agreed, is_new=True, notes=notes)

    async def _create(self, key: BillingKey, desired: Desired) -> Pair[Target]:
        """The new record, or the one that stands there after a lost answer."""
        draft = header.draft({**desired.header, **desired.interim}) | desired.first
        try:
            record = await self._send(key, draft, desired)
        except (errors.OutcomeUnknown, errors.Duplicate) as failure:
            found = await self._finder.find(key, desired)
            if found is not None:
                return await self._link(key, found, "external_id")
            other = (
                self._kind.without_taken(draft, failure) if isinstance(failure, errors.Duplicate) else None
            )
            if other is None:
                raise
            record = await self._send(key, other, desired)
        return await self._link(key, record, "created", self._kind.notes_of(record, desired))

    async def _send(self, key: BillingKey, draft: dict[str, Any], desired: Desired) -> Target:
        try:
            async with self._context.creating(
                key.identity, header.sent_fields({**desired.header, **desired.interim})
            ):
                record = await self._kind.target.create(draft)
        except errors.Refused as refusal:
            self._look_up_again(refusal, desired.header)
            raise
        await self._context.creates.answered(key.identity, record.id)
        await self._context.note_ourselves(record)
        self._context.psa.objects.count(key.record, "created")
        log.info("document_created", noun=key.noun, record_id=record.id, code=desired.code)
        return record

    async def _write(
        self,
        key: BillingKey,
        desired: Desired,
        lines: tuple[DesiredLine, ...],
        catalog_items: dict[DesiredProduct, int],
        pair: Pair[Target],
    ) -> Event | None:
        """Write the lines first, so that their refusal leaves the header as it was."""
        parent = LineParent(self._kind.parent, pair.record.id)
        try:
            applied = await self._lines.settle(
                parent, lines, catalog_items, known_empty=pair.link.how == "created" and pair.is_new
            )
        except errors.Refused:
            await self._compare(key, desired, await self._kind.target.get(pair.record.id))
            raise
        kept = Keeper(self._context.agreements, key.identity, pair.agreed)
        before = kept.recovered(lambda name: header.stored(pair.record, name))
        record, agreed, written = await self._write_header(pair.record, desired.header, before, kept)
        if written or pair.is_new:
            await kept.keep(agreed)
        record, agreed, ended = await self._write_header(record, desired.last, agreed, kept)
        await kept.keep(agreed)
        if (applied.created or applied.deleted) and not (written or ended):
            record = await self._kind.target.get(record.id)
        found = await self._compare(key, desired, record)
        return document_outcome.event(
            key,
            pair.link,
            Done(
                applied=applied,
                written=(*written, *ended),
                money=found,
                is_new=pair.is_new,
                differed=await self._context.told_discrepancies(key),
                notes=pair.notes,
                billable=self._context.rules.documents.billable,
            ),
        )

    async def _write_header(
        self, record: Target, desired: Header, before: dict[str, Agreed], kept: Keeper
    ) -> tuple[Target, dict[str, Agreed], tuple[str, ...]]:
        """Write what BSS changed; the record after it, what is agreed on, and the names of the written fields."""
        steps = header.changes(record, desired, before, self._context.rules.accounts.master)
        names = tuple(step.path.removeprefix("/") for step in steps)
        if steps:
            sent = {name: Agreed(desired[name].text, desired[name].text) for name in names}
            await kept.keep_sent(before, sent)
            try:
                record = await self._kind.target.patch(record.id, *steps)
            except errors.Refused as refusal:
                self._look_up_again(refusal, desired)
                raise
            await self._context.note_ourselves(record)
            self._context.psa.objects.count(self._kind.record, "updated")
        return record, before | header.agreed_after(record, desired, before, names), names

    def _look_up_again(self, refusal: errors.Refused, desired: Header) -> None:
        """Raise Unsettled where ConnectWise no longer has what a name stood for, so that the next run looks it up again."""
        gone = gone_reference(refusal)
        if gone and gone in {name.lower().removesuffix("id") for name in desired}:
            self._kind.forget()
            raise errors.Unsettled(refusal.cause, detail=refusal.detail) from refusal

    async def _compare(self, key: BillingKey, desired: Desired, record: Target | None) -> tuple[str, ...]:
        """Keep the differences in money, or that there are none any more; as sentences. A record that is gone comes to nothing."""
        net, tax = (Decimal(0), Decimal(0)) if record is None else self._kind.totals_of(record)
        found = document_totals.compare(
            Totals(net=document_items.total_of(desired.charges), tax=desired.tax),
            Totals(net=net, tax=tax),
            currency=desired.currency,
            billable=self._context.rules.documents.billable,
        )
        await self._money.keep(str(key), found)
        for kind, discrepancy in found.items():
            log.warning(
                "totals_differ",
                key=str(key),
                kind=kind,
                source=str(discrepancy.source),
                target=str(discrepancy.target),
                currency=discrepancy.currency,
            )
        return tuple(document_totals.told(kind, one) for kind, one in found.items())

    async def _locked(
        self,
        key: BillingKey,
        desired: Desired,
        lines: tuple[DesiredLine, ...],
        pair: Pair[Target],
        lock: str,
    ) -> Event | None:
        """A record that takes no change is settled when nothing differs, else refused with the difference in money."""
        record = pair.record
        found = await self._compare(key, desired, record)
        plan = await self._lines.compare(LineParent(self._kind.parent, record.id), lines)
        master = self._context.rules.accounts.master
        compared = {name: field for name, field in desired.header.items() if name not in self._kind.ended_by}
        steps = [
            *header.changes(record, compared, pair.agreed, master),
            *header.changes(record, desired.last, pair.agreed, master),
        ]
        if plan.empty and not steps:
            return document_outcome.event(
                key,
                pair.link,
                Done(
                    applied=Applied(kept=plan.kept, foreign=plan.foreign, discrepancies=plan.discrepancies),
                    money=found,
                    is_new=pair.is_new,
                    differed=await self._context.told_discrepancies(key),
                    billable=self._context.rules.documents.billable,
                ),
            )
        raise document_outcome.refused(
            key,
            shown=self._kind.shown(record),
            lock=lock,
            here=document_items.total_of(desired.charges),
            there=self._kind.totals_of(record)[0],
            plan=plan,
            fields=tuple(step.path.removeprefix("/") for step in steps),
        )

    def _shown(self, link: Link) -> str:
        return f"{self._kind.record} {link.target}"
