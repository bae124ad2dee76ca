"""The opportunity flow: read the source, project, read the target, plan, apply, look again, remember.

Levels, not edges: a run uses nothing but the key, so that it may be repeated, late, or start again after a crash half-way.
"""

from __future__ import annotations

import time
from datetime import datetime

import msgspec
import structlog

from cwbridge import errors
from cwbridge.connectors import trail
from cwbridge.connectors.jetbuilt import models
from cwbridge.keys import Key
from cwbridge.ledger.history import Event, History
from cwbridge.ledger.links import Link, Links
from cwbridge.ledger.sightings import Sightings
from cwbridge.limits import lane
from worker.opportunity import plan, projection
from worker.opportunity.desired import Rules
from worker.opportunity.options import OptionFanOut
from worker.opportunity.source import SourceReader
from worker.opportunity.writer import OpportunityWriter, Written

log = structlog.get_logger()
_CALLS_SHOWN = 12


class OpportunityFlow:
    """Makes the opportunity of one key right."""

    def __init__(
        self,
        *,
        reader: SourceReader,
        writer: OpportunityWriter,
        options: OptionFanOut,
        links: Links,
        history: History,
        sightings: Sightings,
        rules: Rules,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._options = options
        self._links = links
        self._history = history
        self._sightings = sightings
        self._rules = rules

    async def handle(self, key: Key) -> None:
        """Make it right and write down what was done, or why it could not be."""
        started = time.monotonic()
        with trail.recording() as calls:
            try:
                event = await self._make_right(key)
            except Exception as error:
                await self._history.add(str(key), _failure_event(error, calls))
                raise
        if event is not None:
            seconds = round(time.monotonic() - started, 3)
            await self._history.add(
                str(key), msgspec.structs.replace(event, calls=calls.total, seconds=seconds)
            )

    async def _make_right(self, key: Key) -> Event | None:
        try:
            project = await self._reader.project(key, await self._sightings.hint(key.family))
        except errors.NotFound:
            return await self._end(key, "the project is gone in Jetbuilt")
        reason = projection.skip_reason(project, self._rules)
        if project.stage == "trash":
            return await self._end(key, "the project is in the trash in Jetbuilt")
        if reason is not None:
            log.info("project_skipped", reason=reason)
            return Event(what="skipped", reason=reason)
        return await self._export(key, project)

    async def _export(self, key: Key, project: models.Project) -> Event | None:
        if key.option is None:
            await self._options.enqueue(key, project, await self._reader.options(project))
        try:
            source = await self._reader.complete(key, project)
        except errors.NotFound:
            if key.option is None:
                raise
            return await self._end(key, "the option was merged or deleted in Jetbuilt")
        if source.option is not None and source.option.active is False:
            return await self._end(key, "the option is inactive in Jetbuilt")
        desired = projection.project(source, self._rules)
        fingerprint = plan.content(desired, self._rules)
        link = await self._links.get("opportunity", str(key))
        _refuse_older(project, link)
        if _known(link, fingerprint) and lane.CURRENT.get() == "fresh":
            log.debug("project_unchanged")
            return None
        if source.option is not None:
            await self._options.note(key, source.option)
        state = f"{project.id}@{project.updated_at.isoformat() if project.updated_at else ''}"
        return await self._writer.write(key, desired, Written(fingerprint, state), link)

    async def _end(self, key: Key, reason: str) -> Event | None:
        """The source is no more: its opportunity is marked, never deleted, and never made for this."""
        if key.option is None:
            await self._options.enqueue_known(key)
        link = await self._links.get("opportunity", str(key))
        if link is not None and link.finished == reason:
            return None
        if link is None and await self._options.moved(key) and lane.CURRENT.get() != "interactive":
            return Event(what="skipped", reason=reason)
        return await self._writer.finish(key, reason, link)


def _refuse_older(project: models.Project, link: Link | None) -> None:
    """A source restored from a backup, or a stale read, would undo what was exported since; a person may want that."""
    at = (link.state if link is not None else "").partition("@")[2]
    if not at or project.updated_at is None:
        return
    if project.updated_at < datetime.fromisoformat(at) and lane.CURRENT.get() != "interactive":
        raise errors.Refused(
            "Jetbuilt shows an older state of the project than the one exported before",
            detail=f"changed {project.updated_at}, exported {at}",
            remedy="If Jetbuilt was restored on purpose, requeue the job by its key, or many with `--lane interactive`: "
            "then what is there now is exported.",
        )


def _known(link: Link | None, fingerprint: str) -> bool:
    """Whether the opportunity holds this content, and no run that began to write another was broken off."""
    return link is not None and link.fingerprint == fingerprint and not (link.begun or link.finished)


def _failure_event(error: Exception, calls: trail.Calls) -> Event:
    work_class, remedy = "bug", ""
    if isinstance(error, errors.WorkError):
        work_class, remedy = error.work_class, error.remedy
    return Event(
        what=f"{work_class}: {type(error).__name__}",
        reason=str(error),
        remedy=remedy,
        calls=calls.total,
        last_calls=tuple(str(call) for call in calls.last(_CALLS_SHOWN)),
    )
