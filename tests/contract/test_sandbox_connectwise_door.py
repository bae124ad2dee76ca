"""How the stand-in is reached: discovery, code base, keys, throttle, control."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from sandbox import credentials
from tests.contract.sandbox_tenant import KEYS, Tenant, keys, open_tenant


@pytest.fixture
async def tenant() -> AsyncIterator[Tenant]:
    async with open_tenant() as opened:
        yield opened


async def test_discovery_needs_no_keys_and_names_the_code_base(tenant: Tenant) -> None:
    async with aiohttp.ClientSession() as stranger:
        address = f"{tenant.box.connectwise_url}/login/companyinfo/{credentials.CONNECTWISE_COMPANY_ID}"
        async with stranger.get(address) as answer:
            assert (await answer.json())["Codebase"] == "v2025_1/"


async def test_an_unknown_company_is_null_and_no_error(tenant: Tenant) -> None:
    answer = await tenant.call("GET", f"{tenant.box.connectwise_url}/login/companyinfo/nobody")
    assert (answer.status, answer.text) == (200, "null")


@pytest.mark.parametrize("codebase", ["v4_6_release/", "v2024_1/", ""])
async def test_another_code_base_is_no_endpoint(tenant: Tenant, codebase: str) -> None:
    answer = await tenant.call("GET", f"{tenant.box.connectwise_url}/{codebase}apis/3.0/system/info")
    assert answer.status == 404
    assert answer.value == {"code": "ConnectWiseApi", "message": "The endpoint does not exist."}


async def test_on_premises_the_fixed_code_base_is_served(tenant: Tenant) -> None:
    tenant.store.modes.cloud = False
    answer = await tenant.call("GET", f"{tenant.box.connectwise_url}/v4_6_release/apis/3.0/system/info")
    assert answer.status == 200


async def test_the_code_base_moves_while_running(tenant: Tenant) -> None:
    await tenant.get("/system/info")
    tenant.store.modes.codebase = "v2025_2/"
    assert (await tenant.call("GET", "/system/info")).status == 404
    moved = await tenant.call("GET", f"{tenant.box.connectwise_url}/v2025_2/apis/3.0/system/info")
    assert moved.value["version"].startswith("v2025.2")


async def test_wrong_credentials_are_401_and_a_missing_client_id_is_403(tenant: Tenant) -> None:
    address = f"{tenant.backoff_base}/system/info"
    async with aiohttp.ClientSession() as stranger:
        wrong = keys("demo", "x", "y")
        async with stranger.get(address, headers=wrong) as answer:
            assert (answer.status, (await answer.json())["code"]) == (401, "Unauthorized")
        tenant.store.modes.wrong_keys = "404"
        async with stranger.get(address, headers=wrong) as answer:
            assert (answer.status, (await answer.json())["code"]) == (404, "ConnectWiseApi")
        async with stranger.get(address, headers=KEYS) as answer:
            assert answer.status == 403


async def test_answers_carry_version_and_request_id(tenant: Tenant) -> None:
    one, two = await tenant.call("GET", "/system/info"), await tenant.call("GET", "/system/info")
    assert one.headers["api-current-version"]
    assert one.headers["x-server-name"]
    assert one.headers["x-cw-request-id"] != two.headers["x-cw-request-id"]


async def test_a_call_above_the_limit_is_refused_in_the_odd_shape(tenant: Tenant) -> None:
    tenant.store.modes.rate_limit, tenant.store.modes.rate_seconds = 2, 30.0
    assert [(await tenant.call("GET", "/system/info")).status for _ in range(2)] == [200, 200]
    refused = await tenant.call("GET", "/system/info")
    assert refused.status == 429
    wait = int(refused.headers["Retry-After"])
    assert 29 <= wait <= 30
    assert refused.value == {
        "error": "ConnectWiseAPI",
        "message": f"Too many requests. Please try again in {wait} seconds.",
    }
    assert tenant.box.connectwise_calls.refused == 1


async def test_an_over_long_url_is_refused_in_either_form(tenant: Tenant) -> None:
    condition = "name='" + "x" * 2000 + "'"
    assert (await tenant.call("GET", "/company/companies", conditions=condition)).status == 414
    tenant.store.modes.long_url = "html404"
    answer = await tenant.call("GET", "/company/companies", conditions=condition)
    assert (answer.status, answer.headers["Content-Type"].split(";")[0]) == (404, "text/html")
    far_longer = await tenant.call("GET", "/company/companies", conditions=condition * 10)
    assert far_longer.status == 404


async def test_unknown_paths_methods_and_content_types_are_refused(tenant: Tenant) -> None:
    assert (await tenant.call("GET", "/procurement/productClasses")).status == 404
    assert (await tenant.call("POST", "/system/info", {})).status == 405
    text = await tenant.call("POST", "/sales/stages", "{}", headers={"Content-Type": "text/plain"})
    assert text.status == 415
    assert (await tenant.call("POST", "/sales/stages", "{")).status == 400


@pytest.mark.parametrize(
    "path",
    ["/procurement/subcategories/", "/procurement/subcategories", "/procurement/categories/1/subcategories/"],
)
async def test_trailing_slashes_do_not_matter(tenant: Tenant, path: str) -> None:
    assert await tenant.get(path)


async def test_modes_are_switched_over_http(tenant: Tenant) -> None:
    control = f"{tenant.box.connectwise_url}/__sandbox__/modes"
    key = {"X-Sandbox-Key": credentials.CONTROL_KEY}
    assert (await tenant.call("PATCH", control, {"nulls": "explicit"})).status == 401
    changed = await tenant.call("PATCH", control, {"nulls": "explicit"}, headers=key)
    assert (changed.status, changed.value["nulls"], tenant.store.modes.nulls) == (200, "explicit", "explicit")
    assert (await tenant.call("PATCH", control, {"nulls": "sometimes"}, headers=key)).status == 400
    assert (await tenant.call("PATCH", control, {"noSuch": 1}, headers=key)).status == 400


async def test_calls_are_counted_by_template_and_not_those_of_the_control(tenant: Tenant) -> None:
    await tenant.get("/company/companies/1")
    await tenant.get("/company/companies/2")
    counted = await tenant.call(
        "GET",
        f"{tenant.box.connectwise_url}/__sandbox__/calls",
        headers={"X-Sandbox-Key": credentials.CONTROL_KEY},
    )
    assert counted.value["counts"] == [
        {"method": "GET", "route": "/company/companies/{id}", "status": 200, "count": 2}
    ]
    assert tenant.box.connectwise_calls.count("GET", "/company/companies/{id}") == 2
