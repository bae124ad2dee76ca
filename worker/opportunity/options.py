"""Options and change orders of a project become opportunities of their own: their keys are wanted whenever the project is read."""

from __future__ import annotations

from cwbridge.connectors.jetbuilt import models
from cwbridge.keys import Key
from cwbridge.ledger.sightings import Sightings
from cwbridge.limits import lane
from cwbridge.queue.job import Want
from cwbridge.queue.queue import Queue


class OptionFanOut:
    """Enqueues the options of a project, those that are gone included, so that their opportunities are finished."""

    def __init__(self, queue: Queue, sightings: Sightings) -> None:
        self._queue = queue
        self._sightings = sightings

    async def want(self, key: Key, project: models.Project, options: list[models.Option]) -> None:
        """Want every option whose content may differ from what its opportunity holds."""
        current = {option.id: option for option in options}
        gone = await self._sightings.options(key.family) - current.keys()
        wants = [self._want(key, project, option) for option in options]
        wants += [Want(key=str(Key(key.family, option)), lane=lane.CURRENT.get()) for option in gone]
        await self._queue.want(*wants)

    def _want(self, key: Key, project: models.Project, option: models.Option) -> Want:
        """A change of the project counts, too: company, stage and name of the opportunity come from there."""
        chosen = lane.CURRENT.get()
        version = f"{project.id}@{project.updated_at}/{option.updated_at}" if chosen == "fresh" else ""
        return Want(key=str(Key(key.family, option.id)), lane=chosen, version=version)
