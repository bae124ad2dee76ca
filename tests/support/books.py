"""The books of the ConnectWise stand-in, read straight from its tables, without a client of the daemon."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from sandbox.connectwise.store import ConnectWiseStore
from tests.support.expected import Expected, Line

Row = dict[str, Any]
PRODUCTS = "/procurement/products"


class Books:
    """What an auditor asks of the tenant."""

    def __init__(self, store: ConnectWiseStore) -> None:
        self._store = store

    def rows(self, table: str) -> list[Row]:
        return list(self._store.table(table))

    def row(self, table: str, reference: Row) -> Row:
        row = self._store.table(table).get(reference["id"])
        assert row is not None, f"{table} {reference} does not exist"
        return row

    def opportunities(self) -> dict[str, Row]:
        """The daemon's opportunities by external id; an external id on two of them fails the test."""
        ours = [row for row in self.rows("sales/opportunities") if row.get("source")]
        assert_once(row["source"] for row in ours)
        return {row["source"]: row for row in ours}

    def opportunity(self, external_id: str) -> Row:
        return self.opportunities()[external_id]

    def products(self, external_id: str) -> list[Row]:
        """The product items of one opportunity, by id."""
        return self._store.table("procurement/products").find(
            "opportunity/id", self.opportunity(external_id)["id"]
        )

    def product_ids(self, external_id: str) -> set[int]:
        return {row["id"] for row in self.products(external_id)}

    def lines(self, external_id: str) -> dict[str, list[Line]]:
        """Our product items by Jetbuilt line, more than one where a line stands there twice."""
        held: dict[str, list[Line]] = {}
        for row in self.products(external_id):
            key, ours, _ = row.get("integrationXRef", "").partition("@")
            if ours:
                quantity, price, cost = (Decimal(row[name]) for name in ("quantity", "price", "cost"))
                held.setdefault(key, []).append(Line(quantity, price, cost))
        return held

    def line(self, external_id: str, key: str) -> Line:
        (line,) = self.lines(external_id)[key]
        return line

    def differences(self, wanted: Expected) -> list[str]:
        """What an opportunity holds otherwise than it should: lines that lack, are too many, or are wrong."""
        if wanted.external_id not in self.opportunities():
            return [f"there is no {wanted.external_id}"]
        found = self.lines(wanted.external_id)
        return [
            f"{key}: wanted {wanted.lines.get(key)}, found {found.get(key, [])}"
            for key in sorted(wanted.lines.keys() | found.keys())
            if not _is_held(wanted.lines.get(key), found.get(key, []))
        ]

    def assert_hold(self, wanted: Expected) -> None:
        """Every line to the cent, nothing else, and Jetbuilt's own total."""
        assert self.differences(wanted) == []
        assert len(self.products(wanted.external_id)) == len(wanted.lines)
        held = [line for lines in self.lines(wanted.external_id).values() for line in lines]
        assert sum(line.amounts[0] for line in held) == wanted.total

    def assert_nothing_doubled(self) -> None:
        """One opportunity per external id, one line per external id in it, one record per name everywhere else."""
        for external_id in self.opportunities():
            assert {key: lines for key, lines in self.lines(external_id).items() if len(lines) > 1} == {}
        living = [row for row in self.rows("company/companies") if not row.get("deletedFlag")]
        assert_once(_name(row["name"]) for row in living)
        assert_once(
            (row["company"]["id"], *emails(row)) for row in self.rows("company/contacts") if emails(row)
        )
        assert_once(
            (row["company"]["id"], _name(row["name"])) for row in self.rows("company/companies/sites")
        )
        assert_once(_name(row["identifier"]) for row in self.rows("procurement/catalog"))
        assert_once(_name(row["name"]) for row in self.rows("procurement/manufacturers"))
        assert_once(_name(row["name"]) for row in self.rows("procurement/types"))
        assert_once(_name(row["name"]) for row in self.rows("procurement/categories"))
        assert_once(
            (row["category"]["id"], _name(row["name"])) for row in self.rows("procurement/subcategories")
        )
        assert_once(_name(row["description"]) for row in self.rows("sales/opportunities/types"))


def emails(contact: Row) -> tuple[str, ...]:
    items = contact.get("communicationItems") or []
    return tuple(item["value"].casefold() for item in items if item["communicationType"] == "Email")


def assert_once(things: Iterable[object]) -> None:
    """Nothing occurs twice."""
    doubled = [thing for thing, times in Counter(things).items() if times > 1]
    assert doubled == []


def _is_held(wanted: Line | None, found: list[Line]) -> bool:
    return wanted is not None and len(found) == 1 and wanted.is_held_by(found[0])


def _name(text: str) -> str:
    return " ".join(text.split()).casefold()
