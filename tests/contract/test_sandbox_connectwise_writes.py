"""Writes of the stand-in: what every resource has in common."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.contract.sandbox_tenant import Tenant, open_tenant


@pytest.fixture
async def tenant() -> AsyncIterator[Tenant]:
    async with open_tenant() as opened:
        yield opened


async def test_a_created_record_is_answered_whole_and_found_again(tenant: Tenant) -> None:
    made = await tenant.post("/procurement/types", name="Factors", typeXref="Service")
    assert made["_info"]["updatedBy"] == "apibridge"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", made["_info"]["lastUpdated"])
    assert made["inactiveFlag"] is False
    assert await tenant.get(f"/procurement/types/{made['id']}") == made
    assert [(w.method, w.path, w.resource, w.id) for w in tenant.store.writes] == [
        ("POST", "/procurement/types", "procurement/types", made["id"])
    ]


async def test_fields_narrow_the_answer_of_a_post(tenant: Tenant) -> None:
    made = await tenant.call("POST", "/procurement/types", {"name": "Factors"}, fields="name")
    assert (made.status, made.value) == (201, {"name": "Factors"})


@pytest.mark.parametrize(
    ("path", "body", "inner"),
    [
        ("/procurement/types", {}, ("MissingRequiredField", "name")),
        ("/procurement/types", {"name": ""}, ("MissingRequiredField", "name")),
        ("/procurement/types", {"name": None}, ("MissingRequiredField", "name")),
        ("/procurement/types", {"name": "x" * 51}, ("InvalidFieldLength", "name")),
        ("/procurement/types", {"name": 5}, ("InvalidField", "name")),
        ("/procurement/types", {"name": "x", "inactiveFlag": "yes"}, ("InvalidField", "inactiveFlag")),
        ("/procurement/types", {"name": "x", "typeXref": "service"}, ("InvalidField", "typeXref")),
        ("/procurement/types", {"name": "inventory part"}, ("ObjectExists", "name")),
        ("/procurement/subcategories/", {"name": "x"}, ("MissingRequiredField", "category")),
        ("/procurement/subcategories/", {"name": "x", "category": {"id": 999}}, ("InvalidField", "category")),
        ("/procurement/subcategories/", {"name": "x", "category": 1}, ("InvalidField", "category")),
        ("/procurement/subcategories/", {"name": "x", "category": {"id": "1"}}, ("InvalidField", "category")),
        ("/sales/stages", {"name": "x", "sequenceNumber": 1.5}, ("InvalidField", "sequenceNumber")),
        ("/sales/stages", {"name": "x", "sequenceNumber": "1"}, ("InvalidField", "sequenceNumber")),
        ("/company/companies", {"identifier": "A", "name": "A"}, ("MissingRequiredField", "site")),
        ("/system/departments", {"identifier": "x" * 16, "name": "x"}, ("InvalidFieldLength", "identifier")),
        ("/company/communicationTypes", {"description": "Pager"}, ("InvalidField", "phoneFlag")),
    ],
)
async def test_a_wrong_record_is_refused(
    tenant: Tenant, path: str, body: dict[str, Any], inner: tuple[str, str]
) -> None:
    answer = await tenant.call("POST", path, body)
    assert (answer.status, answer.value["code"]) == (400, "InvalidObject")
    assert answer.inner == inner
    assert tenant.store.writes == []


async def test_the_greatest_length_is_accepted_and_named_when_exceeded(tenant: Tenant) -> None:
    await tenant.catalog_item("x" * 75)
    refused = await tenant.call("POST", "/procurement/catalog", {"identifier": "x" * 76})
    text = "The field identifier must be a string with a maximum length of 75."
    assert text in [error["message"] for error in refused.value["errors"]]


async def test_unknown_names_and_computed_fields_in_a_body_are_ignored(tenant: Tenant) -> None:
    made = await tenant.post(
        "/procurement/types", name="Odd", noSuchField=1, id=77, _info={"updatedBy": "me"}
    )
    assert "noSuchField" not in made
    assert made["id"] != 77
    assert made["_info"]["updatedBy"] == "apibridge"


@pytest.mark.parametrize(
    "path", ["/company/contacts/57919", "/company/companies/999/sites", "/company/companies/999/sites/1"]
)
async def test_a_missing_record_is_named(tenant: Tenant, path: str) -> None:
    answer = await tenant.call("GET", path)
    noun, number = ("Contact", 57919) if "contacts" in path else ("Company", 999)
    assert (answer.status, answer.value) == (
        404,
        {"code": "NotFound", "message": f"{noun} {number} not found"},
    )


async def test_a_site_is_found_below_its_own_company_only(tenant: Tenant) -> None:
    first, second = [await tenant.company(name) for name in ("ONE", "TWO")]
    site = first["site"]["id"]
    assert (await tenant.get(f"/company/companies/{first['id']}/sites/{site}"))["name"] == "Main"
    assert (await tenant.call("GET", f"/company/companies/{second['id']}/sites/{site}")).status == 404


async def test_patch_takes_a_list_of_operations_only(tenant: Tenant) -> None:
    refused = await tenant.call("PATCH", "/procurement/types/1", {"name": "New"})
    assert refused.status == 400
    assert "array format" in refused.value["message"]
    wrong = (
        [{"op": "move", "path": "/name", "value": "x"}],
        [{"op": "replace", "path": "/name"}],
        [{"op": "replace", "path": "/Name", "value": "x"}],
        [{"op": "replace", "value": "x"}],
        ["name"],
    )
    for operations in wrong:
        assert (await tenant.call("PATCH", "/procurement/types/1", list(operations))).status == 400
    assert tenant.store.writes == []


async def test_patch_changes_what_it_names_and_leaves_the_rest(tenant: Tenant) -> None:
    company = await tenant.company(city="Bern", zip="3000", phoneNumber="1")
    operations = [
        {"op": "replace", "path": "/city", "value": "Thun"},
        {"op": "add", "path": "/website", "value": "https://acme.example"},
        {"op": "remove", "path": "/phoneNumber"},
        {"op": "replace", "path": "/status", "value": {"id": 2}},
    ]
    answer = await tenant.call("PATCH", f"/company/companies/{company['id']}", operations)
    changed = answer.value
    assert (changed["city"], changed["zip"], changed["website"]) == ("Thun", "3000", "https://acme.example")
    assert "phoneNumber" not in changed
    assert changed["status"]["name"] == "Inactive"
    assert await tenant.get(f"/company/companies/{company['id']}") == changed


async def test_patch_below_a_reference_answers_200_and_does_nothing(tenant: Tenant) -> None:
    company = await tenant.company()
    count = len(tenant.store.writes)
    path = f"/company/companies/{company['id']}"
    answer = await tenant.call("PATCH", path, [{"op": "replace", "path": "/status/id", "value": 2}])
    assert (answer.status, answer.value) == (200, company)
    assert len(tenant.store.writes) == count


async def test_a_refused_patch_changes_nothing(tenant: Tenant) -> None:
    answer = await tenant.patch("/procurement/types/1", inactiveFlag=True, name="x" * 51)
    assert answer.inner == ("InvalidFieldLength", "name")
    assert (await tenant.get("/procurement/types/1"))["inactiveFlag"] is False


async def test_put_replaces_the_whole_record(tenant: Tenant) -> None:
    company = await tenant.company(city="Bern", website="https://acme.example", types=[{"id": 1}])
    sent = {"identifier": "ACME", "name": "Acme AG", "site": company["site"], "zip": "3000"}
    path = f"/company/companies/{company['id']}"
    replaced = await tenant.call("PUT", path, sent)
    assert replaced.status == 200
    assert (replaced.value["name"], replaced.value["zip"]) == ("Acme AG", "3000")
    assert "city" not in replaced.value
    assert [kind["name"] for kind in replaced.value["types"]] == ["Customer"]
    with_types = await tenant.call("PUT", path, {**sent, "types": [{"id": 1}]})
    assert with_types.value["errors"][0]["message"] == "typeIds can only be used when creating a new company."


async def test_a_deleted_record_is_gone_unless_other_records_refer_to_it(tenant: Tenant) -> None:
    made = await tenant.post("/procurement/types", name="Spare")
    assert (await tenant.call("DELETE", f"/procurement/types/{made['id']}")).status == 204
    assert (await tenant.call("GET", f"/procurement/types/{made['id']}")).status == 404
    assert (await tenant.call("DELETE", f"/procurement/types/{made['id']}")).status == 404
    assert (await tenant.call("DELETE", "/procurement/types/1")).status == 409


async def test_a_tenant_may_demand_more_fields(tenant: Tenant) -> None:
    tenant.store.modes.tenant_required = [("sales/opportunities", "customerPO")]
    company = await tenant.company()
    refused = await tenant.call(
        "POST", "/sales/opportunities", {"name": "x", "company": {"id": company["id"]}}
    )
    assert {error["field"] for error in refused.value["errors"]} == {
        "primarySalesRep",
        "contact",
        "customerPO",
    }


async def test_set_up_tables_may_be_read_only(tenant: Tenant) -> None:
    tenant.store.modes.readonly_setup = True
    for path in (
        "/procurement/types",
        "/procurement/categories/1/subcategories/",
        "/procurement/manufacturers",
    ):
        assert (await tenant.call("POST", path, {"name": "New"})).status == 403
    assert (await tenant.patch("/procurement/types/1", name="New")).status == 403
    await tenant.company()


async def test_subcategories_are_unique_within_their_category_only(tenant: Tenant) -> None:
    made = await tenant.post("/procurement/categories/1/subcategories/", name="Factors")
    assert "category" not in made
    assert (await tenant.get(f"/procurement/subcategories/{made['id']}"))["category"]["name"] == "Hardware"
    again = await tenant.call("POST", "/procurement/categories/1/subcategories/", {"name": "FACTORS "})
    assert again.inner == ("ObjectExists", "name")
    await tenant.post("/procurement/subcategories/", name="Factors", category={"id": 2})


async def test_a_required_custom_field_blocks_a_create(tenant: Tenant) -> None:
    region = await tenant.post(
        "/system/userDefinedFields",
        podId=2,
        caption="Region",
        sequenceNumber=3,
        fieldTypeIdentifier="Text",
        requiredFlag=True,
    )
    body = {"identifier": "ACME", "name": "Acme", "site": {"name": "Main"}}
    refused = await tenant.call("POST", "/company/companies", body)
    assert refused.inner == ("MissingRequiredField", "customFields/Region")
    other = await tenant.call(
        "POST", "/company/companies", body | {"customFields": [{"id": 2, "value": "x"}]}
    )
    assert other.inner == ("MissingRequiredField", "customFields/Region")
    made = await tenant.post(
        "/company/companies", **body, customFields=[{"id": region["id"], "value": "North"}]
    )
    assert {field["caption"]: field["value"] for field in made["customFields"]} == {
        "BSS Id": None,
        "Region": "North",
    }
