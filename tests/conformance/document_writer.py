"""What another user of BSS does in a case: the rows of its tables become records, or change those that are there."""

from __future__ import annotations

from typing import Any

from sandbox.bss.user import BssUser
from tests.conformance import text_table
from tests.conformance.document_case import Given
from tests.conformance.document_names import BSS, Names, split
from tests.conformance.document_words import FIELDS, REFERENCES, USUAL

Row = dict[str, Any]
_ITEM = "item"


class DocumentWriter:
    """Writes into a BSS stand-in; `names` learns every record by its name."""

    def __init__(self, user: BssUser, names: Names) -> None:
        self._user = user
        self._names = names

    def write(self, given: Given) -> None:
        """Make and change records in the order in which they depend on each other, then let others vanish.

        Raises ValueError for a column, a record or a value that cannot be.
        """
        for noun in ("product", "subscription", "order", "invoice"):
            for row in text_table.read(getattr(given, BSS[noun])):
                self.record(noun, row)
        for row in text_table.read(given.items):
            self._item(row)
        for row in text_table.read(given.payments):
            self.record("payment", row)
        for told in given.gone:
            self._remove(told)

    def record(self, noun: str, row: dict[str, str]) -> None:
        """A row of a table: a new record, or changes of one that is there."""
        collection = BSS[noun]
        name = row.pop(noun)
        known = self._names.find(noun, name)
        if known is not None:
            self._user.edit(collection, known, self._fields(collection, row))
            return
        told = {**USUAL[collection], **row}
        if noun in ("product", "order", "invoice"):
            told.setdefault("code", name)
        fields = {key: value for key, value in self._fields(collection, told).items() if value is not None}
        if noun == "order":
            fields.setdefault("billToAccountId", fields["accountId"])
        if noun == "subscription":
            fields.setdefault("name", f"{name} of {told['account']}")
        self._names.set(noun, name, self._user.add(collection, fields))

    def _item(self, row: dict[str, str]) -> None:
        document, name = row.pop("of"), row.pop(_ITEM)
        collection, number = self._names.document(document)
        table, own = f"{collection}/{number}/items", f"{document}/{name}"
        known = self._names.find(_ITEM, own)
        if known is not None:
            self._user.edit(table, known, self._fields("items", row))
            return
        told = {**USUAL["items"], **row}
        fields = {key: value for key, value in self._fields("items", told).items() if value is not None}
        self._names.set(_ITEM, own, self._user.add(table, fields))

    def _remove(self, told: str) -> None:
        """`invoice 000433`, or `item 2 of 000433`."""
        noun, name = split(told)
        if noun != _ITEM:
            self._user.remove(BSS[noun], self._names.get(noun, name))
            return
        own, _, document = name.partition(" of ")
        collection, number = self._names.document(document)
        self._user.remove(f"{collection}/{number}/items", self._names.get(_ITEM, f"{document}/{own}"))

    def _fields(self, collection: str, told: dict[str, str]) -> Row:
        """Fields of BSS; an empty cell is no value."""
        known, references = FIELDS[collection], REFERENCES.get(collection, {})
        unknown = told.keys() - known.keys() - references.keys()
        if unknown:
            raise ValueError(f"{collection} have no column {', '.join(sorted(unknown))}")
        fields: Row = {}
        for column, cell in told.items():
            if column in references:
                fields[references[column]] = self._reference(collection, column, cell)
                continue
            name, kind = known[column]
            fields[name] = kind(cell) if cell else None
        return fields

    def _reference(self, collection: str, column: str, cell: str) -> Any:
        if not cell:
            return None
        if column == "subscriptions":
            return [self._names.get("subscription", name.strip()) for name in cell.split(",")]
        noun = {"bill to": "account"}.get(column, column)
        number = self._names.get(noun, cell)
        if column == "contact":
            return {"id": number}
        if (collection, column) == ("subscriptions", "product"):
            product = self._user.show("products", number)
            return {name: product[name] for name in ("id", "code", "name")}
        return number
