"""The pollers of the billing flow: no change is passed over, one pair has one key, quiet times cost one call for each collection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

import pytest
import redis.exceptions

from cwbridge import errors
from cwbridge.connectors.bss.drafts import replace
from cwbridge.connectors.connectwise.drafts import Change
from cwbridge.ledger.api_member import ApiMember
from cwbridge.ledger.links import Link
from cwbridge.ledger.own_writes import OwnWrites
from cwbridge.queue.job import Enqueue
from cwbridge.redis import Redis
from producers.billing import BillingSource
from producers.poll_modes import PollMode, PollModes
from producers.watermarks import Watermark
from sandbox.faults import FaultRule
from sandbox.server import Options, Sandbox
from tests.support.billing import PollingBench, polling
from tests.support.until import until

COMPANIES, CONTACTS = "company/companies", "company/contacts"
WAYS: dict[str, dict[str, bool]] = {
    "filter": {},
    "order": {"filter_updated": False},
    "content": {"filter_updated": False, "order_updated": False},
}

DOCUMENTS = {
    "products": "product",
    "orders": "order",
    "invoices": "invoice",
    "payments": "payment",
    "subscriptions": "subscription",
}


class OpenPollers(Protocol):
    """Opens the pollers as a new process does; the arguments are values of the table [bss]."""

    def __call__(self, **changed: Any) -> AbstractAsyncContextManager[PollingBench]: ...


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    async with Sandbox(Options(projects=1, limits=False)) as opened:
        yield opened


@pytest.fixture
def pollers(box: Sandbox, redis: Redis, namespace: str) -> OpenPollers:
    return lambda **changed: polling(box, redis, namespace, **changed)


@pytest.fixture
async def bench(pollers: OpenPollers) -> AsyncIterator[PollingBench]:
    """Pollers that have seen everything once, and whose jobs are settled."""
    async with pollers() as opened:
        await opened.poller.poll(full=False)
        await opened.settle()
        opened.forget_calls()
        yield opened


def some_account(box: Sandbox) -> int:
    return int(min(box.bss.rows("accounts")))


def standing(box: Sandbox, table: str) -> list[int]:
    """The ids of a table without those in the recycle bin."""
    return [int(row["id"]) for row in box.connectwise.table(table) if not row.get("deletedFlag")]


def new_company(name: str) -> dict[str, Any]:
    return {"identifier": name, "name": name, "site": {"name": "Main"}}


async def watermark(bench: PollingBench, name: str) -> datetime | None:
    context = bench.context
    return await Watermark(context.redis, namespace=context.settings.namespace, name=name).get()


async def modes(bench: PollingBench) -> dict[str, PollMode]:
    return await PollModes(bench.context.redis, namespace=bench.context.settings.namespace).all()


# What BSS lists


async def test_the_first_pass_enqueues_everything_once(box: Sandbox, pollers: OpenPollers) -> None:
    async with pollers() as bench:
        first = await bench.poller.poll(full=False)
        again = await bench.poller.poll(full=False)
        keys = set(await bench.jobs())
        reached = await watermark(bench, "bss_accounts")
    accounts, contacts = box.bss.rows("accounts"), box.bss.rows("contacts")
    assert keys == (
        {f"bss/account/{number}" for number in accounts}
        | {f"bss/contact/{number}" for number in contacts}
        | {f"connectwise/company/{number}" for number in standing(box, COMPANIES)}
        | {
            f"connectwise/contact/{row['id']}"
            for row in box.connectwise.table(CONTACTS)
            if row.get("company")
        }
    )
    assert (first.enqueued, again.enqueued) == (len(keys), 0)
    assert reached == max(row["updatedAt"] for row in accounts.values())


@pytest.mark.parametrize("way", WAYS)
async def test_quiet_polls_cost_what_the_way_costs(box: Sandbox, pollers: OpenPollers, way: str) -> None:
    for name, value in WAYS[way].items():
        setattr(box.bss.modes, name, value)
    async with pollers(page_size=10) as bench:
        await bench.polled()
        bench.forget_calls()
        for _ in range(3):
            assert await bench.polled() == {}
        calls = bench.calls()
        found = await modes(bench)
        shown = await BillingSource().status_rows(bench.context.redis, bench.context.settings.namespace)
    pages = {
        name: -(-len(box.bss.rows(name)) // 10) if way == "content" else 1
        for name in ("accounts", "contacts")
    }
    assert calls == {
        "GET /accounts": 3 * pages["accounts"],
        "GET /contacts": 3 * pages["contacts"],
        f"GET /{COMPANIES}": 3,
        f"GET /{CONTACTS}": 3,
    }
    assert shown["poll of BSS accounts"] == str(PollMode(way))  # type: ignore[arg-type]
    assert found == {name: PollMode(way) for name in ("accounts", "contacts")}  # type: ignore[arg-type]


@pytest.mark.parametrize("way", WAYS)
async def test_every_edit_is_enqueued_once_in_every_way(box: Sandbox, pollers: OpenPollers, way: str) -> None:
    for name, value in WAYS[way].items():
        setattr(box.bss.modes, name, value)
    accounts = sorted(box.bss.rows("accounts"))
    async with pollers(page_size=10) as bench:
        await bench.polled()
        for text in ("once", "twice"):
            box.bss.edit("accounts", accounts[3], phone=text)
            made = box.bss.add("contacts", firstName=text, accountId=accounts[4])
            assert set(await bench.polled()) == {f"bss/account/{accounts[3]}", f"bss/contact/{made['id']}"}
            assert await bench.polled() == {}


@pytest.mark.parametrize("way", WAYS)
async def test_documents_are_polled_where_they_are_pushed(
    box: Sandbox, pollers: OpenPollers, way: str
) -> None:
    for name, value in WAYS[way].items():
        setattr(box.bss.modes, name, value)
    first = dict(zip(DOCUMENTS, (next(iter(box.bss.rows(name))) for name in DOCUMENTS), strict=True))
    async with pollers(pushed=list(DOCUMENTS.values())) as bench:
        await bench.poller.poll(full=False)
        keys = {key for key in await bench.jobs() if key.split("/")[1] in DOCUMENTS.values()}
        assert keys == {f"bss/{noun}/{row}" for name, noun in DOCUMENTS.items() for row in box.bss.rows(name)}
        await bench.settle()
        bench.forget_calls()
        assert await bench.polled() == {}
        if way != "content":
            names = ("accounts", "contacts", *DOCUMENTS, COMPANIES, CONTACTS)
            assert bench.calls() == {f"GET /{name}": 1 for name in names}
        for name, row in first.items():
            box.bss.edit(name, row)
        assert set(await bench.polled()) == {f"bss/{DOCUMENTS[name]}/{row}" for name, row in first.items()}
        assert set(await modes(bench)) == {"accounts", "contacts", *DOCUMENTS}
        assert await watermark(bench, "bss_invoices") is not None
        assert [one.name for one in bench.poller.schedules()][:7] == [
            f"bss_{name}_poll" for name in ("accounts", "contacts", *DOCUMENTS)
        ]


async def test_a_full_sync_verifies_documents_and_those_that_have_vanished(
    box: Sandbox, pollers: OpenPollers
) -> None:
    gone = "5f0c2a1e-7d44-4b0e-9d57-2f6a41c08b93"
    async with pollers(pushed=["product"]) as bench:
        await bench.context.links.put("catalog_item", f"bss:product:{gone}", Link(target=5, how="created"))
        await bench.poller.poll(full=True)
        jobs = await bench.jobs()
    assert {key for key in jobs if key.startswith("bss/product/")} == {
        f"bss/product/{row}" for row in (gone, *box.bss.rows("products"))
    }
    assert (jobs[f"bss/product/{gone}"].lane, jobs[f"bss/product/{gone}"].mode) == ("backlog", "verify")
    assert not [key for key in jobs if key.startswith("bss/invoice/")]


async def test_more_edits_than_a_page_are_read_to_the_last(box: Sandbox, pollers: OpenPollers) -> None:
    box.bss.modes.filter_updated = False
    async with pollers(page_size=10) as bench:
        await bench.polled()
        for number in box.bss.rows("accounts"):
            box.bss.edit("accounts", number, phone="1")
        edited = await bench.polled()
    assert set(edited) == {f"bss/account/{number}" for number in box.bss.rows("accounts")}
    assert {(job.lane, job.mode, job.flow) for job in edited.values()} == {("fresh", "if_changed", "billing")}


async def test_a_tenant_that_no_longer_takes_the_filter_is_asked_in_another_way(
    box: Sandbox, bench: PollingBench
) -> None:
    box.bss.modes.filter_updated = False
    with pytest.raises(Exception, match="not supported"):
        await bench.poller.bss[0].poll()
    box.bss.edit("accounts", some_account(box), phone="1")
    await bench.poller.bss[0].poll()
    assert set(await bench.jobs()) == {f"bss/account/{some_account(box)}"}
    assert (await modes(bench))["accounts"].way == "order"


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata"])
async def test_a_new_process_finds_what_changed_while_none_was_running(
    box: Sandbox, pollers: OpenPollers, zone: str
) -> None:
    """The literal of its first poll must be right although it has not seen a time of this server yet."""
    box.bss.modes.time_zone = zone
    before, meanwhile = sorted(box.bss.rows("accounts"))[:2]
    async with pollers() as bench:
        box.bss.edit("accounts", before, phone="1")
        await bench.polled()
    box.bss.edit("accounts", meanwhile, phone="1")
    async with pollers() as bench:
        assert set(await bench.polled()) == {f"bss/account/{meanwhile}"}


async def test_times_of_an_unknown_zone_look_back_26_hours_and_say_so(
    box: Sandbox, pollers: OpenPollers
) -> None:
    box.bss.modes.offsets = False
    async with pollers() as bench:
        await bench.polled()
        reached = await watermark(bench, "bss_accounts")
        bench.forget_calls()
        await bench.poller.bss[0].poll()
        (call,) = box.bss_calls.recent
        (literal,) = parse_qs(urlsplit(call.path).query)["$filter"]
        assert reached is not None
        assert f"{reached - timedelta(hours=26):%Y-%m-%dT%H:%M:%S}" in literal
        assert (await modes(bench))["accounts"].uncertain_times
        assert "CWBRIDGE_BSS__TIME_ZONE" in str((await modes(bench))["accounts"])
    async with pollers(time_zone="UTC") as bench:
        await bench.polled()
        assert not (await modes(bench))["accounts"].uncertain_times


async def test_the_watermark_stays_until_everything_is_enqueued(
    box: Sandbox, bench: PollingBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_redis(*_: Enqueue) -> int:
        raise redis.exceptions.ConnectionError("Redis is gone")

    box.bss.edit("accounts", some_account(box), phone="1")
    before = await watermark(bench, "bss_accounts")
    with monkeypatch.context() as broken:
        broken.setattr(bench.context.queue, "enqueue", no_redis)
        with pytest.raises(redis.exceptions.ConnectionError):
            await bench.poller.bss[0].poll()
    assert await watermark(bench, "bss_accounts") == before
    await bench.poller.bss[0].poll()
    assert set(await bench.jobs()) == {f"bss/account/{some_account(box)}"}


async def test_a_list_that_lost_a_row_while_it_was_read_is_read_again(
    box: Sandbox, pollers: OpenPollers
) -> None:
    accounts = sorted(box.bss.rows("accounts"))
    async with pollers(page_size=10) as bench:
        # The first call finds out the way of polling, the second reads the first page.
        box.bss_faults.add(FaultRule(name="hold", action="hold_before", path="/accounts", after=2, times=1))
        reading = asyncio.create_task(bench.poller.bss[0].poll())
        await until(lambda: box.bss_faults.waiting("hold"), what="the second page is held")
        box.bss.remove("accounts", accounts[0])
        box.bss_faults.release("hold")
        await reading
        assert f"bss/account/{accounts[10]}" not in await bench.jobs()
        assert await watermark(bench, "bss_accounts") is None
        await bench.poller.bss[0].poll()
        assert f"bss/account/{accounts[10]}" in await bench.jobs()


async def test_an_odd_row_hides_no_other(box: Sandbox, bench: PollingBench) -> None:
    odd, other = sorted(box.bss.rows("accounts"))[:2]
    box.bss.edit("accounts", other, phone="1")
    box.bss.edit("accounts", odd, phone=["1", "2"])
    assert set(await bench.polled()) == {f"bss/account/{odd}", f"bss/account/{other}"}


# One key for a pair


async def link(bench: PollingBench, kind: str, identity: str, target: int) -> None:
    await bench.context.links.put(kind, identity, Link(target=target, how="created"))


async def test_a_linked_company_enqueues_the_key_of_its_account_alone(
    box: Sandbox, bench: PollingBench
) -> None:
    linked, of_jetbuilt, free = standing(box, COMPANIES)[:3]
    await link(bench, "company", "jetbuilt:client:9", linked)
    await link(bench, "company", "bss:account:42", linked)
    await link(bench, "company", "jetbuilt:client:10", of_jetbuilt)
    for company in (linked, of_jetbuilt, free):
        box.connectwise_user.edit(COMPANIES, company, {"phoneNumber": "1"})
    jobs = await bench.polled()
    assert set(jobs) == {
        "bss/account/42",
        f"connectwise/company/{of_jetbuilt}",
        f"connectwise/company/{free}",
    }
    assert (jobs["bss/account/42"].mode, jobs["bss/account/42"].lane) == ("verify", "fresh")
    assert await bench.polled() == {}


async def test_a_linked_contact_enqueues_the_key_of_its_bss_contact_alone(
    box: Sandbox, bench: PollingBench
) -> None:
    linked, free = [row["id"] for row in box.connectwise.table(CONTACTS) if row.get("company")][:2]
    await link(bench, "contact", "bss:contact:7", linked)
    await link(bench, "contact", "jetbuilt:contact:55@120", linked)
    for contact in (linked, free):
        box.connectwise_user.edit(CONTACTS, contact, {"title": "Director"})
    assert set(await bench.polled()) == {"bss/contact/7", f"connectwise/contact/{free}"}


async def test_companies_in_the_recycle_bin_are_reported_when_linked_and_never_pulled(
    box: Sandbox, bench: PollingBench
) -> None:
    linked, free = (box.connectwise_user.add(COMPANIES, new_company(name)) for name in ("Linked", "Free"))
    await bench.polled()
    await link(bench, "company", "bss:account:42", linked)
    for company in (linked, free):
        box.connectwise_user.remove(COMPANIES, company)
    assert set(await bench.polled()) == {"bss/account/42"}


# The daemon's own writes


async def test_own_writes_in_connectwise_make_no_echo(box: Sandbox, bench: PollingBench) -> None:
    company = standing(box, COMPANIES)[0]
    await link(bench, "company", "bss:account:42", company)
    written = await bench.connectwise.companies.patch(company, Change("replace", "phoneNumber", "1"))
    assert written.info is not None
    assert written.info.updatedBy is not None
    await ApiMember(bench.context.redis, namespace=bench.context.settings.namespace).note(
        written.info.updatedBy
    )
    assert await bench.polled() == {}
    box.connectwise_user.edit(COMPANIES, company, {"phoneNumber": "2"})
    assert set(await bench.polled()) == {"bss/account/42"}


async def test_a_company_that_another_flow_makes_is_looked_at_once(box: Sandbox, bench: PollingBench) -> None:
    made = await bench.connectwise.companies.create(new_company("FromJetbuilt"))
    assert made.info is not None
    assert made.info.updatedBy is not None
    await ApiMember(bench.context.redis, namespace=bench.context.settings.namespace).note(made.info.updatedBy)
    assert set(await bench.polled()) >= {f"connectwise/company/{made.id}"}
    assert await bench.polled() == {}


async def test_own_writes_in_bss_make_no_echo(box: Sandbox, bench: PollingBench) -> None:
    account = some_account(box)
    own_writes = OwnWrites(bench.context.redis, namespace=bench.context.settings.namespace, system="bss")
    await bench.bss.accounts.patch(account, replace("/phone", "1"))
    await own_writes.note(f"account:{account}", (await bench.bss.accounts.get(account)).updatedAt)
    assert await bench.polled() == {}
    box.bss.edit("accounts", account, phone="2")
    assert set(await bench.polled()) == {f"bss/account/{account}"}


async def test_an_edit_that_takes_a_write_back_is_no_known_content(box: Sandbox, bench: PollingBench) -> None:
    """The content is the one enqueued last, and yet the worker has something to do."""
    account = some_account(box)
    before = box.bss.rows("accounts")[account]["phone"]
    own_writes = OwnWrites(bench.context.redis, namespace=bench.context.settings.namespace, system="bss")
    await bench.bss.accounts.patch(account, replace("/phone", "1"))
    await own_writes.note(f"account:{account}", (await bench.bss.accounts.get(account)).updatedAt)
    assert await bench.polled() == {}
    box.bss.edit("accounts", account, phone=before)
    assert set(await bench.polled()) == {f"bss/account/{account}"}


# The full sync


async def test_a_full_sync_verifies_everything_and_what_is_missing(box: Sandbox, bench: PollingBench) -> None:
    company, other = standing(box, COMPANIES)[:2]
    gone = some_account(box)
    await link(bench, "company", f"bss:account:{gone}", company)
    box.bss.remove("accounts", gone)
    await bench.poller.poll(full=True)
    jobs = await bench.jobs()
    assert {f"bss/account/{number}" for number in [gone, *box.bss.rows("accounts")]} <= jobs.keys()
    assert {f"bss/contact/{number}" for number in box.bss.rows("contacts")} <= jobs.keys()
    assert f"connectwise/company/{company}" not in jobs
    assert f"connectwise/company/{other}" in jobs
    assert {key for key in jobs if key.startswith("connectwise/contact/")} == {
        f"connectwise/contact/{row['id']}"
        for row in box.connectwise.table(CONTACTS)
        if (row.get("company") or {}).get("id") == company
    }
    assert {(job.lane, job.mode) for job in jobs.values()} == {("backlog", "verify")}


# Opening


@pytest.mark.parametrize("name", ["username", "client_secret"])
async def test_wrong_credentials_end_the_process_with_the_names_of_their_settings(
    pollers: OpenPollers, name: str
) -> None:
    with pytest.raises(errors.SettingsError) as refused:
        async with pollers(**{name: "wrong"}):
            pass
    assert "CWBRIDGE_BSS__CLIENT_SECRET" in str(refused.value)
    assert "wrong" not in str(refused.value)
