"""The status page over HTTP: what it shows, the commands on it, and who may see it."""

from __future__ import annotations

import asyncio
import html
import re
import shlex
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from console import page
from console.command import Bridge
from console.page import overview
from console.page.overview import Overview
from cwbridge import errors
from cwbridge import redis as redis_module
from cwbridge.ledger.history import Event, History
from cwbridge.ledger.links import Link, Links
from cwbridge.ledger.money_discrepancies import MoneyDiscrepancies, MoneyDiscrepancy
from cwbridge.limits.holds import SystemHolds
from cwbridge.limits.limiter import Limiter
from cwbridge.limits.rate import Rate
from cwbridge.queue.job import Enqueue
from cwbridge.queue.queue import Queue
from cwbridge.redis import Redis
from tests.integration.conftest import OpenBench
from tests.integration.test_services import address, settled
from tests.support import commands
from tests.support.configured import configured
from tests.support.jobs import AUDIT, RACK, SCREEN, TRACED, Store, key
from tests.support.pages import Served, opened_at, served
from tests.support.until import until

TOKEN = "a-token-of-more-than-16"
Serve = Callable[..., AbstractAsyncContextManager[Served]]


@pytest.fixture
def serve(redis: Redis, redis_url: str, namespace: str) -> Serve:
    def with_settings(**given: Any) -> AbstractAsyncContextManager[Served]:
        settings = configured(
            **{
                "namespace": namespace,
                "redis": {"url": redis_url},
                "jetbuilt": {"url": "https://jetbuilt.example/api"},
                "connectwise": {"url": "https://connectwise.example", "rate_limit": "10/10s"},
                **given,
            }
        )
        return served(settings, redis)

    return with_settings


@pytest.fixture
def env(redis_url: str, namespace: str) -> dict[str, str]:
    """What a command needs to find the store."""
    return {"CWBRIDGE_REDIS__URL": redis_url, "CWBRIDGE_NAMESPACE": namespace}


@pytest.fixture
async def pages(serve: Serve) -> AsyncIterator[Served]:
    async with serve() as opened:
        yield opened


def plain(text: str) -> str:
    """The text of a page, without tags, blanks folded."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", text)).split())


def commands_on(text: str) -> list[list[str]]:
    """The commands that a page tells, as a shell reads them."""
    return [shlex.split(html.unescape(found)) for found in re.findall(r'class="command">([^<]*)<', text)]


async def test_a_daemon_with_nothing_to_do_says_so(pages: Served) -> None:
    shown = await pages.get()
    said = plain(shown.text)
    assert shown.status == 200
    assert "settled 0 jobs pending, 0 running, 0 dead, 0 held" in said
    for nothing in ("Dead letters None.", "Differences in money None known.", "Last runs No run yet."):
        assert nothing in said
    assert "connectwise.example" in said
    assert "switched off" in said


async def test_each_command_on_the_page_requeues_exactly_its_group(
    store: Store, serve: Serve, env: dict[str, str], tmp_path: Path
) -> None:
    awkward = errors.MappingRefused('It\'s "$(reboot)" `id`; * | <b>\n', remedy="Rename it.")
    groups: dict[Exception, list[int]] = {
        RACK: [1, 2, 3],
        SCREEN: [4],
        awkward: [5, 6],
        TRACED: [7],
        AUDIT: [8],
    }
    failed = {number: error for error, numbers in groups.items() for number in numbers}
    await asyncio.to_thread(store.ended, failed)
    async with serve() as pages:
        told = commands_on((await pages.get()).text)
    assert [command[:3] for command in told] == [["cwbridge", "jobs", "requeue"]] * 4
    chosen = []
    for command in told:
        dry = await commands.run(*command[1:], "--dry-run", "--json", env=env, cwd=tmp_path)
        chosen.append(sorted(dry.json["chosen"]))
    assert chosen == [[key(number) for number in groups[error]] for error in (TRACED, RACK, awkward, SCREEN)]
    assert (await commands.run(*told[1][1:], env=env, cwd=tmp_path)).code == 0
    states = await asyncio.to_thread(store.states)
    assert [number for number, state in sorted(states.items()) if state == "due"] == groups[RACK]


async def test_a_part_of_many_jobs_is_read_and_a_command_still_means_its_whole_group(
    store: Store, serve: Serve, env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("console.status", "console.page.rendering"):
        monkeypatch.setattr(f"{module}.LOOKED_AT", 5)
    await asyncio.to_thread(store.ended, dict.fromkeys(range(1, 9), RACK))
    async with serve() as pages:
        text = (await pages.get()).text
    said = plain(text)
    assert "Causes of the first 5 of 8 only" in said
    assert "5 jobs opportunity refused: MappingRefused" in said
    (told,) = commands_on(text)
    assert (await commands.run(*told[1:], "--json", env=env, cwd=tmp_path)).json["requeued"] == 8


async def test_many_readers_share_one_view(pages: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    views = []
    gather = overview.gather

    async def counted(bridge: Bridge) -> Overview:
        views.append(bridge)
        return await gather(bridge)

    monkeypatch.setattr(overview, "gather", counted)
    answers = await asyncio.gather(*(pages.get() for _ in range(20)))
    assert {answer.status for answer in answers} == {200}
    assert len(views) <= 2


async def test_the_page_shows_what_is_behind_and_which_system_is_why(
    pages: Served, redis: Redis, namespace: str
) -> None:
    queue = Queue(redis, namespace=namespace, settings=configured().queue)
    await queue.enqueue(Enqueue(key(1), "opportunity"), Enqueue("bss/account/5", "billing"))
    await SystemHolds(redis, namespace=namespace).note("jetbuilt")
    limiter = Limiter(redis, namespace=namespace, system="connectwise", rate=Rate(10, 10), concurrency=6)
    calls = [await limiter.acquire() for _ in range(3)]
    await limiter.hold(20, reason="throttled")
    said = plain((await pages.get()).text)
    assert "on hold 2 jobs pending" in said
    assert re.search(r"opportunity Jetbuilt -> ConnectWise opportunities 0 0 1 0 0 \d\.\d s ago", said), said
    assert re.search(r"Jetbuilt refused the credentials \d\.\d s ago", said), said
    assert re.search(
        r"on hold for 1?\d?\d\.\d s: throttled 3 of 7 10/10s lower after a throttle 3 of", said
    ), said
    for call in calls:
        limiter.release(call)
    await limiter.close()


async def test_money_and_the_last_runs_are_shown(pages: Served, redis: Redis, namespace: str) -> None:
    difference = MoneyDiscrepancy(currency="EUR", source=Decimal("100.00"), target=Decimal("99.50"))
    await MoneyDiscrepancies(redis, namespace=namespace).keep("bss/invoice/9", {"subtotal": difference})
    history = History(redis, namespace=namespace)
    for number in range(1, 60):
        await history.add(key(number), Event(what="checked", target=number))
    await history.add(key(60), Event(what="refused: MappingRefused", cause="Sub-category <Rack> is missing"))
    said = plain((await pages.get()).text)
    assert "1 subtotal: 0.50 EUR in all" in said
    assert "bss/invoice/9 subtotal 100.00 99.50 -0.50 EUR" in said
    runs = said[said.index("Last runs") :]
    assert runs.count("nothing to write") == 19
    assert f"{key(60)} refused: MappingRefused: Sub-category <Rack> is missing" in runs
    assert await redis.llen(f"{namespace}:recent_runs") == 50  # type: ignore[misc]


async def test_an_object_has_a_page_of_its_own(
    serve: Serve, store: Store, redis: Redis, namespace: str
) -> None:
    await asyncio.to_thread(store.ended, {7: RACK, 8: TRACED})
    await Links(redis, namespace=namespace).put("opportunity", key(7), Link(target=4711, how="external_id"))
    event = Event(
        what="refused: MappingRefused", cause="no", last_calls=("GET /x -> 200",), matches=("rep: x",)
    )
    await History(redis, namespace=namespace).add(key(7), event)
    async with serve() as pages:
        assert f'href="/objects/{key(7)}"' in (await pages.get()).text
        dead, traced = await pages.get(f"/objects/{key(7)}"), await pages.get(f"/objects/{key(8)}")
        unknown = await pages.get(f"/objects/{key(9)}")
        no_key = await pages.get("/objects/%3Cscript%3Ealert(1)%3C/script%3E")
    said = plain(dead.text)
    assert dead.status == 200
    for shown in (
        "dead fresh lane, attempts 0",
        "Sub-category [bold]Rack is missing",
        "item 7",
        "opportunity 4711, found by external id",
        "rep: x",
        "GET /x -> 200",
    ):
        assert shown in said
    assert commands_on(dead.text) == [["cwbridge", "jobs", "requeue", key(7)]]
    assert "ZeroDivisionError: division by zero" in plain(traced.text)
    assert (unknown.status, "never enqueued" in unknown.text) == (404, True)
    assert (no_key.status, "<script>" in no_key.text, "is not a key" in no_key.text) == (404, False, True)


async def test_every_answer_has_strict_headers(serve: Serve) -> None:
    async with serve(http={"token": TOKEN}) as pages:
        for path in ("/", "/login", "/page.css", "/page.js", "/icon.svg", "/objects/x", "/nowhere"):
            headers = (await pages.get(path)).headers
            policy = headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert "*" not in policy
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Referrer-Policy"] == "no-referrer"
            assert headers["Cache-Control"] == "no-store"
            assert "Python" not in headers["Server"]


async def test_the_page_is_read_only_and_has_no_inline_code(pages: Served) -> None:
    text = (await pages.get()).text
    assert not re.search(r"<script(?! src=\"/page.js\")|<style|\sstyle=|\son\w+=|javascript:", text)
    assert "http://" not in text.replace("http-equiv", "")
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        async with pages.session.request(method, f"{pages.url}/") as answer:
            assert answer.status == 405


async def test_another_host_name_is_refused_on_this_machine(pages: Served) -> None:
    """A page of another site can have its own name lead here; its browser then names that site."""
    for foreign in ("evil.example", "evil.example:8480", "127.0.0.1.evil.example", "", "[::2]", "10.0.0.1"):
        answer = await pages.get("/", Host=foreign)
        assert (answer.status, "Last runs" in answer.text) == (421, False), foreign
        assert (await pages.get("/objects/x", Host=foreign)).status == 421
    for own in ("localhost", "localhost:9999", "127.0.0.1", "[::1]:8480", "LOCALHOST:1"):
        assert (await pages.get("/", Host=own)).status == 200, own
    assert (await pages.get("/metrics", Host="evil.example")).status == 200


async def test_a_token_is_demanded_for_everything_but_metrics_and_probes(serve: Serve) -> None:
    async with serve(http={"token": TOKEN}) as pages:
        for path in ("/", f"/objects/{key(1)}", "/nowhere"):
            refused = await pages.get(path)
            assert (refused.status, "Last runs" in refused.text) == (401, False)
            assert refused.headers["WWW-Authenticate"].startswith("Bearer")
            assert 'name="token"' in refused.text
        for path in ("/metrics", "/healthz", "/readyz"):
            assert (await pages.get(path)).status == 200
        for wrong in (f"Bearer {TOKEN}x", "Bearer ", f"Basic {TOKEN}", "Bearer \u20ac"):
            assert (await pages.get("/", Authorization=wrong)).status == 401
        assert (await pages.get("/", Authorization=f"bearer {TOKEN}")).status == 200
        assert (await pages.get("/", Authorization=f"Bearer {TOKEN}", Host="status.example")).status == 200


async def test_a_log_in_sets_a_strict_cookie_that_holds_no_token(serve: Serve) -> None:
    async with serve(http={"token": TOKEN}) as pages:
        assert (await pages.post("/login", {"token": "wrong"})).status == 401
        done = await pages.post("/login", {"token": TOKEN, "path": f"/objects/{key(1)}"})
        assert (done.status, done.headers["Location"]) == (303, f"/objects/{key(1)}")
        cookie = done.headers["Set-Cookie"]
        assert TOKEN not in cookie
        for attribute in ("HttpOnly", "SameSite=Strict", "Path=/", "Max-Age="):
            assert attribute in cookie
        assert "Secure" not in cookie
        assert "Log out" in (await pages.get()).text
        assert (await pages.post("/logout", {})).status == 303
        assert (await pages.get()).status == 401
        forwarded = await pages.post("/login", {"token": TOKEN}, X_Forwarded_Proto="https")
        assert "Secure" in forwarded.headers["Set-Cookie"]
        value = cookie.partition("=")[2].partition(";")[0]
        name = cookie.partition("=")[0]
        end, _, signature = value.partition(".")
        for forged in (
            f"{int(end) + 1}.{signature}",
            f"1.{signature}",
            end,
            "",
            f"{end}.",
            f"9{value}",
            "\u0661.x",
        ):
            assert (await pages.get("/", Cookie=f"{name}={forged}")).status == 401, forged
        assert (await pages.get("/", Cookie=f"{name}={value}")).status == 200
    async with serve(http={"token": TOKEN[::-1]}) as pages:
        assert (await pages.get("/", Cookie=f"{name}={value}")).status == 401


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/objects/../..//evil.example",
        "/objects//evil.example",
        "/objects/https://evil.example",
        "\r\nLocation: https://evil.example",
    ],
)
async def test_a_log_in_leads_to_no_other_site(serve: Serve, path: str) -> None:
    async with serve(http={"token": TOKEN}) as pages:
        done = await pages.post("/login", {"token": TOKEN, "path": path})
        assert (done.status, done.headers["Location"]) == (303, "/")
        foreign = await pages.post("/login", {"token": TOKEN}, Sec_Fetch_Site="cross-site")
        assert (foreign.status, "Set-Cookie" in foreign.headers) == (403, False)


async def test_wrong_tokens_are_limited_and_a_session_stays(serve: Serve) -> None:
    async with serve(http={"token": TOKEN}) as pages:
        assert (await pages.post("/login", {"token": TOKEN})).status == 303
        for number in range(5):
            assert (await pages.post("/login", {"token": f"guess {number}"})).status == 401
        limited = await pages.post("/login", {"token": TOKEN})
        assert (limited.status, int(limited.headers["Retry-After"]) > 50) == (429, True)
        assert (await pages.get()).status == 200
        pages.session.cookie_jar.clear()
        assert (await pages.get("/", Authorization=f"Bearer {TOKEN}")).status == 429


async def test_a_form_that_is_too_long_is_refused(serve: Serve) -> None:
    async with serve(http={"token": TOKEN}) as pages:
        assert (await pages.post("/login", {"token": "x" * 5_000})).status == 413
    async with serve() as pages:
        assert (await pages.post("/login", {"token": TOKEN})).status == 404


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:8480", "192.0.2.1:8480", "status.example:8480"])
def test_another_address_without_a_token_is_refused_with_the_remedy(listen: str) -> None:
    with pytest.raises(errors.SettingsError) as caught:
        page.installer(configured(http={"listen": listen}))
    assert "CWBRIDGE_HTTP__TOKEN" in str(caught.value)
    assert "openssl rand" in caught.value.remedy
    page.installer(configured(http={"listen": listen, "token": TOKEN}))


@pytest.mark.parametrize("listen", ["127.0.0.1:8480", "127.1.2.3:1", "localhost:0", "[::1]:8480"])
def test_this_machine_needs_no_token(listen: str) -> None:
    page.installer(configured(http={"listen": listen}))


async def test_the_producers_serve_the_page_and_a_worker_does_not(
    open_bench: OpenBench, tmp_path: Path
) -> None:
    bench = await open_bench(projects=1)
    open_to_all = bench.environment(CWBRIDGE_HTTP__LISTEN="0.0.0.0:0")
    refused = await commands.run("producers", env=open_to_all, cwd=tmp_path)
    assert (refused.code, "CWBRIDGE_HTTP__TOKEN is missing" in refused.err) == (2, True)
    async with commands.running("run", env=bench.environment(), cwd=tmp_path) as daemon:
        url = await address(daemon)
        await until(lambda: settled(bench), what="all is settled")
        async with opened_at(url) as pages:
            said = plain((await pages.get()).text)
        daemon.ask_to_stop()
        await daemon.ended(within=20)
    assert re.search(r"opportunity \d+ created: \+\d+ -0 lines", said), said
    assert re.search(r"jetbuilt poll succeeded \d\.\d s ago", said), said
    assert re.search(r"0 of 8 slots are taken\. .* process \d+ producers, worker opportunity 8 ", said), said
    async with commands.running("worker", env=open_to_all, cwd=tmp_path) as daemon:
        url = (await address(daemon)).replace("0.0.0.0", "127.0.0.1")
        async with opened_at(url) as pages:
            assert ((await pages.get()).status, (await pages.get("/healthz")).status) == (404, 200)
        daemon.ask_to_stop()
        await daemon.ended(within=20)


async def test_a_redis_that_is_gone_is_said(namespace: str) -> None:
    nowhere = redis_module.connect("redis://127.0.0.1:1", patient=False)
    async with served(configured(namespace=namespace), nowhere) as pages:
        for path in ("/", f"/objects/{key(1)}"):
            answer = await pages.get(path)
            assert (answer.status, "Redis does not answer" in answer.text) == (503, True)
            assert "CWBRIDGE_REDIS__URL" in answer.text
        assert (await pages.get("/healthz")).status == 200
    await nowhere.aclose()
