"""Lists of the stand-in: pages, order, fields, and conditions as the developer guide has them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.contract.sandbox_tenant import Tenant, open_tenant

COMPANIES = "/company/companies"


@pytest.fixture
async def tenant() -> AsyncIterator[Tenant]:
    async with open_tenant() as opened:
        yield opened


def add_manufacturers(tenant: Tenant, count: int) -> None:
    for number in range(count):
        tenant.store.add("procurement/manufacturers", name=f"Maker {number:04}")


async def names(tenant: Tenant, conditions: str) -> list[str]:
    return [row["name"] for row in await tenant.get(COMPANIES, conditions=conditions, orderBy="name")]


async def test_a_page_has_25_rows_and_at_most_1000(tenant: Tenant) -> None:
    add_manufacturers(tenant, 1100)
    assert len(await tenant.get("/procurement/manufacturers")) == 25
    assert len(await tenant.get("/procurement/manufacturers", pageSize=5000)) == 1000
    assert await tenant.get("/procurement/manufacturers", pageSize=1000, page=9) == []
    count = await tenant.get("/procurement/manufacturers/count")
    assert count == {"count": len(tenant.store.table("procurement/manufacturers"))}
    for wrong in ({"page": 0}, {"pageSize": "many"}):
        assert (await tenant.call("GET", "/procurement/manufacturers", **wrong)).status == 400


async def test_the_link_header_leads_through_all_pages(tenant: Tenant) -> None:
    add_manufacturers(tenant, 30)
    query = {"conditions": 'name like "Maker%"', "pageSize": 10}
    first = await tenant.call("GET", "/procurement/manufacturers", **query)
    links = first.headers["Link"]
    assert 'rel="next"' in links
    assert 'rel="last"' in links
    assert 'rel="prev"' not in links
    seen = [row["id"] for row in first.value]
    answer = first
    async with tenant.session.get(links.split(">")[0].lstrip("<")) as got:
        seen += [row["id"] for row in await got.json()]
    answer = await tenant.call("GET", "/procurement/manufacturers", **query, page=3)
    assert 'rel="next"' not in answer.headers["Link"]
    assert 'rel="first"' in answer.headers["Link"]
    seen += [row["id"] for row in answer.value]
    assert len(set(seen)) == 30


async def test_forward_only_pages_go_by_id_and_refuse_an_order(tenant: Tenant) -> None:
    add_manufacturers(tenant, 5)
    forward = {"pagination-type": "forward-only"}
    seen: list[int] = []
    address = f"{tenant.backoff_base}/procurement/types?pageSize=2"
    while address:
        async with tenant.session.get(address, headers=forward) as got:
            seen += [row["id"] for row in await got.json()]
            link = got.headers.get("Link", "")
        assert link == "" or link.endswith('rel="next"')
        address = link.split(">")[0].lstrip("<")
    assert seen == [row["id"] for row in tenant.store.table("procurement/types")]
    refused = await tenant.call("GET", "/procurement/types", orderBy="name", headers=forward)
    assert refused.status == 400


async def test_rows_are_ordered_by_several_fields(tenant: Tenant) -> None:
    for name, city in (("B", "Oslo"), ("A", "Oslo"), ("C", "Bern")):
        await tenant.company(name, city=city)
    rows = await tenant.get(
        COMPANIES, conditions='city in ("Oslo","Bern")', orderBy="city desc, identifier asc"
    )
    assert [row["identifier"] for row in rows] == ["A", "B", "C"]
    assert (await tenant.call("GET", COMPANIES, orderBy="nonsense desc")).status == 400
    assert (await tenant.call("GET", COMPANIES, orderBy="name upwards")).status == 400


async def test_fields_narrow_a_row_and_drop_its_info(tenant: Tenant) -> None:
    (row,) = await tenant.get(COMPANIES, fields="id,status/name,noSuchField", conditions="id=1")
    assert row == {"id": 1, "status": {"name": "Active"}}
    (row,) = await tenant.get(COMPANIES, fields="name,_info/lastUpdated", conditions="id=1")
    assert set(row) == {"name", "_info"}


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ('identifier="zed"', True),
        ("identifier='ZED'", True),
        ('identifier != "zed" and identifier="zed"', False),
        ('name like "%quote%"', True),
        ('name like "*quote*"', False),
        ('name LIKE "Zed _quote\\"%"', True),
        ('name like "zed [_]quote%"', False),
        ('name not like "zed%"', False),
        ('name contains "50% OFF"', True),
        ('name not contains "nothing"', True),
        ("annualRevenue > 10 and annualRevenue<=12.50", True),
        ("annualRevenue >= 12.51", False),
        ("annualRevenue != 12.5", False),
        ("leadFlag = TRUE", True),
        ("leadFlag=false", False),
        ("city = null", True),
        ("city != null", False),
        ("website != null", True),
        ('status/name="active"', True),
        ("status/id=1 AND (id = 0 OR (website like 'http%'))", True),
        ("id in (99999, 1) or identifier in ('zed')", True),
        ("identifier not in ('zed')", False),
        ("lastUpdated >= [2001-02-03T04:05:06Z]", True),
        ("lastUpdated>[2001-02-03]", True),
        ("lastUpdated < [2001-02-03T04:05:06+02:00]", False),
        ("_info/lastUpdated > [2001-02-03]", True),
        ("dateAcquired = null", False),
    ],
)
async def test_a_condition_holds_or_not(tenant: Tenant, conditions: str, expected: bool) -> None:
    await tenant.company(
        "ZED",
        name='Zed "quote" \\ 50% off',
        annualRevenue=12.5,
        leadFlag=True,
        website="https://zed.example",
    )
    found = [row["identifier"] for row in await tenant.get(COMPANIES, conditions=conditions, pageSize=1000)]
    assert ("ZED" in found) is expected


async def test_quotes_and_backslashes_are_escaped_with_a_backslash(tenant: Tenant) -> None:
    tricky = """a"b'c\\d & [x] + 100%"""
    await tenant.company("TRICKY", name=tricky)
    for quote in "\"'":
        escaped = tricky.replace("\\", "\\\\").replace(quote, "\\" + quote)
        assert await names(tenant, f"name={quote}{escaped}{quote}") == [tricky]


@pytest.mark.parametrize(
    ("conditions", "says"),
    [
        ('board/name="x"', "board/name is not a recognized name."),
        ("Name='x'", "Name is not a recognized name."),
        ('types/name="Customer"', "types/name is not a recognized name."),
        ("types=null", "types is not a recognized name."),
        ('status/color="red"', "status/color is not a recognized name."),
        ("name=", "not understood"),
        ("name='x' and", "not understood"),
        ("name='x' id=1", "not understood"),
        ("(name='x'", "not understood"),
        ("name in ()", "not understood"),
        ("name ~ 'x'", "cannot be read"),
        ('name="x', "cannot be read"),
        ("name=5", "does not fit"),
        ("id='5'", "does not fit"),
        ("leadFlag=1", "does not fit"),
        ("leadFlag>true", "cannot be used"),
        ("dateAcquired>'2020-01-01'", "does not fit"),
        ("lastUpdated>[yesterday]", "not recognized as a valid DateTime"),
        ("annualRevenue like '1%'", "needs a text"),
        ("name > null", "null"),
        ("(" * 80 + "id=1" + ")" * 80, "deeply"),
    ],
)
async def test_a_wrong_condition_is_refused(tenant: Tenant, conditions: str, says: str) -> None:
    answer = await tenant.call("GET", COMPANIES, conditions=conditions)
    assert (answer.status, answer.value["code"]) == (400, "ApiFindCondition")
    assert says in answer.value["message"]


async def test_an_enumeration_is_checked_in_conditions(tenant: Tenant) -> None:
    assert await tenant.get("/procurement/catalog", conditions="productClass='inventory'", pageSize=1)
    wrong = await tenant.call("GET", "/procurement/catalog", conditions="productClass='Gadget'")
    assert "Enum value supplied was invalid" in wrong.value["message"]


async def test_flags_of_sites_cannot_be_filtered(tenant: Tenant) -> None:
    path = "/company/companies/1/sites"
    assert (await tenant.get(path))[0]["defaultBillingFlag"] is True
    assert (await tenant.call("GET", path, conditions="defaultBillingFlag=true")).status == 400


async def test_arrays_are_searched_with_child_conditions(tenant: Tenant) -> None:
    (contact, *_) = tenant.store.table("company/contacts")
    email = contact["communicationItems"][0]["value"]
    found = await tenant.get(
        "/company/contacts", childConditions=f'communicationItems/value="{email.upper()}"'
    )
    assert [row["id"] for row in found] == [contact["id"]]
    same_element = f'communicationItems/value="{email}" and communicationItems/communicationType="Fax"'
    assert await tenant.get("/company/contacts", childConditions=same_element) == []
    assert await tenant.get(COMPANIES, childConditions='types/name="customer"', pageSize=1)
    for wrong in ('communicationItems/value in ("a")', "firstName='a'", 'communicationItems/colour="a"'):
        assert (await tenant.call("GET", "/company/contacts", childConditions=wrong)).status == 400


async def test_custom_fields_are_searched_by_caption_and_value(tenant: Tenant) -> None:
    opportunity = await tenant.opportunity(customFields=[{"id": 1, "value": "4711"}])
    path, asked = "/sales/opportunities", 'caption="Jetbuilt Id" AND value="4711"'
    found = await tenant.get(path, customFieldConditions=asked)
    assert [row["id"] for row in found] == [opportunity["id"]]
    assert await tenant.get(path, customFieldConditions='caption="Jetbuilt Id" AND value="47"') == []
    assert (await tenant.call("GET", path, customFieldConditions='value in ("4711")')).status == 400


async def test_a_server_may_know_one_date_literal_only(tenant: Tenant) -> None:
    tenant.store.modes.date_literals = "day"
    assert await names(tenant, "lastUpdated>[2001-01-01]")
    assert await names(tenant, "lastUpdated>[2001-01-01T00:00:00Z]") == []
    tenant.store.modes.date_literals = "time"
    assert await names(tenant, "lastUpdated>[2001-01-01]") == []


async def test_an_indexed_lookup_finds_what_a_scan_finds(tenant: Tenant) -> None:
    for identifier in ("A-1", "a-2", "B-1"):
        await tenant.catalog_item(identifier)
    asked = 'identifier in ("A-2","b-1","nothing") and price=0'
    rows = await tenant.get("/procurement/catalog", conditions=asked)
    scanned = await tenant.get("/procurement/catalog", conditions=f"({asked}) or id=0")
    assert [row["identifier"] for row in rows] == ["a-2", "B-1"]
    assert rows == scanned


@pytest.mark.parametrize(
    ("nulls", "site", "notes"),
    [("omit", "absent", "absent"), ("explicit", None, None), ("empty", {}, "absent")],
)
async def test_nulls_come_in_three_styles(tenant: Tenant, nulls: str, site: object, notes: object) -> None:
    tenant.store.modes.nulls = nulls  # type: ignore[assignment]
    row = await tenant.get("/procurement/catalog/1")
    assert row.get("vendor", "absent") == site
    assert row.get("notes", "absent") == notes


async def test_info_forms_are_short(tenant: Tenant) -> None:
    (item,) = await tenant.get("/procurement/catalog/info", pageSize=1)
    assert "identifier" in item
    assert "subcategory" not in item
    assert await tenant.get("/procurement/catalog/1/info") == item
    members = await tenant.get("/system/info/members", conditions="inactiveFlag=false")
    assert members[0]["fullName"] == "Maren Halcyon"
    assert (await tenant.call("POST", "/procurement/catalog/info", {})).status == 405
