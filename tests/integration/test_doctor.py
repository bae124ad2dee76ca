"""`cwbridge doctor` against the stand-ins: a well installation passes, each fault is named with its remedy, and nothing is written."""

from __future__ import annotations

import asyncio
import email.utils
import os
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from console import flows
from console.doctor import runner
from cwbridge import __version__, access, checks, presence
from cwbridge.checks import Check, Result
from cwbridge.connectors.bss import assumptions
from cwbridge.redis import Redis
from sandbox.faults import FaultRule
from tests.support import commands, doctor
from tests.support.bench import Bench
from tests.support.doctor import examined
from tests.support.until import until


@pytest.fixture
def both(bench: Bench) -> Bench:
    return doctor.switched_on(bench)


def template(path: str) -> str:
    """An endpoint without the names of its ids and without `api`, so that tables and calls compare."""
    return re.sub(r"\{[^}]*\}", "{}", path).strip("/").removeprefix("api/")


async def test_a_well_installation_has_no_problem_and_nothing_is_written(both: Bench, redis: Redis) -> None:
    report = await examined(both)

    assert report.told("problem") == {}
    assert report.told("warning") == {}
    assert report.exit_code == 0
    assert both.writes == 0
    assert both.box.bss_calls.count("PATCH") == 0
    assert both.box.bss_calls.count("POST", "/oauth/token") == both.box.bss_calls.count("POST") == 1
    stored = {key.decode().split(":")[1] async for key in redis.scan_iter(f"{both.namespace}:*")}
    assert stored <= {"limit"}, "only the calls are counted"


async def test_every_right_to_read_is_tried(both: Bench) -> None:
    await examined(both)
    rights = access.merged(right for flow in flows.registered() for right in flow.access())

    called = {
        template(route)
        for log in (both.box.jetbuilt_calls, both.box.connectwise_calls, both.box.bss_calls)
        for _, route, status in log.counts
        if status < 300
    }
    # The seeded tenant has none of these records.
    without_records = {
        "finance/agreements/{}/additions",
        "finance/invoices/{}/payments",
        "sales/opportunities/{}/notes",
        "sales/opportunities/conversions/{}",
    }
    asked = {template(right.endpoint) for right in rights if right.probe is not None}
    assert asked - without_records <= called


async def test_every_call_of_a_run_is_among_the_rights(both: Bench) -> None:
    billing = both.box.world.billing
    documents = {
        noun: getattr(billing, f"{noun}s")[:2]
        for noun in ("account", "contact", "product", "order", "invoice", "payment", "subscription")
    }
    for table in ("jetbuilt", "connectwise", "bss"):
        both.changes[table]["rate_limit"] = "off"  # type: ignore[index]
    await both.sync(
        f"jetbuilt/project/{both.families()[0]}",
        *(f"bss/{noun}/{record.id}" for noun, records in documents.items() for record in records),
    )

    rights = access.merged(right for flow in flows.registered() for right in flow.access())
    for system, log in (
        ("jetbuilt", both.box.jetbuilt_calls),
        ("connectwise", both.box.connectwise_calls),
        ("bss", both.box.bss_calls),
    ):
        known = {
            (verb, template(right.endpoint))
            for right in rights
            for verb in right.verbs
            if right.system.name == system
        }
        called = {(method, template(route)) for method, route, _ in log.counts}
        missing = {
            (method, route)
            for method, route in called
            if (method, route) not in known and (method, route.removesuffix("/{}")) not in known
        }
        assert len(called) > 4
        assert missing == set(), system


async def test_a_name_that_is_missing_is_told_with_the_closest_and_one_that_is_inactive_as_such(
    both: Bench,
) -> None:
    both.changes["opportunity"] = {"finished_status": "Lots"}  # type: ignore[index]
    both.changes["connectwise"]["default_sales_rep"] = "No One At All"  # type: ignore[index]
    inactive = next(row for row in both.books.rows("company/companies/statuses") if row["name"] == "Inactive")
    both.box.connectwise_user.edit("company/companies/statuses", str(inactive["id"]), {"inactiveFlag": True})
    both.changes["billing"]["company_status"] = "inactive"  # type: ignore[index]

    report = await examined(both)

    lost = report.one("ConnectWise opportunity status")
    assert lost.state == "problem"
    assert "'Lots' (opportunity.finished_status) is missing; closest: 'Lost'" in lost.detail
    assert "opportunity.finished_status" in lost.remedy
    status = report.one("ConnectWise company status")
    assert (status.state, status.detail) == ("problem", "'inactive' (billing.company_status) is inactive")
    member = report.of("ConnectWise member")[0]
    assert member.detail.startswith("'No One At All' (connectwise.default_sales_rep) is missing; ")
    assert report.exit_code == 1


async def test_names_that_the_daemon_creates_are_no_problem(both: Bench) -> None:
    both.changes["catalog"] = {"category": "Unheard Of"}  # type: ignore[index]

    category = (await examined(both)).of("ConnectWise category")[0]

    assert (category.state, category.detail) == ("ok", "will be created: 'Unheard Of'")


@pytest.mark.parametrize(
    ("rows", "state"), [({}, "problem"), ({"Customer": "Client"}, "warning")], ids=["none", "some"]
)
async def test_account_types_without_a_row_are_told(both: Bench, rows: dict[str, str], state: str) -> None:
    both.changes["billing"]["account_types"] = rows  # type: ignore[index]

    result = (await examined(both)).one("BSS account types")

    assert result.state == state
    assert "'Reseller'" in result.detail
    assert '"Reseller" = ' in result.remedy or '"Customer" = ' in result.remedy


async def test_wrong_credentials_of_one_system_are_a_problem_there_and_hide_nothing_else(
    both: Bench, redis: Redis
) -> None:
    both.changes["connectwise"]["private_key"] = "WrongWrongWrong"  # type: ignore[index]

    report = await examined(both)

    refused = report.one("ConnectWise")
    assert refused.state == "problem"
    assert "refused the credentials" in refused.detail
    assert "CWBRIDGE_CONNECTWISE__PRIVATE_KEY" in refused.remedy
    assert "WrongWrongWrong" not in repr(report.results)
    assert report.one("ConnectWise company type").detail.startswith("not checked: ConnectWise cannot be used")
    assert report.of("Jetbuilt")[0].state == report.of("BSS")[0].state == "ok"
    assert not await redis.exists(f"{both.namespace}:on_hold"), "the daemon is not put on hold"
    assert report.exit_code == 1


async def test_a_right_that_is_missing_is_named(both: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assumptions, "FORBIDDEN_PAUSES", (0.01,))
    both.box.bss.modes.forbidden = ["invoices"]

    report = await examined(both)

    result = report.one("BSS read access")
    assert result.state == "problem"
    assert result.detail.startswith("/api/invoices cannot be read")


async def test_a_system_that_throttles_is_asked_no_more(both: Bench, redis: Redis) -> None:
    both.box.jetbuilt_faults.add(FaultRule(name="busy", action="throttle"))
    both.box.jetbuilt_calls.clear()

    report = await examined(both)

    told = report.one("Jetbuilt")
    assert told.state == "warning"
    assert told.detail.startswith("Jetbuilt asked for a pause of ")
    assert both.box.jetbuilt_calls.total == 1
    assert await redis.hget(f"{both.namespace}:limit:jetbuilt:state", "cut_at") is None  # type: ignore[misc]


async def test_the_last_throttle_of_the_daemon_is_told(both: Bench, redis: Redis) -> None:
    ago = time.time() * 1000 - 120_000
    await redis.hset(f"{both.namespace}:limit:jetbuilt:state", mapping={"cut_to": 35, "cut_at": ago})  # type: ignore[misc]
    both.changes["jetbuilt"]["rate_limit"] = "500/10s"  # type: ignore[index]

    limits = (await examined(both)).one("Jetbuilt limits")

    assert limits.state == "warning"
    assert "configured 500/10s" in limits.detail
    assert "published 50/10s" in limits.detail
    assert "last 429 2 min ago" in limits.detail


async def test_an_unreachable_system_is_a_problem(both: Bench) -> None:
    both.changes["jetbuilt"]["url"] = "http://127.0.0.1:9/api"  # type: ignore[index]

    report = await examined(both)

    unreachable = report.one("Jetbuilt")
    assert (unreachable.state, "cannot be reached" in unreachable.detail) == ("problem", True)
    assert "CWBRIDGE_JETBUILT__URL" in unreachable.remedy


async def test_a_system_that_hangs_costs_its_time_out_and_the_run_ends(
    both: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.doctor.opening._OPEN_SECONDS", 0.3)
    both.box.jetbuilt_faults.add(FaultRule(name="hang", action="hold_before"))
    began = time.monotonic()

    report = await examined(both)

    assert time.monotonic() - began < 10
    hangs = report.one("Jetbuilt")
    assert (hangs.state, hangs.detail) == ("problem", "Jetbuilt did not answer within 0.3 s")
    assert report.of("ConnectWise")[0].state == "ok"


async def test_a_check_that_hangs_or_fails_is_a_result_and_others_go_on() -> None:
    async def hangs() -> list[Result]:
        await asyncio.Event().wait()
        raise AssertionError

    async def fails() -> list[Result]:
        raise KeyError("secret")

    async def good() -> list[Result]:
        return [checks.ok("good", "fine")]

    done: list[int] = []
    results = await runner.run(
        [Check(name="hangs", run=hangs), Check(name="fails", run=fails), Check(name="good", run=good)],
        longest=0.05,
        progress=lambda number, _total, _names: done.append(number),
    )

    assert [(result.check, result.state) for result in results] == [
        ("hangs", "warning"),
        ("fails", "warning"),
        ("good", "ok"),
    ]
    assert results[0].detail == "not checked: no answer within 0.05 s"
    assert results[1].detail == "not checked: the check itself failed: KeyError"
    assert done == [0, 1, 2, 3]


@pytest.mark.parametrize(("ahead", "state"), [(-20.0, "warning"), (600.0, "problem")])
async def test_a_clock_that_is_wrong_is_told(
    both: Bench, monkeypatch: pytest.MonkeyPatch, ahead: float, state: str
) -> None:
    def at(_self: Any = None) -> str:
        return email.utils.formatdate(time.time() + ahead, usegmt=True)

    monkeypatch.setattr("aiohttp.web_response.rfc822_formatted_time", at)

    report = await examined(both)

    for system in ("Jetbuilt", "ConnectWise", "BSS"):
        skew = report.one(f"clock of {system}")
        assert skew.state == state
        assert ("ahead of" if ahead > 0 else "behind") in skew.detail


@pytest.fixture
async def careless_redis(redis: Redis) -> AsyncIterator[None]:
    """The server of the tests with settings that lose data, put right afterwards."""
    before = await redis.config_get("maxmemory-policy") | await redis.config_get("appendonly")
    await redis.config_set("maxmemory-policy", "allkeys-lru")
    await redis.config_set("appendonly", "no")
    yield
    for name, value in before.items():
        await redis.config_set(name, value)


@pytest.mark.usefixtures("careless_redis")
async def test_a_redis_that_loses_data_is_told(both: Bench) -> None:
    evicts, forgets = (await examined(both)).of("Redis durability")

    assert (evicts.state, forgets.state) == ("problem", "warning")
    assert "noeviction" in evicts.remedy
    assert "appendonly" in forgets.remedy


async def test_redis_that_is_not_there_is_a_problem_and_the_systems_are_looked_at_all_the_same(
    both: Bench,
) -> None:
    both.changes["redis"] = {"url": "redis://:hidden-password@127.0.0.1:9/0"}  # type: ignore[index]

    report = await examined(both)

    assert report.one("Redis").state == "problem"
    assert "hidden-password" not in repr(report.results)
    assert report.of("ConnectWise")[0].state == "ok"
    assert report.one("ConnectWise limits").detail.endswith("the last 429 is not known without Redis")


async def test_before_the_first_start_no_embedded_redis_is_started(both: Bench, tmp_path: Path) -> None:
    environment = {name: value for name, value in both.environment().items() if "REDIS" not in name}

    ended = await commands.run("doctor", "--json", env=environment, cwd=tmp_path)

    assert ended.code == 0, ended.out
    store = next(check for check in ended.json["checks"] if check["check"] == "Redis")
    assert "does not run now, starts with the daemon" in store["detail"]
    assert not any(os.scandir(tmp_path))


async def test_the_source_of_each_secret_is_told_and_never_its_value(both: Bench, tmp_path: Path) -> None:
    environment = both.environment()
    key = environment.pop("CWBRIDGE_JETBUILT__API_KEY")
    (tmp_path / "cwbridge.toml").write_text(f'[jetbuilt]\napi_key = "{key}"\n')
    (tmp_path / "cwbridge.toml").chmod(0o644)

    ended = await commands.run("doctor", env=environment, cwd=tmp_path)

    assert ended.code == 0, ended.out
    line = next(line for line in ended.out.splitlines() if line.startswith("warning  secrets"))
    assert "jetbuilt.api_key: cwbridge.toml" in line
    assert "connectwise.private_key: variable CWBRIDGE_CONNECTWISE__PRIVATE_KEY" in line
    assert key not in ended.out + ended.err
    assert environment["CWBRIDGE_CONNECTWISE__PRIVATE_KEY"] not in ended.out + ended.err


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ({"CWBRIDGE_QUEUE__CONCURRENCY": "many"}, "CWBRIDGE_QUEUE__CONCURRENCY"),
        ({"CWBRIDGE_CONNECTWISE__CLIENT_ID": ""}, "CWBRIDGE_CONNECTWISE__CLIENT_ID is missing"),
    ],
    ids=["unreadable", "incomplete"],
)
async def test_settings_that_cannot_be_used_end_with_2(
    both: Bench, tmp_path: Path, broken: dict[str, str], told: str
) -> None:
    ended = await commands.run("doctor", "--json", env={**both.environment(), **broken}, cwd=tmp_path)

    assert ended.code == 2
    first = ended.json["checks"][0]
    assert (first["check"], first["state"]) == ("settings", "problem")
    assert told in first["detail"]
    assert ended.json["problems"] >= 1


async def test_text_of_other_people_cannot_move_the_cursor(both: Bench, tmp_path: Path) -> None:
    hostile = "\x1b[2J[red]\u202e<script>" + "x" * 10_000
    table = both.box.connectwise_user
    for row in both.books.rows("company/companies/statuses"):
        table.edit("company/companies/statuses", str(row["id"]), {"name": f"{hostile[:40]}{row['id']}"})
    environment = both.environment()

    ended = await commands.run("doctor", env=environment, cwd=tmp_path)

    assert ended.code == 1
    line = next(line for line in ended.out.splitlines() if "ConnectWise company status" in line)
    assert "\x1b" not in ended.out
    assert "\u202e" not in ended.out
    assert "[red]" in line


async def test_the_address_in_use_by_another_program_is_told(both: Bench) -> None:
    async def nothing(_request: web.Request) -> web.Response:
        return web.Response(text="hello")

    app = web.Application()
    app.router.add_get("/healthz", nothing)
    served = web.AppRunner(app)
    await served.setup()
    await web.TCPSite(served, "127.0.0.1", 0).start()
    try:
        port = served.addresses[0][1]
        both.changes["http"] = {"listen": f"127.0.0.1:{port}"}  # type: ignore[index]
        result = (await examined(both)).one("listening address")
    finally:
        await served.cleanup()

    assert result.state == "problem"
    assert "CWBRIDGE_HTTP__LISTEN" in result.remedy


@pytest.mark.parametrize(
    ("http", "state", "told"),
    [
        ({"listen": "127.0.0.1:0"}, "ok", "this machine alone"),
        ({"listen": "0.0.0.0:0", "token": "a-token-of-more-than-16"}, "ok", "demands a token"),
        ({"listen": "0.0.0.0:0"}, "warning", "CWBRIDGE_HTTP__TOKEN is missing"),
    ],
)
async def test_who_may_see_the_status_page_is_told(
    both: Bench, http: dict[str, str], state: str, told: str
) -> None:
    both.changes["http"] = http  # type: ignore[index]
    result = (await examined(both)).one("status page")
    assert (result.state, told in result.detail) == (state, True)
    assert "more-than" not in result.detail


async def test_signs_of_inventory_auditing_are_told(both: Bench, redis: Redis) -> None:
    assert (await examined(both)).one("inventory auditing").state == "ok"
    await redis.set(f"{both.namespace}:inventory_audit", "The count is on.")

    learned = (await examined(both)).one("inventory auditing")

    assert (learned.state, learned.detail) == (
        "warning",
        "ConnectWise refused product lines: The count is on.",
    )


async def test_dates_that_the_server_does_not_understand_are_a_problem(both: Bench) -> None:
    both.box.connectwise.modes.date_literals = "day"

    result = (await examined(both)).one("ConnectWise date conditions")

    assert result.state == "problem"


async def test_a_tenant_of_bss_that_cannot_be_asked_for_changes_is_told(both: Bench) -> None:
    both.box.bss.modes.filter_updated = False
    assert "newest changes first" in (await examined(both)).one("BSS polling").detail
    both.box.bss.modes.order_updated = False

    assert (await examined(both)).one("BSS polling").state == "warning"


async def test_links_of_the_vendors_own_connector_are_told(both: Bench) -> None:
    account = both.box.world.billing.accounts[0]
    both.box.bss_user.edit("accounts", str(account.id), {"integrationId": "12"})
    assert (await examined(both)).one("vendor connector of BSS").state == "problem"
    both.changes["billing"]["beside_vendor_connector"] = True  # type: ignore[index]

    assert (await examined(both)).one("vendor connector of BSS").state == "ok"


async def test_the_processes_of_the_daemon_are_told(both: Bench, redis: Redis) -> None:
    assert (await examined(both)).one("processes").detail == "none was seen in the last half minute"
    namespace, on = both.namespace, ("opportunity",)
    async with presence.noted(redis, namespace, services=("producers",), flows=on, slots=0):
        await until(lambda: presence.present(redis, both.namespace), what="the producers are seen")
        told = (await examined(both)).one("processes")
        assert (told.state, told.detail) == ("warning", "1 producers; no worker in the last half minute")
        async with presence.noted(redis, namespace, services=("worker",), flows=on, slots=8):

            async def two() -> bool:
                return len(await presence.present(redis, both.namespace)) == 2

            await until(two, what="the worker is seen")
            told = (await examined(both)).one("processes")
            assert (told.state, told.detail) == ("ok", f"1 producers, 1 worker, version {__version__}")


async def test_keys_to_sync_first_are_named(both: Bench) -> None:
    family = both.families()[0]
    accounts = {str(account.id): account for account in both.box.world.billing.accounts}

    report = await examined(both)

    assert f"jetbuilt/project/{family} (" in report.one("first projects").detail
    told = re.findall(r"bss/account/(\d+) \(", report.one("first accounts").detail)
    assert told
    assert all(accounts[number].parent_id is None for number in told)
    assert "bss/contact/" in report.one("first accounts").detail


async def test_where_no_account_can_be_synced_none_is_named(both: Bench) -> None:
    both.changes["billing"]["account_types"] = {"No such type": "Client"}  # type: ignore[index]

    assert "no account" in (await examined(both)).one("first accounts").detail
