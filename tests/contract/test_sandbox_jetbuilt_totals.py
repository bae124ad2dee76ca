"""The totals of the Jetbuilt stand-in, checked from nothing but its own answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from sandbox import credentials
from sandbox.jetbuilt.app import build_app
from sandbox.jetbuilt.store import JetbuiltStore
from sandbox.world import build

KEY = {"Authorization": f"Token token={credentials.JETBUILT_API_KEY}"}
ON_EQUIPMENT = {"equipment_price", "flat_price"}


class Api:
    """The answers of one stand-in, as a plain client reads them."""

    def __init__(self, server: TestServer, session: ClientSession, store: JetbuiltStore) -> None:
        self._server = server
        self._session = session
        self.store = store

    async def get(self, path: str) -> Any:
        async with self._session.get(self._server.make_url(f"/api{path}"), headers=KEY) as response:
            assert response.status == 200
            return await response.json()

    async def pages(self, path: str) -> list[Any]:
        found: list[Any] = []
        while True:
            page = await self.get(f"{path}{'&' if '?' in path else '?'}page={len(found) + 1}")
            found.append(page)
            rows = page["line_items"] if isinstance(page, dict) else page
            if len(rows) < 25:
                return found

    async def projects(self) -> list[int]:
        return [project["id"] for page in await self.pages("/projects") for project in page]


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    store = JetbuiltStore(build(7, 40))
    server = TestServer(build_app(store, limit=None))
    await server.start_server()
    async with ClientSession() as session:
        yield Api(server, session, store)
    await server.close()


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def product(row: dict[str, Any], *fields: str) -> Decimal:
    amount = Decimal(1)
    for field in fields:
        amount *= Decimal(row[field])
    return amount


def sums(lines: list[dict[str, Any]], sales_tax: Decimal, labor_tax: Decimal) -> dict[str, Decimal]:
    """Add up lines: equipment, subcontract, labor, shipping, and the tax on them."""
    out = dict.fromkeys(("equipment", "subcontract", "labor", "shipping", "tax"), Decimal(0))
    for line in lines:
        works = [(Decimal(work["price"]), work["taxable"]) for work in line["labor"]]
        out["labor"] += sum((price for price, _ in works), Decimal(0))
        out["tax"] += labor_tax * sum((price for price, taxable in works if taxable), Decimal(0))
        if line["kind"] == "subcontract_labor":
            out["subcontract"] += cents(product(line, "subcontract_labor_price", "quantity"))
        if line["kind"] != "physical" or line["owner_furnished"]:
            continue
        equipment = cents(product(line, "price", "quantity"))
        shipping = cents(product(line, "shipping_price", "quantity"))
        out["equipment"] += equipment
        out["shipping"] += shipping
        out["tax"] += sales_tax * (equipment * line["tax_equipment"] + shipping * line["tax_shipping"])
    return out


async def expected_totals(api: Api, project: dict[str, Any]) -> dict[str, Decimal]:
    path = f"/projects/{project['id']}"
    pages = await api.pages(f"{path}/items")
    lines = [line for page in pages for line in page["line_items"] if line["option"] is None]
    packages = (await api.get(f"{path}/service_packages"))["service_packages"]
    sales_tax = Decimal(project["sales_tax"])
    own = sums(lines, sales_tax, Decimal(project["labor_tax"]))
    equipment, tax = own["equipment"], own["tax"]
    labor = own["subcontract"] + sum(
        cents(product(kind, "total_hours", "price")) for kind in project["labor"]
    )
    for factor in pages[0]["factors"]:
        amount = Decimal(factor["total_price"])
        equipment += cents(amount) if factor["factor_method"] in ON_EQUIPMENT else Decimal(0)
        labor += Decimal(0) if factor["factor_method"] in ON_EQUIPMENT else cents(amount)
        tax += amount * sales_tax * factor["taxed"]
    for package in packages:
        if package["purchase_type"] == "included" or package["sold"]:
            labor += cents(Decimal(package["calculated_price"]))
            share = product(package, "calculated_price", "taxable_amount_percent") / 100
            tax += share * sales_tax * package["taxed"]
    return {"equipment": equipment, "labor": labor, "shipping": own["shipping"], "tax": cents(tax)}


async def assert_consistent(api: Api, project_id: int) -> dict[str, Any]:
    project: dict[str, Any] = await api.get(f"/projects/{project_id}")
    expected = await expected_totals(api, project)
    assert {name: Decimal(project[f"{name}_total"]) for name in expected} == expected
    assert Decimal(project["total"]) == sum(expected.values())
    return project


async def test_the_totals_of_all_projects_follow_from_the_answers(api: Api) -> None:
    ids = await api.projects()
    assert len(ids) == 40
    for project_id in ids:
        await assert_consistent(api, project_id)


async def test_the_list_and_the_single_project_show_the_same_totals(api: Api) -> None:
    for shown in await api.get("/projects"):
        alone = await api.get(f"/projects/{shown['id']}")
        assert {name: alone[name] for name in shown} == shown


async def test_the_hours_of_a_labor_type_contain_those_of_the_lines(api: Api) -> None:
    project = await api.get(f"/projects/{(await api.projects())[0]}")
    pages = await api.pages(f"/projects/{project['id']}/items")
    lines = [line for page in pages for line in page["line_items"] if line["option"] is None]
    for kind in project["labor"]:
        works = [work for line in lines for work in line["labor"] if work["labor_type"]["id"] == kind["id"]]
        minutes = sum((Decimal(work["minutes"]) for work in works), Decimal(0))
        backoff_base = next(
            known.base_hours for known in api.store.project(project["id"]).labor if known.id == kind["id"]
        )
        assert abs(Decimal(kind["total_hours"]) - backoff_base - minutes / 60) < Decimal("1e-9")


async def test_the_total_of_an_option_follows_from_the_answers(api: Api) -> None:
    seen = 0
    for project_id in await api.projects():
        project = await api.get(f"/projects/{project_id}")
        for listed in await api.get(f"/projects/{project_id}/options"):
            pages = await api.pages(f"/projects/{project_id}/options/{listed['id']}")
            option = pages[0]
            lines = [line for page in pages for line in page["line_items"]]
            own = sums(lines, Decimal(project["sales_tax"]), Decimal(project["labor_tax"]))
            tax = own.pop("tax") + sum(Decimal(factor["total_tax"]) for factor in option["factors"])
            factors = sum(cents(Decimal(factor["total_price"])) for factor in option["factors"])
            credited = sum(cents(Decimal(credit["total_price"])) for credit in option["labor_credits"])
            assert Decimal(option["total"]) == sum(own.values()) + factors + cents(tax) - credited
            assert option["total"] == listed["total"]
            assert all(line["option"]["id"] == option["id"] for line in lines)
            seen += 1
    assert seen > 10


async def test_the_totals_stay_consistent_through_every_kind_of_edit(api: Api) -> None:
    store = api.store
    project = next(p for p in map(store.project, await api.projects()) if p.options and p.service_packages)
    physical = [line for line in project.lines if line.kind == "physical" and line.option_id is None]
    priced, furnished, dropped = [line for line in physical if not line.owner_furnished][:3]
    before = (await assert_consistent(api, project.id))["total"]
    edits: list[Callable[[], object]] = [
        lambda: store.edit_line(project.id, priced.id, price=Decimal("1234.567")),
        lambda: store.furnish_by_owner(project.id, furnished.id),
        lambda: store.remove_line(project.id, dropped.id),
        lambda: store.add_line(project.id, priced),
        lambda: store.edit_labor(project.id, project.labor[0].id, base_hours=Decimal("3.35")),
        lambda: store.add_service_package(project.id, name="Help desk", price=Decimal(900), cost=Decimal(1)),
        lambda: store.merge_option(project.id, project.options[0].id),
        lambda: store.edit_project(project.id, sales_tax=Decimal("0.0925")),
    ]
    for edit in edits:
        edit()
        after = (await assert_consistent(api, project.id))["total"]
        assert after != before
        before = after
