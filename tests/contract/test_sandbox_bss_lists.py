"""Lists and single objects of the BSS stand-in: the envelope, pages, filters, orders, and the styles of answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.contract.sandbox_bss import Bss, open_bss

ACCOUNTS = "/api/accounts"


@pytest.fixture
async def bss() -> AsyncIterator[Bss]:
    async with open_bss() as opened:
        yield opened


async def codes(bss: Bss, expression: str) -> set[str | None]:
    return {row["code"] for row in await bss.rows("accounts", filter=expression, pageSize=500)}


async def test_a_list_is_an_envelope_and_a_single_object_is_bare(bss: Bss) -> None:
    listed = await bss.get(ACCOUNTS, pageSize=500)
    assert listed.keys() == {"data", "paging", "links"}
    assert listed["paging"] == {"totalRecords": 40, "totalPages": 1}
    assert listed["links"] == {"next": None}
    first = listed["data"][0]
    assert await bss.get(f"/api/accounts/{first['id']}") == first


async def test_the_links_lead_through_every_page_and_keep_the_query(bss: Bss) -> None:
    page = await bss.get(ACCOUNTS, pageSize=3, filter="contains(code, 'US-')", orderby="name desc")
    names = [row["name"] for row in page["data"]]
    assert page["paging"] == {"totalRecords": 10, "totalPages": 4}
    while (address := page["links"]["next"]) is not None:
        page = (await bss.call("GET", address.replace(bss.box.bss_url, ""))).value
        names += [row["name"] for row in page["data"]]
    assert len(names) == 10
    assert names == sorted(names, key=str.casefold, reverse=True)


async def test_a_page_beyond_the_last_is_empty(bss: Bss) -> None:
    page = await bss.get(ACCOUNTS, pageIndex=9, pageSize=40)
    assert (page["data"], page["links"]) == ([], {"next": None})
    nothing = await bss.get(ACCOUNTS, filter="id eq 1")
    assert nothing["paging"] == {"totalRecords": 0, "totalPages": 0}


@pytest.mark.parametrize(
    "query",
    [
        {"pageIndex": "0"},
        {"pageIndex": "-1"},
        {"pageSize": "all"},
        {"pageSize": "501"},
        {"pagesize": "5"},
        {"size": "5"},
        {"filter": "id eq 5"},
        [("pageSize", "5"), ("pageSize", "6")],
    ],
)
async def test_unknown_and_wrong_parameters_are_refused(bss: Bss, query: Any) -> None:
    refused = await bss.call("GET", ACCOUNTS, query=query)
    assert refused.status == 400
    assert refused.value.keys() == {"Type", "Message"}


async def test_a_tenant_may_clamp_pages_and_leave_out_links(bss: Bss) -> None:
    modes = bss.store.modes
    modes.page_limit, modes.long_page, modes.next_link = 10, "clamp", False
    page = await bss.get(ACCOUNTS, pageSize=500)
    assert (len(page["data"]), page.keys()) == (10, {"data", "paging"})
    assert page["paging"] == {"totalRecords": 40, "totalPages": 4}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("id eq 1040", {"AEG-001"}),
        ("code eq 'US-100'", {"US-100"}),
        ("code eq 'us-100'", {"US-100"}),
        ("name eq 'St Aldate''s Primary School'", {"GB-241"}),
        ("name eq 'Müller & Söhne GmbH'", {"DE-200"}),
        ("id gt 1040 and id lt 1046", {"AEG-002"}),
        ("id ge 1040 and id le 1043", {"AEG-001", "AEG-002"}),
        ("id eq 1040 or id eq 1043 and code eq 'x'", {"AEG-001"}),
        ("(id eq 1040 or id eq 1043) and code eq 'AEG-002'", {"AEG-002"}),
        ("contains(name,'CLOUD') and code ne 'JP-280'", {"US-105"}),
        ("((code eq 'CY-010'))", {"CY-010"}),
        ("updatedAt lt datetime'2000-01-01' or id eq 1052.0", {"CY-010"}),
        ("code eq 'x' or name eq 'Interlink Holdings'", {None}),
    ],
)
async def test_a_filter_finds_what_it_says(bss: Bss, expression: str, expected: set[str | None]) -> None:
    assert await codes(bss, expression) == expected


async def test_a_row_without_a_value_is_unequal_to_any(bss: Bss) -> None:
    assert None in await codes(bss, "code ne 'US-100'")
    assert None not in await codes(bss, "code gt 'A'")


async def test_a_tenant_may_tell_upper_from_lower_case(bss: Bss) -> None:
    bss.store.modes.case_sensitive = True
    assert await codes(bss, "code eq 'us-100'") == set()
    assert await codes(bss, "contains(code, 'US-100')") == {"US-100"}


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "id",
        "id eq",
        "id = 1040",
        "id EQ 1040",
        "eq 1040",
        "1040 eq id",
        "id eq 1040 and",
        "id eq 1040 code eq 'x'",
        "(id eq 1040",
        "id eq 1040)",
        "not (id eq 1040)",
        "id eq null",
        "id in (1040, 1043)",
        "id eq '1040'",
        "id eq true",
        "name eq 5",
        'name eq "x"',
        "name eq 'x",
        "contains(name)",
        "contains(id, '1')",
        "contains('x', name)",
        "startswith(name, 'x')",
        "phone eq '1'",
        "Name eq 'x'",
        "type/id eq 1",
        "createdAt gt datetime'2020-01-01'",
        "updatedAt gt '2020-01-01'",
        "updatedAt gt 2020-01-01",
        "updatedAt gt datetime'yesterday'",
        "updatedAt gt datetime'2020-13-01'",
        "updatedAt gt datetime'2020-01-01T10:00'",
        "updatedAt gt datetime'2020-01-01T10:00:00Z'",
        "updatedAt gt datetime'2020-01-01T10:00:00+02:00'",
        "updatedAt gt datetime2020-01-01",
        "(" * 40 + "id eq 1" + ")" * 40,
    ],
)
async def test_what_is_no_supported_filter_is_refused(bss: Bss, expression: str) -> None:
    refused = await bss.call("GET", ACCOUNTS, query={"$filter": expression})
    assert refused.status == 400
    assert refused.value.keys() == {"Type", "Message"}


async def test_contacts_are_found_by_account_and_by_e_mail(bss: Bss) -> None:
    both = await bss.rows("contacts", filter="email eq 'Nikos.Pappas@aegeanit.example'")
    assert [row["account"]["id"] for row in both] == [1040, 1043]
    of_one = await bss.rows("contacts", filter="accountId eq 1043")
    assert [row["lastName"] for row in of_one] == ["Vlachos", "Pappas"]
    for wrong in ("name eq 'x'", "id eq 5", "firstName eq 'Nikos'"):
        assert (await bss.call("GET", "/api/contacts", query={"$filter": wrong})).status == 400


async def test_changes_are_found_by_time(bss: Bss) -> None:
    bss.store.edit("accounts", 1040, phone="1")
    changed = bss.store.rows("accounts")[1040]["updatedAt"]
    at = changed.strftime("%Y-%m-%dT%H:%M:%S.") + f"{changed.microsecond // 1000:03d}"
    assert [row["id"] for row in await bss.rows("accounts", filter=f"updatedAt ge datetime'{at}'")] == [1040]
    assert await bss.rows("accounts", filter=f"updatedAt gt datetime'{at}'") == []


async def test_literals_and_shown_times_are_in_the_zone_of_the_tenant(bss: Bss) -> None:
    row = bss.store.rows("accounts")[1040]
    bss.store.put("accounts", row | {"updatedAt": datetime(2040, 7, 1, 12, 30, 15, 123000, UTC)})
    expression = "updatedAt ge datetime'2040-07-01T14:00:00'"
    assert await codes(bss, expression) == set()
    bss.store.modes.time_zone = "Europe/Athens"
    (found,) = await bss.rows("accounts", filter=expression)
    assert found["updatedAt"] == "2040-07-01T15:30:15.123+03:00"
    bss.store.modes.offsets, bss.store.modes.time_digits = False, 7
    assert (await bss.get("/api/accounts/1040"))["updatedAt"] == "2040-07-01T15:30:15.1230000"
    bss.store.modes.time_digits = 0
    assert (await bss.get("/api/accounts/1040"))["updatedAt"] == "2040-07-01T15:30:15"
    assert await codes(bss, "updatedAt gt datetime'2040-07-02'") == set()


async def test_a_list_is_in_the_order_that_is_asked_for(bss: Bss) -> None:
    ids = [row["id"] for row in await bss.rows("accounts", pageSize=500)]
    assert ids == sorted(ids)
    bss.store.edit("accounts", 1100, phone="1")
    newest = await bss.rows("accounts", orderby="updatedAt desc", pageSize=500)
    times = [row["updatedAt"] for row in newest]
    assert newest[0]["id"] == 1100
    assert times == sorted(times, reverse=True)
    by_code = await bss.rows("accounts", orderby="code, name desc", pageSize=500)
    assert [row["code"] for row in by_code[:3]] == [None, None, "AE-290"]
    assert [row["name"] for row in by_code[:2]] == ["Interlink Holdings", '"Walk-in" Customer 🚀']


@pytest.mark.parametrize(
    "order", ["", "phone", "updatedAt down", "updatedAt DESC", "name,,code", "Name", "-name"]
)
async def test_what_is_no_supported_order_is_refused(bss: Bss, order: str) -> None:
    assert (await bss.call("GET", ACCOUNTS, query={"$orderby": order})).status == 400


async def test_a_tenant_may_know_updated_at_in_neither_filter_nor_order(bss: Bss) -> None:
    modes = bss.store.modes
    modes.filter_updated = False
    for collection in ("accounts", "contacts"):
        query = {"$filter": "updatedAt gt datetime'2020-01-01'"}
        assert (await bss.call("GET", f"/api/{collection}", query=query)).status == 400
        assert await bss.rows(collection, orderby="updatedAt desc")
    assert await codes(bss, "id eq 1040")
    modes.order_updated = False
    refused = await bss.call("GET", ACCOUNTS, query={"$orderby": "updatedAt desc"})
    assert (refused.status, "updatedAt" in refused.value["Message"]) == (400, True)
    assert await bss.rows("accounts", orderby="createdAt desc")


async def test_an_account_has_the_documented_shape(bss: Bss) -> None:
    account = await bss.get("/api/accounts/1043")
    assert account["type"] == {"id": 2, "name": "Reseller"}
    assert account["transactionCurrency"] == {"id": 3, "name": "Euro", "code": "EUR"}
    assert account["parentAccount"] == {"id": 1040, "name": "Aegean IT Distribution SA"}
    assert {address["isBilling"] for address in account["addresses"]} == {True, False}
    assert account["integrationId"] is None
    contact = (await bss.rows("contacts", filter="accountId eq 1043"))[0]
    assert contact["account"] == {"id": 1043, "name": "Aegean IT North"}
    assert contact["isPrimary"] is True
    types = await bss.rows("organization/accounttypes")
    assert {"id": 1, "name": "Customer"} in types


async def test_rows_of_a_list_may_be_brief(bss: Bss) -> None:
    bss.store.modes.brief_lists = True
    assert all("addresses" not in row for row in await bss.rows("accounts"))
    assert (await bss.get("/api/accounts/1040"))["addresses"]


async def test_fields_may_be_written_in_another_way(bss: Bss) -> None:
    plain = await bss.get("/api/accounts/1043")
    modes = bss.store.modes
    modes.names = "pascal"
    capital = await bss.get("/api/accounts/1043")
    assert {"Id", "WebSite", "TransactionCurrency"} <= capital.keys()
    assert {"Id", "Name"} == capital["Type"].keys()
    modes.names = "mixed"
    mixed = await bss.get("/api/accounts/1043")
    assert {name.lower() for name in mixed} == {name.lower() for name in plain}
    assert plain.keys() != mixed.keys() != capital.keys()
    page = (await bss.call("GET", ACCOUNTS)).value
    assert page.keys() == {"data", "paging", "links"}


async def test_numbers_may_be_strings_and_the_currency_has_an_older_name(bss: Bss) -> None:
    bss.store.modes.numbers, bss.store.modes.currency_field = "text", "currency"
    account = await bss.get("/api/accounts/1043")
    assert (account["id"], account["type"]["id"], account["currency"]["code"]) == ("1043", "2", "EUR")
    assert account["isTaxable"] is True or account["isTaxable"] is False
    assert "transactionCurrency" not in account


async def test_what_is_missing_is_null_or_left_out_or_empty(bss: Bss) -> None:
    (number,) = [row["id"] for row in await bss.rows("accounts") if row["name"].startswith('"Walk-in"')]
    path = f"/api/accounts/{number}"
    explicit = await bss.get(path)
    assert (explicit["code"], explicit["type"], explicit["addresses"]) == (None, None, [])
    bss.store.modes.nulls = "omit"
    assert not {"code", "type", "phone"} & (await bss.get(path)).keys()
    bss.store.modes.nulls = "empty"
    empty = await bss.get(path)
    assert (empty["code"], empty["type"]) == ("", None)
