"""Names and texts that other people write to do harm stay harmless wherever they are shown: terminal, page, JSON, log, metrics."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog
from aiohttp import web
from prometheus_client import generate_latest

from console import flows, gauges, output
from cwbridge import errors, log
from cwbridge.ledger.history import Event, History
from cwbridge.ledger.links import Link, Links
from cwbridge.ledger.money_discrepancies import MoneyDiscrepancies, MoneyDiscrepancy
from cwbridge.queue.failure import Failure
from cwbridge.recording import recorded
from cwbridge.redis import Redis
from sandbox.faults import FaultRule
from tests.integration.conftest import OpenBench
from tests.support import commands
from tests.support.bench import Bench
from tests.support.pages import served
from tests.support.pairs import Pairs

HOSTILE = {
    "a script": "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>",
    "terminal escapes": "\x1b[31m\x1b[2J\x1b]8;;http://evil.example\x07link\x1b]8;;\x07\x9b2J\x9d0;title\x9c\x08\x7f",
    "ten thousand characters": "W" * 10_000,
    "right to left": "\u202eevil.exe\u202c \u2066isolated\u2069 \u200fmark",
    "line breaks": "one\ntwo\r\nthree\x00four\u2028five\x85six",
    "markup and templates": "[bold]red[/bold] [link=http://evil.example]x[/link] {{ 7 * 7 }} {% include 'x' %} %s {0}",
}
READING = (("status",), ("jobs", "list"), ("jobs", "list", "--each"), ("links", "list"))
MOST_AT_ONCE = 2_000
"""Characters of one text that are shown to a person."""


def assert_harmless(text: str, *, is_json: bool = False) -> None:
    """No character moves the cursor or turns the direction; no text is shown in full that is endless."""
    unprintable = {char for char in text if not char.isprintable() and char != "\n"}
    assert unprintable == set()
    if is_json:
        json.loads(text)
    else:
        assert "W" * (MOST_AT_ONCE + 1) not in text
        assert max(len(line) for line in text.splitlines() or [""]) < 5 * MOST_AT_ONCE


def refuse_with(bench: Bench, text: str, *, method: str, path: str) -> None:
    """ConnectWise refuses these calls in these words, in its body and in a header."""
    faults = bench.box.connectwise_faults

    def failure(status: int) -> web.Response:
        body = {
            "code": "InvalidObject",
            "message": text,
            "errors": [{"code": text, "message": text, "field": text}],
        }
        return web.json_response(body, status=status, headers={"x-cw-request-id": "\udc9b2J id"})

    faults._dialect = msgspec.structs.replace(faults._dialect, failure=failure)
    faults.add(FaultRule(name="hostile", action="fail", method=method, path=path, status=400))


async def assert_shown_harmlessly(bench: Bench, tmp_path: Path, keys: list[str]) -> str:
    """Run every reading command, open every page, read the metrics; answers what the commands printed."""
    env = {"CWBRIDGE_NAMESPACE": bench.namespace, "CWBRIDGE_REDIS__URL": bench.redis_url}
    printed = ""
    reading = [*READING, *(("jobs", "show", key) for key in keys)]
    for ended in await asyncio.gather(*(commands.run(*one, env=env, cwd=tmp_path) for one in reading)):
        assert ended.code == 0, ended.err
        assert_harmless(ended.out)
        assert_harmless(ended.err)
        printed += ended.out
    # The longest name and the one with every escape are enough for programs.
    reading = [*READING[2:], *(("jobs", "show", key) for key in keys[1:3])]
    for ended in await asyncio.gather(
        *(commands.run(*one, "--json", env=env, cwd=tmp_path) for one in reading)
    ):
        assert_harmless(ended.out, is_json=True)
    async with served(bench.settings(), bench.redis) as pages:
        for path in ("/", *(f"/objects/{key}" for key in keys)):
            page = await pages.get(path)
            assert page.status == 200
            assert_harmless(page.text)
            assert not re.search(r"<(img|svg|script(?! src=\"/page.js\" defer>))", page.text)
        assert_harmless((await pages.get("/metrics")).text)
    return printed


async def test_names_of_jetbuilt_and_refusals_of_connectwise(open_bench: OpenBench, tmp_path: Path) -> None:
    bench = await open_bench(projects=0)
    store, keys = bench.box.jetbuilt, []
    user = next(iter(store.users)).id
    for number, name in enumerate(HOSTILE.values()):
        client = store.clients.add({"user_id": user, "company_name": f"{number} {name}"})
        mail = f"p{number}@a.example"
        store.clients.add_contact(
            client.id, {"first_name": name, "last_name": name, "email_address": mail, "primary": True}
        )
        project = store.add_plain_project(lines=1, name=f"{name} {number}")
        store.edit_project(project.id, client_id=client.id)
        store.edit_line(project.id, project.lines[0].id, model=f"{number}{name}", short_description=name)
        keys.append(f"jetbuilt/project/{project.id}")
    ran = await commands.run("sync", env=bench.environment(CWBRIDGE_LOG__FORMAT="console"), cwd=tmp_path)
    assert (ran.code, "Everything is settled" in ran.out) == (0, True), ran.out + ran.err
    assert_harmless(ran.out)
    assert_harmless(ran.err)
    assert len(bench.books.opportunities()) == len(HOSTILE)
    await assert_shown_harmlessly(bench, tmp_path, keys[:2])

    for key, text in zip(keys, HOSTILE.values(), strict=True):
        refuse_with(bench, text, method="*", path="/sales/opportunities*")
        ran = await commands.run(
            "sync", key, env=bench.environment(CWBRIDGE_LOG__FORMAT="console"), cwd=tmp_path
        )
        assert ran.code == 1, ran.err
        assert_harmless(ran.out)
        assert_harmless(ran.err)
    printed = await assert_shown_harmlessly(bench, tmp_path, keys)
    for shown in ("<script>alert(1)</script>", "evil.exe", "one two", "[bold]red[/bold]", "{{ 7 * 7 }}"):
        assert shown in printed


async def test_names_of_bss_and_refusals_of_connectwise(pairs: Pairs, tmp_path: Path) -> None:
    keys = []
    for number, name in enumerate(HOSTILE.values()):
        account = pairs.account(f"{number} {name}")
        person = pairs.person(account, name, name, email=f"p{number}@a.example")
        keys += [f"bss/account/{account}", f"bss/contact/{person}"]
    await pairs.bench.sync(*keys)
    for key, text in zip(keys[::2], HOSTILE.values(), strict=True):
        refuse_with(pairs.bench, text, method="*", path="/company/companies*")
        pairs.edit_account(int(key.rpartition("/")[2]), name=f"Other {text}")
        await pairs.bench.sync(key)
    printed = await assert_shown_harmlessly(pairs.bench, tmp_path, keys)
    assert "<script>alert(1)</script>" in printed


@pytest.mark.parametrize("escape", ["\\ud800", "\\udfff", "\\uD83D", "\\ude00\\ud83d"])
async def test_half_a_character_spoils_no_answer(open_bench: OpenBench, escape: str) -> None:
    """JSON may escape half a character, where a name was cut in the middle of an emoji; it has no UTF-8."""
    bench = await open_bench(projects=1)
    family = bench.families()[0]
    page = await bench.jetbuilt.get(f"/projects/{family}/items")
    page["line_items"][0]["short_description"] = "a CUT b \\ud800 \U0001f3a4"
    body = json.dumps(page).replace("CUT", escape).encode()
    bench.box.jetbuilt.projects.get(family)._rendered["items", 1] = body
    await bench.settled()
    described = [row["description"] for row in bench.books.rows("procurement/products")]
    halves = "\ufffd" * escape.count("\\u")
    assert f"a {halves} b \\ud800 \U0001f3a4" in described


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_text_is_one_line_of_bounded_length_in_a_terminal(text: str) -> None:
    console = output.console()
    with console.capture() as capture:
        console.print(output.escape(text), end="")
    shown = capture.get()
    assert_harmless(shown)
    assert "\n" not in shown
    assert len(shown) <= MOST_AT_ONCE + 40
    for word in (
        "<script>alert(1)</script>",
        "evil.exe",
        "two",
        "[link=http://evil.example]",
        "{% include 'x' %}",
    ):
        assert (word in shown) == (word in text)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_failure_of_a_command_is_one_line(text: str) -> None:
    said = output.failure(errors.SettingsError(text, detail=text, remedy="Correct it."))
    assert_harmless(said)
    assert "\n" not in said
    assert said.endswith("-> Correct it.")


@pytest.fixture
def logged() -> Iterator[Callable[[str], io.StringIO]]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level

    def to(form: Any) -> io.StringIO:
        stream = io.StringIO()
        log.configure(form=form, stream=stream)
        return stream

    yield to
    structlog.reset_defaults()
    root.handlers = handlers
    root.setLevel(level)


@pytest.mark.parametrize("form", ["console", "json"])
@pytest.mark.parametrize(
    "text", [*HOSTILE.values(), "half \ud800 \udc9b"], ids=[*HOSTILE, "half a character"]
)
def test_a_line_of_the_log_is_one_line(logged: Callable[[str], io.StringIO], form: str, text: str) -> None:
    stream = logged(form)
    logger = structlog.get_logger("any")
    logger.warning("job_failed", cause=text, names=[text], table={text: text}, error=ValueError(text))
    logger.error("job_broken", detail=text, exc_info=ValueError(text))
    said = stream.getvalue()
    said.encode()
    unprintable = {char for char in said if not char.isprintable() and char != "\n"}
    assert unprintable == set()
    first = said.splitlines()[0]
    assert "job_failed" in first
    assert "job_broken" in said.splitlines()[1]
    if form == "json":
        assert len(said.splitlines()) == 2
        assert json.loads(first)["cause"] == text.replace("\ud800", "\ufffd").replace("\udc9b", "\ufffd")
    else:
        assert "W" * (MOST_AT_ONCE + 1) not in said


async def test_an_error_with_half_a_character_is_stored_and_shown(redis: Redis, namespace: str) -> None:
    """Headers of HTTP and names of files may bring such a text into an error."""
    half = errors.RequestRefused("refused \udc9b", detail="\ud800", remedy="\udfff")

    async def fails() -> None:
        raise half

    history = History(redis, namespace=namespace)
    with pytest.raises(errors.RequestRefused):
        await recorded(history, "jetbuilt/project/1", fails())
    (event,) = await history.of("jetbuilt/project/1")
    assert event.cause == "refused \\udc9b (\\ud800)"
    for error in (half, ValueError("\ud800")):
        assert msgspec.json.encode(Failure.of(error))


async def test_a_made_up_currency_becomes_no_label(
    redis: Redis, namespace: str, open_bench: OpenBench
) -> None:
    money = MoneyDiscrepancies(redis, namespace=namespace)
    for number, currency in enumerate([*HOSTILE.values(), "usd", "EUR"]):
        one = MoneyDiscrepancy(currency=currency, source=Decimal(1), target=Decimal(2))
        await money.keep(f"bss/invoice/{number}", {"subtotal": one})
    bench = await open_bench(projects=0)
    await gauges.refresher(bench.settings(), redis, flows.registered())()
    exposed = generate_latest().decode()
    assert_harmless(exposed)
    found = set(re.findall(r'currency="([^"]*)"', exposed))
    assert found == {"", "USD", "EUR"}


async def test_a_name_of_a_link_is_shown_harmlessly(
    open_bench: OpenBench, redis: Redis, tmp_path: Path
) -> None:
    bench = await open_bench(projects=0)
    links = Links(redis, namespace=bench.namespace)
    for number, name in enumerate(HOSTILE.values(), start=1):
        link = Link(target=number, how="name", finished=name, state=name)
        await links.put("site", f"jetbuilt:site:{name}@{number}", link)
    await assert_shown_harmlessly(bench, tmp_path, [])


async def test_events_of_a_history_are_shown_harmlessly(
    open_bench: OpenBench, redis: Redis, tmp_path: Path
) -> None:
    bench = await open_bench(projects=0)
    history, key = History(redis, namespace=bench.namespace), "jetbuilt/project/7"
    for name in HOSTILE.values():
        event = Event(
            what=f"refused: {name}",
            cause=name,
            remedy=name,
            counts={name: 1},
            amounts={name: name},
            matches=(name, name),
            discrepancies=(name,),
            last_calls=(f"GET /x: {name}",),
        )
        await history.add(key, event)
    await assert_shown_harmlessly(bench, tmp_path, [key])
