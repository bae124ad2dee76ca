"""Selects jobs by filters and groups them by cause."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from fnmatch import fnmatchcase

import msgspec

from cwbridge import errors
from cwbridge.limits.lane import Lane
from cwbridge.queue.failure import Failure
from cwbridge.queue.job import Job, State
from cwbridge.queue.queue import Queue
from cwbridge.text import digest

_EXAMPLES = 3
_CLASSES: Sequence[str] = ("bug", "refused", "retry", "wait", "")


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Selects jobs that pass every given filter; ages count from the first enqueue of the object."""

    states: tuple[State, ...] = ()
    flow: str = ""
    lane: Lane | None = None
    key: str = ""
    """A pattern over the whole key: `*` any text, `?` any character, `[...]` one of several."""
    prefixes: tuple[str, ...] = ()
    """Keys that select themselves and everything below them: `a/1` means `a/1` and `a/1/option/2`, and not `a/12`."""
    work_class: errors.WorkClass | None = None
    cause: str = ""
    """Text in the cause, without regard to case."""
    group: str = ""
    """The id of a group of jobs with one cause (`Group.id`): selects exactly that group."""
    older: timedelta | None = None
    younger: timedelta | None = None

    @property
    def names_some(self) -> bool:
        """Whether any filter is given; without one every job is meant."""
        return self != Selection()

    def takes(self, job: Job, now_ms: int) -> bool:
        age = timedelta(milliseconds=now_ms - job.since_ms)
        return (
            (not self.states or job.state in self.states)
            and self.flow in {"", job.flow}
            and (self.lane is None or self.lane == job.lane)
            and (not self.key or fnmatchcase(job.key, self.key))
            and _is_below(job.key, self.prefixes)
            and (self.work_class is None or self.work_class == _class_of(job))
            and _has_cause(job, self.cause)
            and (not self.group or (job.failure is not None and self.group == group_id(job.failure)))
            and (self.older is None or age > self.older)
            and (self.younger is None or age < self.younger)
        )

    def each(self) -> Iterator[tuple[str, Selection]]:
        """Every filter that is given, by its field, as a selection of its own."""
        for field in msgspec.structs.fields(self):
            value = getattr(self, field.name)
            if value != field.default:
                yield field.name, Selection(**{field.name: value})


class Group(msgspec.Struct, kw_only=True):
    """Jobs with one cause; those without a failure are grouped by their state."""

    jobs: int = 0
    id: str = ""
    """What selects these jobs on a command line, however long or hostile their cause is; empty without a failure."""
    flow: str = ""
    """The flow of all of them, where jobs are grouped by flow as well."""
    work_class: str
    error: str
    cause: str
    remedy: str
    states: dict[str, int] = msgspec.field(default_factory=dict)
    held: int = 0
    """How many of them are held."""
    oldest_age_ms: int = 0
    next_due_ms: int | None = None
    """When the first scheduled or waiting job becomes due."""
    examples: list[str] = msgspec.field(default_factory=list)

    def add(self, job: Job, now_ms: int) -> None:
        self.jobs += 1
        self.states[job.state] = self.states.get(job.state, 0) + 1
        self.held += job.held
        self.oldest_age_ms = max(self.oldest_age_ms, now_ms - job.since_ms)
        if job.state in {"scheduled", "waiting"}:
            self.next_due_ms = min(self.next_due_ms or job.due_ms, job.due_ms)
        if len(self.examples) < _EXAMPLES:
            self.examples.append(job.key)


class Groups:
    """Groups jobs while they are read, so that a hundred thousand of them need no memory."""

    def __init__(self, *, by_flow: bool = False) -> None:
        """`by_flow` keeps jobs of different flows apart that have one cause."""
        self._by_flow = by_flow
        self._groups: dict[tuple[str, str, str], Group] = {}

    def add(self, job: Job, now_ms: int) -> None:
        failure = job.failure
        work_class = _class_of(job)
        flow = job.flow if self._by_flow else ""
        name = (flow, work_class, failure.cause) if failure is not None else (flow, "", job.state)
        group = self._groups.get(name)
        if group is None:
            group = self._groups[name] = Group(
                id=group_id(failure) if failure is not None else "",
                flow=flow,
                work_class=work_class,
                error=failure.error if failure is not None else "",
                cause=failure.cause if failure is not None else "",
                remedy=failure.remedy if failure is not None else "",
            )
        group.add(job, now_ms)

    def in_order(self) -> list[Group]:
        """The most severe class first, within a class the largest group first."""
        return sorted(
            self._groups.values(),
            key=lambda group: (_CLASSES.index(group.work_class), -group.jobs, group.cause),
        )


async def find(
    queue: Queue, selection: Selection, *, limit: int | None = None
) -> AsyncIterator[tuple[Job, int]]:
    """The selected jobs, with the time by Redis in ms, the earliest first within each state; at most `limit`."""
    now_ms = (await queue.counts()).now_ms
    seen: set[str] = set()
    # Jobs that only have to be in a state are among the first keys of that state, unless some of them move meanwhile.
    bound = limit if selection == Selection(states=selection.states) else None
    for state in selection.states or (None,):
        async for jobs in queue.batches(state=state, limit=bound):
            for job in jobs:
                # A job that changes its state meanwhile would be found in its new state again.
                if job.key in seen or not selection.takes(job, now_ms):
                    continue
                if limit is not None and len(seen) >= limit:
                    return
                seen.add(job.key)
                yield job, now_ms


async def grouped(
    queue: Queue, selection: Selection, *, limit: int | None = None, by_flow: bool = False
) -> list[Group]:
    """The selected jobs, grouped by cause, and by flow as well where that is asked for."""
    groups = Groups(by_flow=by_flow)
    async for job, now_ms in find(queue, selection, limit=limit):
        groups.add(job, now_ms)
    return groups.in_order()


def group_id(failure: Failure) -> str:
    """Ten letters and digits that stand for the class and the cause."""
    return digest(f"{failure.work_class}\0{failure.cause}".encode())


def _class_of(job: Job) -> str:
    return job.failure.work_class if job.failure is not None else ""


def _is_below(key: str, prefixes: tuple[str, ...]) -> bool:
    return not prefixes or any(key == prefix or key.startswith(f"{prefix}/") for prefix in prefixes)


def _has_cause(job: Job, text: str) -> bool:
    if not text:
        return True
    return job.failure is not None and text.casefold() in job.failure.cause.casefold()
