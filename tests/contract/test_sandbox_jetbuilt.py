"""The Jetbuilt stand-in over real HTTP: doors, pages, filters, limit and shapes."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from yarl import URL

from sandbox import credentials
from sandbox.jetbuilt.app import DOCUMENTED_LIMIT, build_app
from sandbox.jetbuilt.store import JetbuiltStore
from sandbox.world import World, build
from sandbox.world.model import STAGES

KEY = {"Authorization": f"Token token={credentials.JETBUILT_API_KEY}"}
V1 = {"Accept": "application/vnd.jetbuilt.v1"}

Get = Callable[..., Awaitable[tuple[int, dict[str, str], Any]]]


@pytest.fixture(scope="module")
def world() -> World:
    return build(7, 40)


@pytest.fixture
def store(world: World) -> JetbuiltStore:
    return JetbuiltStore(world)


async def start(store: JetbuiltStore, limit: tuple[int, float] | None = None) -> TestServer:
    server = TestServer(build_app(store, limit=limit))
    await server.start_server()
    return server


@pytest.fixture
async def server(store: JetbuiltStore) -> AsyncIterator[TestServer]:
    running = await start(store)
    yield running
    await running.close()


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    async with ClientSession() as opened:
        yield opened


@pytest.fixture
def get(server: TestServer, session: ClientSession) -> Get:
    async def fetch(path: str, **params: str) -> tuple[int, dict[str, str], Any]:
        url = server.make_url(f"/api{path}").update_query(params)
        async with session.get(url, headers=KEY | V1) as response:
            return response.status, dict(response.headers), await response.json()

    return fetch


def links_of(headers: dict[str, str]) -> dict[str, URL]:
    found = re.findall(r'<([^>]+)>; rel="(\w+)"', headers.get("Link", ""))
    return {relation: URL(url) for url, relation in found}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Token token=wrong"}, 401),
        ({"Authorization": f"Bearer {credentials.JETBUILT_API_KEY}"}, 401),
        (KEY, 200),
        (KEY | V1, 200),
        (KEY | {"Accept": "application/json, */*;q=0.1"}, 200),
        (KEY | {"Accept": "application/vnd.jetbuilt.v2"}, 406),
        (KEY | {"Accept": "text/xml"}, 406),
    ],
)
async def test_only_the_key_and_version_1_are_served(
    server: TestServer, session: ClientSession, headers: dict[str, str], status: int
) -> None:
    async with session.get(server.make_url("/api/company"), headers=headers) as response:
        assert response.status == status
        assert response.content_type == "application/json"
        assert ("error" in await response.json()) == (status != 200)


async def test_what_does_not_exist_is_404_with_a_json_body(get: Get) -> None:
    for path in ("/nothing", "/projects/1", "/projects/1/items", "/clients/1/contacts", "/users/1"):
        status, _, body = await get(path)
        assert (status, list(body)) == (404, ["error"])


async def test_a_key_without_write_access_is_refused_with_403(
    server: TestServer, session: ClientSession, store: JetbuiltStore
) -> None:
    store.modes.write_access = False
    async with session.post(server.make_url("/api/clients"), headers=KEY, json={}) as response:
        assert response.status == 403
    async with session.get(server.make_url("/api/clients"), headers=KEY) as response:
        assert response.status == 200


async def test_the_pages_of_a_list_are_linked_and_disjoint(get: Get) -> None:
    status, headers, first = await get("/projects", stage=",".join(STAGES))
    assert (status, len(first), headers["X-Total-Count"]) == (200, 25, "40")
    links = links_of(headers)
    assert set(links) == {"next", "last"}
    assert links["next"].query["stage"] == ",".join(STAGES)
    _, headers, second = await get("/projects", **dict(links["next"].query))
    assert len(second) == 15
    assert set(links_of(headers)) == {"first", "prev"}
    assert len({project["id"] for project in [*first, *second]}) == 40


async def test_the_links_are_absolute_and_lead_where_they_say(
    server: TestServer, session: ClientSession, get: Get
) -> None:
    _, headers, _ = await get("/projects")
    async with session.get(links_of(headers)["next"], headers=KEY) as response:
        assert response.url.host == server.host
        assert len(await response.json()) == 15


async def test_a_sole_page_has_no_links_and_a_page_behind_the_last_is_empty(get: Get) -> None:
    _, headers, users = await get("/users")
    assert "Link" not in headers
    assert headers["X-Total-Count"] == str(len(users))
    status, _, body = await get("/projects", page="99")
    assert (status, body) == (200, [])


@pytest.mark.parametrize("page", ["0", "-1", "two", "1.5"])
async def test_a_page_that_is_no_number_from_1_is_400(get: Get, page: str) -> None:
    assert (await get("/projects", page=page))[0] == 400


async def test_all_factors_come_on_every_page_of_items(get: Get, world: World) -> None:
    large = max(world.active_projects, key=lambda project: len(project.lines) if project.factors else 0)
    total = len(large.lines)
    ids: list[int] = []
    for page in range(1, -(-total // 25) + 1):
        _, headers, body = await get(f"/projects/{large.id}/items", page=str(page))
        ids += [line["id"] for line in body["line_items"]]
        assert [factor["id"] for factor in body["factors"]] == [factor.id for factor in large.factors]
        assert headers["X-Total-Count"] == str(total)
    assert ids == [line.id for line in large.lines]


async def listed(get: Get, **params: str) -> list[int]:
    ids: list[int] = []
    for page in range(1, 9):
        status, _, body = await get("/projects", page=str(page), **params)
        assert status == 200
        ids += [project["id"] for project in body]
        if len(body) < 25:
            return ids
    raise AssertionError("more pages than projects")


async def test_the_stage_filter_takes_a_list_and_yields_to_active(get: Get, world: World) -> None:
    projects = world.active_projects
    assert await listed(get, stage="lost,trash") == [p.id for p in projects if p.stage in {"lost", "trash"}]
    resting = {"completed", "icebox", "lost", "template", "trash"}
    assert await listed(get, active="true", stage="lost") == [
        p.id for p in projects if p.stage not in resting
    ]
    assert await listed(get, active="false") == [p.id for p in projects if p.stage in resting]


async def test_the_query_finds_projects_by_name_custom_id_and_client(get: Get, world: World) -> None:
    project = world.active_projects[3]
    client = next(client for client in world.clients if client.id == project.client_id)
    assert await listed(get, query=project.custom_id.lower()) == [project.id]
    for words in (project.name.upper(), client.company_name, client.contacts[0].last_name):
        assert project.id in await listed(get, query=words)
    assert await listed(get, query="no such words anywhere") == []


async def test_the_time_filters_are_open_bounds_in_any_documented_form(get: Get, world: World) -> None:
    project = world.active_projects[4]
    at = project.updated_at
    a_bit = timedelta(milliseconds=1)
    scheduled = {p.id for p in world.active_projects if p.updated_at > at}
    assert project.id in await listed(get, min_updated_at=(at - a_bit).isoformat())
    assert set(await listed(get, min_updated_at=at.isoformat())) == scheduled
    assert project.id not in await listed(get, max_updated_at=at.isoformat())
    created = project.created_at
    window = {
        "min_created_at": f"{created - a_bit:%Y-%m-%d %H:%M:%S.%f} -000",
        "max_created_at": (created + a_bit).isoformat(),
    }
    assert await listed(get, **window) == [project.id]
    assert await listed(get, **window, min_updated_at="2099-1-1") == []
    noon = datetime(2026, 4, 20, 12, tzinfo=UTC)
    expected = [p.id for p in world.active_projects if p.updated_at > noon]
    for text in (
        "2026-4-20 12:00:00",
        "2026-4-20T05:00:00-700",
        "2026-04-20T05:00:00 -07:00",
        "2026-4-20 12:00Z",
    ):
        assert await listed(get, min_updated_at=text) == expected
    assert await listed(get, min_updated_at="2026-4-20") == [
        p.id for p in world.active_projects if p.updated_at > noon.replace(hour=0)
    ]


@pytest.mark.parametrize(
    "text", ["yesterday", "2026-13-01", "2026-04-20T25:00:00", "1776000000", "2026-04-20T10:00:00 00:00"]
)
async def test_garbage_in_a_time_filter_is_400(get: Get, text: str) -> None:
    assert (await get("/projects", min_updated_at=text))[0] == 400


async def test_the_51st_call_within_ten_seconds_is_429_without_a_hint(
    session: ClientSession, store: JetbuiltStore
) -> None:
    server = await start(store, DOCUMENTED_LIMIT)
    url = server.make_url("/api/company")
    statuses = []
    for _ in range(51):
        async with session.get(url, headers=KEY) as response:
            statuses.append(response.status)
            hints = [name for name in response.headers if "retry" in name.lower() or "limit" in name.lower()]
            assert hints == []
    assert statuses == [200] * 50 + [429]
    await server.close()


async def test_a_refused_caller_is_admitted_again_when_the_window_has_moved_on(
    session: ClientSession, store: JetbuiltStore
) -> None:
    server = await start(store, (3, 0.4))
    url = server.make_url("/api/company")
    answers: list[tuple[float, int]] = []
    begun = time.monotonic()
    while len(answers) < 4 or answers[-1][1] == 429:
        async with session.get(url, headers=KEY) as response:
            answers.append((time.monotonic() - begun, response.status))
    assert [status for _, status in answers[:4]] == [200, 200, 200, 429]
    assert 0.38 < answers[-1][0] < 5
    await server.close()


async def test_money_hours_and_times_have_the_documented_forms(get: Get, world: World) -> None:
    _, _, project = await get(f"/projects/{world.active_projects[0].id}")
    decimals = [
        "equipment_total",
        "labor_total",
        "shipping_total",
        "tax_total",
        "total",
        "sales_tax",
        "probability",
    ]
    for field in decimals:
        assert re.fullmatch(r"\d+\.\d+", project[field]), field
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}-0[78]:00", project["updated_at"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", project["close_date"])
    assert project["labor"]
    for kind in project["labor"]:
        assert re.fullmatch(r"\d+\.\d+|0", kind["total_hours"])
    _, _, body = await get(f"/projects/{project['id']}/items")
    for line in body["line_items"]:
        for field in ("price", "cost", "project_cost", "quantity", "total_equipment_price"):
            assert re.fullmatch(r"\d+\.\d+", line[field]), field


async def test_the_odd_products_travel_unharmed(get: Get, world: World) -> None:
    project = world.active_projects[0]
    shown: list[dict[str, Any]] = []
    for page in ("1", "2"):
        _, _, body = await get(f"/projects/{project.id}/items", page=page)
        shown += body["line_items"]
    assert [line["model"] for line in shown] == [line.model for line in project.lines]
    assert any(not line["model"] and line["part_number"] for line in shown)
    assert any(len(line["model"]) > 75 for line in shown)


async def test_clients_show_their_contacts_parents_and_subclients(get: Get) -> None:
    _, _, clients = await get("/clients")
    by_name = {client["company_name"]: client for client in clients}
    parent = by_name["Northgate University"]
    assert {child["company_name"] for child in parent["subclients"]} == {
        "Northgate University - School of Medicine",
        "Northgate University Athletics",
    }
    assert by_name["Northgate University Athletics"]["parent_id"] == parent["id"]
    bare = by_name["Cascadia Public Broadcasting"]
    assert bare["primary_contact_email"] is None
    assert bare["contacts"]
    status, _, contacts = await get(f"/clients/{parent['id']}/contacts")
    assert status == 200
    assert [contact["primary"] for contact in contacts] == [True, False, False]


async def test_only_active_users_are_shown_but_one_who_left_may_still_own_projects(
    get: Get, world: World, store: JetbuiltStore
) -> None:
    gone = next(user for user in world.users if not user.active)
    _, _, users = await get("/users")
    assert gone.id not in {user["id"] for user in users}
    assert (await get(f"/users/{gone.id}"))[0] == 404
    project = store.edit_project(world.active_projects[0].id, owner_id=gone.id)
    _, _, shown = await get(f"/projects/{project.id}")
    assert shown["owner"] == {"id": gone.id, "full_name": gone.full_name}


async def test_products_are_found_exactly_or_by_words(get: Get) -> None:
    path = "/product_databases/3/products"
    _, headers, _ = await get(path)
    assert headers["X-Total-Count"] == "180"
    _, _, exact = await get(path, manufacturer_name="Kramer", model="MA-100", currency_code="USD")
    assert [product["manufacturer"]["name"] for product in exact] == ["Kramer"]
    _, _, twins = await get(path, model="MA-100")
    assert len(twins) == 2
    _, _, loose = await get(path, query="shure sm58", model="ignored")
    assert [product["model"] for product in loose] == ["SM58-LC"]
    assert (await get("/product_databases/99/products"))[0] == 404


async def test_the_company_and_parts_of_a_project_are_shown(get: Get, world: World) -> None:
    _, _, company = await get("/company")
    assert len(company["locations"]) == 3
    project = world.active_projects[0]
    for noun in ("rooms", "systems", "tags"):
        _, headers, body = await get(f"/projects/{project.id}/{noun}")
        assert [part["id"] for part in body] == [part.id for part in getattr(project, noun)]
        assert headers["X-Total-Count"] == str(len(body))


async def test_a_poll_over_ten_thousand_projects_costs_no_more_than_one_over_forty(
    get: Get, store: JetbuiltStore, world: World
) -> None:
    async def seconds() -> float:
        begun = time.process_time()
        for _ in range(150):
            status, headers, _ = await get("/projects", min_updated_at="2026-04-30T23:00:00Z")
            assert (status, headers["X-Total-Count"]) == (200, "0")
        return time.process_time() - begun

    await seconds()
    few = await seconds()
    old = replace(world.active_projects[0], lines=(), options=())
    for nth in range(10_000):
        store.add_project(replace(old, id=1_000_000 + nth))
    many = await seconds()
    assert many < few * 3
