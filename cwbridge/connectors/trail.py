"""Records the calls of a job: the newest few in full, and the number of all."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import msgspec


class CallRecord(msgspec.Struct, frozen=True):
    """One call as it was sent; `status` 0 means that no answer came."""

    at_ms: int
    system: str
    method: str
    endpoint: str
    path: str
    status: int
    request_id: str
    duration_ms: int
    note: str = ""
    date: str = ""
    """The `Date` header of the answer."""

    def __str__(self) -> str:
        said = [str(self.status) if self.status else "no answer", f"{self.duration_ms} ms"]
        said += [self.note] if self.note else []
        said += [f"request {self.request_id}"] if self.request_id else []
        return f"{self.system} {self.method} {self.path}: {', '.join(said)}"


class Calls:
    """The newest calls, oldest first; `total` counts those that fell out as well."""

    def __init__(self, limit: int) -> None:
        self.newest: deque[CallRecord] = deque(maxlen=limit)
        self.total = 0

    def add(self, call: CallRecord) -> None:
        self.newest.append(call)
        self.total += 1

    def last(self, limit: int) -> list[CallRecord]:
        return list(self.newest)[-limit:] if limit > 0 else []

    def __iter__(self) -> Iterator[CallRecord]:
        return iter(self.newest)

    def __len__(self) -> int:
        return len(self.newest)


CURRENT: ContextVar[Calls | None] = ContextVar("call_trail", default=None)


@contextmanager
def recording(limit: int = 50) -> Iterator[Calls]:
    """Note the calls of this task and of the tasks it starts; an inner recording hides them from an outer one."""
    calls = Calls(limit)
    token = CURRENT.set(calls)
    try:
        yield calls
    finally:
        CURRENT.reset(token)
