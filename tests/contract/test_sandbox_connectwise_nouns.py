"""What ConnectWise does of its own accord with opportunities, products, catalog items, companies and contacts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from sandbox.connectwise import seed
from sandbox.connectwise.store import ConnectWiseStore
from tests.contract.sandbox_tenant import Tenant, open_tenant, small_world


@pytest.fixture
async def tenant() -> AsyncIterator[Tenant]:
    async with open_tenant() as opened:
        yield opened


async def product(tenant: Tenant, **more: Any) -> Any:
    known = tenant.store.table("procurement/catalog").find("identifier", "MX-1")
    prices = {"price": Decimal("100.10"), "cost": Decimal("60.05")}
    item = known[0] if known else await tenant.catalog_item("MX-1", **prices)
    return await tenant.post(
        "/procurement/products", catalogItem={"id": item["id"]}, billableOption="Billable", **more
    )


async def test_an_opportunity_takes_its_defaults_from_the_tenant(tenant: Tenant) -> None:
    made = await tenant.opportunity(source="jetbuilt:1")
    assert made["status"]["name"] == "Open"
    assert (made["stage"]["name"], made["probability"]["name"]) == ("1. Prospect", "10")
    assert (made["locationId"], made["businessUnitId"]) == (1, 1)
    assert made["site"]["name"] == "Main"
    assert made["company"].keys() == {"id", "identifier", "name", "_info"}
    assert made["contact"]["name"] == "Ann"
    assert made["primarySalesRep"]["identifier"] == "MHalcyon"
    found = await tenant.get("/sales/opportunities", conditions='source="JETBUILT:1"')
    assert [row["id"] for row in found] == [made["id"]]


async def test_an_opportunity_demands_its_close_date_on_updates_only(tenant: Tenant) -> None:
    made = await tenant.opportunity()
    path = f"/sales/opportunities/{made['id']}"
    assert (await tenant.patch(path, name="New")).inner == ("MissingRequiredField", "expectedCloseDate")
    changed = await tenant.patch(path, name="New", expectedCloseDate="2026-05-31T00:00:00Z")
    assert (changed.status, changed.value["expectedCloseDate"]) == (200, "2026-05-31T00:00:00Z")


@pytest.mark.parametrize(
    "date", ["2026-05-31", "2026-05-31T00:00:00", "31.5.2026", 5, "2026-13-01T00:00:00Z"]
)
async def test_a_date_has_to_be_a_full_timestamp(tenant: Tenant, date: object) -> None:
    made = await tenant.opportunity()
    answer = await tenant.patch(f"/sales/opportunities/{made['id']}", expectedCloseDate=date)
    assert answer.inner == ("UnsupportedFormat", "expectedCloseDate")


async def test_contact_and_site_have_to_belong_to_the_company(tenant: Tenant) -> None:
    made, other = await tenant.opportunity(), await tenant.company("OTHER")
    path, date = f"/sales/opportunities/{made['id']}", "2026-05-31T00:00:00Z"
    moved = await tenant.patch(path, company={"id": other["id"]}, expectedCloseDate=date)
    assert {error["field"] for error in moved.value["errors"]} == {"contact", "site"}
    await tenant.call("DELETE", f"/company/companies/{made['company']['id']}")
    gone = await tenant.patch(path, expectedCloseDate=date)
    assert gone.inner == ("InvalidField", "company")


async def test_a_closing_status_dates_the_opportunity(tenant: Tenant) -> None:
    made = await tenant.opportunity()
    path = f"/sales/opportunities/{made['id']}"
    won = await tenant.patch(path, status={"name": "won"}, expectedCloseDate="2026-05-31T00:00:00Z")
    assert won.value["closedBy"]["identifier"] == "apibridge"
    assert "closedDate" in won.value
    assert (await tenant.get("/sales/opportunities/count", conditions='status/name="Won"')) == {"count": 1}


async def test_conversions_tell_what_an_opportunity_became(tenant: Tenant) -> None:
    made = await tenant.opportunity()
    item = await product(tenant, opportunity={"id": made["id"]})
    path = f"/sales/opportunities/conversions/{made['id']}"
    assert (await tenant.call("GET", path)).status == 404
    tenant.store.convert(made["id"], "SalesOrder")
    assert [row["convertedTo"]["name"] for row in await tenant.get(path)] == ["SalesOrder"]
    assert (await tenant.call("DELETE", f"/procurement/products/{item['id']}")).status == 409


async def test_notes_belong_to_their_opportunity_and_go_with_it(tenant: Tenant) -> None:
    made = await tenant.opportunity()
    path = f"/sales/opportunities/{made['id']}"
    note = await tenant.post(f"{path}/notes", text="See Jetbuilt\nproject 1")
    assert (note["opportunityId"], note["enteredBy"]) == (made["id"], "apibridge")
    assert await tenant.get(f"{path}/notes/count") == {"count": 1}
    await tenant.post(f"{path}/contacts", contact={"id": made["contact"]["id"]})
    item = await product(tenant, opportunity={"id": made["id"]})
    assert (await tenant.call("DELETE", path)).status == 204
    assert (await tenant.call("GET", f"/procurement/products/{item['id']}")).status == 404
    assert len(tenant.store.table("sales/opportunities/notes")) == 0


async def test_a_product_item_takes_what_it_lacks_from_the_catalog(tenant: Tenant) -> None:
    opportunity = await tenant.opportunity()
    made = await product(tenant, opportunity={"id": opportunity["id"]}, quantity=3)
    assert (made["price"], made["extPrice"], made["extCost"]) == tuple(
        map(Decimal, ("100.10", "300.30", "180.15"))
    )
    assert made["customerDescription"] == "A microphone"
    assert (made["sequenceNumber"], made["forecastDetailId"]) == (1, 1)
    assert made["catalogItem"]["identifier"] == "MX-1"
    assert made["forecastStatus"]["name"] == "Open"
    second = await product(tenant, opportunity={"id": opportunity["id"]}, bypassForecastUpdate=True)
    assert second["sequenceNumber"] == 2
    assert "forecastDetailId" not in second
    assert "bypassForecastUpdate" not in second


@pytest.mark.parametrize("price", ["0.1", "12.50", "1234567890123456.789", "-3", "0.000000000000000001"])
async def test_money_is_answered_with_the_digits_it_was_sent_with(tenant: Tenant, price: str) -> None:
    item = await tenant.catalog_item()
    body = f'{{"catalogItem": {{"id": {item["id"]}}}, "billableOption": "Billable", "price": {price}}}'
    answer = await tenant.call("POST", "/procurement/products", body)
    assert f'"price":{price},' in answer.text.replace("1E-18", "0.000000000000000001")


async def test_money_in_quotes_is_refused(tenant: Tenant) -> None:
    item = await tenant.catalog_item()
    body = {"catalogItem": {"id": item["id"]}, "billableOption": "Billable", "price": "12.50"}
    assert (await tenant.call("POST", "/procurement/products", body)).inner == ("InvalidField", "price")


@pytest.mark.parametrize("mark", ["ordered", "picked", "shipped", "invoiced"])
async def test_a_product_item_in_use_cannot_be_deleted(tenant: Tenant, mark: str) -> None:
    free, used = [await product(tenant) for _ in range(2)]
    tenant.store.mark_product(used["id"], mark)
    assert (await tenant.call("DELETE", f"/procurement/products/{free['id']}")).status == 204
    refused = await tenant.call("DELETE", f"/procurement/products/{used['id']}")
    assert refused.status == 409
    assert mark in refused.value["message"]


@pytest.mark.parametrize(("auditing", "service"), [("inventory", 201), ("all", 400)])
async def test_inventory_auditing_refuses_product_items(tenant: Tenant, auditing: str, service: int) -> None:
    stock = await tenant.catalog_item("STOCK", productClass="Inventory")
    labor = await tenant.catalog_item("LABOR", productClass="Service")
    bodies = [{"catalogItem": {"id": item["id"]}, "billableOption": "Billable"} for item in (stock, labor)]
    line = await tenant.post("/procurement/products", **bodies[0])
    tenant.store.modes.inventory_auditing = auditing  # type: ignore[assignment]
    refused = await tenant.call("POST", "/procurement/products", bodies[0])
    assert refused.status == 400
    assert "inventory auditing" in refused.value["errors"][0]["message"]
    assert (await tenant.call("POST", "/procurement/products", bodies[1])).status == service
    assert (await tenant.call("DELETE", f"/procurement/products/{line['id']}")).status == 400
    tenant.store.modes.inventory_auditing = "off"
    assert (await tenant.call("DELETE", f"/procurement/products/{line['id']}")).status == 204


async def test_an_inactive_catalog_item_may_be_refused_on_a_product_item(tenant: Tenant) -> None:
    item = await tenant.catalog_item("OLD", inactiveFlag=True)
    body = {"catalogItem": {"id": item["id"]}, "billableOption": "Billable"}
    assert (await tenant.call("POST", "/procurement/products", body)).status == 201
    tenant.store.modes.inactive_catalog = "refuse"
    assert (await tenant.call("POST", "/procurement/products", body)).inner == ("InvalidField", "catalogItem")


async def test_a_second_identifier_is_stored_as_a_copy(tenant: Tenant) -> None:
    made = [(await tenant.catalog_item(name))["identifier"] for name in ("MX-1", "mx-1", "MX-1")]
    assert made == ["MX-1", "mx-1Copy0", "MX-1Copy1"]
    longest = [(await tenant.catalog_item("y" * 75))["identifier"] for _ in range(2)]
    assert longest[1] == "y" * 70 + "Copy0"


async def test_a_second_identifier_may_be_an_error(tenant: Tenant) -> None:
    tenant.store.modes.catalog_duplicates = "error"
    made = await tenant.catalog_item("MX-1")
    body = {name: made[name] for name in ("description", "customerDescription", "subcategory", "type")}
    refused = await tenant.call("POST", "/procurement/catalog", body | {"identifier": "mx-1"})
    assert refused.inner == ("ObjectExists", "identifier")


async def test_a_catalog_item_is_of_class_non_inventory_and_of_its_subcategorys_category(
    tenant: Tenant,
) -> None:
    made = await tenant.catalog_item(category={"id": 2})
    assert (made["productClass"], made["category"]["name"]) == ("NonInventory", "Hardware")
    await product(tenant)
    assert (await tenant.call("DELETE", f"/procurement/catalog/{made['id']}")).status == 409


async def test_a_company_comes_with_its_first_site(tenant: Tenant) -> None:
    made = await tenant.company(addressLine1="1 High Street", site={"name": "Head office"}, types=[{"id": 2}])
    assert made["site"]["name"] == "Head office"
    (site,) = await tenant.get(f"/company/companies/{made['id']}/sites")
    assert (site["addressLine1"], site["primaryAddressFlag"]) == ("1 High Street", True)
    (kind,) = await tenant.get(f"/company/companies/{made['id']}/typeAssociations")
    assert kind["type"]["name"] == "Prospect"


async def test_a_company_id_is_unique_even_against_the_recycle_bin(tenant: Tenant) -> None:
    made = await tenant.company("ACME")
    assert (await tenant.call("DELETE", f"/company/companies/{made['id']}")).status == 204
    assert (await tenant.get(f"/company/companies/{made['id']}"))["deletedFlag"] is True
    refused = await tenant.call(
        "POST", "/company/companies", {"identifier": "acme", "name": "Acme", "site": {"name": "Main"}}
    )
    assert refused.inner == ("ObjectExists", "identifier")
    assert refused.value["errors"][0]["message"] == "Company ID already in use."


async def test_old_bad_data_of_a_company_blocks_an_unrelated_patch(tenant: Tenant) -> None:
    made = await tenant.company()
    tenant.store.put(
        "company/companies", tenant.store.table("company/companies").rows[made["id"]] | {"revenueYear": 5}
    )
    answer = await tenant.patch(f"/company/companies/{made['id']}", city="Bern")
    assert answer.inner == ("OutOfRange", "revenueYear")


async def test_an_older_server_takes_shorter_names(tenant: Tenant) -> None:
    long = await tenant.company("L" * 31, name="n" * 51)
    tenant.store.modes.older_lengths = True
    body = {"identifier": "M" * 31, "name": "n" * 51, "site": {"name": "Main"}}
    refused = await tenant.call("POST", "/company/companies", body)
    assert {error["field"] for error in refused.value["errors"]} == {"identifier", "name"}
    site = await tenant.call("POST", f"/company/companies/{long['id']}/sites", {"name": "n" * 51})
    assert site.inner == ("InvalidFieldLength", "name")
    await tenant.company("M" * 30, name="n" * 50)


async def test_a_company_refers_to_its_own_sites_and_contacts_only(tenant: Tenant) -> None:
    mine, other = await tenant.company("MINE"), await tenant.company("OTHER")
    path = f"/company/companies/{mine['id']}"
    assert (await tenant.patch(path, site=other["site"])).inner == ("InvalidField", "site")
    contact = await tenant.post("/company/contacts", firstName="Ann", company={"id": other["id"]})
    refused = await tenant.patch(path, defaultContact={"id": contact["id"]})
    assert refused.inner == ("InvalidField", "defaultContact")


async def test_types_of_a_company_change_by_association_only(tenant: Tenant) -> None:
    made = await tenant.company(types=[{"id": 1}])
    path = f"/company/companies/{made['id']}"
    assert (await tenant.patch(path, types=[{"id": 2}])).status == 400
    association = await tenant.post(f"{path}/typeAssociations", type={"id": 2})
    assert [kind["name"] for kind in (await tenant.get(path))["types"]] == ["Customer", "Prospect"]
    again = {"type": {"id": 2}, "company": {"id": made["id"]}}
    assert "already exists" in (await tenant.call("POST", "/company/companyTypeAssociations", again)).text
    await tenant.call("DELETE", f"{path}/typeAssociations/{association['id']}")
    assert [kind["name"] for kind in (await tenant.get(path))["types"]] == ["Customer"]


async def test_one_site_of_a_company_is_the_primary_one(tenant: Tenant) -> None:
    made = await tenant.company()
    path = f"/company/companies/{made['id']}/sites"
    await tenant.post(path, name="Second", primaryAddressFlag=True)
    flags = {site["name"]: site["primaryAddressFlag"] for site in await tenant.get(path)}
    assert flags == {"Main": False, "Second": True}


async def test_the_duplicate_check_of_contacts_can_be_switched_off(tenant: Tenant) -> None:
    company = await tenant.company()
    email = {"type": {"id": 1}, "value": "ann@acme.example"}
    body = {
        "firstName": "Ann",
        "lastName": "Lee",
        "company": {"id": company["id"]},
        "communicationItems": [email],
    }
    made = await tenant.post("/company/contacts", **body)
    assert made["site"]["name"] == "Main"
    for twin in (body, body | {"firstName": "Anna"}, body | {"lastName": "LEE", "communicationItems": []}):
        refused = await tenant.call("POST", "/company/contacts", twin)
        assert refused.status == 400
        assert "duplicate contact" in refused.value["errors"][0]["message"]
    await tenant.post("/company/contacts", **body, ignoreDuplicates=True)
    assert (await tenant.call("POST", "/company/contacts", {"lastName": "Lee"})).inner[1] == "firstName"


async def test_communications_are_seen_on_the_contact_and_on_their_own(tenant: Tenant) -> None:
    email = {"type": {"id": 1}, "value": "ann@acme.example"}
    made = await tenant.post("/company/contacts", firstName="Ann", communicationItems=[email], typeIds=[2])
    path = f"/company/contacts/{made['id']}"
    (item,) = made["communicationItems"]
    assert (item["communicationType"], item["domain"], item["type"]["name"]) == (
        "Email",
        "@acme.example",
        "Email",
    )
    assert made["types"][0]["name"] == "Billing"
    assert "typeIds" not in made
    phone = await tenant.post(f"{path}/communications", type={"id": 2}, value="555 0100")
    (first, second) = (await tenant.get(path))["communicationItems"]
    assert (second["id"], second["communicationType"]) == (phone["id"], "Phone")
    await tenant.patch(f"{path}/communications/{first['id']}", value="lee@acme.example")
    found = await tenant.get(
        "/company/contacts", childConditions='communicationItems/value="lee@acme.example"'
    )
    assert [row["id"] for row in found] == [made["id"]]


async def test_elements_of_an_array_are_patched_by_position(tenant: Tenant) -> None:
    items = [{"type": {"id": 1}, "value": f"{name}@acme.example"} for name in "ab"]
    made = await tenant.post("/company/contacts", firstName="Ann", communicationItems=items)
    path = f"/company/contacts/{made['id']}"
    operations = [
        {"op": "replace", "path": "/communicationItems/1/value", "value": "c@acme.example"},
        {"op": "remove", "path": "/communicationItems/0"},
        {"op": "add", "path": "/communicationItems/-", "value": {"type": {"id": 3}, "value": "555 0199"}},
    ]
    changed = (await tenant.call("PATCH", path, operations)).value["communicationItems"]
    assert [item["value"] for item in changed] == ["c@acme.example", "555 0199"]
    assert changed[0]["id"] == made["communicationItems"][1]["id"]
    assert await tenant.get(f"{path}/communications/count") == {"count": 2}
    beyond = await tenant.call("PATCH", path, [{"op": "remove", "path": "/communicationItems/9"}])
    assert beyond.status == 400


async def test_custom_fields_keep_the_values_that_a_patch_leaves_out(tenant: Tenant) -> None:
    score = tenant.store.add(
        "system/userDefinedFields", podId=2, caption="Score", sequenceNumber=3, fieldTypeIdentifier="Number"
    )
    made = await tenant.company(customFields=[{"id": 2, "value": "B-1"}])
    path = f"/company/companies/{made['id']}"
    changed = (await tenant.patch(path, customFields=[{"id": score["id"], "value": Decimal("1.50")}])).value
    assert {field["caption"]: field["value"] for field in changed["customFields"]} == {
        "BSS Id": "B-1",
        "Score": Decimal("1.50"),
    }
    for wrong in ([{"id": 99, "value": 1}], [{"id": score["id"], "value": "many"}], [{"id": 2, "value": 5}]):
        assert (await tenant.patch(path, customFields=wrong)).inner == ("InvalidField", "customFields")


def test_the_same_world_seeds_the_same_rows_on_another_day(monkeypatch: pytest.MonkeyPatch) -> None:
    seeded = []
    for day in ("2026-01-01", "2027-01-01"):
        monkeypatch.setattr(ConnectWiseStore, "now", lambda _, at=day: f"{at}T00:00:00Z")
        store = ConnectWiseStore()
        seed.seed(store, small_world())
        seeded.append({name: table.rows for name, table in store.tables.items()})
    assert seeded[0] == seeded[1]


async def test_the_seed_knows_most_of_the_integrator_and_sets_its_traps(tenant: Tenant) -> None:
    clients = {client.company_name for client in tenant.box.world.clients}
    companies = list(tenant.store.table("company/companies"))
    exact = [row for row in companies if row["name"] in clients and not row["deletedFlag"]]
    assert 0.5 < len(exact) / len(clients) < 0.65
    assert any(row["deletedFlag"] and row["name"] in {other["name"] for other in exact} for row in companies)
    assert any("  " in row["name"] for row in companies)
    catalog = list(tenant.store.table("procurement/catalog"))
    assert any(row["identifier"].endswith("Copy0") for row in catalog)
    assert sum(row["inactiveFlag"] for row in catalog) == 3
    emails = {row.get("officeEmail") for row in tenant.store.table("system/members")}
    assert len({user.email for user in tenant.box.world.users} - emails) == 1
