"""Selects jobs by filters and groups them by cause."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from fnmatch import fnmatchcase

import msgspec

from cwbridge import errors
from cwbridge.queue.job import Job, State
from cwbridge.queue.queue import Queue

_EXAMPLES = 3
_CLASSES: Sequence[str] = ("bug", "refused", "retry", "wait", "")


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Selects jobs that pass every given filter; ages count from the first enqueue of the object."""

    states: tuple[State, ...] = ()
    flow: str = ""
    key: str = ""
    """A pattern over the whole key: `*` any text, `?` any character, `[...]` one of several."""
    prefixes: tuple[str, ...] = ()
    """Keys that select themselves and everything below them: `a/1` means `a/1` and `a/1/option/2`, and not `a/12`."""
    work_class: errors.WorkClass | None = None
    cause: str = ""
    """Text in the cause, without regard to case."""
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
            and (not self.key or fnmatchcase(job.key, self.key))
            and _is_below(job.key, self.prefixes)
            and (self.work_class is None or self.work_class == _class_of(job))
            and _has_cause(job, self.cause)
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

    def __init__(self) -> None:
        self._groups: dict[tuple[str, str], Group] = {}

    def add(self, job: Job, now_ms: int) -> None:
        failure = job.failure
        work_class = _class_of(job)
        name = (work_class, failure.cause) if failure is not None else ("", job.state)
        group = self._groups.get(name)
        if group is None:
            group = self._groups[name] = Group(
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
    for state in selection.states or (None,):
        async for jobs in queue.batches(state=state):
            for job in jobs:
                # A job that changes its state meanwhile would be found in its new state again.
                if job.key in seen or not selection.takes(job, now_ms):
                    continue
                if limit is not None and len(seen) >= limit:
                    return
                seen.add(job.key)
                yield job, now_ms


async def grouped(queue: Queue, selection: Selection, *, limit: int | None = None) -> list[Group]:
    """The selected jobs, grouped by cause."""
    groups = Groups()
    async for job, now_ms in find(queue, selection, limit=limit):
        groups.add(job, now_ms)
    return groups.in_order()


def _class_of(job: Job) -> str:
    return job.failure.work_class if job.failure is not None else ""


def _is_below(key: str, prefixes: tuple[str, ...]) -> bool:
    return not prefixes or any(key == prefix or key.startswith(f"{prefix}/") for prefix in prefixes)


def _has_cause(job: Job, text: str) -> bool:
    if not text:
        return True
    return job.failure is not None and text.casefold() in job.failure.cause.casefold()
