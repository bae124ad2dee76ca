"""Records of accounts and contacts that are more than the simple case: several addresses, items, companies, and what comes back."""

from __future__ import annotations

from cwbridge import metrics
from sandbox.faults import FaultRule
from tests.support.pairs import ADDRESS, COMPANIES, TYPES, Pairs

WAREHOUSE = {**ADDRESS, "id": "w", "address1": "Warehouse 7", "city": "Tacoma", "isBilling": False}


async def test_of_several_addresses_the_billing_one_takes_part_both_ways(pairs: Pairs) -> None:
    account = pairs.account(code="HL-1")
    (billing,) = pairs.bss.rows("accounts")[account]["addresses"]
    pairs.edit_account(account, addresses=[WAREHOUSE, billing])
    await pairs.bench.settled()
    company = await pairs.company_of(account)
    assert (company["addressLine1"], company["city"]) == ("4100 Campus Way", "Seattle")
    pairs.edit_company(company["id"], city="Portland")
    await pairs.bench.settled()
    assert pairs.in_bss(account)["city"] == "Portland"
    assert pairs.bss.rows("accounts")[account]["addresses"][0] == WAREHOUSE


async def test_of_two_items_of_one_type_the_default_one_is_synced_else_the_first(pairs: Pairs) -> None:
    account = pairs.account(code="HL-1")
    company = pairs.company(accountNumber="HL-1")
    direct = {"id": pairs.item_type("Direct")}
    people = {}
    for who, default in (("Ada", True), ("Eve", False)):
        people[who] = pairs.contact(company, who, Email=f"{who}@h.example")
        items = pairs.contact_row(people[who])["communicationItems"]
        numbers = [
            {"type": direct, "value": "1", "defaultFlag": False},
            {"type": direct, "value": "2", "defaultFlag": default},
        ]
        pairs.edit_contact(people[who], communicationItems=[*items, *numbers])
        pairs.person(account, who, email=f"{who}@h.example", isPrimary=default)
    await pairs.bench.settled(full=True)
    phones = {row["firstName"]: row["phone"] for row in pairs.bss.rows("contacts").values()}
    assert phones == {"Ada": "2", "Eve": "1"}
    ada = next(row["id"] for row in pairs.bss.rows("contacts").values() if row["firstName"] == "Ada")
    pairs.edit_person(ada, phone="3")
    await pairs.bench.settled()
    values = [item["value"] for item in pairs.contact_row(people["Ada"])["communicationItems"]]
    assert sorted(values) == ["1", "3", "Ada@h.example"]


async def test_a_contact_that_moves_in_connectwise_moves_to_the_account_of_its_company(pairs: Pairs) -> None:
    harbor, north = pairs.account("Harbor", code="H"), pairs.account("North", code="N")
    person = pairs.person(harbor, email="ada@h.example")
    await pairs.bench.settled()
    record = (await pairs.contact_of(person))["id"]
    to = await pairs.company_of(north)
    pairs.edit_contact(record, company={"id": to["id"]}, site=to["site"])
    await pairs.bench.settled()
    assert pairs.person_in_bss(person)["accountId"] == north
    unlinked = pairs.company("Unlinked", "UNLINKED")
    pairs.edit_contact(record, company={"id": unlinked}, site=pairs.in_connectwise(unlinked)["site"])
    await pairs.bench.settled()
    assert pairs.person_in_bss(person)["accountId"] == north
    await pairs.assert_quiet(f"bss/contact/{person}")


async def test_a_refused_create_is_no_sign_that_a_company_was_made_for_the_account(pairs: Pairs) -> None:
    account = pairs.account("Harbor Lights")
    key = f"bss/account/{account}"
    faults = pairs.bench.box.connectwise_faults
    faults.add(FaultRule(name="no", action="fail", status=400, method="POST", path="/company/companies"))
    await pairs.failure(key)
    assert faults.hits("no") == 1
    faults.clear()
    stranger = pairs.company("Someone else", str(account))
    assert "was not made for an account" in await pairs.failure(key)
    assert pairs.in_connectwise(stranger)["name"] == "Someone else"


async def test_what_has_disappeared_is_counted_once_and_fails_no_sync(pairs: Pairs) -> None:
    gone, kept = pairs.account("Gone", code="G"), pairs.account("Kept", code="K")
    person, other = pairs.person(kept, email="ada@h.example"), pairs.person(kept, "Eve", email="e@h.example")
    await pairs.bench.settled()
    company = await pairs.company_of(gone)
    record = (await pairs.contact_of(person))["id"]

    def missing() -> dict[str, float]:
        nouns = ("company", "account", "contact", "bss_contact")
        return {noun: metrics.OBJECTS.labels("billing", noun, "missing")._value.get() for noun in nouns}

    before = missing()
    box = pairs.bench.box
    box.connectwise_user.remove(COMPANIES, company["id"])
    box.connectwise_user.remove("company/contacts", record)
    pairs.bss.remove("contacts", other)
    written = len(pairs.written())
    for _ in range(2):
        assert (await pairs.bench.sync(full=True)).exit_code == 0
    assert {noun: count - before[noun] for noun, count in missing().items()} == {
        "company": 1,
        "account": 0,
        "contact": 1,
        "bss_contact": 1,
    }
    pairs.bss.remove("accounts", kept)
    assert (await pairs.bench.sync(full=True)).exit_code == 0
    assert missing()["account"] - before["account"] == 1
    assert pairs.written()[written:] == []


async def test_a_company_that_comes_back_from_the_recycle_bin_is_synced_again(pairs: Pairs) -> None:
    account = pairs.account("Harbor Lights", phone="1")
    await pairs.bench.settled()
    company = await pairs.company_of(account)
    pairs.bench.box.connectwise_user.remove(COMPANIES, company["id"])
    pairs.edit_account(account, phone="2")
    await pairs.bench.settled()
    assert await pairs.links.ended("company") == 1
    row = pairs.in_connectwise(company["id"])
    assert row["phoneNumber"] == "1"
    pairs.connectwise.put(COMPANIES, row | {"deletedFlag": False})
    await pairs.bench.settled(full=True)
    assert pairs.in_connectwise(company["id"])["phoneNumber"] == "2"
    assert await pairs.links.ended("company") == 0


async def test_a_company_without_types_is_skipped_until_it_gets_one(pairs: Pairs) -> None:
    company = pairs.company("North", "NORTH")
    await pairs.bench.settled()
    assert pairs.bss.rows("accounts") == {}
    association = pairs.add_type(company, "Client")
    await pairs.bench.settled(full=True)
    assert [row["name"] for row in pairs.bss.rows("accounts").values()] == ["North"]
    pairs.bench.box.connectwise_user.remove(TYPES, association)
    await pairs.bench.settled(full=True)
    assert [row["typeId"] for row in pairs.bss.rows("accounts").values()] == [1]
