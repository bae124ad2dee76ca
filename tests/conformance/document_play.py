"""Plays a case of documents: both stand-ins over real HTTP, a Redis of its own, two linked accounts, the pollers and the worker."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

from cwbridge.redis import Redis
from tests.conformance import compare, document_compare, run_end, text_table
from tests.conformance.compare import Difference
from tests.conformance.document_case import By, Case, Expected, Given
from tests.conformance.document_hand import ConnectWiseHand
from tests.conformance.document_names import BSS, Names, split
from tests.conformance.document_view import COLUMNS, INVOICES, ORDERS, PAYMENTS, TABLES, DocumentView
from tests.conformance.document_words import CONTACTS, PRODUCTS
from tests.conformance.document_writer import DocumentWriter
from tests.conformance.pair_rows import Writer as AccountWriter
from tests.support.pairs import Pairs
from tests.support.recorder import RecordedSandbox

CENT = Decimal("0.01")
EVERYTHING = ("account", "contact", "product", "order", "invoice", "payment", "subscription")
AGREEMENT_TYPES = {"Month": "Subscriptions Monthly", "Annual": "Subscriptions Annual"}


class DocumentPlay:
    """One case on a bench of its own, whose tenants have two linked accounts, three products and no document."""

    def __init__(self, pairs: Pairs) -> None:
        self.pairs = pairs
        self.names = Names()
        box = pairs.bench.box
        self._write = DocumentWriter(box.bss_user, self.names)
        self._hand = ConnectWiseHand(box.connectwise, self.names, self._target)
        self._known: dict[str, set[int]] = {}
        self._events = 0
        self._writes = 0

    @classmethod
    @asynccontextmanager
    async def opened(cls, redis: Redis, redis_url: str) -> AsyncIterator[DocumentPlay]:
        namespace = f"d{uuid.uuid4().hex[:12]}"
        async with Pairs.opened(redis, redis_url, namespace, kind=RecordedSandbox) as pairs:
            play = cls(pairs)
            await play.prepare()
            yield play

    @property
    def box(self) -> RecordedSandbox:
        """The stand-ins, with what was sent to them."""
        box = self.pairs.bench.box
        assert isinstance(box, RecordedSandbox)
        return box

    async def prepare(self) -> None:
        """Clear the documents of the tenant and link both accounts with a contact each."""
        pairs = self.pairs
        for collection in BSS.values():
            for number in list(pairs.bss.rows(collection)):
                pairs.bss.remove(collection, number)
        for name, contact in CONTACTS.items():
            account = pairs.account(name)
            first, _, last = contact.partition(" ")
            self.names.set("account", name, account)
            self.names.set("contact", contact, pairs.person(account, first, last, isPrimary=True))
        await pairs.settle()
        self._known = {table: {row["id"] for row in self._rows(table)} for table in TABLES}

    async def case(self, case: Case) -> list[Difference]:
        """Play all steps; what is not as expected, with the number of the step."""
        rep = self.pairs.bench.default_rep["identifier"]
        self.pairs.choose(push=EVERYTHING, sales_representative=rep, units=AGREEMENT_TYPES)
        for row in text_table.read(PRODUCTS):
            self._write.record("product", row)
        differences = await self._step(case.given, case.expect, "poll")
        for number, step in enumerate(case.then, start=1):
            found = await self._step(step.change, step.expect, step.by)
            differences += (Difference(f"then {number}: {d.what}", d.expected, d.actual) for d in found)
        return differences

    def change(self, given: Given) -> None:
        """What other users do on both sides."""
        pairs = self.pairs
        pairs.choose(**given.settings)
        for modes, changed in ((pairs.bss.modes, given.bss), (pairs.connectwise.modes, given.connectwise)):
            for name, value in changed.items():
                setattr(modes, name, value)
        for row in text_table.read(given.accounts):
            self._account(row)
        self._write.write(given)
        self._hand.write(given.in_connectwise)

    def differences(self, expect: Expected) -> Iterator[Difference]:
        """What ConnectWise holds, against the tables of a step."""
        view = DocumentView(self._rows, self.names, self._known)
        for what, columns in COLUMNS.items():
            wanted = getattr(expect, what.replace(" ", "_"))
            if wanted is not None:
                rows = view.totals(self._billed()) if what == "totals" else view.shown(what)
                yield from document_compare.records(what, wanted, columns, rows)
        if expect.writes is not None:
            written = self.pairs.written()[self._writes :]
            yield from compare.text("writes", expect.writes, "\n".join([str(len(written)), *written]))

    async def _step(self, given: Given, expect: Expected, by: By) -> list[Difference]:
        self.change(given)
        if given.redis == "wiped":
            await self.pairs.wipe()
        bench = self.pairs.bench
        self._events = len(await bench.history(self._key(expect.of))) if expect.of else 0
        self._writes = len(self.pairs.written())
        await bench.sync(*([self._key(expect.of)] if by == "key" else []), full=by == "full sync")
        found = list(self.differences(expect))
        if expect.of:
            key = self._key(expect.of)
            events = await bench.history(key)
            fresh = events[: len(events) - self._events]
            happened = fresh[0] if fresh else None
            found += run_end.outcome(expect, await bench.job(key), happened)
            found += run_end.event(expect, happened)
        return found

    def _account(self, row: dict[str, str]) -> None:
        """A row of accounts: another one, or changes of one that is there."""
        name = row.pop("account")
        fields = AccountWriter(self.pairs, self.names.all("account")).account(row)
        known = self.names.find("account", name)
        if known is not None:
            self.pairs.edit_account(known, **fields)
            return
        number = self.pairs.account(name)
        self.names.set("account", name, number)
        if fields:
            self.pairs.edit_account(number, **fields)

    def _billed(self) -> dict[str, tuple[str, Decimal]]:
        """The documents of BSS by name: their noun and the sum of their items."""
        found: dict[str, tuple[str, Decimal]] = {}
        for noun in ("order", "invoice"):
            rows = self.pairs.bss.rows(BSS[noun])
            for name, number in self.names.all(noun).items():
                if number in rows:
                    net: Decimal = sum((item["finalTotal"] for item in rows[number]["items"]), Decimal(0))
                    found[name] = (noun, net.quantize(CENT))
        return found

    def _rows(self, table: str) -> list[dict[str, Any]]:
        tables = self.pairs.connectwise.tables
        return list(tables[table]) if table in tables else []

    def _target(self, noun: str, name: str) -> int:
        """The record of ConnectWise that an order, invoice or payment of the case has become."""
        view = DocumentView(self._rows, self.names, self._known)
        table, show = {
            "order": (ORDERS, view.order),
            "invoice": (INVOICES, view.invoice),
            "payment": (PAYMENTS, view.payment),
        }[noun]
        found = [row["id"] for row in self._rows(table) if show(row)[noun] == name]
        if len(found) != 1:
            raise ValueError(f"ConnectWise has {len(found)} records of {noun} {name!r}")
        return int(found[0])

    def _key(self, told: str) -> str:
        noun, name = split(told)
        return f"bss/{noun}/{self.names.get(noun, name)}"
