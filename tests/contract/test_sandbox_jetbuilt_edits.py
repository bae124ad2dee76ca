"""Edits of the Jetbuilt stand-in: through its API as a user's, and through its store where the API has none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import ClientError, ClientSession
from aiohttp.test_utils import TestServer

from sandbox import credentials
from sandbox.calls import CallLog
from sandbox.faults import FaultRule, Faults
from sandbox.jetbuilt import problems
from sandbox.jetbuilt.app import build_app
from sandbox.jetbuilt.store import JetbuiltStore
from sandbox.world import build
from sandbox.world.projects import VERSIONS_AT

KEY = {"Authorization": f"Token token={credentials.JETBUILT_API_KEY}"}
MORNING = datetime(2026, 5, 1, 8, 0, 0, 123000, tzinfo=UTC)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at = MORNING

    def __call__(self) -> datetime:
        return self.at

    def scheduled(self) -> datetime:
        self.at += timedelta(minutes=5)
        return self.at


class Box:
    """One running stand-in with everything a test wants to touch."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.store = JetbuiltStore(build(7, VERSIONS_AT + 1), clock=self.clock)
        self.faults = Faults(problems.DIALECT)
        app = build_app(self.store, limit=None, faults=self.faults, calls=CallLog())
        self.server = TestServer(app)
        self.session = ClientSession(headers=KEY)

    async def call(self, method: str, path: str, **sent: Any) -> tuple[int, Any]:
        async with self.session.request(method, self.server.make_url(f"/api{path}"), **sent) as response:
            return response.status, await response.json() if response.status != 204 else None

    async def changed_since(self, at: datetime) -> list[int]:
        _, body = await self.call("GET", "/projects", params={"min_updated_at": at.isoformat()})
        return [project["id"] for project in body]

    @property
    def project(self) -> int:
        return next(iter(self.store.projects.listed)).id


@pytest.fixture
async def box() -> AsyncIterator[Box]:
    made = Box()
    await made.server.start_server()
    yield made
    await made.session.close()
    await made.server.close()


def seen(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def moment(text: str) -> str:
    return seen(datetime.fromisoformat(text))


async def test_a_patched_project_shows_the_change_and_is_found_by_the_next_poll(box: Box) -> None:
    before = box.clock.at
    at = box.clock.scheduled()
    assert await box.changed_since(before) == []
    status, body = await box.call(
        "PATCH", f"/projects/{box.project}", json={"name": "Renamed", "stage": "contract"}
    )
    assert (status, body["name"], body["stage"], moment(body["updated_at"])) == (
        200,
        "Renamed",
        "contract",
        seen(at),
    )
    assert await box.changed_since(before) == [box.project]
    _, options = await box.call("GET", f"/projects/{box.project}/options")
    assert [option["change_order"] for option in options] == [True] * len(options)


@pytest.mark.parametrize("how", ["json", "data"])
async def test_a_body_is_json_or_a_form_by_its_content_type(box: Box, how: str) -> None:
    values = {
        "custom_id": "Q & A",
        "probability": "0.7",
        "city": "Zürich",
        "tax": "0.081",
        "close_date": "2026-09-30",
    }
    status, body = await box.call("PATCH", f"/projects/{box.project}", **{how: values})
    assert status == 200
    assert (body["custom_id"], body["city"], body["close_date"]) == ("Q & A", "Zürich", "2026-09-30")
    assert (body["probability"], body["sales_tax"]) == ("0.7", "0.081")


async def test_json_without_its_content_type_is_read_as_a_form_and_sets_nothing(box: Box) -> None:
    _, before = await box.call("GET", f"/projects/{box.project}")
    status, body = await box.call("PATCH", f"/projects/{box.project}", data=b'{"name": "Never"}')
    assert (status, body["name"]) == (200, before["name"])
    assert (await box.call("POST", "/clients", data=b'{"user_id": 2914, "company_name": "X"}'))[0] == 422


async def test_broken_json_is_400(box: Box) -> None:
    headers = {"Content-Type": "application/json"}
    for body in (b'{"name": ', b"[1]"):
        assert (await box.call("PATCH", f"/projects/{box.project}", data=body, headers=headers))[0] == 400


async def test_a_project_is_created_in_stage_opportunity_and_can_be_filled(box: Box) -> None:
    at = box.clock.scheduled()
    client = next(iter(box.store.clients.shelf))
    wanted = {
        "location_id": 1,
        "user_id": 2914,
        "client_id": client.id,
        "name": "New",
        "stage": "install",
        "tax": "0.1",
    }
    status, project = await box.call("POST", "/projects", json=wanted)
    assert (status, project["stage"], project["total"]) == (201, "opportunity", "0.0")
    assert moment(project["created_at"]) == seen(at)
    item = {"manufacturer_name": "Shure", "model": "SM58-LC", "price": "99.99", "quantity_per_room": 3}
    status, line = await box.call("POST", f"/projects/{project['id']}/items", json=item)
    assert (status, line["quantity"], line["total_equipment_price"]) == (201, "3.0", "299.97")
    assert (line["custom"], line["cost"], line["room"]["name"]) == (False, "71.28", "Room 1")
    _, project = await box.call("GET", f"/projects/{project['id']}")
    assert (project["equipment_total"], project["tax_total"], project["total"]) == (
        "299.97",
        "30.0",
        "329.97",
    )


@pytest.mark.parametrize(
    ("path", "body", "fields"),
    [
        ("/projects", {}, {"location_id", "user_id", "client_id", "name"}),
        (
            "/projects",
            {"location_id": 9, "user_id": 1, "client_id": 1, "name": "x"},
            {"location_id", "user_id", "client_id"},
        ),
        ("/clients", {"company_name": ""}, {"user_id", "company_name"}),
        ("/clients/63100/contacts", {"first_name": "Only"}, {"last_name"}),
        ("/projects/97739/items", {"model": "X", "price": "cheap"}, {"manufacturer_name", "price"}),
    ],
)
async def test_missing_or_wrong_data_is_422_with_the_fields_named(
    box: Box, path: str, body: dict[str, Any], fields: set[str]
) -> None:
    status, answer = await box.call("POST", path, json=body)
    assert (status, set(answer["errors"])) == (422, fields)


@pytest.mark.parametrize(
    "body", [{"stage": "sold"}, {"name": ""}, {"probability": 3}, {"close_date": "soon"}]
)
async def test_an_impossible_value_is_422_and_changes_nothing(box: Box, body: dict[str, Any]) -> None:
    before = box.store.project(box.project)
    assert (await box.call("PATCH", f"/projects/{box.project}", json=body))[0] == 422
    assert box.store.project(box.project) is before


async def test_an_item_is_edited_and_deleted_and_the_project_moves_along(box: Box) -> None:
    _, body = await box.call("GET", f"/projects/{box.project}/items")
    item = next(
        line for line in body["line_items"] if line["kind"] == "physical" and not line["owner_furnished"]
    )
    path = f"/projects/{box.project}/items/{item['id']}"
    _, project = await box.call("GET", f"/projects/{box.project}")
    before, at = box.clock.at, box.clock.scheduled()
    status, line = await box.call(
        "PATCH", path, json={"quantity_per_room": 86, "metadata": {"a": ["b"]}, "price": "1"}
    )
    assert (status, line["quantity_per_room"], line["metadata"]) == (200, "86.0", {"a": ["b"]})
    assert (line["price"], moment(line["updated_at"])) == (item["price"], seen(at))
    _, more = await box.call("GET", f"/projects/{box.project}")
    assert Decimal(more["equipment_total"]) > Decimal(project["equipment_total"])
    assert await box.changed_since(before) == [box.project]
    assert (await box.call("DELETE", path))[0] == 204
    assert (await box.call("PATCH", path, json={}))[0] == 404
    _, less = await box.call("GET", f"/projects/{box.project}")
    assert Decimal(less["equipment_total"]) < Decimal(project["equipment_total"])


async def test_an_item_edit_may_leave_the_project_unmoved_although_its_totals_change(box: Box) -> None:
    box.store.modes.touch_project_on_item_edit = False
    line = next(line for line in box.store.project(box.project).lines if line.kind == "physical")
    _, project = await box.call("GET", f"/projects/{box.project}")
    before = box.clock.at
    box.clock.scheduled()
    box.store.edit_line(box.project, line.id, price=line.price + 1, owner_furnished=False)
    _, after = await box.call("GET", f"/projects/{box.project}")
    assert after["equipment_total"] != project["equipment_total"]
    assert after["updated_at"] == project["updated_at"]
    assert await box.changed_since(before) == []


async def test_the_place_of_an_item_in_a_bundle_is_fixed_and_unknown_places_are_refused(box: Box) -> None:
    bundled = next(
        (record.id, line)
        for record in box.store.projects.listed
        for line in record.project.lines
        if line.bundle_id is not None
    )
    path = f"/projects/{bundled[0]}/items/{bundled[1].id}"
    assert (await box.call("PATCH", path, json={"room_id": bundled[1].room_id}))[0] == 422
    status, line = await box.call("PATCH", path, json={"quantity_per_room": "8"})
    assert (status, line["quantity_per_room"]) == (200, "8.0")
    project = box.store.project(bundled[0])
    bundle = next(bundle for bundle in project.bundles if bundle.id == bundled[1].bundle_id)
    assert Decimal(line["quantity_per_bundle"]) * bundle.quantity == 8
    loose = next(line for line in project.lines if line.bundle_id is None)
    assert (await box.call("PATCH", f"/projects/{project.id}/items/{loose.id}", json={"room_id": 1}))[
        0
    ] == 422


async def test_clients_and_contacts_are_created_changed_and_deleted(box: Box) -> None:
    status, client = await box.call(
        "POST", "/clients", data={"user_id": "2914", "company_name": "Ünïcorn & Co"}
    )
    assert (status, client["company_name"], client["contacts"]) == (201, "Ünïcorn & Co", [])
    path = f"/clients/{client['id']}"
    for name in ("Ann", "Bob"):
        status, _ = await box.call(
            "POST", f"{path}/contacts", json={"first_name": name, "last_name": "B", "primary": True}
        )
        assert status == 201
    _, client = await box.call("PATCH", path, json={"street_address": "1 Main St", "delinquent": True})
    assert (client["address"], client["delinquent"], client["primary_contact_first_name"]) == (
        "1 Main St",
        True,
        "Bob",
    )
    first, second = client["contacts"]
    assert (first["primary"], second["primary"]) == (False, True)
    _, contact = await box.call(
        "PATCH", f"{path}/contacts/{first['id']}", json={"email_address": "ann@example.com"}
    )
    assert contact["email_address"] == "ann@example.com"
    assert (await box.call("DELETE", f"{path}/contacts/{second['id']}"))[0] == 204
    assert (await box.call("DELETE", path))[0] == 204
    assert (await box.call("GET", path))[0] == 404


async def test_a_contact_edit_moves_its_client(box: Box) -> None:
    client = next(iter(box.store.clients.shelf))
    before, at = box.clock.at, box.clock.scheduled()
    box.store.clients.edit_contact(client.id, client.contacts[0].id, title="Dean")
    _, found = await box.call("GET", "/clients", params={"min_updated_at": before.isoformat()})
    assert [(row["id"], moment(row["updated_at"])) for row in found] == [(client.id, seen(at))]


async def test_a_new_version_has_new_ids_and_takes_the_place_of_the_old_one(box: Box) -> None:
    old = box.store.project(box.project)
    _, before = await box.call("GET", f"/projects/{old.id}")
    at = box.clock.scheduled()
    status, new = await box.call(
        "POST", f"/projects/{old.id}/revisions", json={"name": "1.1", "description": "Less"}
    )
    assert (status, new["version"], new["original_version_id"]) == (201, "1.1", old.id)
    assert new["id"] != old.id
    assert new["total"] == before["total"]
    assert moment(new["updated_at"]) == seen(at)
    _, listed = await box.call("GET", "/projects")
    ids = [project["id"] for project in listed]
    assert new["id"] in ids
    assert old.id not in ids
    assert [version["id"] for version in new["versions"]] == [old.id]
    assert (await box.call("GET", f"/projects/{old.id}"))[0] == 200
    _, items = await box.call("GET", f"/projects/{new['id']}/items")
    assert not {line["id"] for line in items["line_items"]} & {line.id for line in old.lines}
    copied = box.store.project(new["id"]).lines
    twins = {line.id: twin.id for line, twin in zip(old.lines, copied, strict=True)}
    replaced = [[twins[known] for known in line.replacement_lineitem_ids] for line in old.lines]
    assert any(replaced)
    assert [list(line.replacement_lineitem_ids) for line in copied] == replaced


async def test_a_family_with_three_versions_is_listed_once(box: Box) -> None:
    family = next(
        record.project for record in box.store.projects.listed if record.project.original_version_id
    )
    _, shown = await box.call("GET", f"/projects/{family.id}")
    assert [version["name"] for version in shown["versions"]] == ["1.0", "1.1"]
    assert shown["versions"][0]["id"] == family.original_version_id
    newest = box.store.new_version(family.id)
    assert (newest.original_version_id, newest.version) == (family.original_version_id, "1.3")


async def test_a_locked_version_takes_no_item_edits(box: Box) -> None:
    old = box.store.project(box.project)
    box.store.new_version(old.id, lock=True)
    path = f"/projects/{old.id}/items"
    assert (await box.call("PATCH", f"{path}/{old.lines[0].id}", json={"cost": "1"}))[0] == 422
    assert (await box.call("POST", path, json={"manufacturer_name": "a", "model": "b"}))[0] == 422


async def test_a_deleted_project_is_gone_everywhere(box: Box) -> None:
    gone = box.project
    box.store.delete_project(gone)
    for path in ("", "/items", "/options", "/rooms", "/service_packages"):
        assert (await box.call("GET", f"/projects/{gone}{path}"))[0] == 404
    _, listed = await box.call("GET", "/projects")
    assert gone not in [project["id"] for project in listed]


async def test_a_merged_option_becomes_part_of_its_project_and_disappears(box: Box) -> None:
    project = box.store.project(box.project)
    option = project.options[0]
    lines = {line.id: line for line in project.lines if line.option_id == option.id}
    replaced = {old for line in lines.values() for old in line.replacement_lineitem_ids}
    assert replaced
    before = box.clock.at
    box.clock.scheduled()
    box.store.merge_option(project.id, option.id)
    assert (await box.call("GET", f"/projects/{project.id}/options/{option.id}"))[0] == 404
    after = {line.id: line for line in box.store.project(project.id).lines}
    assert all(after[line_id].option_id is None for line_id in lines)
    assert not replaced & set(after)
    assert await box.changed_since(before) == [project.id]


async def test_a_service_package_is_repriced(box: Box) -> None:
    package = box.store.add_service_package(
        box.project, name="Help desk", price=Decimal(900), cost=Decimal(1)
    )
    path = f"/projects/{box.project}/service_packages/{package.id}"
    status, shown = await box.call("PATCH", path, json={"price": 10.5, "cost": 5})
    assert (status, shown["calculated_price"], shown["cost"], shown["name"]) == (
        200,
        "10.5",
        "5.0",
        "Help desk",
    )


async def test_a_lost_answer_has_still_done_its_work(box: Box) -> None:
    box.faults.add(FaultRule(name="gone", action="lose", method="PATCH", path="/projects/*", times=1))
    with pytest.raises(ClientError):
        await box.call("PATCH", f"/projects/{box.project}", json={"name": "Succeeded"})
    assert box.store.project(box.project).name == "Succeeded"


async def test_a_plain_project_has_exactly_the_expected_lines(box: Box) -> None:
    project = box.store.add_plain_project(lines=1000, distinct_products=True)
    _, shown = await box.call("GET", f"/projects/{project.id}")
    assert shown["total"] == shown["equipment_total"]
    async with box.session.get(box.server.make_url(f"/api/projects/{project.id}/items?page=40")) as response:
        body = await response.json()
        assert (response.headers["X-Total-Count"], len(body["line_items"])) == ("1000", 25)
    assert len({line.model for line in project.lines}) == 1000
