"""Writes: create, change and delete one record, with everything the server checks on the way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.connectwise import patching
from sandbox.connectwise.checking import Checker, required
from sandbox.connectwise.errors import Problem, bad_request, conflict, invalid, missing, not_found, refusal
from sandbox.connectwise.resources import OWNERS, Resource
from sandbox.connectwise.rules import rules_of
from sandbox.connectwise.rules.base import Rules
from sandbox.connectwise.store import API_MEMBER, ConnectWiseStore
from sandbox.connectwise.table import Row, fold, values_at

REFERRERS: dict[str, list[tuple[str, str]]] = {}
"""Which fields of which tables refer to a table."""
for _owner in OWNERS.values():
    for _field in _owner.schema:
        if _field.kind == "ref" and _field.target:
            REFERRERS.setdefault(_field.target, []).append((_owner.table, f"{_field.name}/id"))


class Records:
    """The writes of one store by one of its members."""

    def __init__(self, store: ConnectWiseStore, member: str = API_MEMBER) -> None:
        self._store = store
        self._member = member
        self._rules = rules_of(store, member)

    def create(self, resource: Resource, parent: int | None, body: Any) -> Row:
        """Store a new record and return it; raise Refusal when the server would not."""
        body = self._body(resource, body)
        rules = self._rules_of(resource)
        rules.allow_create(body)
        checker = Checker(self._store, resource)
        values = _filled(checker.read(rules.adopt(body), creating=True))
        row: Row = {**resource.schema.flags, **values}
        self._adopt_parent(resource, parent, row)
        demanded = self._demanded(resource, row)
        _refuse(resource, [*checker.problems, *required(resource, row, updating=False), *demanded])
        row["id"] = self._store.table(resource.table).new_id()
        rules.fill(row, body)
        return self._keep(resource, row, None, body)

    def patch(self, resource: Resource, old: Row, operations: Any) -> Row:
        """Apply the operations of a PATCH; a change of a reference's inside is accepted and does nothing."""
        self._refuse_setup(resource)
        body = patching.changes(resource, old, operations)
        if not body:
            return old
        checker = Checker(self._store, resource)
        values = checker.read(body, creating=False)
        row = _filled({**old, **self._merged(old, values)})
        return self._change(resource, row, old, body, checker.problems)

    def replace(self, resource: Resource, old: Row, body: Any) -> Row:
        """Apply a PUT: what the body leaves out goes back to nothing or to its default."""
        body = self._body(resource, body)
        checker = Checker(self._store, resource)
        values = checker.read(body, creating=False)
        kept = {f.name: old[f.name] for f in resource.schema if (f.computed or f.create) and f.name in old}
        kept |= {name: value for name, value in old.items() if name not in resource.schema.fields}
        if resource.parent:
            kept[resource.parent] = old[resource.parent]
        row = _filled({"id": old["id"], **resource.schema.flags, **kept, **self._merged(old, values)})
        if not checker.problems:
            self._rules_of(resource).fill(row, body)
        return self._change(resource, row, old, body, checker.problems)

    def delete(self, resource: Resource, row: Row) -> None:
        """Delete a record; raise Refusal (409) when others refer to it."""
        self._refuse_setup(resource)
        rules = self._rules_of(resource)
        rules.allow_delete(row)
        owned = {table for table, _ in rules.owned}
        if not rules.recycled and self._in_use(resource.table, row["id"], owned):
            raise conflict(f"{resource.noun} {row['id']} is in use and cannot be deleted.")
        rules.remove(row)
        rules.removed(row)

    def find(self, resource: Resource, parent: int | None, number: int) -> Row:
        """Return a stored row; raise Refusal (404) when it is gone or belongs to another parent."""
        row = self._store.table(resource.table).get(number)
        if (
            row is None
            or self._store.lacks(resource.table, row)
            or (parent is not None and _parent_of(resource, row) != parent)
        ):
            raise not_found(resource.noun, number)
        return row

    def _change(self, resource: Resource, row: Row, old: Row, body: Row, problems: list[Problem]) -> Row:
        row["_info"] = old["_info"]
        demanded = self._demanded(resource, row)
        _refuse(resource, [*problems, *required(resource, row, updating=True), *demanded])
        return self._keep(resource, row, old, body)

    def _keep(self, resource: Resource, row: Row, old: Row | None, body: Row) -> Row:
        rules = self._rules_of(resource)
        rules.settle(row, old)
        _refuse(resource, [*rules.check(row, old, body), *self._taken(resource, row)])
        now = self._store.now()
        entered = old["_info"] if old is not None else {"dateEntered": now, "enteredBy": self._member}
        row["_info"] = {**entered, "lastUpdated": now, "updatedBy": self._member}
        self._store.put(resource.table, _filled(row))
        rules.stored(row, old, body)
        return self._store.table(resource.table).rows[row["id"]]

    def _rules_of(self, resource: Resource) -> Rules:
        """Return the rules of a resource: its own, or those of the table that it shows."""
        return self._rules.get(resource.path) or self._rules[resource.table]

    def _body(self, resource: Resource, body: Any) -> Row:
        self._refuse_setup(resource)
        if not isinstance(body, dict):
            raise bad_request(f"The body must be one {resource.subject} object.")
        return body

    def _refuse_setup(self, resource: Resource) -> None:
        if resource.setup and self._store.modes.readonly_setup:
            raise refusal(403, "Security", "You do not have security permission to perform this action.")

    def _adopt_parent(self, resource: Resource, parent: int | None, row: Row) -> None:
        if parent is not None:
            field = OWNERS[resource.table].schema.fields[resource.parent]
            row[resource.parent] = {"id": parent} if field.kind == "ref" else parent

    def _demanded(self, resource: Resource, row: Row) -> Iterator[Problem]:
        for table, name in self._store.modes.tenant_required:
            if table == resource.table and row.get(name) in (None, "", []):
                yield missing(name)
        given = {item["id"] for item in row.get("customFields") or () if item["value"] is not None}
        for definition in self._store.custom_fields_of(resource.table):
            if definition.get("requiredFlag") and definition["id"] not in given:
                yield missing(f"customFields/{definition['caption']}")

    def _merged(self, old: Row, values: Row) -> Row:
        """Custom fields that a change leaves out keep their values."""
        if not values.get("customFields"):
            return values
        held = {item["id"]: item for item in [*old.get("customFields", ()), *values["customFields"]]}
        return values | {"customFields": list(held.values())}

    def _taken(self, resource: Resource, row: Row) -> Iterator[Problem]:
        if not resource.unique:
            return
        wanted = [values_at(row, path) for path in resource.unique]
        if not all(wanted):
            return
        path, value = resource.unique[-1], wanted[-1][0]
        table = self._store.table(resource.table)
        candidates = table.find(path, value) if table.indexed(path) else list(table)
        for other in candidates:
            same = all(map(_alike, wanted, (values_at(other, path) for path in resource.unique)))
            if same and other["id"] != row["id"]:
                text = resource.taken or f"{resource.noun} {value} already exists."
                yield Problem("ObjectExists", text, path.partition("/")[0])
                return

    def _in_use(self, table: str, number: int, owned: set[str]) -> bool:
        for referrer, path in REFERRERS.get(table, ()):
            if referrer in owned:
                continue
            rows = self._store.table(referrer)
            candidates = rows.find(path, number) if rows.indexed(path) else rows
            if any(number in values_at(row, path) for row in candidates):
                return True
        return False


def _refuse(resource: Resource, problems: list[Problem]) -> None:
    if problems:
        raise invalid(resource.subject, problems)


def _filled(row: Row) -> Row:
    return {name: value for name, value in row.items() if value is not None}


def _alike(one: list[Any], other: list[Any]) -> bool:
    return [fold(value) for value in one] == [fold(value) for value in other]


def _parent_of(resource: Resource, row: Row) -> int | None:
    held = row.get(resource.parent)
    return held["id"] if isinstance(held, dict) else held
