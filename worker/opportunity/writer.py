"""Writes one desired opportunity into ConnectWise: header, lines, progress, in the order that harms least when refused."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator
from typing import TypeVar

import msgspec
import structlog

from cwbridge import errors
from cwbridge.connectors.connectwise import client as connectwise
from cwbridge.keys import Key
from cwbridge.ledger.history import Event
from cwbridge.ledger.links import How, Link, Links
from cwbridge.settings import Settings
from worker.opportunity import plan
from worker.opportunity.desired import DesiredOpportunity, Rules
from worker.opportunity.header import Header, HeaderBuilder
from worker.opportunity.target import Found, Target, changes_of
from worker.psa import line_writer as apply
from worker.psa.catalog import Catalog
from worker.psa.catalog_placement import CatalogPlacement
from worker.psa.default_fields import DefaultFields
from worker.psa.inventory_gate import InventoryGate
from worker.psa.setup_tables import SetupTables

log = structlog.get_logger()
T = TypeVar("T")
_CACHED_REFERENCES = frozenset({"company", "contact", "site"})


class Written(msgspec.Struct, frozen=True):
    """What is kept of a state once it is written: the digest of its content, and which state of the source it was."""

    fingerprint: str
    state: str


class OpportunityWriter:
    """Makes ConnectWise hold what is desired, and says what it did."""

    def __init__(
        self,
        client: connectwise.ConnectWiseClient,
        *,
        target: Target,
        header: HeaderBuilder,
        setup_tables: SetupTables,
        catalog_placement: CatalogPlacement,
        catalog: Catalog,
        inventory_gate: InventoryGate,
        links: Links,
        default_fields: DefaultFields,
        rules: Rules,
        settings: Settings,
    ) -> None:
        self._client = client
        self._target = target
        self._header = header
        self._setup_tables = setup_tables
        self._catalog_placement = catalog_placement
        self._catalog = catalog
        self._inventory_gate = inventory_gate
        self._links = links
        self._rules = rules
        self._chosen = settings.opportunity
        self._default_fields = default_fields

    async def write(
        self, key: Key, desired: DesiredOpportunity, written: Written, link: Link | None
    ) -> Event:
        """Create or update the opportunity of `key` and its lines.

        An existing one gets its lines first, so that a refusal of lines leaves everything as it was.
        """
        await self._inventory_gate.gate()
        try:
            return await self._write(key, desired, written, link)
        except errors.MappingRefused as refusal:
            if isinstance(refusal.__cause__, errors.PermissionRefused):
                # Whoever creates names by hand wants to hear of all of them at once.
                products = [line.product for line in desired.lines]
                missing = await self._catalog_placement.missing(products, desired.type_name)
                refusal.detail = f"missing: {', '.join(missing)}"
            raise

    async def _write(
        self, key: Key, desired: DesiredOpportunity, written: Written, link: Link | None
    ) -> Event:
        observed = self._chosen.drift == "report" and _settled_before(link, written.fingerprint)
        found = await self._target.find(desired.external_id, link)
        if found is None:
            found, header = await self._create(desired)
            applied = await self._lines(desired, found, restore=True)
            record = found.record
        else:
            record = found.record
            if link is not None and link.finished:
                record = await self._target.reopen(record)
            if _settled_before(link, written.fingerprint) and await self._target.is_over(record):
                return Event(what="checked", target=record.id, reason="closed or converted in ConnectWise")
            await self._target.ensure_open(record)
            if link is not None and not observed:
                await self._links.begin("opportunity", str(key), link, written.fingerprint)
            applied = await self._lines(desired, found, restore=not observed)
            header = await self._header.build(desired)
            if observed:
                return _observed(found, desired, applied, header)
            record = await self._guarded(desired, self._target.update(record, header.fields))
        touched = record is not found.record
        record = await self._target.update(record, header.progress)
        touched = touched or record is not found.record
        await self._links.put(
            "opportunity",
            str(key),
            Link(
                target=record.id,
                how=_how(found, link),
                fingerprint=written.fingerprint,
                state=written.state,
            ),
        )
        return _event(found, desired, applied, header, touched=touched)

    async def finish(self, key: Key, reason: str, link: Link | None) -> Event:
        """Leave a note on the opportunity and, by setting, give it a status; without an opportunity there is nothing to do."""
        found = await self._target.find(key.external_id, link)
        if found is None:
            return Event(what="skipped", reason=reason)
        if not await self._target.is_over(found.record):
            await self._finish_opportunity(found, reason)
        await self._links.put(
            "opportunity", str(key), Link(target=found.record.id, how=_how(found, link), finished=reason)
        )
        log.info("opportunity_finished", id=found.record.id, reason=reason)
        return Event(what="finished", target=found.record.id, reason=reason)

    async def _finish_opportunity(self, found: Found, reason: str) -> None:
        await apply.leave_each_once(self._client, found.record.id)
        text = f"cwbridge: {reason}; this opportunity is no longer updated."
        await self._target.note(found.record.id, text)
        if self._chosen.finished_status is not None:
            status = await self._setup_tables.status(
                self._chosen.finished_status, setting="opportunity.finished_status"
            )
            await self._target.update(found.record, {"status": {"id": status}})

    async def _create(self, desired: DesiredOpportunity) -> tuple[Found, Header]:
        """The catalog first: what it refuses must not leave an empty opportunity behind."""
        await self._catalog.resolve([line.product for line in desired.lines])
        header = await self._header.build(desired)
        found = await self._guarded(
            desired, self._target.create(desired.external_id, header.default_fields | header.fields)
        )
        return found, header

    async def _lines(self, desired: DesiredOpportunity, found: Found, *, restore: bool) -> apply.Applied:
        catalog = await self._catalog.resolve([line.product for line in desired.lines])
        writer = apply.LineWriter(
            self._client,
            found.record.id,
            catalog,
            line_policy=plan.LinePolicy(
                remove_foreign=self._chosen.foreign_lines == "remove",
                repair_drift=self._chosen.drift == "repair",
                restore_missing=restore,
            ),
            default_fields=await self._default_fields.of("product"),
            concurrency=self._chosen.apply_concurrency,
        )
        try:
            applied = await writer.settle(
                plan.planned_lines(desired, self._rules), known_empty=found.how == "created"
            )
        except errors.InventoryLocked as refusal:
            # Somebody may have begun to work with it by now; it would go with his lines.
            if found.how == "created" and all(line.ours for line in await writer.lines()):
                await self._target.undo(found)
            raise await self._inventory_gate.close(refusal) from refusal
        except (errors.NotFound, errors.ValueRefused) as refusal:
            if getattr(refusal, "field", "").lower().startswith("catalogitem"):
                await self._catalog.drop(line.product for line in desired.lines)
                raise errors.Unsettled(
                    "A catalog item we remembered is no longer taken", detail=str(refusal)
                ) from refusal
            raise
        if applied.created or applied.deleted:
            await self._inventory_gate.open()
        return applied

    async def _guarded(self, desired: DesiredOpportunity, writing: Awaitable[T]) -> T:
        """A remembered reference that is no longer taken is forgotten and resolved anew at the next try."""
        try:
            return await writing
        except (errors.NotFound, errors.ValueRefused) as refusal:
            field = getattr(refusal, "field", "").split("/")[0].lower()
            if field in _CACHED_REFERENCES:
                await self._header.forget(desired, field)
                raise errors.Unsettled(
                    "A company, contact or site we remembered is no longer taken", detail=str(refusal)
                ) from refusal
            raise


def _settled_before(link: Link | None, fingerprint: str) -> bool:
    return (
        link is not None
        and link.fingerprint == fingerprint
        and link.begun in {"", fingerprint}
        and not link.finished
    )


def _observed(found: Found, desired: DesiredOpportunity, applied: apply.Applied, header: Header) -> Event:
    """The source is unchanged since all was right: what differs now was changed by others, and is reported only."""
    event = _event(found, desired, applied, header, touched=False)
    differing = (
        f"{change.path.removeprefix('/')} was changed in ConnectWise by somebody else"
        for change in changes_of(found.record, header.fields)
    )
    return msgspec.structs.replace(event, discrepancies=(*event.discrepancies, *differing))


def _how(found: Found, link: Link | None) -> How:
    if found.how == "link" and link is not None:
        return link.how
    return "external_id" if found.how == "external_id" else "created"


def _event(
    found: Found, desired: DesiredOpportunity, applied: apply.Applied, header: Header, *, touched: bool
) -> Event:
    difference = desired.difference
    if difference:
        log.warning(
            "totals_differ",
            difference=str(difference),
            total=str(desired.lines_total),
            suspects=desired.suspects,
        )
    for discrepancy in applied.discrepancies:
        log.warning(
            "line_differs",
            line=discrepancy.line,
            what=discrepancy.what,
            difference=str(discrepancy.difference),
        )
    changed = touched or applied.created or applied.deleted
    what = "created" if found.how == "created" else "updated" if changed else "checked"
    log.info(
        "opportunity_settled",
        what=what,
        id=found.record.id,
        lines_created=applied.created,
        lines_deleted=applied.deleted,
        lines_kept=applied.kept,
        total=str(desired.lines_total),
    )
    return Event(
        what=what,
        target=found.record.id,
        created=applied.created,
        deleted=applied.deleted,
        kept=applied.kept,
        foreign=applied.foreign,
        total=str(desired.lines_total),
        difference=str(difference or ""),
        matches=header.matches,
        discrepancies=(*(desired.suspects if difference else ()), *_told(applied.discrepancies)),
    )


def _told(discrepancies: tuple[plan.Discrepancy, ...]) -> Iterator[str]:
    for discrepancy in discrepancies:
        yield f"{discrepancy.key} (product item {discrepancy.line}) {discrepancy.what}: {discrepancy.difference:+}"
