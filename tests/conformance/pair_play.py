"""Plays a case of the billing side: both stand-ins over real HTTP, a Redis of its own, the pollers and the worker."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import msgspec

from cwbridge.ledger.history import Event
from cwbridge.redis import Redis
from tests.conformance import compare, run_end, text_table
from tests.conformance.compare import Difference
from tests.conformance.pair_case import By, Case, Expected, Given
from tests.conformance.pair_rows import ACCOUNT, CONTACT, Names, Reader, Writer, associations
from tests.support import sent
from tests.support.pairs import COMPANIES, CONTACTS, TYPES, Pairs
from tests.support.recorder import RecordedSandbox

_NOUNS = {"a": "account", "b": "company", "c": "contact", "p": "person"}
_KEYS = {
    "account": "bss/account",
    "contact": "bss/contact",
    "company": "connectwise/company",
    "person": "connectwise/contact",
}


class PairPlay:
    """One case on a bench of its own; tenants without any account or company of their own."""

    def __init__(self, pairs: Pairs) -> None:
        self.pairs = pairs
        self._names: Names = {}
        self._write = Writer(pairs, self._names)
        self._read = Reader(pairs, self._names)
        self._known = 0
        self._writes = 0

    @classmethod
    @asynccontextmanager
    async def opened(cls, redis: Redis, redis_url: str) -> AsyncIterator[PairPlay]:
        namespace = f"b{uuid.uuid4().hex[:12]}"
        async with Pairs.opened(redis, redis_url, namespace, kind=RecordedSandbox) as pairs:
            yield cls(pairs)

    @property
    def box(self) -> RecordedSandbox:
        """The stand-ins, with what was sent to them."""
        box = self.pairs.bench.box
        assert isinstance(box, RecordedSandbox)
        return box

    def sent(self) -> sent.Sent:
        """The fields that were sent to either system, by collection."""
        return sent.fields(self.box.exchanges) | sent.fields(self.box.bss_exchanges)

    async def case(self, case: Case) -> list[Difference]:
        """Play all steps; what is not as expected, with the number of the step."""
        self._begin(case.given)
        vendor = {name: value for name, value in case.given.account.items() if name == "vendor link"}
        first = msgspec.structs.replace(case.given, account=vendor, contact={})
        differences = await self._step(first, case.expect, "poll")
        for number, step in enumerate(case.then, start=1):
            found = await self._step(step.change, step.expect, step.by)
            differences += (Difference(f"then {number}: {d.what}", d.expected, d.actual) for d in found)
        return differences

    def _begin(self, given: Given) -> None:
        """The standard records, as far as the case has them."""
        if "account" not in given.without:
            vendor = given.account.get("vendor link", "")
            later = {"vendor link"} if vendor.startswith("id of ") else set()
            told = {name: value for name, value in (ACCOUNT | given.account).items() if name not in later}
            self._names["account"] = self._new_account(told)
        if given.contact:
            self._names["contact"] = self._new_contact({"account": "account"} | CONTACT | given.contact)

    async def _step(self, given: Given, expect: Expected, by: By) -> list[Difference]:
        pairs = self.pairs
        pairs.choose(**given.settings)
        for modes, changed in ((pairs.bss.modes, given.bss), (pairs.connectwise.modes, given.connectwise)):
            for name, value in changed.items():
                setattr(modes, name, value)
        await self._change(given)
        if given.redis == "wiped":
            await pairs.wipe()
        self._known = len(await self._events(expect))
        self._writes = len(pairs.written())
        await pairs.bench.sync(*([self._key(expect.of)] if by == "key" else []), full=by == "full sync")
        return [difference async for difference in self._compare(expect)]

    async def _change(self, given: Given) -> None:
        """What other users do on both sides."""
        for row in text_table.read(given.accounts):
            self._record("account", row)
        for row in text_table.read(given.companies):
            self._record("company", row)
        for row in text_table.read(given.contacts):
            self._record("contact", row)
        for row in text_table.read(given.people):
            self._record("person", row)
        await self._change_standard(given)
        if given.merged_into:
            company = await self._company()
            pairs = self.pairs
            pairs.bench.box.connectwise_user.merge(company, self._names[given.merged_into])
        for name in given.gone:
            await self._remove(name)

    async def _change_standard(self, given: Given) -> None:
        """Fields of the standard records; those of the first step are there already."""
        pairs = self.pairs
        if given.account:
            pairs.edit_account(self._names["account"], **self._write.account(given.account))
        if given.contact and "contact" not in self._names:
            self._names["contact"] = self._new_contact({"account": "account"} | CONTACT | given.contact)
        elif given.contact:
            pairs.edit_person(self._names["contact"], **self._write.contact(given.contact))
        if given.company:
            pairs.edit_company(await self._company(), **self._write.company(given.company))
        if given.person:
            number = await self._person()
            self._edit_person(number, given.person)
        for name in given.types_added:
            pairs.add_type(await self._company(), name)
        for name in given.types_removed:
            kind = pairs.company_type(name)
            for row in associations(pairs, await self._company()):
                if row["type"]["id"] == kind:
                    pairs.bench.box.connectwise_user.remove(TYPES, row["id"])

    def _record(self, noun: str, row: dict[str, str]) -> None:
        """A row of a table: a new record, or changes of one that is there."""
        name = row.pop(noun)
        number = self._names.get(name)
        match noun:
            case "account" if number is not None:
                self.pairs.edit_account(number, **self._write.account(row))
            case "account":
                self._names[name] = self._new_account(row)
            case "contact" if number is not None:
                self.pairs.edit_person(number, **self._write.contact(row))
            case "contact":
                self._names[name] = self._new_contact({"account": "account"} | row)
            case "company" if number is not None:
                self.pairs.edit_company(number, **self._write.company(row))
            case "company":
                self._names[name] = self._new_company(row)
            case _ if number is not None:
                self._edit_person(number, row)
            case _:
                self._names[name] = self._new_person(row)

    def _new_account(self, told: dict[str, str]) -> int:
        return int(self.pairs.bss.add("accounts", **self._write.account(told))["id"])

    def _new_contact(self, told: dict[str, str]) -> int:
        return int(self.pairs.bss.add("contacts", **self._write.contact(told))["id"])

    def _new_company(self, told: dict[str, str]) -> int:
        user = self.pairs.bench.box.connectwise_user
        number = user.add(COMPANIES, {"site": {"name": "Main"}, **self._write.company(told)})
        for kind in filter(None, told.get("types", "").split(", ")):
            self.pairs.add_type(number, kind)
        if told.get("deleted") == "yes":
            user.remove(COMPANIES, number)
        if maker := told.get("made by"):
            row = self.pairs.in_connectwise(number)
            info = row["_info"] | {"enteredBy": maker, "updatedBy": maker}
            self.pairs.connectwise.put(COMPANIES, row | {"_info": info})
        return number

    def _new_person(self, told: dict[str, str]) -> int:
        fields = self._write.person(told) | {"communicationItems": self._write.items(told, [])}
        return self.pairs.bench.box.connectwise_user.add(CONTACTS, fields | {"ignoreDuplicates": True})

    def _edit_person(self, number: int, told: dict[str, str]) -> None:
        held = self.pairs.contact_row(number)["communicationItems"]
        fields = self._write.person(told)
        items = self._write.items(told, held)
        if items != held:
            fields["communicationItems"] = items
        self.pairs.edit_contact(number, **fields)

    async def _remove(self, name: str) -> None:
        box = self.pairs.bench.box
        match self._noun(name):
            case "account":
                box.bss_user.remove("accounts", self._names[name])
            case "contact":
                box.bss_user.remove("contacts", self._names[name])
            case "company":
                box.connectwise_user.remove(
                    COMPANIES, await self._company() if name == "company" else self._names[name]
                )
            case _:
                box.connectwise_user.remove(
                    CONTACTS, await self._person() if name == "person" else self._names[name]
                )

    async def _company(self) -> int:
        """The company of the standard account."""
        return await self._target("company", f"bss:account:{self._names['account']}")

    async def _person(self) -> int:
        """The contact of ConnectWise that the standard contact is."""
        return await self._target("contact", f"bss:contact:{self._names['contact']}")

    async def _target(self, kind: str, identity: str) -> int:
        link = await self.pairs.links.get(kind, identity)
        assert link is not None, f"{identity} is not linked"
        return link.target

    def _noun(self, name: str) -> str:
        return _NOUNS[name[0]] if name[1:].isdigit() else name

    def _key(self, name: str) -> str:
        return f"{_KEYS[self._noun(name)]}/{self._names.get(name, 0)}"

    async def _events(self, expect: Expected) -> list[Event]:
        return await self.pairs.bench.history(self._key(expect.of))

    async def _compare(self, expect: Expected) -> AsyncIterator[Difference]:
        events = await self._events(expect)
        happened = events[0] if len(events) > self._known else None
        job = await self.pairs.bench.job(self._key(expect.of))
        for difference in (
            *run_end.outcome(expect, job, happened),
            *run_end.event(expect, happened),
            *self._of_tables(expect),
        ):
            yield difference
        for noun in ("account", "company", "contact", "person"):
            if wanted := getattr(expect, noun):
                shown = getattr(self._read, noun)(await self._number(noun))
                for difference in compare.fields(noun, wanted, shown):
                    yield difference
        for difference in [one async for one in self._of_links(expect)]:
            yield difference

    async def _number(self, noun: str) -> int:
        """The id of a standard record."""
        if noun == "company":
            return await self._company()
        return await self._person() if noun == "person" else self._names[noun]

    async def _of_links(self, expect: Expected) -> AsyncIterator[Difference]:
        for name, target in expect.linked.items():
            kind = "company" if self._noun(name) == "account" else "contact"
            link = await self.pairs.links.get(kind, f"bss:{self._noun(name)}:{self._names[name]}")
            actual = link.target if link is not None else None
            wanted_target = self._names.get(target)
            for difference in compare.text(f"{name} is linked to {target}", wanted_target, actual):
                yield difference

    def _of_tables(self, expect: Expected) -> Iterator[Difference]:
        for what in ("accounts", "companies", "contacts", "people"):
            wanted = getattr(expect, what)
            if wanted is not None:
                yield from _of_table(what, wanted, getattr(self._read, what)())
        if expect.writes is not None:
            written = self.pairs.written()[self._writes :]
            yield from compare.text("writes", expect.writes, "\n".join([str(len(written)), *written]))


def _of_table(what: str, wanted: str, rows: list[dict[str, str]]) -> Iterator[Difference]:
    """All records of a kind, by the columns that the case names, in any order."""
    if wanted == "none":
        yield from compare.text(what, wanted, rows or "none")
        return
    lines = [line for line in wanted.splitlines() if line.strip()]
    columns = [cell.strip() for cell in lines[0].split("|")]
    unknown = [column for column in columns if rows and column not in rows[0]]
    if unknown:
        raise ValueError(f"{what} have no column {', '.join(unknown)}; known: {', '.join(rows[0])}")
    expected = sorted([row[name] for name in columns] for row in text_table.read(wanted))
    actual = sorted([row[name] for name in columns] for row in rows)
    yield from compare.text(what, text_table.write(columns, expected), text_table.write(columns, actual))
