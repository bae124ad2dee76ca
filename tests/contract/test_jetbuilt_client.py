"""The Jetbuilt client: every method against the sandbox, and lists that move against a scripted peer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from pydantic import SecretStr

from cwbridge import errors
from cwbridge.connectors import trail
from cwbridge.connectors.jetbuilt.client import JetbuiltClient, open_client
from cwbridge.connectors.jetbuilt.settings import JetbuiltSettings
from cwbridge.limits.limiter import Limiter
from cwbridge.limits.rate import Rate
from sandbox.faults import FaultRule
from tests.support.configured import configured as configured_with

KEY = "very-secret-jetbuilt-key"


@pytest.fixture
async def client(peer: Any) -> AsyncIterator[JetbuiltClient]:
    configured = configured_with(jetbuilt=JetbuiltSettings(url=f"{peer.url}/api", api_key=SecretStr(KEY)))
    limiter = Limiter(None, namespace="t", system="jetbuilt", rate=Rate(0), concurrency=4)
    async with open_client(configured, limiter) as opened:
        yield opened


def line(number: int) -> dict[str, Any]:
    return {"id": number, "kind": "physical", "price": "0.1"}


def page_of(peer: Any, read: Callable[[], list[dict[str, Any]]], *, size: int = 2, factors: Any = ()) -> Any:
    """A page of `read()`, cut the moment it is asked for, with the headers that the API documents."""

    def answer(seen: Any) -> bytes:
        number = int(parse_qs(urlsplit(seen.target).query).get("page", ["1"])[0])
        rows = read()
        last = max(1, -(-len(rows) // size))
        named = {"next": number + 1, "last": last} if number < last else {}
        link = ", ".join(f'<https://x/api?page={to}>; rel="{name}"' for name, to in named.items())
        body = msgspec.json.encode(
            {"line_items": rows[(number - 1) * size : number * size], "factors": list(factors)}
        )
        headers = {"X-Total-Count": str(len(rows))} | ({"Link": link} if link else {})
        raw: bytes = peer.reply(200, body, headers)
        return raw

    return answer


async def test_every_page_of_items_is_read_and_factors_once(client: JetbuiltClient, peer: Any) -> None:
    rows = [line(number) for number in range(1, 8)]
    peer.will(*[page_of(peer, lambda: rows, factors=[{"id": 9}])] * 4)
    items = await client.items(5)
    assert [item.id for item in items.line_items] == [1, 2, 3, 4, 5, 6, 7]
    assert [factor.id for factor in items.factors] == [9]
    assert sorted(seen.target for seen in peer.seen) == [
        "/api/projects/5/items",
        "/api/projects/5/items?page=2",
        "/api/projects/5/items?page=3",
        "/api/projects/5/items?page=4",
    ]


@pytest.mark.parametrize("moves", [["grow"], ["shrink"], ["shift"], ["grow", "shrink"]])
async def test_a_list_that_moves_while_it_is_read_is_read_again(
    client: JetbuiltClient, peer: Any, moves: list[str]
) -> None:
    rows = [line(number) for number in range(1, 6)]
    pending = list(moves)

    def read() -> list[dict[str, Any]]:
        shown = list(rows)
        if pending and len(peer.seen) % 3 == 1:
            _move(rows, pending.pop(0))
        return shown

    peer.will(*[page_of(peer, read)] * 12)
    items = await client.items(5)
    assert [item.id for item in items.line_items] == [row["id"] for row in rows]


def _move(rows: list[dict[str, Any]], how: str) -> None:
    if how == "grow":
        rows.insert(0, line(100))
    elif how == "shrink":
        rows.pop(0)
    else:
        rows.insert(0, rows.pop())


async def test_factors_that_differ_between_pages_are_read_again(client: JetbuiltClient, peer: Any) -> None:
    rows = [line(1), line(2), line(3)]
    before, after = (
        page_of(peer, lambda: rows, factors=[{"id": 1, "total_price": price}]) for price in ("1.0", "2.0")
    )
    peer.will(before, after, after, after)
    assert (await client.items(5)).factors[0].total_price == Decimal("2.0")


async def test_an_odd_factor_on_every_page_is_the_same_factor(client: JetbuiltClient, peer: Any) -> None:
    rows = [line(1), line(2), line(3)]
    peer.will(*[page_of(peer, lambda: rows, factors=[{"id": 1, "total_price": "much"}])] * 2)
    (factor,) = (await client.items(5)).factors
    with pytest.raises(errors.Malformed, match=r"factors\[\].total_price"):
        _ = factor.total_price


async def test_a_list_that_never_stands_still_is_unsettled(client: JetbuiltClient, peer: Any) -> None:
    rows = [line(number) for number in range(1, 4)]

    def read() -> list[dict[str, Any]]:
        rows.insert(0, line(len(rows) + 1))
        return list(rows)

    peer.will(*[page_of(peer, read)] * 40)
    with pytest.raises(errors.Unsettled) as caught:
        await client.items(5)
    assert caught.value.work_class == "retry"


async def test_a_total_that_does_not_fit_its_rows_is_not_believed(client: JetbuiltClient, peer: Any) -> None:
    body = msgspec.json.encode({"line_items": [line(1)], "factors": []})
    peer.will(*[peer.reply(200, body, {"X-Total-Count": "2"})] * 3)
    with pytest.raises(errors.Unsettled):
        await client.items(5)


async def test_headers_carry_key_and_version_and_repr_does_not(client: JetbuiltClient, peer: Any) -> None:
    peer.will(peer.reply(200, b'{"id":1,"name":"X","locations":[]}'))
    await client.check_credentials()
    (seen,) = peer.seen
    assert seen.headers["authorization"] == f"Token token={KEY}"
    assert seen.headers["accept"] == "application/vnd.jetbuilt.v1"
    assert KEY not in repr(client)


async def test_a_page_of_projects_is_asked_for_as_documented(client: JetbuiltClient, peer: Any) -> None:
    date = "Sat, 21 Nov 2026 22:18:00 GMT"
    link = '<https://other.example/api/projects?page=4&stage=x>; rel="next"'
    peer.will(peer.reply(200, b"[]", {"Date": date, "Link": link, "X-Total-Count": "99"}))
    since = datetime(2026, 11, 21, 15, 0, 0, 900_000, tzinfo=UTC) - timedelta(hours=1)
    page = await client.projects_page(page=3, updated_since=since, query="A&B é")
    assert (page.total, page.next_page) == (99, 4)
    assert page.server_time == datetime(2026, 11, 21, 22, 18, tzinfo=UTC)
    assert peer.seen[0].target == (
        "/api/projects?page=3&query=A%26B%20%C3%A9&min_updated_at=2026-11-21T14%3A00%3A00Z"
    )


async def test_one_odd_project_does_not_hide_the_others(client: JetbuiltClient, peer: Any) -> None:
    at = "2026-11-21T22:18:00Z"
    rows = [
        {"id": 7, "original_version_id": 2, "updated_at": at, "name": 17, "total": "much"},
        {"id": 8, "original_version_id": 3, "updated_at": "yesterday"},
        {"id": 9, "original_version_id": "third", "updated_at": at, "client": "ACME"},
    ]
    nobody = peer.reply(200, b'[{"id":7},{"name":"nobody"}]')
    peer.will(peer.reply(200, msgspec.json.encode(rows)), nobody, nobody, nobody)
    moment = datetime(2026, 11, 21, 22, 18, tzinfo=UTC)
    listed = (await client.projects_page()).items
    assert [(project.id, project.family, project.updated_at) for project in listed] == [
        (7, 2, moment),
        (8, 3, None),
        (9, 9, moment),
    ]
    with pytest.raises(errors.Malformed, match="id"):
        await client.projects_page()


async def test_one_odd_option_does_not_hide_the_others(client: JetbuiltClient, peer: Any) -> None:
    rows = [
        {"id": 1, "name": "A", "total": []},
        {"id": 2, "name": 5, "updated_at": 17},
        {"id": 3, "name": "C"},
    ]
    peer.will(peer.reply(200, msgspec.json.encode(rows)))
    assert [(option.id, option.name) for option in await client.options(5)] == [(1, "A"), (2, None), (3, "C")]


async def test_one_odd_user_or_office_stops_only_who_needs_it(client: JetbuiltClient, peer: Any) -> None:
    users = b'[{"id":1,"email":"a@x.example","full_name":5},{"id":2,"email":[]}]'
    offices = b'{"id":"x","locations":[{"id":1,"city":"Oslo","time_zone":5},{"id":2,"city":7}]}'
    peer.will(peer.reply(200, users), peer.reply(200, offices), peer.reply(200, offices))
    first, odd = await client.users()
    assert first.email == "a@x.example"
    with pytest.raises(errors.Malformed, match=r"\[\].email"):
        _ = odd.email
    await client.check_credentials()
    oslo, elsewhere = (await client.company()).locations
    assert oslo.city == "Oslo"
    with pytest.raises(errors.Malformed, match=r"locations\[\].city") as caught:
        _ = elsewhere.city
    assert "record 2" in caught.value.detail


@pytest.mark.parametrize("body", [b"<html><title>Not here</title></html>", b"", b"not here", b"[]"])
async def test_a_404_that_jetbuilt_did_not_send_is_no_missing_record(
    client: JetbuiltClient, peer: Any, body: bytes
) -> None:
    peer.will(*[peer.reply(404, body)] * 3, peer.reply(404, b'{"error":"The resource was not found."}'))
    with pytest.raises(errors.ServerFailed) as caught:
        await client.project(5)
    assert "gateway" in caught.value.cause
    assert "gateway" in caught.value.remedy
    with pytest.raises(errors.NotFound):
        await client.project(5)


async def test_a_field_of_another_form_names_endpoint_field_and_record(
    client: JetbuiltClient, peer: Any
) -> None:
    body = msgspec.json.encode({"line_items": [line(1), line(2) | {"price": "many"}], "factors": []})
    peer.will(peer.reply(200, body))
    items = await client.items(5)
    assert items.line_items[0].price == Decimal("0.1")
    with pytest.raises(errors.Malformed) as caught:
        _ = items.line_items[1].price
    assert caught.value.cause == (
        "Jetbuilt answered /projects/{id}/items in another form than documented: line_items[].price"
    )
    assert "record 2" in caught.value.detail
    assert "GET /projects/5/items" in caught.value.detail


async def test_projects_of_the_sandbox_page_by_page(house: Any) -> None:
    for _ in range(30):
        house.box.jetbuilt.add_plain_project(lines=1)
    page = await house.jetbuilt.projects_page()
    seen = [project.id for project in page.items]
    while page.next_page is not None:
        page = await house.jetbuilt.projects_page(page=page.next_page)
        assert page.total is not None
        assert abs(page.server_time - datetime.now(UTC)) < timedelta(minutes=1)
        seen += [project.id for project in page.items]
    assert len(seen) == len(set(seen)) == page.total
    assert len(seen) > 30


async def test_only_projects_updated_since_are_listed(house: Any) -> None:
    everything = await house.jetbuilt.projects_page()
    newest = max(project.updated_at for project in everything.items)
    assert (await house.jetbuilt.projects_page(updated_since=newest + timedelta(seconds=2))).items == []
    recent = await house.jetbuilt.projects_page(updated_since=newest)
    assert newest in {project.updated_at for project in recent.items}


async def test_a_project_with_all_that_belongs_to_it(house: Any) -> None:
    listed = (await house.jetbuilt.projects_page()).items[0]
    project = await house.jetbuilt.project(listed.id)
    assert (project.family, project.updated_at) == (listed.family, listed.updated_at)
    assert project.labor is not None
    client = await house.jetbuilt.client(project.client.id)
    assert client.contacts
    company = await house.jetbuilt.company()
    assert project.company_location.id in {office.id for office in company.locations}
    assert all(user.email for user in await house.jetbuilt.users())


async def test_a_large_project_is_read_whole(house: Any) -> None:
    project = house.box.jetbuilt.add_plain_project(lines=130)
    with trail.recording() as calls:
        items = await house.jetbuilt.items(project.id)
    assert len({item.id for item in items.line_items}) == 130
    assert calls.total == 6
    assert all(isinstance(item.price, Decimal) and item.kind == "physical" for item in items.line_items)


async def test_lines_that_come_and_go_while_a_project_is_read_are_never_half_read(house: Any) -> None:
    store = house.box.jetbuilt
    project = store.add_plain_project(lines=80)
    house.box.jetbuilt_faults.add(
        FaultRule(name="stop", action="hold_before", path=f"/projects/{project.id}/items", after=1, times=3)
    )
    reading = asyncio.create_task(house.jetbuilt.items(project.id))
    async with asyncio.timeout(10):
        while house.box.jetbuilt_faults.waiting("stop") < 3:  # noqa: ASYNC110 - the sandbox has no event for it
            await asyncio.sleep(0.001)
    store.remove_line(project.id, store.project(project.id).lines[0].id)
    house.box.jetbuilt_faults.clear("stop")
    items = await reading
    assert [item.id for item in items.line_items] == [row.id for row in store.project(project.id).lines]


async def test_options_and_packages_of_all_projects(house: Any) -> None:
    options = packages = 0
    for project in (await house.jetbuilt.projects_page()).items:
        packages += len(await house.jetbuilt.service_packages(project.id))
        for option in await house.jetbuilt.options(project.id):
            whole = await house.jetbuilt.option(project.id, option.id)
            assert (whole.id, whole.name) == (option.id, option.name)
            options += 1
    assert options > 0
    assert packages > 0


async def test_an_option_of_many_lines_is_read_whole(house: Any) -> None:
    store = house.box.jetbuilt
    project = store.add_plain_project(lines=60)
    option = store.add_option(project.id, name="More", lines=store.project(project.id).lines)
    whole = await house.jetbuilt.option(project.id, option.id)
    assert len({item.id for item in whole.line_items}) == 60


async def test_what_does_not_exist_is_not_found(house: Any) -> None:
    with pytest.raises(errors.NotFound):
        await house.jetbuilt.project(999_999_999)


async def test_the_sandbox_takes_our_key_and_no_other(open_house: Any) -> None:
    house = await open_house()
    await house.jetbuilt.check_credentials()
    other = await open_house(jetbuilt={"url": house.box.jetbuilt_url, "api_key": "wrong"})
    with pytest.raises(errors.AuthenticationRefused):
        await other.jetbuilt.check_credentials()
    with pytest.raises(errors.SystemOnHold):
        await other.jetbuilt.check_credentials()


@pytest.mark.parametrize("action", ["refuse", "lose", "half", "garble"])
async def test_reads_survive_a_fault(house: Any, action: str) -> None:
    house.box.jetbuilt_faults.add(FaultRule(name="once", action=action, times=1))  # type: ignore[arg-type]
    assert (await house.jetbuilt.company()).locations
    assert house.box.jetbuilt_faults.hits("once") == 1
