"""A new version of a project: the same content under new ids, as the vendor's revisions are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from sandbox.world.model import Bundle, Factor, Group, LaborType, Line, Option, Project, Room
from sandbox.world.numbers import Numbers

_Noun = TypeVar("_Noun", Room, Group, Bundle, LaborType)


def next_version(
    project: Project, numbers: Numbers, *, name: str, description: str | None, at: datetime
) -> Project:
    """Return the active successor of a version; everything inside it is renumbered."""
    ids = _Renumbering(project, numbers)
    return replace(
        project,
        id=next(numbers.projects),
        original_version_id=project.family_id,
        version=name,
        version_description=description,
        active_version=True,
        locked=False,
        created_at=at,
        updated_at=at,
        rooms=_renamed(project.rooms, ids.rooms),
        systems=_renamed(project.systems, ids.systems),
        tags=_renamed(project.tags, ids.tags),
        phases=_renamed(project.phases, ids.phases),
        bundles=_renamed(project.bundles, ids.bundles),
        labor=_renamed(project.labor, ids.labor),
        lines=tuple(ids.line(line, at) for line in project.lines),
        factors=tuple(ids.factor(factor, at) for factor in project.factors),
        options=tuple(ids.option(option, at) for option in project.options),
        service_packages=tuple(
            replace(package, id=next(numbers.packages)) for package in project.service_packages
        ),
    )


class _Renumbering:
    """The new id of every old one inside a project."""

    def __init__(self, project: Project, numbers: Numbers) -> None:
        self.rooms = _mapping(project.rooms, numbers.rooms)
        self.systems = _mapping(project.systems, numbers.systems)
        self.tags = _mapping(project.tags, numbers.tags)
        self.phases = _mapping(project.phases, numbers.phases)
        self.bundles = _mapping(project.bundles, numbers.bundles)
        self.labor = _mapping(project.labor, numbers.labor)
        self.options = _mapping(project.options, numbers.options)
        self.lines = _mapping(project.lines, numbers.lines)
        self._numbers = numbers

    def line(self, line: Line, at: datetime) -> Line:
        return replace(
            line,
            id=self.lines[line.id],
            room_id=_of(self.rooms, line.room_id),
            system_id=_of(self.systems, line.system_id),
            tag_id=_of(self.tags, line.tag_id),
            phase_id=_of(self.phases, line.phase_id),
            bundle_id=_of(self.bundles, line.bundle_id),
            option_id=_of(self.options, line.option_id),
            labor=tuple(replace(work, labor_type_id=self.labor[work.labor_type_id]) for work in line.labor),
            replacement_lineitem_ids=tuple(
                self.lines[old] for old in line.replacement_lineitem_ids if old in self.lines
            ),
            created_at=at,
            updated_at=at,
        )

    def factor(self, factor: Factor, at: datetime) -> Factor:
        return replace(factor, id=next(self._numbers.factors), created_at=at, updated_at=at)

    def option(self, option: Option, at: datetime) -> Option:
        return replace(
            option,
            id=self.options[option.id],
            room_id=_of(self.rooms, option.room_id),
            created_at=at,
            updated_at=at,
        )


def _mapping(nouns: Sequence[_Noun | Line | Option], ids: Iterator[int]) -> dict[int, int]:
    return {noun.id: next(ids) for noun in nouns}


def _of(mapping: dict[int, int], old: int | None) -> int | None:
    return None if old is None else mapping.get(old)


def _renamed(nouns: tuple[_Noun, ...], ids: dict[int, int]) -> tuple[_Noun, ...]:
    return tuple(replace(noun, id=ids[noun.id]) for noun in nouns)
