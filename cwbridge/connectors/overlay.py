"""The writes of a rehearsed run: kept here instead of being sent, and seen by the reads that follow.

A record is known by its path (`/company/companies/12`). A record that was created gets a number that no system gives, so that
references to it are recognised. Everything is plain JSON with exact numbers: what a system would compute by itself (totals,
numbers of invoices, default sites) is not there.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal, Protocol

import msgspec

FIRST_NEW_ID = 2_000_000_000
"""ConnectWise and BSS count in 32 bits; no tenant comes near the upper end. A new record has this number plus that of its write."""
_FIRST_PART_ID = 2_100_000_000

Body = dict[str, Any]
Action = Literal["create", "change", "delete"]

decode = msgspec.json.Decoder(float_hook=Decimal).decode
encode = msgspec.json.Encoder(decimal_format="number").encode


class Dialect(Protocol):
    """How one system asks for lists and answers."""

    def rows(self, content: Any) -> list[Any] | None:
        """The rows of a list that was answered, as they are in it; None when it is no list."""

    def is_last_page(self, content: Any, query: Mapping[str, str]) -> bool:
        """Whether rows that a list lacks belong to the end of this page."""

    def list_of(self, rows: Sequence[Any]) -> Any:
        """A list of these rows and no others."""

    def fits(self, record: Body, query: Mapping[str, str]) -> bool:
        """Whether a list that was asked for by `query` would have the record."""


class ChangedField(msgspec.Struct, frozen=True):
    """One field of a write, with what it held before; None is empty."""

    name: str
    before: Any
    after: Any


class Write(msgspec.Struct, frozen=True):
    """One write that was not sent; `record` names what is deleted, as far as the run has read it."""

    system: str
    action: Action
    path: str
    fields: tuple[ChangedField, ...] = ()
    record: str = ""


class Overlay:
    """What one system would hold after the writes so far; `writes` is shared by the systems of a run, so that their order is kept."""

    def __init__(self, system: str, dialect: Dialect, writes: list[Write]) -> None:
        self._system = system
        self._dialect = dialect
        self._writes = writes
        self._part_ids = itertools.count(_FIRST_PART_ID)
        self._created: dict[str, dict[int, Body]] = {}
        self._changed: dict[str, Body] = {}
        self._deleted: set[str] = set()
        self._seen: dict[str, Body] = {}

    def answer(self, path: str, query: Mapping[str, str]) -> Any | None:
        """What a read of something that exists here alone is answered; None when the system has to be asked.

        Raises KeyError for what does not exist.
        """
        path = path.rstrip("/")
        parent, number = _split(path)
        if path in self._deleted or (number >= FIRST_NEW_ID and number not in self._created.get(parent, {})):
            raise KeyError(path)
        if number >= FIRST_NEW_ID:
            return self._created[parent][number]
        if not any(_is_new(part) for part in path.split("/")):
            return None
        return self._dialect.list_of(self._additions(path, query))

    def seen(self, path: str, query: Mapping[str, str], content: Any) -> Any | None:
        """The answer of the system with the writes so far; None when they change nothing of it."""
        path = path.rstrip("/")
        rows = self._dialect.rows(content)
        if rows is None:
            if isinstance(content, dict):
                self._seen[path] = content
            return self._changed.get(path)
        kept = [self._as_changed(path, row) for row in rows if f"{path}/{_id_of(row)}" not in self._deleted]
        added = self._additions(path, query) if self._dialect.is_last_page(content, query) else []
        if not added and len(kept) == len(rows) and all(map(_is_same, kept, rows)):
            return None
        rows[:] = [*kept, *added]
        return content

    def create(self, path: str, draft: Body) -> Body:
        """Keep a new record of the collection `path` and return it with its id."""
        path = path.rstrip("/")
        number = FIRST_NEW_ID + len(self._writes) + 1
        record = {name: self._with_ids(value) for name, value in draft.items()} | {"id": number}
        self._created.setdefault(path, {})[number] = record
        fields = tuple(ChangedField(name, None, value) for name, value in draft.items())
        self._writes.append(Write(self._system, "create", path, fields))
        return record

    def change(self, path: str, record: Body, steps: Iterable[Mapping[str, Any]]) -> Body:
        """Keep the steps of a JSON Patch of `record`, which is at `path`, and return the record after them."""
        path = path.rstrip("/")
        after = copy.deepcopy(record)
        fields = tuple(_step(after, step) for step in steps)
        self._writes.append(Write(self._system, "change", path, fields))
        parent, number = _split(path)
        if number >= FIRST_NEW_ID:
            self._created[parent][number] = after
        else:
            self._changed[path] = after
        return after

    def delete(self, path: str) -> None:
        """Keep that the record at `path` is deleted."""
        path = path.rstrip("/")
        record = self._changed.get(path) or self._seen.get(path) or {}
        self._writes.append(Write(self._system, "delete", path, record=_named(record)))
        parent, number = _split(path)
        self._created.get(parent, {}).pop(number, None)
        self._deleted.add(path)

    def _with_ids(self, value: Any) -> Any:
        """The parts of a record that are records themselves, such as the communication items of a contact, get ids too."""
        if not isinstance(value, list):
            return value
        return [{"id": next(self._part_ids), **part} if isinstance(part, dict) else part for part in value]

    def _additions(self, path: str, query: Mapping[str, str]) -> list[Body]:
        created = self._created.get(path, {}).values()
        return [record for record in created if self._dialect.fits(record, query)]

    def _as_changed(self, path: str, row: Any) -> Any:
        """The row of a list, or the whole record as it was changed; lists may have been asked for some fields only."""
        if not isinstance(row, dict):
            return row
        place = f"{path}/{_id_of(row)}"
        self._seen[place] = row
        return self._changed.get(place, row)


def values_at(record: Any, path: str) -> Iterator[Any]:
    """Every value at a path such as `company/id`, of each element where an array lies on it; names in any case."""
    if isinstance(record, list):
        for entry in record:
            yield from values_at(entry, path)
    elif not path:
        yield record
    elif isinstance(record, dict):
        name, _, rest = path.partition("/")
        for own, value in record.items():
            if own.lower() == name.lower():
                yield from values_at(value, rest)


def is_equal(value: Any, asked: Any) -> bool:
    """Whether two values are equal for a server: the case of a text does not count."""
    if isinstance(value, str) and isinstance(asked, str):
        return value.casefold() == asked.casefold()
    return bool(value == asked)


def _step(record: Body, step: Mapping[str, Any]) -> ChangedField:
    """Apply one step of a JSON Patch to `record`."""
    *parents, last = str(step["path"]).strip("/").split("/")
    place: Any = record
    for name in parents:
        own = _own_name(place, name)
        if not isinstance(place.get(own), dict):
            place[own] = {}
        place = place[own]
    own = _own_name(place, last)
    before, after = place.get(own), step.get("value")
    place[own] = after
    return ChangedField("/".join([*parents, last]), before, after)


def _own_name(record: Body, name: str) -> str:
    """The field as the record spells it; tenants differ in the case."""
    return next((own for own in record if own.lower() == name.lower()), name)


def _split(path: str) -> tuple[str, int]:
    parent, _, last = path.rpartition("/")
    return parent, int(last) if last.isascii() and last.isdecimal() else 0


def _is_new(part: str) -> bool:
    return part.isascii() and part.isdecimal() and int(part) > FIRST_NEW_ID


def _id_of(row: Any) -> Any:
    return next(values_at(row, "id"), None)


def _is_same(one: object, other: object) -> bool:
    return one is other


def _named(record: Body) -> str:
    """What a person calls the record: the first of the fields that names have."""
    for name in ("name", "identifier", "description", "integrationXRef", "number", "value"):
        if record.get(name):
            return str(record[name])
    return ""
