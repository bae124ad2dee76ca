"""How the BSS stand-in is reached: token grant, version, permissions, rate limit, faults, control."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import msgspec
import pytest

from sandbox import credentials
from sandbox.bss.modes import Modes
from sandbox.bss.problems import GrantRefusal
from sandbox.bss.tokens import FORM, Tokens
from sandbox.faults import FaultRule
from tests.contract.sandbox_bss import USER, Bss, basic, open_bss

ACCOUNTS = "/api/accounts"


@pytest.fixture
async def bss() -> AsyncIterator[Bss]:
    async with open_bss() as opened:
        yield opened


async def until(met: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not met():  # noqa: ASYNC110 -- the stand-in has no event for this
            await asyncio.sleep(0.001)


async def test_a_token_is_granted_for_the_client_in_the_header_and_the_user_in_the_form(bss: Bss) -> None:
    granted = await bss.grant(USER)
    assert granted.status == 200
    assert granted.value.keys() == {"access_token", "token_type", "expires_in"}
    assert granted.value["expires_in"] == 1200
    bss.store.modes.tell_expiry = False
    assert "expires_in" not in (await bss.grant(USER)).value


@pytest.mark.parametrize(
    ("form", "client", "expected"),
    [
        (USER, "", (401, "invalid_client")),
        (USER, basic(secret="wrong"), (401, "invalid_client")),
        (USER, basic(key="wrong"), (401, "invalid_client")),
        (USER, "Basic !", (401, "invalid_client")),
        (USER | {"password": "wrong"}, None, (400, "invalid_grant")),
        (USER | {"username": "wrong"}, None, (400, "invalid_grant")),
        ({"grant_type": "password"}, None, (400, "invalid_grant")),
        (USER | {"grant_type": "client_credentials"}, None, (400, "unsupported_grant_type")),
        (USER | {"client_id": credentials.BSS_CLIENT_KEY}, None, (400, "invalid_request")),
        ([*USER.items(), ("password", "x")], None, (400, "invalid_request")),
        (b'{"grant_type": "password"}', None, (400, "invalid_request")),
    ],
)
async def test_another_request_for_a_token_is_refused(
    bss: Bss, form: Any, client: str | None, expected: tuple[int, str]
) -> None:
    refused = await bss.grant(form, client=client)
    assert (refused.status, refused.value["error"]) == expected
    assert credentials.BSS_PASSWORD not in refused.text


async def test_the_client_key_and_secret_are_not_accepted_in_the_form(bss: Bss) -> None:
    form = USER | {
        "client_id": credentials.BSS_CLIENT_KEY,
        "client_secret": credentials.BSS_CLIENT_SECRET,
    }
    assert (await bss.grant(form, client="")).status == 401


def test_a_token_ends_with_its_time() -> None:
    now = 100.0
    tokens = Tokens(Modes(token_seconds=60), clock=lambda: now)
    form = f"grant_type=password&username={credentials.BSS_USERNAME}&password=demo+bss+pass%2Bword%26100%25"
    tokens.grant(FORM, basic(), form.encode())
    (token,) = tokens._ends
    assert tokens.admits(f"Bearer {token}")
    assert not tokens.admits(f"Basic {token}")
    now = 159.9
    assert tokens.admits(f"bearer {token}")
    now = 160.0
    assert not tokens.admits(f"Bearer {token}")
    with pytest.raises(GrantRefusal):
        tokens.grant("text/plain", basic(), form.encode())


async def test_an_expired_a_revoked_and_a_made_up_token_are_401(bss: Bss) -> None:
    assert (await bss.call("GET", ACCOUNTS)).status == 200
    assert (await bss.control("POST", "revoke-tokens")).status == 204
    refused = await bss.call("GET", ACCOUNTS)
    assert refused.status == 401
    assert refused.value.keys() == {"Type", "Message"}
    bss.store.modes.token_seconds = 0
    await bss.log_in()
    assert (await bss.call("GET", ACCOUNTS)).status == 401
    assert (await bss.call("GET", ACCOUNTS, headers={"Authorization": None})).status == 401
    bss.store.modes.token_seconds = 60
    await bss.log_in()
    assert (await bss.call("GET", ACCOUNTS)).status == 200


async def test_several_tokens_are_valid_beside_each_other_unless_the_tenant_allows_one(bss: Bss) -> None:
    first = bss.token
    await bss.log_in()
    earlier = {"Authorization": f"Bearer {first}"}
    assert (await bss.call("GET", ACCOUNTS, headers=earlier)).status == 200
    bss.store.modes.single_token = True
    await bss.log_in()
    assert (await bss.call("GET", ACCOUNTS, headers=earlier)).status == 401
    assert bss.store.tokens.granted == 3


@pytest.mark.parametrize(
    ("version", "status"), [(None, 400), ("2.2", 400), ("4", 400), ("3", 200), ("3.0", 200), ("latest", 200)]
)
async def test_the_version_is_demanded(bss: Bss, version: str | None, status: int) -> None:
    answer = await bss.call("GET", ACCOUNTS, headers={"X-Api-Version": version})
    assert answer.status == status
    assert status == 200 or answer.value["Type"] == "ApiVersion"


async def test_paths_are_found_in_any_case_and_unknown_ones_are_404(bss: Bss) -> None:
    assert (await bss.call("GET", "/API/Accounts")).status == 200
    for path in (
        "/api/nothing",
        "/accounts",
        "/api/accounts/1/balance",
        "/api/accounts/999",
        "/api/accounts/x",
    ):
        missing = await bss.call("GET", path)
        assert (missing.status, missing.value["Type"]) == (404, "NotFound"), path


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/api/accounts/1040"),
        ("PUT", "/api/accounts/1040"),
        ("POST", "/api/accounts/1040"),
        ("PATCH", ACCOUNTS),
        ("POST", "/api/organization/accounttypes"),
        ("GET", "/oauth/token"),
    ],
)
async def test_other_methods_are_405(bss: Bss, method: str, path: str) -> None:
    assert (await bss.call(method, path)).status == 405


async def test_too_many_calls_look_like_a_missing_permission(bss: Bss) -> None:
    modes = bss.store.modes
    modes.forbidden = ["contacts"]
    forbidden = await bss.call("GET", "/api/contacts")
    modes.rate_limit, modes.rate_seconds = 2, 30.0
    assert [(await bss.call("GET", ACCOUNTS)).status for _ in range(3)] == [200, 200, 403]
    throttled = await bss.call("GET", ACCOUNTS)
    assert (throttled.status, throttled.text) == (forbidden.status, forbidden.text)
    assert "Retry-After" not in throttled.headers
    assert bss.box.bss_calls.refused == 2
    assert (await bss.grant(USER)).status == 200
    modes.throttle_status = 429
    assert (await bss.call("GET", ACCOUNTS)).status == 429


async def test_a_user_without_write_access_may_read(bss: Bss) -> None:
    bss.store.modes.write_access = False
    assert (await bss.call("GET", ACCOUNTS)).status == 200
    assert (await bss.call("POST", ACCOUNTS, {"name": "New"})).status == 403
    assert (await bss.patch("/api/accounts/1040", phone="1")).status == 403
    assert bss.store.writes == []


@pytest.mark.parametrize(("action", "done"), [("refuse", 0), ("lose", 1), ("half", 1)])
async def test_an_answer_that_does_not_arrive(bss: Bss, action: Any, done: int) -> None:
    bss.box.bss_faults.add(FaultRule(name="rule", action=action, method="POST", path="/accounts", times=1))
    with pytest.raises((aiohttp.ClientConnectionError, aiohttp.ClientPayloadError)):
        await bss.call("POST", ACCOUNTS, {"name": "Lost"})
    assert len(await bss.rows("accounts", filter="name eq 'Lost'")) == done == len(bss.store.writes)
    assert (await bss.call("POST", ACCOUNTS, {"name": "Lost"})).status == 201
    assert bss.box.bss_faults.hits("rule") == 1
    assert bss.box.bss_calls.faults == 1


async def test_failures_and_throttling_on_demand_are_in_the_systems_form(bss: Bss) -> None:
    faults = bss.box.bss_faults
    faults.add(FaultRule(name="rule", action="fail", status=503, path="/accounts/*"))
    failed = await bss.call("GET", "/api/Accounts/1040")
    assert (failed.status, failed.value["Type"]) == (503, "ServiceUnavailable")
    assert (await bss.call("GET", ACCOUNTS)).status == 200
    faults.add(FaultRule(name="rule", action="throttle"))
    assert (await bss.call("GET", ACCOUNTS)).status == 403
    assert bss.box.bss_calls.refused == 1
    faults.add(FaultRule(name="rule", action="garble"))
    with pytest.raises(msgspec.DecodeError):
        await bss.call("GET", "/api/accounts/1040")
    faults.add(FaultRule(name="rule", action="fail", path="/oauth/token"))
    assert (await bss.grant(USER)).status == 500


async def test_a_held_call_waits_for_its_release(bss: Bss) -> None:
    bss.box.bss_faults.add(FaultRule(name="rule", action="hold_before", times=1))
    call = asyncio.create_task(bss.call("GET", ACCOUNTS))
    await until(lambda: bss.box.bss_faults.waiting("rule") == 1)
    assert not call.done()
    assert (await bss.control("POST", "release/rule")).status == 204
    assert (await call).status == 200


async def test_calls_are_counted_by_template(bss: Bss) -> None:
    await bss.get("/api/accounts/1040")
    await bss.get("/api/Accounts/1043")
    await bss.get(ACCOUNTS)
    counted = (await bss.control("GET", "calls")).value["counts"]
    assert {(row["route"], row["count"]) for row in counted} == {
        ("/oauth/token", 1),
        ("/accounts/{id}", 2),
        ("/accounts", 1),
    }


async def test_a_refused_call_is_counted_under_its_template_too(bss: Bss) -> None:
    bss.box.bss_faults.add(FaultRule(name="rule", action="fail", status=500, path="/contacts"))
    await bss.call("GET", "/api/contacts")
    await bss.call("GET", "/api/accounts/1040", headers={"Authorization": None})
    await bss.call("GET", "/api/nothing/1040")
    log = bss.box.bss_calls
    assert log.count("GET", "/contacts", 500) == log.count("GET", "/accounts/{id}", 401) == 1
    assert log.count("GET", "(no route)", 404) == 1


async def test_modes_are_switched_over_http(bss: Bss) -> None:
    control = f"{bss.box.bss_url}/__sandbox__/modes"
    assert (await bss.call("PATCH", control, {"offsets": False})).status == 401
    changed = await bss.control("PATCH", "modes", {"time_zone": "Europe/Athens", "offsets": False})
    assert (changed.status, bss.store.modes.time_zone) == (200, "Europe/Athens")
    for wrong in ({"time_zone": "Nowhere/Land"}, {"time_digits": 8}, {"nulls": "some"}, {"none": 1}):
        assert (await bss.control("PATCH", "modes", wrong)).status == 400, wrong
    assert bss.store.modes.time_zone == "Europe/Athens"


async def test_another_user_of_bss_acts_over_the_control_interface(bss: Bss) -> None:
    before = (await bss.get("/api/accounts/1040"))["updatedAt"]
    edited = {"phone": "123", "address": {"city": "Patras"}}
    assert (await bss.control("PATCH", "records/accounts/1040", edited)).status == 204
    account = await bss.get("/api/accounts/1040")
    assert (account["phone"], account["addresses"][0]["city"]) == ("123", "Patras")
    assert account["updatedAt"] > before
    seen = await bss.control("GET", "records/accounts/1040")
    assert (seen.status, seen.value["phone"]) == (200, "123")
    made = await bss.control("POST", "records/contacts", {"firstName": "Zoe", "accountId": 1040})
    assert made.status == 201
    assert (await bss.get(f"/api/contacts/{made.value['id']}"))["account"]["id"] == 1040
    assert (await bss.control("DELETE", f"records/contacts/{made.value['id']}")).status == 204
    assert (await bss.call("GET", f"/api/contacts/{made.value['id']}")).status == 404
    assert bss.store.writes == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("DELETE", "records/accounts/9", None, 404),
        ("DELETE", "records/accounts/x", None, 400),
        ("DELETE", "records/nothing/9", None, 404),
        ("PATCH", "records/accounts/1040", {"colour": "red"}, 400),
        ("PATCH", "records/accounts/1040", {"updatedAt": "2020-01-01"}, 400),
        ("PATCH", "records/accounts/1040", {"address": {"colour": "red"}}, 400),
        ("GET", "records/accounts/9", None, 404),
        ("PUT", "records/accounts/1040", None, 404),
        ("POST", "revoke-tokens", {"now": True}, 400),
        ("POST", "nonsense", None, 404),
    ],
)
async def test_the_control_interface_refuses_what_does_not_exist(
    bss: Bss, method: str, path: str, body: Any, status: int
) -> None:
    assert (await bss.control(method, path, body)).status == status
