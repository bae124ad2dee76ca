"""What the ConnectWise stand-in makes of agreements and their additions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from tests.contract.sandbox_documents import DAY, Documents, message, open_books
from tests.contract.sandbox_tenant import Tenant, open_tenant

BEFORE, AFTER = "2026-04-30T00:00:00Z", "2026-06-01T00:00:00Z"


@pytest.fixture
async def tenant() -> AsyncIterator[Tenant]:
    async with open_tenant() as opened:
        yield opened


@pytest.fixture
async def books(tenant: Tenant) -> Documents:
    return await open_books(tenant)


def captions(tenant: Tenant) -> dict[str, int]:
    """Return the ids of the custom fields of additions by caption."""
    rows = tenant.store.custom_fields_of("finance/agreements/additions")
    return {row["caption"]: row["id"] for row in rows}


async def addition(books: Documents, **more: Any) -> tuple[Any, str]:
    """Make an agreement with an addition; return the addition and the path of the additions."""
    made = await books.agreement()
    path = f"/finance/agreements/{made['id']}/additions"
    body = {"product": books.item, "billCustomer": "DoNotBill", "effectiveDate": DAY, **more}
    return await books.tenant.post(path, **body), path


@pytest.mark.parametrize("field", ["name", "type", "company", "contact"])
async def test_an_agreement_demands_name_type_company_and_contact(books: Documents, field: str) -> None:
    made = await books.agreement()
    body = {name: made[name] for name in ("name", "type", "company", "contact") if name != field}
    refused = await books.tenant.call("POST", "/finance/agreements", body)
    assert refused.inner == ("MissingRequiredField", field)


async def test_an_agreement_takes_its_terms_from_its_type(books: Documents) -> None:
    made = await books.agreement()
    assert (made["type"]["name"], made["billStartDate"], made["noEndingDateFlag"]) == (
        "Subscriptions Monthly",
        DAY,
        True,
    )
    assert (made["invoicingCycle"], made["billProducts"], made["applicationCycle"]) == (
        "CalendarYear",
        "Billable",
        "CalendarMonth",
    )
    assert (made["currency"]["currencyIdentifier"], made["company"]["identifier"]) == ("USD", "ACME")
    changed = await books.tenant.patch(f"/finance/agreements/{made['id']}", name="Cloud 2")
    assert (changed.status, changed.value["name"]) == (200, "Cloud 2")


async def test_an_agreement_belongs_to_people_of_its_company(books: Documents) -> None:
    made, other = await books.agreement(), await books.tenant.company("OTHER")
    moved = await books.tenant.patch(f"/finance/agreements/{made['id']}", company={"id": other["id"]})
    assert moved.inner == ("InvalidField", "contact")
    dates = await books.tenant.patch(f"/finance/agreements/{made['id']}", endDate=BEFORE)
    assert message(dates) == "endDate cannot be less than startDate"


async def test_agreements_are_found_by_company_and_type_with_their_status(books: Documents) -> None:
    active = await books.agreement()
    await books.agreement(type={"name": "Subscriptions Annual"})
    await books.agreement(cancelledFlag=True)
    await books.agreement(startDate="2020-01-01T00:00:00Z", endDate="2020-12-31T00:00:00Z")
    await books.agreement(startDate="2099-01-01T00:00:00Z")
    asked = f'company/id={books.company["id"]} and type/name="Subscriptions Monthly"'
    found = await books.tenant.get("/finance/agreements", conditions=asked)
    assert [row["agreementStatus"] for row in found] == ["Active", "Cancelled", "Expired", "Inactive"]
    living = await books.tenant.get("/finance/agreements", conditions=f'{asked} and agreementStatus="Active"')
    assert [row["id"] for row in living] == [active["id"]]
    types = await books.tenant.get("/finance/agreements/types", conditions='name="Subscriptions Monthly"')
    assert len(types) == 1


async def test_an_addition_demands_product_and_how_it_is_billed(books: Documents) -> None:
    _, path = await addition(books)
    refused = await books.tenant.call("POST", path, {})
    assert {error["field"] for error in refused.value["errors"]} == {"product", "billCustomer"}
    body = {"product": books.item, "billCustomer": "Sometimes"}
    assert (await books.tenant.call("POST", path, body)).inner == ("InvalidField", "billCustomer")


async def test_an_addition_takes_what_it_lacks_from_the_catalog(books: Documents) -> None:
    made, path = await addition(books, quantity=3, extPrice=99)
    assert made["product"].keys() == {"id", "identifier", "_info"}
    assert (made["product"]["identifier"], made["description"]) == ("CLOUD-1", "Microphone")
    assert (made["unitPrice"], made["unitCost"], made["extPrice"], made["extCost"]) == (10, 6, 30, 18)
    assert (made["agreementId"], made["agreementStatus"]) == (int(path.split("/")[3]), "Active")
    changed = await books.tenant.patch(f"{path}/{made['id']}", quantity=2, unitPrice=Decimal("1.05"))
    assert (changed.value["extPrice"], changed.value["margin"]) == (Decimal("2.10"), Decimal("-9.90"))
    assert await books.tenant.get(f"{path}/count") == {"count": 1}
    named = await books.tenant.call("GET", path, conditions='product/name="x"')
    assert (named.status, named.value["code"]) == (400, "ApiFindCondition")


async def test_the_dates_of_an_addition_fit_its_agreement(books: Documents) -> None:
    made, path = await addition(books)
    body = {"product": books.item, "billCustomer": "Billable", "effectiveDate": BEFORE}
    for refused in (
        await books.tenant.call("POST", path, body),
        await books.tenant.patch(f"{path}/{made['id']}", effectiveDate=BEFORE),
    ):
        assert (refused.status, refused.inner) == (400, ("InvalidField", "effectiveDate"))
        assert message(refused) == "effectiveDate cannot be less than the agreement billing start date"
    late = await books.tenant.patch(f"{path}/{made['id']}", cancelledDate=BEFORE)
    assert (late.status, late.inner) == (400, ("InvalidField", "cancelledDate"))
    assert message(late) == "cancelledDate cannot be less than effectiveDate"
    for day in (DAY, AFTER):
        ended = await books.tenant.patch(f"{path}/{made['id']}", cancelledDate=day)
        assert ended.value["cancelledDate"] == day


async def test_a_cancelled_agreement_takes_no_new_addition(books: Documents) -> None:
    made, path = await addition(books)
    await books.tenant.patch(path.removesuffix("/additions"), cancelledFlag=True)
    body = {"product": books.item, "billCustomer": "Billable", "effectiveDate": DAY}
    refused = await books.tenant.call("POST", path, body)
    assert refused.inner == ("InvalidObject", "agreementId")
    assert message(refused) == "Agreement Cloud has been cancelled."
    ended = await books.tenant.patch(f"{path}/{made['id']}", cancelledDate=AFTER)
    assert (ended.status, ended.value["agreementStatus"]) == (200, "Cancelled")


async def test_an_addition_shows_every_custom_field_also_when_it_is_empty(books: Documents) -> None:
    made, path = await addition(books)
    assert {field["caption"]: field["value"] for field in made["customFields"]} == {
        "Subscription ID": None,
        "Subscription Name": None,
    }
    ids = captions(books.tenant)
    definitions = await books.tenant.get("/system/userDefinedFields", conditions='caption="Subscription ID"')
    assert [row["id"] for row in definitions] == [ids["Subscription ID"]]
    value = [{"id": ids["Subscription ID"], "value": "a-1"}]
    assert (await books.tenant.patch(f"{path}/{made['id']}", customFields=value)).status == 200
    for wanted, found in (("a-1", [made["id"]]), ("a-2", [])):
        asked = f'caption="Subscription ID" AND value="{wanted}"'
        rows = await books.tenant.get(path, customFieldConditions=asked)
        assert [row["id"] for row in rows] == found


@pytest.mark.parametrize("how", ["by mode", "deleted"])
async def test_a_tenant_may_lack_the_custom_field(books: Documents, how: str) -> None:
    number = captions(books.tenant)["Subscription ID"]
    if how == "by mode":
        books.tenant.store.modes.lacking_fields = ["Subscription ID"]
    else:
        books.tenant.box.connectwise_user.remove("system/userDefinedFields", number)
    path = "/system/userDefinedFields"
    assert await books.tenant.get(path, conditions='caption="Subscription ID"') == []
    assert (await books.tenant.call("GET", f"{path}/{number}")).status == 404
    made, path = await addition(books)
    assert [field["caption"] for field in made["customFields"]] == ["Subscription Name"]
    value = [{"id": number, "value": "a-1"}]
    refused = await books.tenant.patch(f"{path}/{made['id']}", customFields=value)
    assert refused.inner == ("InvalidField", "customFields")


async def test_another_user_edits_an_addition(books: Documents) -> None:
    made, path = await addition(books)
    user = books.tenant.box.connectwise_user
    user.edit("finance/agreements/additions", made["id"], {"quantity": 4, "unitPrice": 2.5})
    shown = await books.tenant.get(f"{path}/{made['id']}")
    assert (shown["extPrice"], shown["_info"]["updatedBy"]) == (10, "admin")
    second = user.add(
        "finance/agreements/additions",
        {
            "agreementId": made["agreementId"],
            "product": books.item,
            "billCustomer": "Billable",
            "effectiveDate": AFTER,
        },
    )
    user.remove("finance/agreements/additions", made["id"])
    assert [row["id"] for row in await books.tenant.get(path)] == [second]
