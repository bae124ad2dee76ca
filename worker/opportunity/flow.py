"""The opportunity flow: read the source, project, read the target, plan, apply, look again, record.

A run uses nothing but the key, so that it may be repeated, late, or start again after a crash half-way.
"""

from __future__ import annotations

import asyncio
from datetime import datetime

import structlog

from cwbridge import errors, freshness
from cwbridge.connectors.jetbuilt import models
from cwbridge.ledger.hints import Hints
from cwbridge.ledger.history import Event, History
from cwbridge.ledger.links import Link, Links
from cwbridge.queue.job import Run
from cwbridge.recording import recorded
from cwbridge.text import folded
from worker.opportunity import plan, projection
from worker.opportunity.desired import Rules
from worker.opportunity.finisher import Finisher
from worker.opportunity.options import OptionFanOut
from worker.opportunity.project_key import ProjectKey
from worker.opportunity.source import Source, SourceEnded, SourceReader
from worker.opportunity.writer import OpportunityWriter
from worker.opportunity.written import Written

log = structlog.get_logger(__name__)


class OpportunityFlow:
    """Syncs the opportunity of one key."""

    def __init__(
        self,
        *,
        reader: SourceReader,
        writer: OpportunityWriter,
        finisher: Finisher,
        options: OptionFanOut,
        links: Links,
        history: History,
        active: Hints,
        rules: Rules,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._finisher = finisher
        self._options = options
        self._links = links
        self._history = history
        self._active = active
        self._rules = rules

    async def handle(self, run: Run) -> None:
        """Sync the opportunity of the run's key and record what was done, or why it failed."""
        await recorded(self._history, run.key, self._make_right(run, ProjectKey.parse(run.key)))

    async def _make_right(self, run: Run, key: ProjectKey) -> Event | None:
        try:
            project = await self._reader.project(key, await self._active.hint(key.family))
        except SourceEnded:
            return await self._end(run, key, "the project is gone in Jetbuilt")
        freshness.source_changed(project.updated_at)
        reason = projection.skip_reason(project, self._rules)
        if folded(project.stage) == "trash":
            return await self._end(run, key, "the project is in the trash in Jetbuilt")
        if reason is not None:
            log.info("project_skipped", reason=reason)
            return Event(what="skipped", cause=reason)
        return await self._export(run, key, project)

    async def _export(self, run: Run, key: ProjectKey, project: models.Project) -> Event | None:
        try:
            source = await self._read(run, key, project)
        except SourceEnded:
            return await self._end(run, key, "the option was merged or deleted in Jetbuilt")
        if source.option is not None and source.option.active is False:
            return await self._end(run, key, "the option is inactive in Jetbuilt")
        desired = projection.project(source, self._rules)
        fingerprint = plan.content(desired, self._rules)
        link = await self._links.get("opportunity", str(key))
        if run.mode != "force":
            _refuse_older(project, link)
        if _known(link, fingerprint) and run.mode == "if_changed":
            log.debug("project_unchanged")
            return None
        if source.option is not None:
            await self._options.note(key, source.option)
        state = f"{project.id}@{project.updated_at.isoformat() if project.updated_at else ''}"
        return await self._writer.write(run, desired, Written(fingerprint, state), link)

    async def _read(self, run: Run, key: ProjectKey, project: models.Project) -> Source:
        """All that the opportunity is made of, read while the options of a project are enqueued; their work does not depend on this one's."""
        if key.option is not None:
            return await self._reader.complete(key, project)
        enqueued, source = await asyncio.gather(
            self._enqueue_options(run, key, project),
            self._reader.complete(key, project),
            return_exceptions=True,
        )
        if enqueued is not None:
            raise enqueued
        if isinstance(source, BaseException):
            raise source
        return source

    async def _enqueue_options(self, run: Run, key: ProjectKey, project: models.Project) -> None:
        await self._options.enqueue(run, key, project, await self._reader.options(project))

    async def _end(self, run: Run, key: ProjectKey, reason: str) -> Event | None:
        """Finish the opportunity of a source that has ended; it is never deleted, and never created for this."""
        if key.option is None:
            await self._options.enqueue_known(run, key)
        link = await self._links.get("opportunity", str(key))
        if link is not None and link.finished == reason:
            return None
        if link is None and run.mode != "force" and await self._options.moved(key):
            return Event(what="skipped", cause=reason)
        return await self._finisher.finish(key, reason, link)


def _refuse_older(project: models.Project, link: Link | None) -> None:
    """Raise Refused for a source that was restored from a backup or read stale: its export would undo newer exports."""
    at = (link.state if link is not None else "").partition("@")[2]
    if not at or project.updated_at is None:
        return
    if project.updated_at < datetime.fromisoformat(at):
        raise errors.Refused(
            "Jetbuilt shows an older state of the project than the one exported before",
            detail=f"changed {project.updated_at}, exported {at}",
            remedy="If Jetbuilt was restored on purpose, requeue the job by its key, or many with `--force`: "
            "then the state that Jetbuilt shows now is exported.",
        )


def _known(link: Link | None, fingerprint: str) -> bool:
    """Whether the opportunity holds this content, and no run that began to write another was broken off."""
    return link is not None and link.fingerprint == fingerprint and not (link.begun or link.finished)
