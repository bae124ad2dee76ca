"""`cwbridge explain`: what a run would do now is what it then does, and telling it changes nothing anywhere."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from console import flows
from cwbridge.redis import Redis
from cwbridge.rehearsal import Rehearsal, rehearse
from tests.integration.test_services import address
from tests.support import commands
from tests.support.bench import Bench
from tests.support.documents import Documents
from tests.support.pairs import Pairs
from worker.opportunity.project_key import ProjectKey

_METHODS = {"create": "POST", "change": "PATCH", "delete": "DELETE"}


async def rehearsed(bench: Bench, key: str) -> Rehearsal:
    flow = flows.registered().of_key(key)
    return await rehearse(bench.settings(), bench.redis, flow, key)


def planned(found: Rehearsal) -> Counter[tuple[str, str, str]]:
    """The writes of a rehearsal by system, method and path, ids left out: records that are new have none yet."""
    return Counter(
        (write.system, _METHODS[write.action], re.sub(r"\d+", "N", write.path)) for write in found.writes
    )


def sent(bench: Bench) -> Counter[tuple[str, str, str]]:
    """The writes that the stand-ins were sent, likewise."""
    logs = {"connectwise": bench.box.connectwise_calls, "bss": bench.box.bss_calls}
    return Counter(
        (system, call.method, re.sub(r"\d+", "N", call.path.removeprefix("/v2025_1/apis/3.0")).rstrip("/"))
        for system, log in logs.items()
        for call in log.recent
        if call.method != "GET" and "token" not in call.path
    )


async def stored(redis: Redis, namespace: str) -> dict[bytes, Any]:
    """Everything in the namespace but the counts of the limiter."""
    found = {}
    async for key in redis.scan_iter(f"{namespace}:*"):
        if b":limit" not in key:
            found[key] = await redis.dump(key)
    return found


async def assert_told_and_done(bench: Bench, key: str) -> Rehearsal:
    """Rehearse a run of `key`, then make it: nothing changes before, and the writes are those that were told."""
    before, writes = await stored(bench.redis, bench.namespace), bench.writes
    told = await rehearsed(bench, key)
    assert told.failure is None
    assert bench.writes == writes
    assert await stored(bench.redis, bench.namespace) == before
    bench.forget_calls()
    bench.box.bss_calls.clear()
    await bench.settled(key)
    assert planned(told) == sent(bench)
    return told


async def test_a_new_project_is_told_with_everything_that_it_makes(bench: Bench) -> None:
    project = bench.box.jetbuilt.add_plain_project(lines=6, distinct_products=True)
    told = await assert_told_and_done(bench, f"jetbuilt/project/{project.id}")
    assert told.event is not None
    (done, *_) = await bench.history(f"jetbuilt/project/{project.id}")
    assert (told.event.what, told.event.counts, told.event.amounts) == (done.what, done.counts, done.amounts)


async def test_the_options_of_a_project_are_told_as_jobs(bench: Bench) -> None:
    options = [ProjectKey.of_external_id(name) for name in await bench.expected() if ":option:" in name]
    family = options[0].family
    told = await rehearsed(bench, f"jetbuilt/project/{family}")
    assert set(told.enqueues) == {str(option) for option in options if option.family == family}


@pytest.mark.parametrize("strategy", ["recreate", "changed"])
async def test_an_edit_is_told_line_by_line(bench: Bench, strategy: str) -> None:
    bench.changes = {"opportunity": {"line_strategy": strategy}}
    family = bench.box.jetbuilt.add_plain_project(lines=8, distinct_products=True).id
    await bench.settled(f"jetbuilt/project/{family}")
    await bench.jetbuilt.add_a_piece(family)
    told = await assert_told_and_done(bench, f"jetbuilt/project/{family}")
    deleted = [write for write in told.writes if write.action == "delete"]
    assert len(deleted) == (8 if strategy == "recreate" else 1)
    assert all(write.record for write in deleted)


async def test_a_settled_project_is_told_to_write_nothing(bench: Bench) -> None:
    await bench.settled()
    for family in bench.families():
        assert (await rehearsed(bench, f"jetbuilt/project/{family}")).writes == ()


async def test_a_change_by_another_member_is_told_with_what_stands_there_now(bench: Bench) -> None:
    bench.changes = {"opportunity": {"drift": "repair"}}
    family = bench.box.jetbuilt.add_plain_project(lines=2).id
    await bench.settled(f"jetbuilt/project/{family}")
    opportunity = bench.books.opportunity(f"jetbuilt:{family}")
    bench.box.connectwise_user.edit("sales/opportunities", opportunity["id"], {"name": "Renamed"})
    (change,) = (await assert_told_and_done(bench, f"jetbuilt/project/{family}")).writes
    fields = {field.name: (field.before, field.after) for field in change.fields}
    assert fields["name"] == ("Renamed", opportunity["name"])


async def test_an_account_is_told_both_ways(pairs: Pairs) -> None:
    number = pairs.account(code="HL-1", phone="1")
    key = f"bss/account/{number}"
    await assert_told_and_done(pairs.bench, key)
    company = await pairs.company_of(number)
    pairs.edit_account(number, name="Harbor Lights II")
    pairs.edit_company(company["id"], phoneNumber="222")
    told = await assert_told_and_done(pairs.bench, key)
    assert {write.system for write in told.writes} == {"bss", "connectwise"}
    assert (await rehearsed(pairs.bench, key)).writes == ()


async def test_a_contact_is_told_with_its_communication_items(pairs: Pairs) -> None:
    account = pairs.account()
    person = pairs.person(account, email="ada@hl.example", phone="1")
    await pairs.settle(f"bss/account/{account}")
    await assert_told_and_done(pairs.bench, f"bss/contact/{person}")
    pairs.edit_person(person, email="ada.b@hl.example", firstName="Augusta")
    await assert_told_and_done(pairs.bench, f"bss/contact/{person}")


async def test_a_contact_whose_account_is_not_synced_is_told_to_wait(pairs: Pairs) -> None:
    person = pairs.person(pairs.account())
    told = await rehearsed(pairs.bench, f"bss/contact/{person}")
    assert told.failure is not None
    assert (told.failure.work_class, told.writes) == ("wait", ())


@pytest.mark.parametrize("noun", ["order", "invoice"])
async def test_a_document_is_told_with_its_lines(pairs: Pairs, noun: Any) -> None:
    documents = Documents(pairs, noun)
    document = documents.add("4.20", "18.00")
    await pairs.settle(f"bss/account/{documents.account}", f"bss/product/{documents.product}")
    await assert_told_and_done(pairs.bench, documents.key(document))
    documents.item(document, "7.00")
    await assert_told_and_done(pairs.bench, documents.key(document))


async def test_a_refusal_is_told_with_its_candidates_before_anything_is_tried(bench: Bench) -> None:
    project = bench.box.jetbuilt.add_plain_project(lines=1)
    name = next(one.company_name for one in bench.box.world.clients if one.id == project.client_id)
    twins = [
        bench.box.connectwise_user.add(
            "company/companies", {"identifier": f"TWIN{n}", "name": name, "site": {"name": "Main"}}
        )
        for n in range(2)
    ]
    told = await rehearsed(bench, f"jetbuilt/project/{project.id}")
    assert told.failure is not None
    assert told.failure.error == "Ambiguous"
    assert all(str(twin) in told.failure.detail for twin in twins)


async def test_the_command_tells_both_sides_the_calls_and_what_would_be_written(
    bench: Bench, tmp_path: Path
) -> None:
    family = bench.box.jetbuilt.add_plain_project(lines=3, distinct_products=True).id
    key, env = f"jetbuilt/project/{family}", bench.environment()
    ahead = await commands.run("explain", key, env=env, cwd=tmp_path)
    assert ahead.code == 0
    assert f"{key} is unknown" in ahead.out
    assert "create connectwise /sales/opportunities:" in ahead.out
    assert "(new " in ahead.out
    assert "2000000" not in ahead.out
    await bench.settled(key)
    opportunity = bench.books.opportunity(f"jetbuilt:{family}")["id"]
    told = await commands.run("explain", key, env=env, cwd=tmp_path)
    assert f"{bench.box.jetbuilt_url.removesuffix('/api')}/projects/{family}" in told.out
    assert f"recordType=OpportunityFV&recid={opportunity}&" in told.out
    assert "last calls of the newest run that did something" in told.out
    assert "POST /procurement/products: 201" in told.out
    assert "A run now would write nothing" in told.out
    only = await commands.run("explain", key, "--stored", env=env, cwd=tmp_path)
    assert "A run now" not in only.out
    as_json = await commands.run("explain", key, "--json", env=env, cwd=tmp_path)
    assert as_json.json["now"]["writes"] == []
    assert as_json.json["known"]["link"]["target"] == opportunity


async def test_the_command_says_why_a_run_cannot_be_rehearsed(bench: Bench, tmp_path: Path) -> None:
    off = await commands.run("explain", "bss/account/1", env=bench.environment(), cwd=tmp_path)
    assert off.code == 1
    assert "A run cannot be rehearsed." in off.out
    assert "CWBRIDGE_BSS__URL" in off.out
    wrong = {**bench.environment(), "CWBRIDGE_CONNECTWISE__PRIVATE_KEY": "wrong"}
    refused = await commands.run("explain", "jetbuilt/project/1", env=wrong, cwd=tmp_path)
    assert refused.code == 1
    assert "refused the credentials" in refused.out
    assert "CWBRIDGE_CONNECTWISE__PRIVATE_KEY" in refused.out
    assert (await commands.run("explain", "nonsense", env=wrong, cwd=tmp_path)).code == 2


async def test_the_page_of_an_object_rehearses_a_run_when_it_is_asked_for(
    bench: Bench, tmp_path: Path
) -> None:
    await bench.settled()
    family = bench.families()[0]
    project = bench.box.jetbuilt.add_plain_project(lines=1)
    line = project.lines[0]
    bench.changes = {"jetbuilt": {"poll_interval": "1h"}}
    env = bench.environment()
    async with (
        commands.running("producers", env=env, cwd=tmp_path) as producers,
        aiohttp.ClientSession(await address(producers)) as session,
    ):
        path = f"/objects/jetbuilt/project/{family}"
        plain, told, foreign, new = [
            await text_of(session, path, headers)
            for path, headers in (
                (path, {}),
                (f"{path}?now=1", {}),
                (f"{path}?now=1", {"Sec-Fetch-Site": "cross-site"}),
                (f"/objects/jetbuilt/project/{project.family_id}?now=1", {}),
            )
        ]
    for text in (plain, foreign):
        assert "Rehearse a run" in text
        assert "A run now" not in text
    assert "A run now would write nothing" in told
    assert f"price {line.price}" in new


async def text_of(session: aiohttp.ClientSession, path: str, headers: Mapping[str, str]) -> str:
    async with session.get(path, headers=headers) as answer:
        return html.unescape(await answer.text())
