"""The ConnectWise client: every method against the sandbox, and paging and discovery against a scripted peer."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import SecretStr

from cwbridge import errors
from cwbridge.connectors import trail
from cwbridge.connectors.connectwise.client import ConnectWiseClient, open_client
from cwbridge.connectors.connectwise.conditions import field
from cwbridge.connectors.connectwise.resource import Change, Resource
from cwbridge.connectors.connectwise.settings import ConnectWiseSettings
from cwbridge.limits.limiter import Limiter
from cwbridge.limits.rate import Rate
from sandbox import credentials
from sandbox.faults import FaultRule
from tests.support.configured import configured as configured_with

COMPANY_INFO = (
    b'{"CompanyName":"X","Codebase":"v2025_1/","VersionCode":"v2025.1","CompanyID":"x","IsCloud":true}'
)
NO_ENDPOINT = b'{"code":"ConnectWiseApi","message":"The endpoint does not exist."}'
ODD = [
    '19" rack',
    "back\\slash",
    "a+b & c",
    "50% #1",
    "[brackets]",
    "it's",
    "Ünïcødé 漢字",
    "a,b",
    '"',
    "%",
    "__",
    "x" * 75,
]


@pytest.fixture
async def client(peer: Any) -> AsyncIterator[ConnectWiseClient]:
    configured = configured_with(
        connectwise=ConnectWiseSettings(
            url=peer.url,
            company_id="acme inc",
            public_key=SecretStr("public-secret"),
            private_key=SecretStr("private-secret"),
            client_id=SecretStr("client-secret"),
        )
    )
    limiter = Limiter(None, namespace="t", system="connectwise", rate=Rate(0), concurrency=4)
    async with open_client(configured, limiter) as opened:
        yield opened


async def test_the_code_base_is_discovered_once_for_many_callers(
    client: ConnectWiseClient, peer: Any
) -> None:
    peer.will(peer.reply(200, COMPANY_INFO), *[peer.reply(200, b"[]")] * 5)
    await asyncio.gather(*(client.stages.find() for _ in range(5)))
    assert peer.seen[0].target == "/login/companyinfo/acme%20inc"
    assert {seen.target for seen in peer.seen[1:]} == {"/v2025_1/apis/3.0/sales/stages?pageSize=1000"}


async def test_headers_carry_the_keys_and_repr_does_not(client: ConnectWiseClient, peer: Any) -> None:
    peer.will(peer.reply(200, COMPANY_INFO), peer.reply(200, b"[]"))
    await client.check_credentials()
    headers = peer.seen[1].headers
    keys = base64.b64decode(headers["authorization"].removeprefix("Basic ")).decode()
    assert keys == "acme inc+public-secret:private-secret"
    assert headers["clientid"] == "client-secret"
    assert headers["accept"] == "application/vnd.connectwise.com+json; version=2025.1"
    assert "secret" not in repr(client) + repr(client.stages) + repr(vars(client.stages))


async def test_an_unknown_company_names_its_setting(client: ConnectWiseClient, peer: Any) -> None:
    peer.will(peer.reply(200, b"null"))
    with pytest.raises(errors.Refused) as caught:
        await client.stages.find()
    assert "CWBRIDGE_CONNECTWISE__COMPANY_ID" in str(caught.value)


@pytest.mark.parametrize("codebase", [b"../../x/", b"https://evil.example/", b"a b/", b"/"])
async def test_a_code_base_that_is_no_path_is_refused(
    client: ConnectWiseClient, peer: Any, codebase: bytes
) -> None:
    peer.will(peer.reply(200, b'{"Codebase":"%s"}' % codebase))
    with pytest.raises(errors.Malformed):
        await client.stages.find()


@pytest.mark.parametrize("page", [NO_ENDPOINT, b"<html><title>404</title></html>"])
async def test_a_write_follows_the_code_base_when_it_moved(
    client: ConnectWiseClient, peer: Any, page: bytes
) -> None:
    moved = COMPANY_INFO.replace(b"v2025_1/", b"v2026_4/")
    peer.will(
        peer.reply(200, COMPANY_INFO),
        peer.reply(404, page),
        peer.reply(200, moved),
        peer.reply(201, b'{"id":5,"name":"AV"}'),
        peer.reply(200, b"[]"),
    )
    assert (await client.categories.create({"name": "AV"})).id == 5
    await client.categories.find()
    assert [(seen.method, seen.target.split("?")[0]) for seen in peer.seen] == [
        ("GET", "/login/companyinfo/acme%20inc"),
        ("POST", "/v2025_1/apis/3.0/procurement/categories"),
        ("GET", "/login/companyinfo/acme%20inc"),
        ("POST", "/v2026_4/apis/3.0/procurement/categories"),
        ("GET", "/v2026_4/apis/3.0/procurement/categories"),
    ]


async def test_a_missing_endpoint_is_asked_about_once_a_minute(client: ConnectWiseClient, peer: Any) -> None:
    missing, stages = peer.reply(404, NO_ENDPOINT), peer.reply(200, b'[{"id":1}]')
    peer.will(peer.reply(200, COMPANY_INFO), missing, peer.reply(200, COMPANY_INFO), stages)
    with pytest.raises(errors.RequestRefused, match="endpoint does not exist"):
        await client.categories.find()
    assert len(peer.seen) == 4
    client._codebase._asked -= 30
    peer.will(missing)
    with pytest.raises(errors.RequestRefused, match="endpoint does not exist"):
        await client.categories.find()
    assert len(peer.seen) == 5


async def test_404_for_every_path_means_that_the_credentials_are_refused(
    client: ConnectWiseClient, peer: Any
) -> None:
    missing = peer.reply(404, NO_ENDPOINT)
    peer.will(peer.reply(200, COMPANY_INFO), missing, peer.reply(200, COMPANY_INFO), missing)
    with pytest.raises(errors.AuthenticationRefused, match="404 to every path"):
        await client.categories.find()
    assert [seen.target.split("?")[0].rpartition("/")[2] for seen in peer.seen[1::2]] == [
        "categories",
        "stages",
    ]


PAGE = b"<html><title>404</title></html>"


async def test_404_pages_of_a_gateway_are_retries_and_say_nothing_of_credentials(
    client: ConnectWiseClient, peer: Any
) -> None:
    page = peer.reply(404, PAGE)
    peer.will(page, peer.reply(200, COMPANY_INFO), page, peer.reply(200, COMPANY_INFO), page, page)
    with pytest.raises(errors.ServerFailed, match="gateway"):
        await client.categories.find()
    with pytest.raises(errors.ServerFailed, match="gateway"):
        await client.categories.find()
    with pytest.raises(errors.OutcomeUnknown, match="gateway") as caught:
        await client.categories.create({"name": "AV"})
    assert "gateway" in caught.value.remedy
    with pytest.raises(errors.ServerFailed, match="gateway"):
        await client.categories.get(5)
    assert len(peer.seen) == 6


@pytest.mark.parametrize("body", [b'{"name":"X"}', b'{"id":"five","name":"X"}', b"[5]"])
async def test_an_answer_to_a_create_that_names_no_record_leaves_its_outcome_unknown(
    client: ConnectWiseClient, peer: Any, body: bytes
) -> None:
    peer.will(peer.reply(200, COMPANY_INFO), peer.reply(201, body))
    with pytest.raises(errors.OutcomeUnknown):
        await client.categories.create({"name": "X"})
    assert len(peer.seen) == 2


async def test_an_odd_field_in_the_answer_to_a_write_is_no_unknown_outcome(
    client: ConnectWiseClient, peer: Any
) -> None:
    odd = peer.reply(201, b'{"id":5,"name":"X","stage":{"id":"new"},"customFields":17}')
    peer.will(peer.reply(200, COMPANY_INFO), odd, odd)
    for written in (
        await client.opportunities.create({"name": "X"}),
        await client.opportunities.patch(5, Change("replace", "/name", "X")),
    ):
        assert (written.id, written.name) == (5, "X")
        with pytest.raises(errors.Malformed, match="stage"):
            _ = written.stage


async def test_one_odd_row_hides_no_other(client: ConnectWiseClient, peer: Any) -> None:
    rows = b'[{"id":1,"name":"A"},{"id":2,"name":17,"inactiveFlag":"no"},{"id":3,"name":"C"}]'
    peer.will(peer.reply(200, COMPANY_INFO), peer.reply(200, rows))
    first, odd, last = await client.manufacturers.find()
    assert (first.name, odd.id, last.name) == ("A", 2, "C")
    with pytest.raises(errors.Malformed) as caught:
        _ = odd.inactiveFlag
    assert caught.value.cause.endswith(
        "/procurement/manufacturers in another form than documented: [].inactiveFlag"
    )
    assert "record 2" in caught.value.detail


async def test_a_missing_record_asks_for_no_code_base(client: ConnectWiseClient, peer: Any) -> None:
    peer.will(
        peer.reply(200, COMPANY_INFO),
        peer.reply(404, b'{"code":"NotFound","message":"Category 5 not found"}'),
    )
    with pytest.raises(errors.NotFound):
        await client.categories.get(5)
    assert len(peer.seen) == 2


async def test_forward_only_pages_are_followed_but_never_to_another_host(
    client: ConnectWiseClient, peer: Any
) -> None:
    link = '<https://evil.example/steal?pageSize=1000&pageId=2>; rel="next"'
    peer.will(
        peer.reply(200, COMPANY_INFO),
        peer.reply(200, b'[{"id":1},{"id":2}]', {"Link": link}),
        peer.reply(200, b'[{"id":3}]'),
    )
    assert [row.id for row in await client.manufacturers.find()] == [1, 2, 3]
    assert [seen.headers.get("pagination-type") for seen in peer.seen] == [
        None,
        "forward-only",
        "forward-only",
    ]
    assert peer.seen[2].target == "/v2025_1/apis/3.0/procurement/manufacturers?pageSize=1000&pageId=2"


async def test_a_full_page_without_a_link_is_followed_by_id(client: ConnectWiseClient, peer: Any) -> None:
    rows = b"[" + b",".join(b'{"id":%d}' % number for number in range(1, 1001)) + b"]"
    peer.will(peer.reply(200, COMPANY_INFO), peer.reply(200, rows), peer.reply(200, b"[]"))
    assert len(await client.manufacturers.find()) == 1000
    assert peer.seen[2].target.endswith("pageId=1000")


async def test_a_server_that_names_the_same_page_again_is_not_followed_for_ever(
    client: ConnectWiseClient, peer: Any
) -> None:
    link = {"Link": '<https://x/?pageId=2>; rel="next"'}
    page = peer.reply(200, b'[{"id":1},{"id":2}]', link)
    peer.will(peer.reply(200, COMPANY_INFO), page, page, page)
    assert len(await client.manufacturers.find()) == 2
    assert len(peer.seen) == 3


async def test_a_server_without_forward_only_pages_is_followed_by_number(
    client: ConnectWiseClient, peer: Any
) -> None:
    link = {"Link": '<https://x/?page=2>; rel="next"'}
    peer.will(
        peer.reply(200, COMPANY_INFO),
        peer.reply(200, b'[{"id":1}]', link),
        peer.reply(200, b'[{"id":1},{"id":2}]'),
    )
    assert [row.id for row in await client.manufacturers.find()] == [1, 2], "a row that moved is listed once"
    assert "page=2" in peer.seen[2].target


async def test_a_question_too_long_to_ask_is_refused_before_it_is_sent(
    client: ConnectWiseClient, peer: Any
) -> None:
    peer.will(peer.reply(200, COMPANY_INFO))
    with pytest.raises(errors.RequestRefused, match="longer than the 1999 characters"):
        await client.catalog.find(field("identifier").equals("漢" * 400))
    assert len(peer.seen) == 1


@hypothesis_settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(values=st.lists(st.text(max_size=75), max_size=120))
async def test_batched_look_ups_stay_under_the_url_limit(
    client: ConnectWiseClient, peer: Any, values: list[str]
) -> None:
    peer.seen.clear()
    peer.otherwise = lambda seen: peer.reply(200, COMPANY_INFO if "companyinfo" in seen.target else b"[]")
    await client.find_in(client.catalog, "identifier", values, fields=("identifier", "inactiveFlag"))
    asked = [seen for seen in peer.seen if "companyinfo" not in seen.target]
    assert bool(asked) == bool(values)
    for seen in asked:
        assert len(peer.url + seen.target + "&pageId=9223372036854775807") < 2000


async def test_the_sandbox_finds_every_odd_identifier_again(house: Any) -> None:
    kind, subcategory = await _shelf(house)
    for identifier in ODD:
        created = await house.connectwise.catalog.create(
            {
                "identifier": identifier,
                "description": "odd",
                "customerDescription": "odd",
                "subcategory": {"id": subcategory},
                "type": {"id": kind},
            }
        )
        assert created.identifier == identifier
    found = await house.connectwise.find_in(house.connectwise.catalog, "identifier", [*ODD, "not there"])
    assert sorted(item.identifier for item in found) == sorted(ODD)
    for identifier in ODD:
        (one,) = await house.connectwise.catalog.find(field("identifier").equals(identifier))
        assert one.identifier == identifier


async def test_many_identifiers_are_found_in_few_questions(house: Any) -> None:
    catalog = await house.connectwise.catalog.find(fields=("identifier",))
    wanted = [item.identifier for item in catalog]
    with trail.recording() as calls:
        found = await house.connectwise.find_in(house.connectwise.catalog, "identifier", wanted)
    assert {item.id for item in found} == {item.id for item in catalog}
    assert calls.total <= 1 + sum(len(name) + 12 for name in wanted) // 1_500 * 2


@pytest.mark.parametrize("nulls", ["omit", "explicit", "empty"])
async def test_every_collection_reads_in_every_null_style(house: Any, nulls: str) -> None:
    house.box.connectwise.modes.nulls = nulls
    client: ConnectWiseClient = house.connectwise
    collections: list[Resource[Any]] = [
        client.opportunity_types,
        client.opportunity_statuses,
        client.stages,
        client.probabilities,
        client.catalog,
        client.categories,
        client.subcategories,
        client.product_types,
        client.units_of_measure,
        client.manufacturers,
        client.companies,
        client.contacts,
        client.communication_types,
        client.countries,
        client.members,
        client.locations,
        client.departments,
        client.currencies,
    ]
    for collection in collections:
        rows = await collection.find()
        assert rows, repr(collection)
        assert (await collection.get(rows[0].id)).id == rows[0].id


async def test_an_opportunity_with_a_line_from_first_to_last(house: Any) -> None:
    client: ConnectWiseClient = house.connectwise
    opportunity = await client.opportunities.create(await _opportunity(house))
    assert opportunity.expectedCloseDate is not None
    assert (await client.opportunities.get(opportunity.id)).source == "jetbuilt:97737"
    changed = await client.opportunities.patch(opportunity.id, Change("replace", "/name", 'New "name"'))
    assert changed.name == 'New "name"'
    (item, *_) = await client.catalog.find(field("inactiveFlag").equals(value=False), limit=1)
    line = await client.products.create(
        {
            "opportunity": {"id": opportunity.id},
            "catalogItem": {"id": item.id},
            "integrationXRef": "item:1900102@abc",
            "quantity": Decimal("2.5"),
            "price": Decimal("22257.98"),
            "cost": Decimal("0.1"),
            "billableOption": "Billable",
        }
    )
    assert (line.quantity, line.price, line.cost) == (Decimal("2.5"), Decimal("22257.98"), Decimal("0.1"))
    lines = await client.products.find(
        field("opportunity/id").equals(opportunity.id), fields=("integrationXRef",)
    )
    assert [(row.id, row.integrationXRef) for row in lines] == [(line.id, "item:1900102@abc")]
    await client.products.delete(line.id)
    await client.products.delete(line.id)
    assert await client.products.find(field("opportunity/id").equals(opportunity.id)) == []
    assert not await client.converted(opportunity.id)
    house.box.connectwise.convert(opportunity.id)
    assert await client.converted(opportunity.id)
    note = await client.notes(opportunity.id).create({"text": "line one\nline two"})
    assert [row.id for row in await client.notes(opportunity.id).find()] == [note.id]


async def test_a_company_with_site_and_contact(house: Any) -> None:
    client: ConnectWiseClient = house.connectwise
    company = await client.companies.create({"identifier": "ACME", "name": "Acme", "site": {"name": "Main"}})
    site = await client.sites(company.id).create({"name": "Warehouse"})
    assert site.id in {row.id for row in await client.sites(company.id).find()}
    kinds = await client.communication_types.find(field("emailFlag").equals(value=True))
    contact = await client.contacts.create(
        {
            "firstName": "Ada",
            "company": {"id": company.id},
            "communicationItems": [
                {"type": {"id": kinds[0].id}, "value": "ada+1@acme.example", "communicationType": "Email"}
            ],
        }
    )
    found = await client.contacts.find(child=field("communicationItems/value").equals("ada+1@acme.example"))
    assert [row.id for row in found] == [contact.id]
    with pytest.raises(errors.Duplicate) as caught:
        await client.companies.create({"identifier": "acme", "name": "Acme", "site": {"name": "Main"}})
    assert caught.value.field == "identifier"


async def test_a_missing_field_is_named(house: Any) -> None:
    with pytest.raises(errors.MissingField) as caught:
        await house.connectwise.categories.create({})
    assert caught.value.field == "name"


async def test_lists_longer_than_a_page_come_whole_by_id(house: Any) -> None:
    for number in range(1_050):
        house.box.connectwise.add("procurement/manufacturers", name=f"Maker {number:04}")
    client: ConnectWiseClient = house.connectwise
    by_id = await client.manufacturers.find()
    assert len(by_id) >= 1_050
    assert [row.id for row in by_id] == sorted(row.id for row in by_id)
    assert len(await client.manufacturers.find(limit=7)) == 7


async def test_rows_deleted_and_made_while_a_list_is_read_move_no_other_row(house: Any) -> None:
    store = house.box.connectwise
    kept = [
        store.add("procurement/manufacturers", name=f"Maker {number:04}")["id"] for number in range(1_200)
    ]
    house.box.connectwise_faults.add(
        FaultRule(name="stop", action="hold_before", path="/procurement/manufacturers", after=1, times=1)
    )
    reading = asyncio.create_task(house.connectwise.manufacturers.find())
    async with asyncio.timeout(10):
        while not house.box.connectwise_faults.waiting("stop"):  # noqa: ASYNC110 - the sandbox has no event for it
            await asyncio.sleep(0.001)
    for number in kept[:50]:
        store.remove("procurement/manufacturers", number)
    store.add("procurement/manufacturers", name="Late maker")
    house.box.connectwise_faults.clear("stop")
    assert {row.id for row in await reading} >= set(kept[50:])


async def test_the_code_base_of_the_sandbox_moves_in_the_middle(house: Any) -> None:
    await house.connectwise.check_credentials()
    house.box.connectwise.modes.codebase = "v2026_4/"
    created = await house.connectwise.categories.create({"name": "Moved"})
    assert (await house.connectwise.categories.get(created.id)).name == "Moved"


@pytest.mark.parametrize("action", ["lose", "half", "garble"])
async def test_a_write_with_a_lost_answer_happens_exactly_once(house: Any, action: str) -> None:
    await house.connectwise.check_credentials()
    house.box.connectwise_faults.add(FaultRule(name="once", action=action, method="POST"))  # type: ignore[arg-type]
    with pytest.raises(errors.OutcomeUnknown):
        await house.connectwise.categories.create({"name": "Once"})
    assert house.box.connectwise_faults.hits("once") == 1
    assert len(await house.connectwise.categories.find(field("name").equals("Once"))) == 1


async def test_a_throttled_write_happens_exactly_once(house: Any) -> None:
    house.box.connectwise_faults.add(
        FaultRule(name="wait", action="throttle", method="POST", times=3, retry_after=0)
    )
    await house.connectwise.categories.create({"name": "Once"})
    assert house.box.connectwise_faults.hits("wait") == 3
    assert len(await house.connectwise.categories.find(field("name").equals("Once"))) == 1


async def test_product_lines_wait_while_inventory_auditing_is_on(house: Any) -> None:
    client: ConnectWiseClient = house.connectwise
    opportunity = await client.opportunities.create(await _opportunity(house))
    (item, *_) = await client.catalog.find(field("inactiveFlag").equals(value=False), limit=1)
    house.box.connectwise.modes.inventory_auditing = "all"
    with pytest.raises(errors.InventoryLocked):
        await client.products.create(
            {
                "opportunity": {"id": opportunity.id},
                "catalogItem": {"id": item.id},
                "quantity": 1,
                "billableOption": "Billable",
            }
        )


@pytest.mark.parametrize(
    ("name", "expected"),
    [("private_key", errors.AuthenticationRefused), ("client_id", errors.PermissionRefused)],
)
async def test_wrong_credentials_are_found_out(
    open_house: Any, name: str, expected: type[errors.WorkError]
) -> None:
    house = await open_house()
    keys = {
        "url": house.box.connectwise_url,
        "company_id": credentials.CONNECTWISE_COMPANY_ID,
        "public_key": credentials.CONNECTWISE_PUBLIC_KEY,
        "private_key": credentials.CONNECTWISE_PRIVATE_KEY,
        "client_id": credentials.CONNECTWISE_CLIENT_ID,
    }
    other = await open_house(connectwise=keys | {name: ""})
    with pytest.raises(expected):
        await other.connectwise.check_credentials()


async def _shelf(house: Any) -> tuple[int, int]:
    (kind, *_) = await house.connectwise.product_types.find(limit=1)
    (subcategory, *_) = await house.connectwise.subcategories.find(limit=1)
    return kind.id, subcategory.id


async def _opportunity(house: Any) -> dict[str, Any]:
    client: ConnectWiseClient = house.connectwise
    (contact, *_) = [row for row in await client.contacts.find() if row.company is not None]
    (member, *_) = await client.members.find(limit=1)
    assert contact.company is not None
    return {
        "name": "Boardroom",
        "source": "jetbuilt:97737",
        "primarySalesRep": {"id": member.id},
        "company": {"id": contact.company.id},
        "contact": {"id": contact.id},
        "expectedCloseDate": "2026-12-31T00:00:00Z",
    }
