"""The opportunity flow: read the source, project, read the target, plan, apply, look again, remember.

Levels, not edges: a run uses nothing but the key, so that it may be repeated, late, or start again after a crash half-way.
"""

from __future__ import annotations

import time

import msgspec
import structlog

from cwbridge import clock, errors
from cwbridge.connectors import trail
from cwbridge.connectors.connectwise import client as connectwise
from cwbridge.keys import Key
from cwbridge.ledger.history import Event, History
from cwbridge.ledger.links import Link, Links
from cwbridge.ledger.sightings import Sightings
from cwbridge.limits import lane
from worker.opportunity import plan, projection
from worker.opportunity.apply import Applied, LineWriter
from worker.opportunity.catalog import Catalog
from worker.opportunity.desired import DesiredOpportunity, Rules
from worker.opportunity.references import Resolver
from worker.opportunity.source import SourceReader
from worker.opportunity.target import Found, Target
from worker.opportunity.taxonomy import Taxonomy

log = structlog.get_logger()
_CALLS_SHOWN = 12


class OpportunityFlow:
    """Makes the opportunity of one key right."""

    def __init__(
        self,
        *,
        reader: SourceReader,
        client: connectwise.ConnectWiseClient,
        target: Target,
        resolver: Resolver,
        taxonomy: Taxonomy,
        catalog: Catalog,
        links: Links,
        history: History,
        sightings: Sightings,
        rules: Rules,
        concurrency: int,
    ) -> None:
        self._reader = reader
        self._client = client
        self._target = target
        self._resolver = resolver
        self._taxonomy = taxonomy
        self._catalog = catalog
        self._links = links
        self._history = history
        self._sightings = sightings
        self._rules = rules
        self._concurrency = concurrency

    async def handle(self, key: Key) -> None:
        """Make it right and write down what was done, or why it could not be."""
        started = time.monotonic()
        with trail.recording() as calls:
            try:
                event = await self._make_right(key)
            except errors.WorkError as problem:
                shown = tuple(str(call) for call in calls.last(_CALLS_SHOWN))
                await self._history.add(
                    str(key),
                    Event(
                        what=f"{problem.work_class}: {type(problem).__name__}",
                        reason=str(problem),
                        remedy=problem.remedy,
                        calls=calls.total,
                        last_calls=shown,
                    ),
                )
                raise
        if event is not None:
            seconds = round(time.monotonic() - started, 3)
            await self._history.add(str(key), _with_cost(event, calls.total, seconds))

    async def _make_right(self, key: Key) -> Event | None:
        project = await self._reader.project(key, await self._sightings.hint(key.family))
        reason = projection.skip_reason(project, self._rules)
        if reason is not None:
            log.info("project_skipped", reason=reason)
            return Event(what="skipped", reason=reason)
        desired = projection.project(await self._reader.complete(key, project), self._rules)
        fingerprint = plan.content(desired, self._rules)
        link = await self._links.get("opportunity", str(key))
        if link is not None and link.fingerprint == fingerprint and lane.CURRENT.get() == "fresh":
            log.debug("project_unchanged")
            return None
        return await self._write(key, desired, fingerprint, link)

    async def _write(
        self, key: Key, desired: DesiredOpportunity, fingerprint: str, link: Link | None
    ) -> Event:
        found = await self._target.find(desired.mark, link)
        if found is not None:
            await self._target.ensure_open(found.record)
        catalog = await self._catalog.resolve([line.product for line in desired.lines])
        found = await self._header(desired, found)
        writer = LineWriter(self._client, found.record.id, catalog, concurrency=self._concurrency)
        try:
            applied = await writer.settle(
                plan.marked(desired, self._rules), known_empty=found.how == "created"
            )
        except (errors.NotFound, errors.ValueRefused) as refusal:
            if getattr(refusal, "field", "").lower().startswith("catalogitem"):
                await self._catalog.forget(line.product for line in desired.lines)
                raise errors.Unsettled(
                    "A catalog item we remembered is no longer taken", detail=str(refusal)
                ) from refusal
            raise
        await self._links.put(
            "opportunity",
            str(key),
            Link(
                target=found.record.id,
                how="mark" if found.how == "mark" else "created",
                fingerprint=fingerprint,
            ),
        )
        return _event(found, desired, applied)

    async def _header(self, desired: DesiredOpportunity, found: Found | None) -> Found:
        """The opportunity with its own fields right, created when there is none."""
        ids = await self._resolver.resolve(desired)
        type_id = await self._taxonomy.opportunity_type(desired.type_name)
        try:
            if found is None:
                return await self._target.create(desired, type_id, ids)
            await self._target.update(found.record, desired, type_id, ids)
        except (errors.NotFound, errors.ValueRefused) as refusal:
            if getattr(refusal, "field", "").split("/")[0].lower() in {"company", "contact", "site"}:
                await self._resolver.forget(desired)
                raise errors.Unsettled(
                    "A company, contact or site we remembered is no longer taken", detail=str(refusal)
                ) from refusal
            raise
        return found


def _event(found: Found, desired: DesiredOpportunity, applied: Applied) -> Event:
    difference = desired.difference
    if difference:
        log.warning("totals_differ", difference=str(difference), total=str(desired.lines_total))
    log.info(
        "opportunity_settled",
        id=found.record.id,
        how=found.how,
        created=applied.created,
        deleted=applied.deleted,
        kept=applied.kept,
        foreign=applied.foreign,
        total=str(desired.lines_total),
    )
    return Event(
        what="created" if found.how == "created" else "updated",
        at_ms=clock.now_ms(),
        target=found.record.id,
        created=applied.created,
        deleted=applied.deleted,
        kept=applied.kept,
        foreign=applied.foreign,
        total=str(desired.lines_total),
        difference=str(difference or ""),
    )


def _with_cost(event: Event, calls: int, seconds: float) -> Event:
    return msgspec.structs.replace(event, calls=calls, seconds=seconds)
