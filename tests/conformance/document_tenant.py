"""A BSS stand-in with the two accounts and the products of every case, for tests of the code that plays the cases."""

from __future__ import annotations

from typing import Any

from sandbox.bss.store import BssStore
from sandbox.bss.user import BssUser
from tests.conformance import text_table
from tests.conformance.document_case import Given
from tests.conformance.document_names import Names
from tests.conformance.document_words import CONTACTS, FIRST_ACCOUNT, PRODUCTS, SECOND_ACCOUNT
from tests.conformance.document_writer import DocumentWriter

Row = dict[str, Any]
INVOICE = Given(
    invoices="invoice | tax\n000433 | 1.01",
    items="of | item | product | quantity | price\n000433 | 1 | MBX-50 | 12 | 4.20\n000433 | 2 | BKP-TB | 1 | 18.00",
)


class Tenant:
    """A BSS stand-in with the two accounts and the products of every case."""

    def __init__(self) -> None:
        self.store = BssStore()
        self.names = Names()
        for name in (FIRST_ACCOUNT, SECOND_ACCOUNT):
            account = self.store.add("accounts", name=name)["id"]
            self.names.set("account", name, account)
            person = self.store.add("contacts", accountId=account)["id"]
            self.names.set("contact", CONTACTS[name], person)
        self.writer = DocumentWriter(BssUser(self.store), self.names)
        for row in text_table.read(PRODUCTS):
            self.writer.record("product", row)

    def accounts(self, given: Given) -> None:
        """The play makes them; here they only have to be known."""
        for row in text_table.read(given.accounts):
            if self.names.find("account", row["account"]) is None:
                number = self.store.add("accounts", name=row["account"])["id"]
                self.names.set("account", row["account"], number)

    def row(self, noun: str, name: str) -> Row:
        row: Row = self.store.rows(f"{noun}s")[self.names.get(noun, name)]
        return row

    def item(self, name: str) -> Row:
        document = self.row("invoice", name.partition("/")[0])
        number = self.names.get("item", name)
        return next(item for item in document["items"] if item["id"] == number)
