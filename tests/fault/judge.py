"""Decides whether anything was lost, doubled or left without lines, from the stores of the stand-ins alone.

It shares no code with the worker: what a project should become is worked out a second time, from the mapping table.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from sandbox.connectwise.table import Row
from sandbox.jetbuilt.records import Record
from sandbox.server import Sandbox
from tests.fault import expected
from tests.fault.violations import Violation

PRODUCTS, OPPORTUNITIES = "procurement/products", "sales/opportunities"
_OURS = re.compile(r"((?:item|labor|factor|package|credit):\d+|shipping)@.+")
_OPTION = re.compile(r"jetbuilt:\d+:option:(\d+)")
_COPY = re.compile(r".*Copy\d+$")
_HIDDEN_STAGES = frozenset({"template", "trash"})
_SAME = Decimal("0.000001")


class Judge:
    """Looks at the end, and from the moment it is made at every write to a product item."""

    def __init__(self, box: Sandbox) -> None:
        self._box = box
        self._catalog_before = {row["id"] for row in box.connectwise.table("procurement/catalog")}
        self._foreign: dict[int, Row] = {}
        self._emptied: dict[int, Violation] = {}
        self._touched: list[Violation] = []
        self._strays_count = True
        self._before = set(self._doubled())
        self._watch()

    def violations(self) -> list[Violation]:
        """Everything that is wrong now, and what was seen on the way."""
        doubled = [violation for violation in self._doubled() if violation not in self._before]
        # Who takes back an opportunity of his own making takes its lines first; only what stayed was left empty.
        standing = self._box.connectwise.table(OPPORTUNITIES)
        emptied = [violation for number, violation in self._emptied.items() if number in standing]
        return [*self._lost(), *doubled, *self._changed_foreign(), *self._touched, *emptied]

    def note_settled(self) -> None:
        """What was edited does not matter, only what the projects are now."""

    def note_memory_lost(self, *, whole: bool) -> None:
        """Redis alone knows what an option was called before its project got a new version."""
        if whole:
            self._strays_count = False

    def _watch(self) -> None:
        store = self._box.connectwise
        put, remove = store.put, store.remove

        def watched_put(table: str, row: Row) -> None:
            put(table, row)
            if table == PRODUCTS and row.get("opportunity") and _key(row) is None:
                self._foreign.setdefault(row["id"], row)

        def watched_remove(table: str, number: int) -> None:
            row = store.table(table).get(number)
            remove(table, number)
            if table == PRODUCTS and row is not None and row.get("opportunity"):
                self._removed(row)

        store.put, store.remove = watched_put, watched_remove  # type: ignore[method-assign]

    def _removed(self, row: Row) -> None:
        if _key(row) is None:
            self._touched.append(Violation("foreign", f"product item {row['id']} was deleted"))
            return
        opportunity = row.get("opportunity", {}).get("id")
        if not any(_key(other) for other in self._items(opportunity)):
            held = self._box.connectwise.table(OPPORTUNITIES).get(opportunity) or {}
            seen = f"opportunity {opportunity} ({held.get('source')}) had no line left at {time.time():.3f}"
            self._emptied.setdefault(opportunity, Violation("empty", seen))

    def _items(self, opportunity: int) -> list[Row]:
        return self._box.connectwise.table(PRODUCTS).find("opportunity/id", opportunity)

    def _lost(self) -> Iterator[Violation]:
        for record in self._box.jetbuilt.projects.listed:
            if record.project.stage in _HIDDEN_STAGES:
                continue
            source = f"jetbuilt:{record.project.family_id}"
            found = self._box.connectwise.table(OPPORTUNITIES).find("source", source)
            if not found:
                yield Violation("lost", f"{source} has no opportunity")
                continue
            yield from self._lines_lost(source, found[0], record)
            yield from self._header_lost(source, found[0], record)

    def _lines_lost(self, source: str, opportunity: Row, record: Record) -> Iterator[Violation]:
        actual: dict[str, expected.Amounts] = {}
        for row in self._items(opportunity["id"]):
            if (key := _key(row)) is not None:
                actual[key] = (Decimal(row["quantity"]), Decimal(row["price"]), Decimal(row["cost"]))
        wanted = dict(expected.lines(record))
        for key in sorted(wanted.keys() - actual.keys()):
            yield Violation("lost", f"{source}: line {key} is missing")
        for key in sorted(actual.keys() - wanted.keys()):
            yield Violation("doubled", f"{source}: line {key} should be gone")
        for key in sorted(wanted.keys() & actual.keys()):
            if any(abs(one - other) > _SAME for one, other in zip(wanted[key], actual[key], strict=True)):
                yield Violation("lost", f"{source}: line {key} is {actual[key]} and should be {wanted[key]}")

    def _header_lost(self, source: str, opportunity: Row, record: Record) -> Iterator[Violation]:
        project = record.project
        wanted = " ".join(f"{project.custom_id} {project.name}".split())
        if len(wanted) <= 100 and opportunity["name"] != wanted:
            yield Violation("lost", f"{source}: its name is {opportunity['name']!r} and should be {wanted!r}")
        client = self._box.jetbuilt.clients.shelf.get(project.client_id)
        company = self._box.connectwise.table("company/companies").get(opportunity["company"]["id"]) or {}
        if client is not None and len(client.company_name) <= 50:
            named = _folded(company.get("name", ""))
            if named != _folded(client.company_name):
                yield Violation("lost", f"{source}: its company is {named!r}, not {client.company_name!r}")

    def _doubled(self) -> Iterator[Violation]:
        things = (
            *self._doubled_opportunities(),
            *(self._strays() if self._strays_count else ()),
            *self._doubled_catalog(),
            *self._doubled_references(),
        )
        yield from (Violation("doubled", thing) for thing in things)

    def _doubled_opportunities(self) -> Iterator[str]:
        rows = self._box.connectwise.table(OPPORTUNITIES)
        ours = [row for row in rows if str(row.get("source", "")).startswith("jetbuilt:")]
        yield from (f"opportunity {source}" for source in _twice(row["source"] for row in ours))
        for row in ours:
            keys = [key for item in self._items(row["id"]) if (key := _key(item)) is not None]
            yield from (f"line {key} of {row['source']}" for key in _twice(keys))

    def _strays(self) -> Iterator[str]:
        """Opportunities of options that no project has any more, and that have no note that they are finished."""
        store = self._box.connectwise
        projects = [record.project for record in self._box.jetbuilt.projects.listed]
        options = {option.id for project in projects for option in project.options}
        finished = {row["opportunityId"] for row in store.table("sales/opportunities/notes")}
        for row in store.table(OPPORTUNITIES):
            of_option = _OPTION.fullmatch(str(row.get("source", "")))
            if of_option and int(of_option[1]) not in options and row["id"] not in finished:
                yield f"opportunity {row['source']} has no option any more"

    def _doubled_catalog(self) -> Iterator[str]:
        """Twice the same identifier, or one with the suffix that ConnectWise gives to a second one."""
        rows = self._box.connectwise.table("procurement/catalog")
        new = [row["identifier"] for row in rows if row["id"] not in self._catalog_before]
        yield from (f"catalog item {name}" for name in new if _COPY.fullmatch(name))
        yield from (f"catalog item {name}" for name in _twice(map(_folded, new)))

    def _doubled_references(self) -> Iterator[str]:
        table = self._box.connectwise.table
        living = [row for row in table("company/companies") if not row.get("deletedFlag")]
        yield from (f"company {name}" for name in _twice(_folded(row["name"]) for row in living))
        yield from (f"site {place}" for place in _twice(map(_place, table("company/companies/sites"))))
        yield from (f"contact {person}" for person in _twice(map(_person, table("company/contacts"))))
        for noun in ("manufacturers", "types", "categories"):
            names = _twice(_folded(row["name"]) for row in table(f"procurement/{noun}"))
            yield from (f"{noun} {name}" for name in names)

    def _changed_foreign(self) -> Iterator[Violation]:
        products = self._box.connectwise.table(PRODUCTS)
        for number, row in self._foreign.items():
            if number in products and products.rows[number] != row:
                yield Violation("foreign", f"product item {number} was changed")


def _key(row: Row) -> str | None:
    """The Jetbuilt line of a product item of the daemon; None for a line of another user."""
    found = _OURS.fullmatch(str(row.get("integrationXRef") or ""))
    return found[1] if found else None


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _place(row: Row) -> tuple[int, str]:
    return row["company"]["id"], _folded(row["name"])


def _person(row: Row) -> tuple[Any, ...]:
    ways = tuple(
        item["value"].casefold() for item in row.get("communicationItems") or () if "@" in item["value"]
    )
    company = row.get("company", {}).get("id")
    return (company, *ways) if ways else (company, row.get("firstName"), row.get("lastName"))


def _twice(things: Iterable[Any]) -> list[Any]:
    return [thing for thing, times in Counter(things).items() if times > 1]
