"""Any history of edits on both sides, polls, kills, lost answers and a lost Redis ends with both sides equal, as the merge rules say."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cwbridge import redis as redis_module
from sandbox.bss.collections import Row
from sandbox.calls import Call, CallLog
from sandbox.faults import FaultRule
from tests.support.merging import MergeModel, Name, Side, Values
from tests.support.pairs import CONTACTS, Pairs
from tests.support.until import until

ACCOUNT = {"phone": "phoneNumber", "webSite": "website", "postCode": "zip"}
"""Fields of an account, and those of its company."""
PERSON = {"jobTitle": "title", "mobilePhone": "Mobile", "fax": "Fax"}
"""Fields of a contact of BSS, and the field and the communication items of its contact of ConnectWise."""
FIELDS = {"account": tuple(ACCOUNT), "contact": tuple(PERSON)}
HOUSES = ("Ash", "Birch", "Cedar")
"""Ash begins in BSS, Birch in ConnectWise, Cedar on both sides with other values."""
VALUES = st.sampled_from(["", "1", "22", "333"])


class Edit(msgspec.Struct, frozen=True):
    """A user changes or empties a field on one side."""

    noun: Literal["account", "contact"]
    house: str
    side: Side
    place: int
    value: str


class Joined(msgspec.Struct, frozen=True):
    """A user makes another contact on one side."""

    house: str
    side: Side
    values: tuple[str, str, str]


class Chosen(msgspec.Struct, frozen=True):
    """A user of BSS makes a contact a primary one: the first of the house, or the last."""

    house: str
    place: Literal[0, -1]


class Synced(msgspec.Struct, frozen=True):
    """Everything is synced, while so many answers to writes are lost."""

    lost: int = 0


class Polled(msgspec.Struct, frozen=True):
    """The polls and the jobs that they enqueue; a sync that was killed before leaves jobs to it."""


class Killed(msgspec.Struct, frozen=True):
    """A sync is broken off after so many calls."""

    calls: int
    full: bool


class Wiped(msgspec.Struct, frozen=True):
    """Redis loses everything."""


Step = Edit | Joined | Chosen | Synced | Polled | Killed | Wiped
SIDES: st.SearchStrategy[Side] = st.sampled_from(["bss", "psa"])
EDITS = st.builds(
    Edit,
    noun=st.sampled_from(["account", "contact"]),
    house=st.sampled_from(HOUSES),
    side=SIDES,
    place=st.integers(0, 2),
    value=VALUES,
)
STEPS: st.SearchStrategy[Step] = st.one_of(
    EDITS,
    EDITS,
    EDITS,
    st.builds(Joined, house=st.sampled_from(HOUSES), side=SIDES, values=st.tuples(VALUES, VALUES, VALUES)),
    st.builds(Chosen, house=st.sampled_from(HOUSES), place=st.sampled_from([0, -1])),
    st.builds(Synced, lost=st.integers(0, 3)),
    st.just(Polled()),
    st.builds(Killed, calls=st.integers(1, 60), full=st.booleans()),
    st.just(Wiped()),
)
HISTORIES = st.lists(STEPS, min_size=4, max_size=14)
MASTERS: st.SearchStrategy[Side] = st.sampled_from(["bss", "psa"])


class Tenants:
    """Both sides and the model of them; records are told by their names and e-mail addresses."""

    def __init__(self, pairs: Pairs, master: Side) -> None:
        self.pairs = pairs
        self.model = MergeModel(master)
        self._contacts: dict[Name, str] = {}
        pairs.choose(master="bss" if master == "bss" else "connectwise")

    def begin(self) -> None:
        """The three houses, each with a contact."""
        for house in HOUSES:
            sides: tuple[Side, ...] = {"Ash": ("bss",), "Birch": ("psa",)}.get(house, ("bss", "psa"))  # type: ignore[assignment]
            for side in sides:
                values = dict(
                    zip(ACCOUNT, ("1", "22", "") if side == "bss" else ("", "333", "1"), strict=True)
                )
                self._make_account(house, side, values)
                self.model.made(("account", house), side, values)
            for side in sides:
                self.join(house, side, ("1", "", "22") if side == "bss" else ("333", "22", ""), "first")

    def _make_account(self, house: str, side: Side, values: dict[str, str]) -> None:
        if side == "bss":
            address = {"address1": "1 Pier", "countryName": "United States", "postCode": values["postCode"]}
            texts = {name: value for name, value in values.items() if name != "postCode"}
            self.pairs.account(house, address=address, currencyCode=None, **texts)
            return
        fields = {ACCOUNT[name]: value for name, value in values.items() if value}
        country = {"id": self.pairs._id("company/countries", "name", "United States")}
        made = self.pairs.company(house, house.upper(), addressLine1="1 Pier", country=country, **fields)
        self.pairs.add_type(made, "Client")

    def join(self, house: str, side: Side, values: tuple[str, str, str], who: str) -> None:
        """A contact; the house may not stand on that side yet."""
        email = f"{who}@{house.lower()}.example"
        name, held = ("contact", email), dict(zip(PERSON, values, strict=True))
        if side == "bss" and (account := self.account(house)) is not None:
            self.pairs.person(account["id"], who.title(), "Byron", email=email, **held)
        elif side == "psa" and (company := self.company(house)) is not None:
            number = self.pairs.contact(company["id"], who.title(), Email=email)
            self._edit_contact(number, held)
        else:
            return
        self.model.made(name, side, held)

    def edit(self, step: Edit) -> None:
        """Nothing happens to a record that the side does not have yet."""
        field = FIELDS[step.noun][step.place]
        name = (step.noun, step.house if step.noun == "account" else f"first@{step.house.lower()}.example")
        row = self.row(name, step.side)
        if row is None:
            return
        match name[0], step.side:
            case "account", "bss" if field == "postCode":
                self.pairs.edit_account(row["id"], address={field: step.value})
            case "account", "bss":
                self.pairs.edit_account(row["id"], **{field: step.value})
            case "account", _:
                self.pairs.edit_company(row["id"], **{ACCOUNT[field]: step.value or None})
            case _, "bss":
                self.pairs.edit_person(row["id"], **{field: step.value})
            case _:
                self._edit_contact(row["id"], {field: step.value})
        self.model.edited(name, step.side, field, step.value)

    def _edit_contact(self, number: int, values: dict[str, str]) -> None:
        items = list(self.pairs.contact_row(number).get("communicationItems") or ())
        fields: dict[str, Any] = {}
        for name, value in values.items():
            if name == "jobTitle":
                fields["title"] = value or None
                continue
            kind = self.pairs.item_type(PERSON[name])
            held = next((item for item in items if item["type"]["id"] == kind), {"type": {"id": kind}})
            items = [item for item in items if item["type"]["id"] != kind]
            items += [{**held, "value": value}] if value else []
            fields["communicationItems"] = items
        self.pairs.edit_contact(number, **fields)

    def account(self, house: str) -> Row | None:
        rows = self.pairs.bss.rows("accounts").values()
        return next((row for row in rows if row["name"] == house), None)

    def people(self, house: str) -> list[Row]:
        """The contacts of the house in BSS, in the order of their ids."""
        account = self.account(house)
        rows = self.pairs.bss.rows("contacts").values()
        return [row for row in rows if account is not None and row["accountId"] == account["id"]]

    def company(self, house: str) -> Row | None:
        return next((row for row in self.pairs.companies() if row["name"] == house), None)

    def row(self, name: Name, side: Side) -> Row | None:
        match name[0], side:
            case "account", "bss":
                return self.account(name[1])
            case "account", _:
                return self.company(name[1])
            case _, "bss":
                rows = self.pairs.bss.rows("contacts").values()
                return next((row for row in rows if row["email"] == name[1]), None)
            case _:
                contacts = self.pairs.connectwise.table(CONTACTS)
                return next(
                    (row for row in contacts if self.pairs.items_of(row["id"]).get("Email") == name[1]), None
                )

    def seen(self) -> dict[Name, tuple[Values | None, Values | None]]:
        """What both sides hold of every record of the model."""
        return {name: (self._in_bss(name), self._in_psa(name)) for name in self.model.records}

    def _in_bss(self, name: Name) -> Values | None:
        row = self.row(name, "bss")
        if row is None:
            return None
        shown = self.pairs.in_bss(row["id"]) if name[0] == "account" else row
        return {field: shown.get(field) or "" for field in FIELDS[name[0]]}

    def _in_psa(self, name: Name) -> Values | None:
        row = self.row(name, "psa")
        if row is None:
            return None
        if name[0] == "account":
            return {field: row.get(there) or "" for field, there in ACCOUNT.items()}
        items = self.pairs.items_of(row["id"])
        return {field: (row.get(there) or items.get(there) or "") for field, there in PERSON.items()}

    async def play(self, step: Step, number: int) -> None:
        pairs = self.pairs
        match step:
            case Edit():
                self.edit(step)
            case Joined():
                self.join(step.house, step.side, step.values, f"person{number}")
            case Chosen():
                for row in self.people(step.house)[step.place :][:1]:
                    pairs.edit_person(row["id"], isPrimary=True)
            case Synced():
                await self.sync(lost=step.lost)
            case Polled():
                await pairs.bench.sync()
                self.model.broken_off(self.seen())
            case Killed():
                await self.killed(step)
                self.model.broken_off(self.seen())
            case Wiped():
                await pairs.wipe()
                self.model.forgotten()

    async def sync(self, *, lost: int = 0) -> None:
        """Until nothing is due; afterwards both sides hold what the model says."""
        box = self.pairs.bench.box
        for faults in (box.connectwise_faults, box.bss_faults):
            for method in ("POST", "PATCH", "DELETE"):
                rule = FaultRule(
                    name=method, action="lose", method=method, path="/*c*", after=lost, times=lost
                )
                if lost:
                    faults.add(rule)
        await self.pairs.bench.settled(full=True)
        box.connectwise_faults.clear()
        box.bss_faults.clear()
        self.model.synced()
        assert list(self.model.allows(self.seen())) == []
        for house in HOUSES if self.model.master == "bss" else ():
            self._assert_default_contact(house)

    def _assert_default_contact(self, house: str) -> None:
        primary = next((row for row in self.people(house) if row["isPrimary"]), None)
        company = self.company(house)
        assert company is not None
        if primary is not None:
            contact = self.row(("contact", primary["email"]), "psa")
            assert contact is not None
            assert company["defaultContact"] == {"id": contact["id"]}

    async def killed(self, step: Killed) -> None:
        box = self.pairs.bench.box
        enough = asyncio.Event()
        with counted((box.bss_calls, box.connectwise_calls), step.calls, enough):
            work = asyncio.create_task(self.pairs.bench.sync(full=step.full))
            waiting = asyncio.create_task(enough.wait())
            await asyncio.wait({work, waiting}, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await work
        logs = (box.bss_calls, box.connectwise_calls)
        await until(lambda: not any(log.concurrent for log in logs), what="what was sent has taken effect")

    def assert_nothing_is_double(self) -> None:
        pairs, nouns = self.pairs, [noun for noun, _ in self.model.records]
        houses, people = nouns.count("account"), nouns.count("contact")
        assert (len(pairs.bss.rows("accounts")), len(pairs.companies())) == (houses, houses)
        assert (len(pairs.bss.rows("contacts")), len(list(pairs.connectwise.table(CONTACTS)))) == (
            people,
            people,
        )


@contextlib.contextmanager
def counted(logs: tuple[CallLog, ...], calls: int, enough: asyncio.Event) -> Iterator[None]:
    """Set `enough` when so many calls were answered."""
    left = calls

    def counting(count: Callable[[Call], None]) -> Callable[[Call], None]:
        def counted_call(call: Call) -> None:
            nonlocal left
            count(call)
            left -= 1
            if left <= 0:
                enough.set()

        return counted_call

    for log in logs:
        log._count = counting(log._count)  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        for log in logs:
            del log._count


class Stage:
    """One sandbox for every example, each in a namespace of its own."""

    def __init__(self, run: Callable[[Coroutine[Any, Any, Any]], Any], pairs: Pairs) -> None:
        self.run = run
        self.pairs = pairs


@pytest.fixture(scope="module")
def stage(redis_url: str) -> Iterator[Stage]:
    with asyncio.Runner() as runner:
        client = redis_module.connect(redis_url)
        opened = Pairs.opened(client, redis_url, "unused")
        pairs = runner.run(opened.__aenter__())
        pairs.configure("queue", max_attempts=60)
        yield Stage(runner.run, pairs)
        runner.run(opened.__aexit__(None, None, None))
        runner.run(client.aclose())


@settings(
    max_examples=12,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(history=HISTORIES, master=MASTERS)
def test_every_history_ends_with_both_sides_equal_by_the_merge_rules(
    stage: Stage, history: list[Step], master: Side
) -> None:
    stage.run(played(stage.pairs, history, master))


async def played(pairs: Pairs, history: list[Step], master: Side) -> None:
    pairs.bench.namespace = f"m{uuid.uuid4().hex[:10]}"
    pairs.clear()
    tenants = Tenants(pairs, master)
    tenants.begin()
    try:
        for number, step in enumerate(history):
            await tenants.play(step, number)
        await tenants.sync()
        tenants.assert_nothing_is_double()
        written = len(pairs.written())
        for _ in range(2):
            await tenants.sync()
        assert pairs.written()[written:] == []
    finally:
        await pairs.wipe()
