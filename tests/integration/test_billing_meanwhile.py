"""What other users save while a run is under way is neither undone nor passed over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from cwbridge.ledger.attempts import Attempt, Attempts, OpenAttempts
from cwbridge.ledger.links import Link
from sandbox.faults import FaultRule, Faults
from tests.support import broken_off
from tests.support.pairs import Pairs
from tests.support.until import until
from worker.billing.context import BillingContext

SECOND = datetime(2031, 5, 6, 9, 30, 15, tzinfo=UTC)


@asynccontextmanager
async def held(
    faults: Faults, method: str, path: str, *, lost: bool = False
) -> AsyncIterator[Callable[[], None]]:
    """A write waits before it takes effect; `lost` loses its answer as well. The body lets it go."""
    faults.add(FaultRule(name="held", action="hold_before", method=method, path=path, times=1))
    if lost:
        faults.add(FaultRule(name="lost", action="lose", method=method, path=path, times=1))
    yield lambda: faults.clear("held")
    faults.clear()


@asynccontextmanager
async def answer_held(
    faults: Faults, method: str, path: str
) -> AsyncIterator[tuple[Callable[[], Awaitable[None]], Callable[[], None]]]:
    """A write has taken effect, and its answer waits: the body awaits that, and lets the answer go."""
    faults.add(FaultRule(name="held", action="hold_after", method=method, path=path, times=1))

    async def made() -> None:
        await until(lambda: faults.waiting("held") == 1, what="the answer waits")

    yield made, lambda: faults.clear("held")
    faults.clear()


async def linked(pairs: Pairs) -> tuple[int, int]:
    """An account and its company, equal on both sides."""
    account = pairs.account(code="HL-1", phone="1")
    await pairs.bench.settled()
    return account, (await pairs.company_of(account))["id"]


async def test_an_edit_of_the_company_during_the_write_to_it_reaches_bss(pairs: Pairs) -> None:
    account, company = await linked(pairs)
    faults = pairs.bench.box.connectwise_faults
    pairs.edit_account(account, phone="2")
    async with held(faults, "PATCH", "/company/companies/*") as release:
        running = asyncio.create_task(pairs.bench.settled())
        await until(lambda: faults.waiting("held") == 1, what="the call waits")
        pairs.edit_company(company, faxNumber="9")
        release()
        await running
    await pairs.bench.settled()
    assert pairs.in_bss(account)["fax"] == "9"


async def test_an_edit_of_the_account_during_the_write_to_it_reaches_connectwise(pairs: Pairs) -> None:
    account, company = await linked(pairs)
    faults = pairs.bench.box.bss_faults
    pairs.edit_company(company, phoneNumber="2")
    async with held(faults, "PATCH", "/accounts/*") as release:
        running = asyncio.create_task(pairs.bench.settled())
        await until(lambda: faults.waiting("held") == 1, what="the call waits")
        pairs.edit_account(account, fax="9")
        release()
        await running
    await pairs.bench.settled()
    assert pairs.in_connectwise(company)["faxNumber"] == "9"


async def test_an_edit_of_the_written_field_right_after_the_write_is_a_change(pairs: Pairs) -> None:
    account, company = await linked(pairs)
    faults = pairs.bench.box.bss_faults
    pairs.edit_company(company, phoneNumber="2")
    faults.add(FaultRule(name="held", action="hold_after", method="PATCH", path="/accounts/*", times=1))
    running = asyncio.create_task(pairs.bench.settled())
    await until(lambda: faults.waiting("held") == 1, what="the call waits")
    pairs.edit_account(account, phone="3")
    faults.clear()
    await running
    await pairs.bench.settled()
    assert (pairs.in_bss(account)["phone"], pairs.in_connectwise(company)["phoneNumber"]) == ("3", "3")


async def test_two_edits_in_one_second_of_connectwise_are_two(
    pairs: Pairs, monkeypatch: pytest.MonkeyPatch
) -> None:
    account, company = await linked(pairs)
    monkeypatch.setattr(pairs.connectwise, "now", lambda: "2031-05-06T07:08:09Z")
    pairs.edit_company(company, faxNumber="8")
    await pairs.bench.settled()
    pairs.edit_company(company, faxNumber="9")
    await pairs.bench.settled()
    assert pairs.in_bss(account)["fax"] == "9"


async def test_an_edit_in_the_second_of_an_own_write_is_seen_where_bss_counts_seconds(
    pairs: Pairs, monkeypatch: pytest.MonkeyPatch
) -> None:
    account, company = await linked(pairs)
    pairs.bss.modes.time_digits = 0
    monkeypatch.setattr(pairs.bss, "clock", lambda: SECOND)
    pairs.edit_company(company, phoneNumber="2")
    await pairs.bench.settled()
    pairs.edit_account(account, fax="9")
    await pairs.bench.settled()
    assert pairs.in_connectwise(company)["faxNumber"] == "9"


async def test_an_edit_of_a_company_whose_create_got_no_answer_stays(pairs: Pairs) -> None:
    account = pairs.account(code="HL-1", phone="1")
    faults = pairs.bench.box.connectwise_faults
    async with held(faults, "POST", "/company/companies", lost=True) as release:
        running = asyncio.create_task(pairs.bench.settled())
        await until(lambda: faults.waiting("held") == 1, what="the call waits")
        faults.add(
            FaultRule(name="search", action="hold_before", method="GET", path="/company/companies", times=1)
        )
        release()
        await until(lambda: faults.waiting("search") == 1, what="the call waits")
        (company,) = pairs.companies()
        pairs.edit_company(company["id"], phoneNumber="2")
        faults.clear("search")
        await running
    await pairs.bench.settled()
    assert pairs.in_bss(account)["phone"] == "2"


@pytest.mark.parametrize("name", ["HL-1", None])
async def test_a_company_that_is_edited_while_its_account_is_made_gets_no_second_one(
    pairs: Pairs, name: str | None
) -> None:
    given = {"accountNumber": name} if name else {}
    company = pairs.company("North Light", "NORTH", phoneNumber="1", **given)
    pairs.add_type(company, "Client")
    faults = pairs.bench.box.bss_faults
    async with held(faults, "POST", "/accounts", lost=True) as release:
        running = asyncio.create_task(pairs.bench.settled())
        await until(lambda: faults.waiting("held") == 1, what="the call waits")
        pairs.edit_company(company, name="South Light", phoneNumber="2", accountNumber="SL-1")
        release()
        await running
    await pairs.bench.settled(full=True)
    (account,) = pairs.bss.rows("accounts").values()
    assert (account["name"], account["phone"], account["code"]) == ("South Light", "2", "SL-1")
    assert len(pairs.companies()) == 1


async def test_a_contact_whose_address_is_edited_while_it_is_made_in_connectwise_is_made_once(
    pairs: Pairs,
) -> None:
    account = pairs.account(code="HL-1")
    await pairs.bench.settled()
    person = pairs.person(account, email="ada@h.example", phone="1")
    faults = pairs.bench.box.connectwise_faults
    async with held(faults, "POST", "/company/contacts", lost=True) as release:
        running = asyncio.create_task(pairs.bench.settled())
        await until(lambda: faults.waiting("held") == 1, what="the call waits")
        pairs.edit_person(person, email="byron@h.example", lastName="Lovelace")
        release()
        await running
    await pairs.bench.settled()
    (contact,) = pairs.connectwise.table("company/contacts")
    assert contact["lastName"] == "Lovelace"
    assert pairs.items_of(contact["id"])["Email"] == "byron@h.example"


async def test_a_contact_whose_address_is_edited_while_it_is_made_in_bss_is_made_once(pairs: Pairs) -> None:
    account = pairs.account(code="HL-1")
    await pairs.bench.settled()
    contact = pairs.contact((await pairs.company_of(account))["id"], Email="ada@h.example")
    faults = pairs.bench.box.bss_faults
    async with held(faults, "POST", "/contacts", lost=True) as release:
        running = asyncio.create_task(pairs.bench.settled())
        await until(lambda: faults.waiting("held") == 1, what="the call waits")
        (item,) = pairs.contact_row(contact)["communicationItems"]
        pairs.bench.box.connectwise_user.edit(
            "company/contacts/communications", item["id"], {"value": "byron@h.example"}
        )
        pairs.edit_contact(contact, lastName="Lovelace")
        release()
        await running
    await pairs.bench.settled()
    (person,) = pairs.bss.rows("contacts").values()
    assert (person["lastName"], person["email"]) == ("Lovelace", "byron@h.example")
    assert len(list(pairs.connectwise.table("company/contacts"))) == 1


async def test_what_is_filled_in_right_after_a_contact_was_made_in_bss_reaches_connectwise(
    pairs: Pairs,
) -> None:
    account = pairs.account(code="HL-1")
    await pairs.bench.settled()
    contact = pairs.contact((await pairs.company_of(account))["id"], Email="ada@h.example", Direct="1")
    async with answer_held(pairs.bench.box.bss_faults, "POST", "/contacts") as (made, release):
        running = asyncio.create_task(pairs.bench.settled())
        await made()
        (person,) = pairs.bss.rows("contacts")
        pairs.edit_person(int(person), fax="9", phone="2")
        release()
        await running
    await pairs.bench.settled()
    assert pairs.items_of(contact) == {"Email": "ada@h.example", "Direct": "2", "Fax": "9"}


async def test_what_is_filled_in_right_after_an_account_was_made_in_bss_reaches_connectwise(
    pairs: Pairs,
) -> None:
    company = pairs.company("North Light", "NORTH", phoneNumber="1")
    pairs.add_type(company, "Client")
    async with answer_held(pairs.bench.box.bss_faults, "POST", "/accounts") as (made, release):
        running = asyncio.create_task(pairs.bench.settled())
        await made()
        (account,) = pairs.bss.rows("accounts")
        pairs.edit_account(int(account), fax="9", phone="2")
        release()
        await running
    await pairs.bench.settled()
    row = pairs.in_connectwise(company)
    assert (row["faxNumber"], row["phoneNumber"]) == ("9", "2")


async def test_a_type_that_is_set_during_a_write_to_the_account_reaches_connectwise(pairs: Pairs) -> None:
    account = pairs.account(code="HL-1", type_="Customer")
    await pairs.bench.settled()
    company = (await pairs.company_of(account))["id"]
    faults = pairs.bench.box.bss_faults
    pairs.edit_company(company, phoneNumber="2")
    async with held(faults, "PATCH", "/accounts/*") as release:
        running = asyncio.create_task(pairs.bench.settled())
        await until(lambda: faults.waiting("held") == 1, what="the call waits")
        pairs.edit_account(account, typeId=2)
        release()
        await running
    await pairs.bench.settled()
    assert pairs.types_of(company) == {"Client", "Partner"}


async def test_a_primary_contact_that_moves_is_the_default_contact_of_its_new_company(pairs: Pairs) -> None:
    one, other = pairs.account("One", code="1"), pairs.account("Other", code="2")
    mover = pairs.person(one, email="ada@h.example", isPrimary=True)
    stays = pairs.person(one, "Eve", email="eve@h.example", isPrimary=True)
    for _ in range(2):
        await pairs.bench.settled()
    pairs.edit_person(mover, accountId=other)
    await pairs.bench.settled()
    assert (await pairs.company_of(other))["defaultContact"] == {"id": (await pairs.contact_of(mover))["id"]}
    assert (await pairs.company_of(one))["defaultContact"] == {"id": (await pairs.contact_of(stays))["id"]}


async def test_both_default_contacts_follow_a_primary_contact_whose_runs_are_broken_off_twice(
    pairs: Pairs, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = pairs.account("One", code="1"), pairs.account("Other", code="2")
    mover = pairs.person(one, email="ada@h.example", isPrimary=True)
    stays = pairs.person(one, "Eve", email="eve@h.example", isPrimary=True)
    for _ in range(2):
        await pairs.bench.settled()
    pairs.edit_person(mover, accountId=other)
    key = f"bss/contact/{mover}"
    await broken_off.in_write(pairs.bench.box, pairs.bench.sync(key), "PATCH", 0, path="/company/contacts/*")
    reached = asyncio.Event()

    async def never(*_: object) -> None:
        reached.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as patched:
        patched.setattr(BillingContext, "enqueue", never)
        dying = asyncio.create_task(pairs.bench.sync(key))
        await until(reached.is_set, what="the second run has recovered what the first one wrote")
        dying.cancel()
        await asyncio.wait({dying})
    await pairs.bench.settled(key)
    assert (await pairs.company_of(other))["defaultContact"] == {"id": (await pairs.contact_of(mover))["id"]}
    assert (await pairs.company_of(one))["defaultContact"] == {"id": (await pairs.contact_of(stays))["id"]}


async def test_an_item_that_another_user_adds_while_ours_is_added_has_no_twin(pairs: Pairs) -> None:
    account = pairs.account(code="HL-1")
    person = pairs.person(account, email="ada@h.example")
    await pairs.bench.settled()
    contact = (await pairs.contact_of(person))["id"]
    pairs.edit_person(person, fax="1")
    items = "company/contacts/communications"
    (kind,) = [one["id"] for one in pairs.connectwise.table("company/communicationTypes") if one["faxFlag"]]
    faults = pairs.bench.box.connectwise_faults
    async with held(faults, "POST", "/company/contacts/*/communications") as release:
        running = asyncio.create_task(pairs.bench.settled())
        await until(lambda: faults.waiting("held") == 1, what="the call waits")
        pairs.bench.box.connectwise_user.add(
            items, {"contactId": {"id": contact}, "type": {"id": kind}, "value": "2", "defaultFlag": True}
        )
        release()
        await running
    await pairs.bench.settled()
    values = [item["value"] for item in pairs.contact_row(contact)["communicationItems"]]
    assert sorted(values) == ["1", "ada@h.example"]
    assert pairs.person_in_bss(person)["fax"] == "1"


async def test_a_contact_that_moves_while_it_is_made_in_bss_is_made_once(pairs: Pairs) -> None:
    one, other = pairs.account("One", code="1"), pairs.account("Other", code="2")
    await pairs.bench.settled()
    record = pairs.contact((await pairs.company_of(one))["id"], Email="ada@h.example")
    faults = pairs.bench.box.bss_faults
    faults.add(FaultRule(name="lost", action="lose", method="POST", path="/contacts", times=1))
    faults.add(FaultRule(name="search", action="hold_before", method="GET", path="/contacts", after=3))
    running = asyncio.create_task(pairs.bench.settled(f"connectwise/contact/{record}"))
    await until(lambda: faults.hits("lost") == 1, what="the answer is lost")
    (person,) = pairs.bss.rows("contacts")
    pairs.edit_person(person, accountId=other)
    faults.clear()
    await running
    await pairs.bench.settled()
    assert len(pairs.bss.rows("contacts")) == len(list(pairs.connectwise.table("company/contacts"))) == 1
    assert (await pairs.contact_of(person))["company"] == {"id": (await pairs.company_of(other))["id"]}


async def test_a_primary_contact_that_has_not_moved_yet_does_not_stop_its_new_account(pairs: Pairs) -> None:
    one, other = pairs.account("One", code="1"), pairs.account("Other", code="2")
    mover = pairs.person(one, email="ada@h.example", isPrimary=True)
    for _ in range(2):
        await pairs.bench.settled()
    pairs.edit_person(mover, accountId=other)
    pairs.edit_account(other, phone="5")
    await pairs.settle(f"bss/account/{other}")
    company = await pairs.company_of(other)
    assert company["phoneNumber"] == "5"
    await pairs.settle(f"bss/contact/{mover}")
    assert (await pairs.company_of(other))["defaultContact"] == {"id": (await pairs.contact_of(mover))["id"]}


async def test_a_contact_of_bss_whose_maker_died_is_known_although_its_address_was_changed(
    pairs: Pairs,
) -> None:
    account = pairs.account(code="HL-1")
    await pairs.bench.settled()
    company = (await pairs.company_of(account))["id"]
    record = pairs.contact(company, "Ada", Email="ada@one.example")
    faults = pairs.bench.box.bss_faults
    faults.add(FaultRule(name="held", action="hold_before", method="GET", path="/contacts/*", times=1))
    dying = asyncio.create_task(pairs.bench.sync())
    await until(lambda: faults.waiting("held") == 1, what="the contact was made and is read")
    dying.cancel()
    await asyncio.wait({dying})
    faults.clear()
    (made,) = pairs.bss.rows("contacts")
    pairs.edit_person(made, email="ada@two.example")
    await pairs.bench.settled(full=True)
    assert list(pairs.bss.rows("contacts")) == [made]
    assert [row["id"] for row in pairs.connectwise.table("company/contacts")] == [record]
    assert pairs.items_of(record)["Email"] == "ada@two.example"


async def test_a_contact_that_moves_after_its_maker_died_is_not_made_again_from_connectwise(
    pairs: Pairs,
) -> None:
    home, other = pairs.account(code="HL-1"), pairs.account("Far Shore", code="FS-1")
    await pairs.bench.settled()
    person = pairs.person(home, email="ada@one.example")
    faults = pairs.bench.box.connectwise_faults
    faults.add(FaultRule(name="held", action="hold_after", method="POST", path="/company/contacts", times=1))
    dying = asyncio.create_task(pairs.bench.sync())
    await until(lambda: faults.waiting("held") == 1, what="the contact was made")
    dying.cancel()
    await asyncio.wait({dying})
    faults.clear()
    (record,) = (row["id"] for row in pairs.connectwise.table("company/contacts"))
    pairs.edit_person(person, accountId=other)
    await pairs.bench.sync(f"connectwise/contact/{record}")
    await pairs.bench.settled(full=True)
    assert list(pairs.bss.rows("contacts")) == [person]
    assert [row["id"] for row in pairs.connectwise.table("company/contacts")] == [record]
    assert pairs.contact_row(record)["company"]["id"] == (await pairs.company_of(other))["id"]


@pytest.mark.parametrize("noun", ["account", "contact"])
async def test_a_late_write_of_a_worker_without_its_lease_is_no_edit_and_hides_none(
    pairs: Pairs, noun: str
) -> None:
    account, company = await linked(pairs)
    person = pairs.person(account, email="ada@h.example", phone="1")
    await pairs.bench.settled()
    contact = (await pairs.contact_of(person))["id"]
    number = account if noun == "account" else person

    def in_bss() -> object:
        return (pairs.in_bss if noun == "account" else pairs.person_in_bss)(number)["phone"]

    def edit_in_connectwise(phone: str) -> None:
        if noun == "account":
            pairs.edit_company(company, phoneNumber=phone)
            return
        (item,) = (
            one for one in pairs.contact_row(contact)["communicationItems"] if one["value"] == in_bss()
        )
        pairs.bench.box.connectwise_user.edit("company/contacts/communications", item["id"], {"value": phone})

    edit_in_connectwise("3")
    await pairs.bench.settled()
    assert in_bss() == "3"
    # A worker that was stopped before the 3 came wakes up and sends the 2 that it had read.
    attempts = Attempts(pairs.bench.redis, namespace=pairs.bench.namespace)
    await attempts.note_late(f"bss:{noun}:{number}", {"phone": Attempt("source", "1", "1", "2")})
    (pairs.edit_account if noun == "account" else pairs.edit_person)(number, phone="2")
    await pairs.bench.settled()
    assert in_bss() == "3"
    edit_in_connectwise("4")
    await pairs.bench.settled()
    assert in_bss() == "4"
    assert await attempts.of(f"bss:{noun}:{number}") == OpenAttempts(last={}, late={})


async def test_a_contact_that_another_run_links_during_the_look_is_not_made_again(pairs: Pairs) -> None:
    """Its lock may be gone with a wiped Redis, so that two runs of one contact look at once."""
    account, company = await linked(pairs)
    record = pairs.contact(company, Email="ada@hl.example")
    faults = pairs.bench.box.bss_faults
    faults.add(FaultRule(name="held", action="hold_before", method="GET", path="/contacts", times=1))
    running = asyncio.create_task(pairs.settle(f"connectwise/contact/{record}"))
    await until(lambda: faults.waiting("held") == 1, what="the look waits")
    made = pairs.person(account, email="ada@hl.example")
    await pairs.links.put("contact", f"bss:contact:{made}", Link(target=record, how="created"))
    faults.clear()
    await running
    assert list(pairs.bss.rows("contacts")) == [made]


async def test_a_company_whose_account_another_run_links_during_the_look_gets_no_second_one(
    pairs: Pairs,
) -> None:
    company = pairs.company("North Light", "NORTH")
    pairs.add_type(company, "Client")
    faults = pairs.bench.box.bss_faults
    # The first list proves the credentials.
    faults.add(FaultRule(name="held", action="hold_before", method="GET", path="/accounts", times=1, after=1))
    running = asyncio.create_task(pairs.settle(f"connectwise/company/{company}"))
    await until(lambda: faults.waiting("held") == 1, what="the look waits")
    made = pairs.account("North Light")
    await pairs.links.put("company", f"bss:account:{made}", Link(target=company, how="created"))
    faults.clear()
    await running
    assert list(pairs.bss.rows("accounts")) == [made]


async def test_a_contact_that_another_run_links_to_what_does_not_fit_any_more_is_not_made_again(
    pairs: Pairs,
) -> None:
    """It was made for a contact of ConnectWise that has another name by now."""
    account, company = await linked(pairs)
    person = pairs.person(account, email="ada@hl.example")
    faults = pairs.bench.box.connectwise_faults
    faults.add(FaultRule(name="held", action="hold_after", method="GET", path="/company/contacts", times=1))
    running = asyncio.create_task(pairs.settle(f"bss/contact/{person}"))
    await until(lambda: faults.waiting("held") == 1, what="the look waits")
    record = pairs.contact(company, "Grace", "Hopper", Email="grace@hl.example")
    await pairs.links.put("contact", f"bss:contact:{person}", Link(target=record, how="created"))
    faults.clear()
    await running
    assert [row["id"] for row in pairs.connectwise.table("company/contacts")] == [record]


async def test_a_run_that_lost_its_lease_with_a_wiped_redis_creates_nothing(pairs: Pairs) -> None:
    """It looked before, so that it knows nothing of what the run that has the lease now makes."""
    account = pairs.account(code="HL-1")
    faults = pairs.bench.box.connectwise_faults
    faults.add(
        FaultRule(name="held", action="hold_after", method="GET", path="/company/companies/statuses", times=1)
    )
    running = asyncio.create_task(pairs.bench.sync(f"bss/account/{account}"))
    await until(lambda: faults.waiting("held") == 1, what="the run is between its look and its create")
    async for stored in pairs.bench.redis.scan_iter(f"{pairs.bench.namespace}:*"):
        await pairs.bench.redis.delete(stored)
    made = pairs.company(identifier=f"OF-{account}", accountNumber="HL-1")
    faults.clear()
    await running
    await pairs.settle(f"bss/account/{account}")
    assert [row["id"] for row in pairs.companies()] == [made]


async def test_a_value_that_is_taken_back_between_the_write_and_the_type_is_a_change(pairs: Pairs) -> None:
    """The company had no website, so that it looks as if the write had changed nothing."""
    pairs.company(accountNumber="HL-1")
    account = pairs.account(code="HL-1", webSite="https://hl.example")
    faults = pairs.bench.box.connectwise_faults
    async with answer_held(faults, "POST", "/company/companies/*/typeAssociations") as (made, release):
        running = asyncio.create_task(pairs.bench.settled())
        await made()
        (company,) = pairs.companies()
        assert company["website"] == "https://hl.example"
        pairs.edit_company(company["id"], website="", phoneNumber="9")
        release()
        await running
    await pairs.bench.settled()
    sides = pairs.in_bss(account), pairs.in_connectwise(company["id"])
    assert [side.get(name) or "" for side, name in zip(sides, ("webSite", "website"), strict=True)] == [
        "",
        "",
    ]
    assert sides[0]["phone"] == "9"


async def test_a_value_that_is_taken_back_right_after_a_write_does_not_stay_a_difference(
    pairs: Pairs,
) -> None:
    """BSS answers a write without the record, so that it cannot be told from a server that keeps its own value: it is written again."""
    account, company = await linked(pairs)
    faults = pairs.bench.box.bss_faults
    pairs.edit_company(company, faxNumber="5")
    async with answer_held(faults, "PATCH", "/accounts/*") as (made, release):
        running = asyncio.create_task(pairs.bench.settled())
        await made()
        pairs.edit_account(account, fax=None)
        release()
        await running
    await pairs.bench.settled()
    assert (pairs.in_bss(account)["fax"] or "") == (pairs.in_connectwise(company)["faxNumber"] or "")


@pytest.mark.parametrize("side", ["bss", "connectwise"])
async def test_a_value_that_a_server_does_not_take_is_written_twice_and_then_left(
    pairs: Pairs, side: str
) -> None:
    account, company = await linked(pairs)
    box = pairs.bench.box
    faults, calls, method_path = (
        (box.bss_faults, box.bss_calls, "/accounts/*")
        if side == "bss"
        else (box.connectwise_faults, box.connectwise_calls, "/company/companies/*")
    )
    if side == "bss":
        faults.add(
            FaultRule(name="own", action="alter", method="GET", path="/accounts/*", fields={"fax": "1"})
        )
    else:
        faults.add(
            FaultRule(name="own", action="alter", method="*", path=method_path, fields={"faxNumber": "1"})
        )
    await pairs.bench.settled(f"bss/account/{account}")
    calls.clear()
    if side == "bss":
        pairs.edit_company(company, faxNumber="5")
    else:
        pairs.edit_account(account, fax="5")
    await pairs.bench.settled(f"bss/account/{account}")
    await pairs.bench.settled(f"bss/account/{account}")
    assert calls.count("PATCH") == 2
