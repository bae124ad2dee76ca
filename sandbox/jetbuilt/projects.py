"""The projects of the store: every version by id, and the shelf of the active ones that lists show."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from sandbox.jetbuilt import problems
from sandbox.jetbuilt.modes import Modes
from sandbox.jetbuilt.records import Record
from sandbox.jetbuilt.shelf import Shelf
from sandbox.world.model import Line, Option, Project

ACTIVE_STAGES = frozenset(
    {"opportunity", "estimate", "revisions", "proposal", "contract", "install", "review"}
)
UNDER_CONTRACT = frozenset({"contract", "install", "review", "completed"})


class Projects:
    """Reads and commits. A commit replaces the record, so its totals are those of the new content."""

    def __init__(self, projects: Iterable[Project], *, modes: Modes, now: Callable[[], datetime]) -> None:
        records = [Record(project) for project in projects]
        self.listed: Shelf[Record] = Shelf(record for record in records if record.project.active_version)
        self._records = {record.id: record for record in records}
        self._families: dict[int, list[int]] = {}
        for record in records:
            self._families.setdefault(record.project.family_id, []).append(record.id)
        self._modes = modes
        self._now = now

    def get(self, project_id: int) -> Record:
        """Return a project, superseded versions included; raise Refusal 404 when there is none."""
        record = self._records.get(project_id)
        if record is None:
            raise problems.missing()
        return record

    def line(self, project_id: int, line_id: int) -> Line:
        """Return a line of a project; raise Refusal 404 when there is none."""
        line = self.get(project_id).line(line_id)
        if line is None:
            raise problems.missing()
        return line

    def option(self, project_id: int, option_id: int) -> Option:
        """Return an option of a project; raise Refusal 404 when there is none."""
        option = self.get(project_id).option(option_id)
        if option is None:
            raise problems.missing()
        return option

    def unlocked(self, project_id: int) -> Project:
        """Return a project for an edit of its content; raise Refusal when it is locked."""
        project = self.get(project_id).project
        if project.locked:
            raise problems.locked()
        return project

    def versions(self, project: Project) -> list[Project]:
        """Return the other versions of a project, oldest first."""
        family = self._families[project.family_id]
        return [self._records[other].project for other in family if other != project.id]

    def commit(self, project: Project, *, touch: bool = True) -> Record:
        """Store a project; `touch` moves its `updated_at`."""
        record = Record(replace(project, updated_at=self._now()) if touch else project)
        if record.id not in self._records:
            self._families.setdefault(project.family_id, []).append(record.id)
        self._records[record.id] = record
        if project.active_version:
            self.listed.put(record)
        else:
            self.listed.remove(record.id)
        return record

    def commit_content(self, project: Project) -> Record:
        """Store an edit below the project, which moves its `updated_at` only when the modes say so."""
        return self.commit(project, touch=self._modes.touch_project_on_item_edit)

    def remove(self, project_id: int) -> None:
        """Delete one version; the others stay as they are."""
        project = self.get(project_id).project
        del self._records[project_id]
        self._families[project.family_id].remove(project_id)
        self.listed.remove(project_id)
