"""What the billing side needs of the ConnectWise stand-in: other members, merges, default contacts, kept forms of values."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from sandbox import credentials
from sandbox.connectwise.user import ConnectWiseUser
from tests.contract.sandbox_tenant import Answer, Tenant, open_tenant

COMPANIES = "company/companies"
CONTACTS = "company/contacts"


@pytest.fixture
async def tenant() -> AsyncIterator[Tenant]:
    async with open_tenant() as opened:
        yield opened


def user(tenant: Tenant) -> ConnectWiseUser:
    return tenant.box.connectwise_user


async def control(tenant: Tenant, method: str, path: str, body: Any = None) -> Answer:
    address = f"{tenant.box.connectwise_url}/__sandbox__/{path}"
    return await tenant.call(method, address, body, headers={"X-Sandbox-Key": credentials.CONTROL_KEY})


async def contact(tenant: Tenant, company: Any, name: str = "Ann", **more: Any) -> Any:
    return await tenant.post("/company/contacts", firstName=name, company={"id": company["id"]}, **more)


async def names(tenant: Tenant, path: str) -> set[str]:
    return {row["name"] for row in await tenant.get(path, pageSize=1000)}


async def test_the_set_up_tables_cover_the_countries_of_the_accounts_but_one(tenant: Tenant) -> None:
    accounts = tenant.box.world.billing.accounts
    used = {(a.country_code, a.country_name) for account in accounts for a in account.addresses}
    rows = await tenant.get("/company/countries", pageSize=1000)
    assert {code for code, _ in used} - {row["countryCode"] for row in rows} == {"JP"}
    assert {name for _, name in used} - {row["name"] for row in rows} == {
        "Japan",
        "United Arab Emirates",
    }
    currencies = {row["currencyIdentifier"] for row in await tenant.get("/finance/currencies", pageSize=1000)}
    assert {account.currency for account in accounts} - currencies == {None, "JPY"}
    for state in {a.state_name for account in accounts for a in account.addresses if a.state_name}:
        (row,) = await tenant.get("/company/states", conditions=f'name="{state}"')
        assert row["country"]["name"]
    assert await tenant.get("/company/states/count", conditions='country/name="Greece"') == {"count": 0}


async def test_another_member_works_by_hand(tenant: Tenant) -> None:
    made = await tenant.company()
    assert (made["_info"]["enteredBy"], made["_info"]["updatedBy"]) == ("apibridge", "apibridge")
    writes = len(tenant.store.writes)
    changed = await control(
        tenant, "PATCH", f"records/{COMPANIES}/{made['id']}", {"city": "Bern", "zip": "3000"}
    )
    assert changed.status == 204
    company = await tenant.get(f"/company/companies/{made['id']}")
    assert (company["city"], company["zip"]) == ("Bern", "3000")
    assert (company["_info"]["enteredBy"], company["_info"]["updatedBy"]) == ("apibridge", "admin")
    assert len(tenant.store.writes) == writes
    fields = {"identifier": "HAND", "name": "By hand", "site": {"name": "Main"}}
    by_hand = (await control(tenant, "POST", f"records/{COMPANIES}", fields)).value["id"]
    assert (await tenant.get(f"/company/companies/{by_hand}"))["_info"]["enteredBy"] == "admin"
    user(tenant).add("company/companyTypeAssociations", {"company": {"id": by_hand}, "type": {"id": 4}})
    assert [kind["name"] for kind in (await tenant.get(f"/company/companies/{by_hand}"))["types"]] == [
        "Client"
    ]


async def test_what_the_server_would_refuse_another_member_cannot_do(tenant: Tenant) -> None:
    made = await tenant.company()
    path = f"records/{COMPANIES}/{made['id']}"
    assert (await control(tenant, "PATCH", path, {"state": "x" * 51})).status == 400
    assert (await control(tenant, "PATCH", path, {"colour": "red"})).status == 400
    assert (await control(tenant, "POST", f"records/{COMPANIES}", {"name": "No id"})).status == 400
    assert (await control(tenant, "PATCH", f"records/{COMPANIES}/9999", {"city": "x"})).status == 404
    assert (await control(tenant, "PATCH", "records/company/nothing/1", {"city": "x"})).status == 404


async def test_a_deleted_company_lies_in_the_recycle_bin(tenant: Tenant) -> None:
    made = await tenant.company()
    assert (await control(tenant, "DELETE", f"records/{COMPANIES}/{made['id']}")).status == 204
    company = await tenant.get(f"/company/companies/{made['id']}")
    assert (company["deletedFlag"], company["deletedBy"]) == (True, "admin")
    assert company["_info"]["updatedBy"] == "admin"
    named = 'identifier="ACME"'
    assert await tenant.get("/company/companies/count", conditions=named) == {"count": 1}
    living = f"{named} and deletedFlag=false"
    assert await tenant.get("/company/companies/count", conditions=living) == {"count": 0}


async def test_a_merged_company_gives_its_contacts_and_sites_away(tenant: Tenant) -> None:
    gone, kept = await tenant.company("GONE", types=[{"id": 1}]), await tenant.company("KEPT")
    ann, ben = await contact(tenant, gone, "Ann"), await contact(tenant, kept, "Ben")
    await tenant.patch(f"/company/companies/{gone['id']}", defaultContact={"id": ann["id"]})
    await tenant.patch(f"/company/companies/{kept['id']}", defaultContact={"id": ben["id"]})
    merged = await control(tenant, "POST", "merge", {"company": gone["id"], "into": kept["id"]})
    assert merged.status == 204
    company = await tenant.get(f"/company/companies/{gone['id']}")
    assert (company["deletedFlag"], company["types"], "defaultContact" in company) == (True, [], False)
    moved = await tenant.get(f"/company/contacts/{ann['id']}")
    assert (moved["company"]["id"], moved["site"]["id"]) == (kept["id"], kept["site"]["id"])
    sites = await tenant.get(f"/company/companies/{kept['id']}/sites")
    assert [site["primaryAddressFlag"] for site in sites] == [False, True]
    assert (await tenant.get(f"/company/companies/{kept['id']}"))["defaultContact"]["id"] == ben["id"]
    again = await control(tenant, "POST", "merge", {"company": gone["id"], "into": kept["id"]})
    assert again.status == 400
    assert (await tenant.patch(f"/company/companies/{kept['id']}", city="Bern")).status == 200


async def test_a_deleted_contact_answers_404_and_is_no_default_contact(tenant: Tenant) -> None:
    company = await tenant.company()
    ann = await contact(tenant, company)
    await tenant.patch(f"/company/companies/{company['id']}", defaultContact={"id": ann["id"]})
    assert (await tenant.call("DELETE", f"/company/contacts/{ann['id']}")).status == 409
    assert (await control(tenant, "DELETE", f"records/{CONTACTS}/{ann['id']}")).status == 204
    assert (await tenant.call("GET", f"/company/contacts/{ann['id']}")).status == 404
    assert "defaultContact" not in await tenant.get(f"/company/companies/{company['id']}")


@pytest.mark.parametrize(("touch", "expected"), [(True, "admin"), (False, "apibridge")])
async def test_a_change_of_what_belongs_to_a_record_may_move_its_time(
    tenant: Tenant, touch: bool, expected: str
) -> None:
    company = await tenant.company()
    items = [{"type": {"id": 1}, "value": "ann@acme.example"}]
    ann = await contact(tenant, company, communicationItems=items)
    tenant.store.modes.touch_owner = touch
    user(tenant).add("company/companyTypeAssociations", {"company": {"id": company["id"]}, "type": {"id": 1}})
    number = ann["communicationItems"][0]["id"]
    user(tenant).edit("company/contacts/communications", number, {"value": "lee@acme.example"})
    for path in (f"/company/companies/{company['id']}", f"/company/contacts/{ann['id']}"):
        assert (await tenant.get(path))["_info"]["updatedBy"] == expected


async def test_the_default_contact_is_one_and_known_on_both_sides(tenant: Tenant) -> None:
    company = await tenant.company()
    path = f"/company/companies/{company['id']}"
    ann, ben = await contact(tenant, company, "Ann", defaultFlag=True), await contact(tenant, company, "Ben")
    assert (await tenant.get(path))["defaultContact"]["id"] == ann["id"]
    await tenant.patch(path, defaultContact={"id": ben["id"]})
    flags = [(await tenant.get(f"/company/contacts/{who['id']}"))["defaultFlag"] for who in (ann, ben)]
    assert flags == [False, True]
    await tenant.patch(f"/company/contacts/{ann['id']}", defaultFlag=True)
    assert (await tenant.get(path))["defaultContact"]["id"] == ann["id"]
    assert (await tenant.get(f"/company/contacts/{ben['id']}"))["defaultFlag"] is False


async def test_a_contact_that_moves_leaves_its_roles_behind(tenant: Tenant) -> None:
    old, new = await tenant.company("OLD"), await tenant.company("NEW")
    ann = await contact(tenant, old)
    roles = {"defaultContact": {"id": ann["id"]}, "billingContact": {"id": ann["id"]}}
    await tenant.patch(f"/company/companies/{old['id']}", **roles)
    moved = await tenant.patch(f"/company/contacts/{ann['id']}", company={"id": new["id"]}, site=new["site"])
    assert moved.status == 200
    assert not roles.keys() & (await tenant.get(f"/company/companies/{old['id']}")).keys()


async def test_companies_refer_to_parents_payers_and_account_numbers(tenant: Tenant) -> None:
    parent, child = await tenant.company("PARENT"), await tenant.company("CHILD", accountNumber="AEG-001")
    path = f"/company/companies/{child['id']}"
    changed = await tenant.patch(path, parentCompany={"id": parent["id"]}, billToCompany={"id": child["id"]})
    assert changed.value["parentCompany"]["identifier"] == "PARENT"
    assert changed.value["billToCompany"]["id"] == child["id"]
    own = await tenant.patch(path, parentCompany={"id": child["id"]})
    assert own.inner == ("InvalidField", "parentCompany")
    assert (await tenant.patch(path, billToCompany={"id": 9999})).inner == ("InvalidField", "billToCompany")
    (found,) = await tenant.get("/company/companies", conditions='accountNumber="aeg-001"')
    assert found["id"] == child["id"]
    assert (await tenant.patch(path, accountNumber="x" * 42)).inner == ("InvalidFieldLength", "accountNumber")


async def test_communications_keep_their_ids_and_belong_to_one_contact(tenant: Tenant) -> None:
    company = await tenant.company()
    items = [{"type": {"id": 1}, "value": "ann@acme.example"}, {"type": {"id": 3}, "value": "555 0100"}]
    ann = await contact(tenant, company, "Ann", communicationItems=items)
    ben = await contact(tenant, company, "Ben")
    email, mobile = ann["communicationItems"]
    path = f"/company/contacts/{ann['id']}"
    whole = [mobile | {"value": "555 0199"}, {"type": {"id": 4}, "value": "555 0111"}]
    changed = (await tenant.patch(path, communicationItems=whole)).value["communicationItems"]
    assert [item["value"] for item in changed] == ["555 0199", "555 0111"]
    assert changed[0]["id"] == mobile["id"]
    assert changed[1]["id"] not in (email["id"], mobile["id"])
    assert [item["communicationType"] for item in changed] == ["Phone", "Fax"]
    foreign = await tenant.patch(f"/company/contacts/{ben['id']}", communicationItems=whole)
    assert foreign.inner == ("InvalidField", "communicationItems")
    twice = await tenant.patch(path, communicationItems=[changed[0], changed[0]])
    assert twice.inner == ("InvalidField", "communicationItems")
    one = f"{path}/communications/{mobile['id']}"
    assert (await tenant.patch(one, value="555 0123")).value["value"] == "555 0123"
    assert (await tenant.get(path))["communicationItems"][0]["value"] == "555 0123"
    other = f"/company/contacts/{ben['id']}/communications/{mobile['id']}"
    assert (await tenant.patch(other, value="1")).status == 404


async def test_a_tenant_may_demand_an_address(tenant: Tenant) -> None:
    tenant.store.modes.address_required = True
    body = {"identifier": "ACME", "name": "Acme", "site": {"name": "Main"}}
    refused = await tenant.call("POST", "/company/companies", body | {"phoneNumber": "1"})
    assert refused.inner == ("MissingRequiredField", "addressLine1")
    await tenant.company(city="Bern")


async def test_a_tenant_may_normalise_what_is_written(tenant: Tenant) -> None:
    tenant.store.modes.trim_text = tenant.store.modes.format_phones = True
    made = await tenant.company(name="  Acme   Ltd ", phoneNumber="+30 (210) 555-0100", city=" Bern ")
    assert (made["name"], made["phoneNumber"], made["city"]) == ("Acme Ltd", "302105550100", "Bern")
    items = [
        {"type": {"id": 1}, "value": " ann1@acme.example"},
        {"type": {"id": 3}, "value": "(206) 555-0100"},
    ]
    ann = await contact(tenant, made, communicationItems=items)
    assert [item["value"] for item in ann["communicationItems"]] == ["ann1@acme.example", "2065550100"]
    again = await tenant.patch(f"/company/companies/{made['id']}", phoneNumber=made["phoneNumber"])
    assert again.value["phoneNumber"] == made["phoneNumber"]
    path = f"/company/contacts/{ann['id']}/communications/{ann['communicationItems'][1]['id']}"
    assert (await tenant.patch(path, value="+1 206.555.0111")).value["value"] == "12065550111"
