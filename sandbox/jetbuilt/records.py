"""One state of a project, with what was calculated and rendered of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cached_property

from sandbox.jetbuilt.pricing import Pricing, Totals
from sandbox.world.model import Line, Option, Project


class Record:
    """A project as stored. An edit replaces the whole record, so nothing kept here grows stale."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._rendered: dict[object, bytes] = {}

    @property
    def id(self) -> int:
        return self.project.id

    @property
    def created_at(self) -> datetime:
        return self.project.created_at

    @property
    def updated_at(self) -> datetime:
        return self.project.updated_at

    @cached_property
    def pricing(self) -> Pricing:
        return Pricing(self.project)

    @cached_property
    def totals(self) -> Totals:
        return self.pricing.totals()

    def line(self, line_id: int) -> Line | None:
        return next((line for line in self.project.lines if line.id == line_id), None)

    def option(self, option_id: int) -> Option | None:
        return next((option for option in self.project.options if option.id == option_id), None)

    def rendered(self, key: object, render: Callable[[], bytes]) -> bytes:
        """Return bytes kept under a key, rendered at the first request."""
        kept = self._rendered.get(key)
        if kept is None:
            kept = self._rendered[key] = render()
        return kept
