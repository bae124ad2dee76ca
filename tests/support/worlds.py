"""Worlds for tests of behaviour: everything that a believable project has, and few lines of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from sandbox.world import World, build
from sandbox.world.model import Line, Project

_LINES = 4


def compact(seed: int, projects: int) -> World:
    """The stand-in's world, in which a project and each of its options have at most four lines, of as many sorts as there are.

    A line costs a run about five calls, whatever it is; a test that needs many lines asks for the whole world.
    """
    world = build(seed, projects)
    return replace(world, projects=tuple(_compact(project) for project in world.projects))


def _compact(project: Project) -> Project:
    parts = [None, *(option.id for option in project.options)]
    kept = {
        line.id
        for part in parts
        for line in _of_each_sort(line for line in project.lines if line.option_id == part)
    }
    return replace(project, lines=tuple(line for line in project.lines if line.id in kept))


def _of_each_sort(lines: Iterable[Line]) -> Iterator[Line]:
    """One line of each sort first, then those that come first."""
    some = list(lines)
    first = {_sort(line): line for line in reversed(some)}
    others = [line for line in some if first[_sort(line)] is not line]
    yield from [*first.values(), *others][:_LINES]


def _sort(line: Line) -> tuple[str, bool, bool, bool]:
    return line.kind, line.owner_furnished, line.bundle_id is not None, bool(line.labor)
