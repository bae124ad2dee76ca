"""Rules of catalog items: the category follows from the subcategory, a second identifier gets a suffix."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from sandbox.connectwise.errors import Problem
from sandbox.connectwise.rules.base import Rules, set_missing
from sandbox.connectwise.table import Row, fold

LONGEST = 75


class CatalogRules(Rules):
    def fill(self, row: Row, body: Row) -> None:
        del body
        set_missing(
            row,
            productClass="NonInventory",
            price=0,
            cost=0,
            billableOption="Billable",
            unitOfMeasure=self.default("procurement/unitOfMeasures"),
        )

    def settle(self, row: Row, old: Row | None) -> None:
        subcategory = self.row("procurement/subcategories", row.get("subcategory")) or {}
        row["category"] = subcategory.get("category")
        if old is None and self.store.modes.catalog_duplicates == "copy" and self._others(row):
            row["identifier"] = self._copy_of(row["identifier"])

    def check(self, row: Row, old: Row | None, body: Row) -> Iterator[Problem]:
        del body
        changed = old is None or fold(old["identifier"]) != fold(row.get("identifier"))
        if changed and self._others(row):
            yield Problem("ObjectExists", "Product ID already in use.", "identifier")

    def _others(self, row: Row) -> bool:
        identifier = row.get("identifier")
        found = self.store.table("procurement/catalog").find("identifier", identifier) if identifier else []
        return any(other["id"] != row["id"] for other in found)

    def _copy_of(self, identifier: str) -> str:
        catalog = self.store.table("procurement/catalog")
        copies = (identifier[: LONGEST - len(suffix)] + suffix for suffix in map("Copy{}".format, count()))
        return next(copy for copy in copies if not catalog.find("identifier", copy))
