"""Enqueues the options and change orders of a project, each an opportunity of its own, whenever the project is read."""

from __future__ import annotations

import structlog

from cwbridge import errors
from cwbridge.connectors.jetbuilt import models
from cwbridge.ledger.links import Link, Links
from cwbridge.queue.job import Enqueue, Run
from cwbridge.queue.queue import Queue
from cwbridge.text import folded
from worker.opportunity.known_options import KnownOptions
from worker.opportunity.project_key import ProjectKey
from worker.opportunity.target import Target

log = structlog.get_logger(__name__)


class OptionFanOut:
    """Enqueues the options of a project; ended options are included, so that their opportunities are finished."""

    def __init__(self, queue: Queue, known: KnownOptions, *, links: Links, target: Target) -> None:
        self._queue = queue
        self._known = known
        self._links = links
        self._target = target

    async def enqueue(
        self, run: Run, key: ProjectKey, project: models.Project, options: list[models.ListedOption]
    ) -> None:
        """Enqueue every option whose content may differ from what its opportunity holds, as urgent as the project's run."""
        gone = await self._settle_identities(key.family, options)
        enqueues = [_enqueue(run, key, project, option) for option in options]
        enqueues += [_enqueue_anyway(run, key, option) for option in gone]
        await self._queue.enqueue(*enqueues)

    async def enqueue_known(self, run: Run, key: ProjectKey) -> None:
        """Enqueue every option that has an opportunity, because their project has ended."""
        known = await self._known.known(key.family)
        await self._queue.enqueue(*(_enqueue_anyway(run, key, option) for option in known))

    async def note(self, key: ProjectKey, option: models.ListedOption | models.Option) -> None:
        """Record that the option is about to get an opportunity."""
        await self._known.note(key.family, option.id, folded(option.name))

    async def moved(self, key: ProjectKey) -> bool:
        """Whether `key` is an option whose opportunity, if it ever had one, now belongs to another option."""
        return key.option is not None and key.option not in await self._known.known(key.family)

    async def _settle_identities(self, family: int, options: list[models.ListedOption]) -> set[int]:
        """A new version of a project gives its options new ids: where the name identifies an option, its opportunity moves to the new id.

        Returns the options that have ended.
        """
        known = await self._known.known(family)
        current = {option.id: folded(option.name) for option in options}
        gone = {option: name for option, name in known.items() if option not in current}
        new = {option: name for option, name in current.items() if option not in known}
        for option, name in new.items():
            fitting = [old for old, old_name in gone.items() if old_name == name]
            alone = list(current.values()).count(name) == 1
            if len(fitting) == 1 and alone and await self._move(family, fitting[0], option, name):
                gone.pop(fitting[0])
        return set(gone)

    async def _move(self, family: int, old: int, new: int, name: str) -> bool:
        """Give the opportunity of `old` to `new`; False when a person has to choose.

        Raises Busy while a run writes `old`, because two jobs would write one opportunity. A later run finds in Jetbuilt that its
        option has ended, and in Redis that the opportunity has moved.
        """
        key = str(ProjectKey(family, old))
        job = await self._queue.job(key)
        if job is not None and job.state == "running":
            raise errors.Busy("An option of an earlier version is still being written", detail=key, seconds=1)
        try:
            link = await self._links.get("opportunity", key) or await self._unlinked(ProjectKey(family, old))
        except errors.Ambiguous:
            return False
        if link is None:
            await self._known.forget(family, old)
        else:
            await self._known.adopt(family, link, old=old, new=new, name=name)
            log.info("option_moved", old_option_id=old, new_option_id=new, opportunity_id=link.target)
        return True

    async def _unlinked(self, key: ProjectKey) -> Link | None:
        """The opportunity that a run made before it was broken off."""
        found = await self._target.find(key.external_id, None)
        return Link(target=found.record.id, how="external_id") if found is not None else None


def _enqueue(run: Run, key: ProjectKey, project: models.Project, option: models.ListedOption) -> Enqueue:
    """The project's change counts as well, because it gives the opportunity company, stage and name."""
    version = ""
    if run.mode == "if_changed":
        version = f"{project.id}@{project.updated_at}/{option.updated_at}"
    return Enqueue(
        key=str(ProjectKey(key.family, option.id)),
        flow=run.flow,
        lane=run.lane,
        mode=run.mode,
        version=version,
    )


def _enqueue_anyway(run: Run, key: ProjectKey, option: int) -> Enqueue:
    return Enqueue(key=str(ProjectKey(key.family, option)), flow=run.flow, lane=run.lane, mode=run.mode)
