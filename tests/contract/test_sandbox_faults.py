"""Faults on demand, seen by a client over real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest

from sandbox import credentials
from sandbox.faults import FaultRule
from tests.contract.sandbox_tenant import Answer, Tenant, open_tenant

TYPES = "/procurement/types"


@pytest.fixture
async def tenant() -> AsyncIterator[Tenant]:
    async with open_tenant() as opened:
        yield opened


async def until(met: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not met():  # noqa: ASYNC110 -- the stand-in has no event for this
            await asyncio.sleep(0.001)


def arm(tenant: Tenant, action: Any, **more: Any) -> None:
    tenant.box.connectwise_faults.add(
        FaultRule(name="rule", action=action, method="POST", path=TYPES, **more)
    )


async def create(tenant: Tenant, name: str = "New") -> Answer:
    return await tenant.call("POST", TYPES, {"name": name})


def created(tenant: Tenant) -> int:
    return len(tenant.store.writes)


async def test_a_refused_connection_does_nothing(tenant: Tenant) -> None:
    arm(tenant, "refuse", times=1)
    with pytest.raises(aiohttp.ClientConnectionError):
        await create(tenant)
    assert created(tenant) == 0
    assert (await create(tenant)).status == 201
    assert tenant.box.connectwise_faults.hits("rule") == 1


async def test_a_lost_answer_has_done_its_work(tenant: Tenant) -> None:
    arm(tenant, "lose", times=1)
    with pytest.raises(aiohttp.ClientConnectionError):
        await create(tenant)
    assert created(tenant) == 1
    log = tenant.box.connectwise_calls
    assert (log.faults, log.count("POST", TYPES, 0)) == (1, 1)


async def test_half_an_answer_has_done_its_work(tenant: Tenant) -> None:
    arm(tenant, "half", times=1)
    with pytest.raises(aiohttp.ClientPayloadError):
        await create(tenant)
    assert created(tenant) == 1


async def test_a_garbled_answer_is_200_and_not_json(tenant: Tenant) -> None:
    arm(tenant, "garble", times=1)
    address = tenant.backoff_base + TYPES
    async with tenant.session.post(address, json={"name": "New"}) as answer:
        assert answer.status == 200
        with pytest.raises(ValueError, match=r"delimiter|Unterminated|Expecting"):
            await answer.json()
    assert created(tenant) == 1


async def test_a_failure_answers_in_the_systems_form_or_as_a_page(tenant: Tenant) -> None:
    arm(tenant, "fail", status=503)
    answer = await create(tenant)
    assert (answer.status, answer.value["code"]) == (503, "InternalServerError")
    arm(tenant, "fail", status=502, html=True)
    page = await create(tenant)
    assert (page.status, page.text[:9]) == (502, "<!DOCTYPE")
    assert created(tenant) == 0


async def test_a_throttled_call_names_the_wait_and_is_counted_as_refused(tenant: Tenant) -> None:
    arm(tenant, "throttle", retry_after=7)
    answer = await create(tenant)
    assert (answer.status, answer.headers["Retry-After"]) == (429, "7")
    assert tenant.box.connectwise_calls.refused == 1
    assert created(tenant) == 0


async def test_a_delayed_call_goes_on_afterwards(tenant: Tenant) -> None:
    arm(tenant, "delay", seconds=0.05)
    begun = asyncio.get_running_loop().time()
    assert (await create(tenant)).status == 201
    assert asyncio.get_running_loop().time() - begun >= 0.05


@pytest.mark.parametrize(("action", "done"), [("hold_before", 0), ("hold_after", 1)])
async def test_a_held_call_waits_for_its_release(tenant: Tenant, action: str, done: int) -> None:
    arm(tenant, action, times=1)
    call = asyncio.create_task(create(tenant))
    await until(lambda: tenant.box.connectwise_faults.waiting("rule") == 1)
    assert created(tenant) == done
    assert not call.done()
    address = f"{tenant.box.connectwise_url}/__sandbox__/release/rule"
    released = await tenant.call("POST", address, headers={"X-Sandbox-Key": credentials.CONTROL_KEY})
    assert released.status == 204
    assert (await call).status == 201
    assert created(tenant) == 1


async def test_clearing_the_rules_lets_held_calls_go(tenant: Tenant) -> None:
    arm(tenant, "hold_before")
    call = asyncio.create_task(create(tenant))
    await until(lambda: tenant.box.connectwise_faults.waiting("rule") == 1)
    tenant.box.connectwise_faults.clear()
    assert (await call).status == 201


async def test_after_and_times_choose_the_calls(tenant: Tenant) -> None:
    arm(tenant, "fail", after=1, times=2)
    assert [(await create(tenant, str(n))).status for n in range(5)] == [201, 500, 500, 201, 201]


async def test_a_seeded_chance_hits_the_same_calls_again(tenant: Tenant) -> None:
    hits = []
    for _ in range(2):
        async with open_tenant() as other:
            arm(other, "fail", probability=0.5)
            hits.append([(await create(other, str(n))).status for n in range(12)])
    assert hits[0] == hits[1]
    assert set(hits[0]) == {201, 500}


async def test_a_rule_minds_its_own_method_and_path(tenant: Tenant) -> None:
    arm(tenant, "fail")
    assert (await tenant.call("GET", TYPES)).status == 200
    assert (await tenant.call("POST", "/procurement/manufacturers", {"name": "Shure Two"})).status == 201
    tenant.box.connectwise_faults.add(FaultRule(name="all", action="fail", path="/procurement/*"))
    assert (await tenant.call("GET", TYPES)).status == 500
    assert (await tenant.call("GET", "/sales/stages")).status == 200


async def test_rules_are_added_listed_and_cleared_over_http(tenant: Tenant) -> None:
    control = f"{tenant.box.connectwise_url}/__sandbox__/faults"
    key = {"X-Sandbox-Key": credentials.CONTROL_KEY}
    rule = {"name": "flaky", "action": "fail", "path": TYPES, "times": 1}
    assert (await tenant.call("POST", control, rule, headers=key)).status == 204
    assert (await tenant.call("POST", control, rule | {"action": "explode"}, headers=key)).status == 400
    assert (await tenant.call("GET", TYPES)).status == 500
    (listed,) = (await tenant.call("GET", control, headers=key)).value
    assert (listed["name"], listed["hits"], listed["waiting"]) == ("flaky", 1, 0)
    assert (await tenant.call("DELETE", f"{control}/flaky", headers=key)).status == 204
    assert (await tenant.call("GET", control, headers=key)).value == []
    missing = f"{tenant.box.connectwise_url}/__sandbox__/release/flaky"
    assert (await tenant.call("POST", missing, headers=key)).status == 404


async def test_the_call_log_knows_how_many_calls_were_under_way_at_once(tenant: Tenant) -> None:
    arm(tenant, "hold_before")
    waiting = [asyncio.create_task(create(tenant, str(number))) for number in range(3)]
    await until(lambda: tenant.box.connectwise_faults.waiting("rule") == 3)
    assert tenant.box.connectwise_calls.concurrent == 3
    tenant.box.connectwise_faults.clear()
    await asyncio.gather(*waiting)
    assert (tenant.box.connectwise_calls.concurrent, tenant.box.connectwise_calls.max_concurrent) == (0, 3)
