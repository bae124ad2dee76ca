"""What may be written to the BSS stand-in, what it refuses, and what it makes of values."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.bss import seed
from sandbox.bss.modes import Modes
from sandbox.bss.normalising import normalised
from sandbox.bss.store import BssStore
from tests.contract.sandbox_bss import Bss, open_bss
from tests.contract.sandbox_tenant import small_world

ACCOUNT: dict[str, Any] = {
    "name": "New Customer Ltd",
    "code": "NEW-1",
    "phone": " 0030-210 555 0100 ",
    "fax": None,
    "webSite": "https://new.example",
    "typeId": 1,
    "currencyCode": "EUR",
    "address": {
        "address1": "1 High Street",
        "address2": "",
        "city": "Seattle",
        "postCode": "98101",
        "state": "Washington",
        "country": "United States",
    },
}
CONTACT = {"firstName": "Ann", "lastName": "Lee", "email": "ann@new.example", "accountId": 1040}


@pytest.fixture
async def bss() -> AsyncIterator[Bss]:
    async with open_bss() as opened:
        yield opened


async def created(bss: Bss, collection: str, body: Any) -> int:
    answer = await bss.call("POST", f"/api/{collection}", body)
    assert answer.status == 201, answer.text
    assert answer.text.isdecimal()
    return int(answer.text)


async def test_a_new_account_is_answered_with_its_bare_id(bss: Bss) -> None:
    number = await created(bss, "accounts", ACCOUNT)
    account = await bss.get(f"/api/accounts/{number}")
    assert (account["code"], account["type"]["name"], account["phone"]) == (
        "NEW-1",
        "Customer",
        " 0030-210 555 0100 ",
    )
    (address,) = account["addresses"]
    assert address["isBilling"] is True
    assert (address["countryCode"], address["countryName"]) == ("US", "United States")
    assert (address["stateCode"], address["stateName"]) == ("WA", "Washington")
    assert account["createdAt"] == account["updatedAt"]
    assert [(write.method, write.collection, write.id) for write in bss.store.writes] == [
        ("POST", "accounts", number)
    ]


async def test_two_accounts_of_one_code_are_two(bss: Bss) -> None:
    made = [await created(bss, "accounts", ACCOUNT) for _ in range(2)]
    found = await bss.rows("accounts", filter="code eq 'NEW-1'")
    assert [row["id"] for row in found] == made


async def test_the_id_of_a_vanished_account_is_not_given_again(bss: Bss) -> None:
    number = await created(bss, "accounts", ACCOUNT)
    bss.store.remove("accounts", number)
    assert await created(bss, "accounts", ACCOUNT) == number + 1


@pytest.mark.parametrize("address", [None, {}, {"city": None, "country": None}])
async def test_an_account_without_an_address_has_none(bss: Bss, address: Any) -> None:
    number = await created(bss, "accounts", {"name": "Nowhere", "address": address})
    assert (await bss.get(f"/api/accounts/{number}"))["addresses"] == []


async def test_a_state_has_its_code_where_the_server_knows_it(bss: Bss) -> None:
    for country, state, code in (
        ("India", "Maharashtra", "MH"),
        ("Greece", "Attica", None),
        ("Canada", "Maharashtra", None),
    ):
        body = {"name": "X", "address": {"country": country, "state": state}}
        number = await created(bss, "accounts", body)
        (address,) = (await bss.get(f"/api/accounts/{number}"))["addresses"]
        assert (address["stateName"], address["stateCode"]) == (state, code)


async def test_a_contact_belongs_to_an_account(bss: Bss) -> None:
    number = await created(bss, "contacts", CONTACT)
    contact = await bss.get(f"/api/contacts/{number}")
    assert (contact["account"]["id"], contact["lastName"], contact["isPrimary"]) == (1040, "Lee", False)
    assert (contact["mobilePhone"], contact["jobTitle"]) == (None, None)


@pytest.mark.parametrize(
    ("collection", "body", "named"),
    [
        ("accounts", ACCOUNT | {"colour": "red"}, "colour"),
        ("accounts", ACCOUNT | {"Name": "x"}, "Name"),
        ("accounts", ACCOUNT | {"type": {"id": 1}}, "type"),
        ("accounts", ACCOUNT | {"updatedAt": "2020-01-01T00:00:00"}, "updatedAt"),
        ("accounts", ACCOUNT | {"address": {"street": "x"}}, "address/street"),
        ("accounts", ACCOUNT | {"address": "1 High Street"}, "address"),
        ("accounts", ACCOUNT | {"address": {"country": "Atlantis"}}, "Atlantis"),
        ("accounts", ACCOUNT | {"address": {"city": 5}}, "address/city"),
        ("accounts", ACCOUNT | {"phone": 5}, "phone"),
        ("accounts", ACCOUNT | {"typeId": "1"}, "typeId"),
        ("accounts", ACCOUNT | {"typeId": 99}, "99"),
        ("accounts", ACCOUNT | {"typeId": True}, "typeId"),
        ("accounts", ACCOUNT | {"currencyCode": "XXX"}, "XXX"),
        ("accounts", {"code": "x"}, "name"),
        ("accounts", {"name": "  "}, "name"),
        ("accounts", {"name": None}, "name"),
        ("accounts", [ACCOUNT], "object"),
        ("accounts", b"{", "JSON"),
        ("accounts", b"", "JSON"),
        ("contacts", {"firstName": "Ann"}, "accountId"),
        ("contacts", CONTACT | {"accountId": 9}, "accountId"),
        ("contacts", CONTACT | {"firstName": ""}, "firstName"),
        ("contacts", CONTACT | {"email": "ann"}, "ann"),
        ("contacts", CONTACT | {"isPrimary": True}, "isPrimary"),
        ("contacts", CONTACT | {"account": {"id": 1040}}, "account"),
    ],
)
async def test_a_body_that_does_not_fit_is_refused(bss: Bss, collection: str, body: Any, named: str) -> None:
    refused = await bss.call("POST", f"/api/{collection}", body)
    assert (refused.status, refused.value["Type"]) == (400, "ValidationError")
    assert named in refused.value["Message"]
    assert bss.store.writes == []


async def test_a_tenant_may_demand_more(bss: Bss) -> None:
    bss.store.modes.tenant_required = [("contacts", "lastName")]
    body = {name: value for name, value in CONTACT.items() if name != "lastName"}
    refused = await bss.call("POST", "/api/contacts", body)
    assert (refused.status, "lastName" in refused.value["Message"]) == (400, True)
    assert await created(bss, "contacts", CONTACT)


async def test_json_is_demanded(bss: Bss) -> None:
    text = {"Content-Type": "text/plain"}
    assert (await bss.call("POST", "/api/accounts", ACCOUNT, headers=text)).status == 415
    patch = [{"op": "replace", "path": "/phone", "value": "1"}]
    assert (await bss.call("PATCH", "/api/accounts/1040", patch, headers=text)).status == 415
    own = {"Content-Type": "application/json-patch+json"}
    assert (await bss.call("PATCH", "/api/accounts/1040", patch, headers=own)).status == 200


async def test_a_patch_changes_fields_and_the_billing_address(bss: Bss) -> None:
    before = await bss.get("/api/accounts/1043")
    changed = await bss.patch("/api/accounts/1043", phone="1", address__city="Patras", typeId=1)
    assert (changed.status, changed.text) == (200, "")
    after = await bss.get("/api/accounts/1043")
    assert (after["phone"], after["type"]["name"]) == ("1", "Customer")
    cities = {address["isBilling"]: address["city"] for address in after["addresses"]}
    assert cities == {True: "Patras", False: "Thessaloniki"}
    assert after["updatedAt"] > before["updatedAt"]
    assert after["createdAt"] == before["createdAt"]


async def test_a_patch_may_remove_and_set_a_whole_address(bss: Bss) -> None:
    operations = [
        {"op": "remove", "path": "/phone"},
        {"op": "add", "path": "/code", "value": "X"},
        {"op": "remove", "path": "/address"},
        {"op": "replace", "path": "/address", "value": {"city": "Bern", "country": "switzerland"}},
        {"op": "replace", "path": "/webSite", "value": None},
    ]
    assert (await bss.call("PATCH", "/api/accounts/1040", operations)).status == 200
    account = await bss.get("/api/accounts/1040")
    assert (account["phone"], account["code"], account["webSite"]) == (None, "X", None)
    (address,) = account["addresses"]
    assert (address["address1"], address["city"], address["countryCode"]) == (None, "Bern", "CH")


async def test_a_replaced_address_keeps_nothing_of_the_earlier_one(bss: Bss) -> None:
    operations = [{"op": "replace", "path": "/address", "value": {"city": "Bern"}}]
    await bss.call("PATCH", "/api/accounts/1040", operations)
    (address,) = (await bss.get("/api/accounts/1040"))["addresses"]
    assert (address["city"], address["address1"], address["countryName"]) == ("Bern", None, None)


async def test_an_account_without_a_billing_address_gets_one(bss: Bss) -> None:
    (found,) = await bss.rows("accounts", filter="code eq 'CY-011'")
    assert [address["isBilling"] for address in found["addresses"]] == [False]
    await bss.patch(f"/api/accounts/{found['id']}", address__city="Paphos")
    addresses = (await bss.get(f"/api/accounts/{found['id']}"))["addresses"]
    assert [(address["isBilling"], address["city"]) for address in addresses] == [
        (False, "Limassol"),
        (True, "Paphos"),
    ]


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "/Phone", "value": "1"},
        {"op": "replace", "path": "phone", "value": "1"},
        {"op": "replace", "path": "/addresses/0/city", "value": "x"},
        {"op": "replace", "path": "/type", "value": {"id": 1}},
        {"op": "replace", "path": "/id", "value": 5},
        {"op": "replace", "path": "/", "value": {}},
        {"op": "replace", "path": "/phone"},
        {"op": "replace", "path": "/phone", "value": 5},
        {"op": "replace", "path": "/phone/number", "value": "1"},
        {"op": "replace", "path": "/address", "value": "x"},
        {"op": "replace", "path": "/typeId", "value": 99},
        {"op": "replace", "path": "/address/country", "value": "US"},
        {"op": "test", "path": "/phone", "value": "1"},
        {"op": "move", "from": "/phone", "path": "/fax"},
        {"op": "remove", "path": "/name"},
        {"op": "replace", "path": "/name", "value": ""},
        {"path": "/phone", "value": "1"},
        {"op": "replace", "value": "1"},
        "replace",
    ],
)
async def test_a_wrong_operation_refuses_the_whole_patch(bss: Bss, operation: Any) -> None:
    before = await bss.get("/api/accounts/1040")
    good = {"op": "replace", "path": "/fax", "value": "1"}
    refused = await bss.call("PATCH", "/api/accounts/1040", [good, operation])
    assert (refused.status, refused.value["Type"]) == (400, "ValidationError")
    assert await bss.get("/api/accounts/1040") == before


@pytest.mark.parametrize("body", [{}, [], {"op": "remove", "path": "/phone"}, b"["])
async def test_a_patch_is_an_array_of_operations(bss: Bss, body: Any) -> None:
    assert (await bss.call("PATCH", "/api/accounts/1040", body)).status == 400


async def test_a_patch_may_be_answered_with_the_id_or_the_object(bss: Bss) -> None:
    bss.store.modes.patch_answer = "id"
    assert (await bss.patch("/api/accounts/1040", phone="1")).value == 1040
    bss.store.modes.patch_answer = "object"
    assert (await bss.patch("/api/accounts/1040", phone="2")).value["phone"] == "2"


async def test_a_write_to_a_contact_may_move_the_time_of_its_account(bss: Bss) -> None:
    before = bss.store.rows("accounts")[1040]["updatedAt"]
    number = await created(bss, "contacts", CONTACT)
    assert bss.store.rows("accounts")[1040]["updatedAt"] == before
    bss.store.modes.touch_account = True
    await bss.patch(f"/api/contacts/{number}", accountId=1043)
    times = [bss.store.rows("accounts")[account]["updatedAt"] for account in (1040, 1043)]
    assert min(times) > before


async def test_a_tenant_may_normalise_what_is_written(bss: Bss) -> None:
    bss.store.modes.trim_text = bss.store.modes.format_phones = True
    number = await created(bss, "accounts", ACCOUNT | {"name": "  New   Customer "})
    account = await bss.get(f"/api/accounts/{number}")
    assert (account["name"], account["phone"]) == ("New Customer", "+302105550100")
    await bss.patch(f"/api/accounts/{number}", fax="(206) 555.0100", address__city=" Bern ")
    account = await bss.get(f"/api/accounts/{number}")
    assert (account["fax"], account["addresses"][0]["city"]) == ("206-555-0100", "Bern")
    bss.store.edit("accounts", number, phone="00 41 (0)44 555 01 00")
    assert (await bss.get(f"/api/accounts/{number}"))["phone"] == "+410445550100"


@given(value=st.text(alphabet="+0123456789()- x.", max_size=20))
def test_what_was_normalised_stays_as_it_is(value: str) -> None:
    modes = Modes(trim_text=True, format_phones=True)
    once = normalised(modes, "phone", value)
    assert normalised(modes, "phone", once) == once


async def test_an_edit_of_another_user_is_seen_and_is_no_write_of_the_api(bss: Bss) -> None:
    bss.store.edit("accounts", 1040, name="Renamed", typeId=3, address={"city": "Volos"})
    account = await bss.get("/api/accounts/1040")
    assert (account["name"], account["type"]["name"]) == ("Renamed", "Prospect")
    with pytest.raises(ValueError, match="colour"):
        bss.store.edit("accounts", 1040, colour="red")
    bss.store.remove("accounts", 1040)
    assert (await bss.call("GET", "/api/accounts/1040")).status == 404
    assert await bss.rows("accounts", filter="id eq 1040") == []
    assert bss.store.writes == []


def test_the_same_world_seeds_the_same_rows_on_another_day() -> None:
    stores = [BssStore(), BssStore()]
    for store in stores:
        seed.seed(store, small_world())
    for collection in ("accounts", "contacts", "organization/accounttypes"):
        assert stores[0].rows(collection) == stores[1].rows(collection)


def test_the_seed_has_what_a_real_distributor_has() -> None:
    store = BssStore()
    seed.seed(store, small_world())
    accounts, contacts = list(store.rows("accounts").values()), list(store.rows("contacts").values())
    assert (len(accounts), len(contacts)) == (40, 52)
    assert {row["currencyCode"] for row in accounts} >= {"EUR", "USD", "GBP", "JPY", "KZT", None}
    assert any(row["typeId"] is None and row["addresses"] for row in accounts)
    assert any(not row["addresses"] for row in accounts)
    assert any(row["addresses"] and not any(a["isBilling"] for a in row["addresses"]) for row in accounts)
    assert any(len(row["addresses"]) == 2 and row["addresses"][1]["isBilling"] for row in accounts)
    assert max(len(row["name"]) for row in accounts) > 50
    numbers = {row["id"] for row in accounts}
    assert {row["parentAccountId"] for row in accounts} <= numbers | {None}
    assert {row["accountId"] for row in contacts} < numbers
    primaries = [row["accountId"] for row in contacts if row["isPrimary"]]
    assert len(primaries) > len(set(primaries))
    assert any(row["lastName"] is None for row in contacts)
    assert sum(row["email"] is None for row in contacts) >= 4
    clients = {client.company_name for client in small_world().clients}
    assert len(clients & {row["name"] for row in accounts}) >= 4
