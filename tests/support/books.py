"""The books of the ConnectWise stand-in, read straight from its tables: no client of ours stands between."""

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
        """Ours, by mark; a mark on two opportunities fails the test."""
        ours = [row for row in self.rows("sales/opportunities") if row.get("source")]
        assert_once(row["source"] for row in ours)
        return {row["source"]: row for row in ours}

    def opportunity(self, mark: str) -> Row:
        return self.opportunities()[mark]

    def products(self, mark: str) -> list[Row]:
        """The product items of one opportunity, by id."""
        return self._store.table("procurement/products").find("opportunity/id", self.opportunity(mark)["id"])

    def product_ids(self, mark: str) -> set[int]:
        return {row["id"] for row in self.products(mark)}

    def lines(self, mark: str) -> dict[str, Line]:
        """Our product items by Jetbuilt line; a line that stands there twice fails the test."""
        rows = [row for row in self.products(mark) if "@" in row.get("integrationXRef", "")]
        assert_once(_line(row) for row in rows)
        return {_line(row): Line(*(Decimal(row[name]) for name in ("quantity", "price", "cost"))) for row in rows}

    def differences(self, wanted: Expected) -> list[str]:
        """What an opportunity holds otherwise than it should: lines that lack, are too many, or are wrong."""
        if wanted.mark not in self.opportunities():
            return [f"there is no {wanted.mark}"]
        found = self.lines(wanted.mark)
        return [
            f"{key}: wanted {wanted.lines.get(key)}, found {found.get(key)}"
            for key in sorted(wanted.lines.keys() | found.keys())
            if key not in found or key not in wanted.lines or not wanted.lines[key].is_held_by(found[key])
        ]

    def assert_hold(self, wanted: Expected) -> None:
        """Every line to the cent, nothing else, and Jetbuilt's own total."""
        assert self.differences(wanted) == []
        assert len(self.products(wanted.mark)) == len(wanted.lines)
        assert sum(line.amounts[0] for line in self.lines(wanted.mark).values()) == wanted.total

    def assert_nothing_doubled(self) -> None:
        """One opportunity per mark, one line per mark in it, one record per name everywhere else."""
        for mark in self.opportunities():
            self.lines(mark)
        living = [row for row in self.rows("company/companies") if not row.get("deletedFlag")]
        assert_once(_name(row["name"]) for row in living)
        assert_once((row["company"]["id"], *emails(row)) for row in self.rows("company/contacts") if emails(row))
        assert_once((row["company"]["id"], _name(row["name"])) for row in self.rows("company/companies/sites"))
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


def _line(product: Row) -> str:
    return str(product["integrationXRef"]).split("@")[0]


def _name(text: str) -> str:
    return " ".join(text.split()).casefold()
