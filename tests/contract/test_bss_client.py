"""The BSS client: the stand-in in all its styles and with all its faults, and odd answers from a scripted peer."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from cwbridge import clock, errors
from cwbridge.connectors.bss import assumptions, filters, refusals
from cwbridge.connectors.bss.client import BssClient
from cwbridge.connectors.bss.drafts import replace
from cwbridge.connectors.calls import Request
from cwbridge.connectors.transport import Transport
from sandbox import credentials
from tests.contract.bss_house import BssHouse, open_bss, open_house
from tests.support.until import until

GRANT = ("POST", "/oauth/token")
LIST, ONE = ("GET", "/accounts"), ("GET", "/accounts/{id}")


@pytest.fixture
async def house() -> AsyncIterator[BssHouse]:
    async with open_house() as opened:
        yield opened


@pytest.fixture
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assumptions, "FORBIDDEN_PAUSES", (0.01,) * 4)


def some_account(house: BssHouse) -> int:
    return int(min(house.store.rows("accounts")))


# The token


async def test_many_callers_at_once_share_one_token(house: BssHouse) -> None:
    await asyncio.gather(*(house.client.accounts.get(some_account(house)) for _ in range(20)))
    assert (house.calls(*GRANT), house.calls(*ONE)) == (1, 20)


async def test_a_revoked_token_is_replaced_once_for_all_callers(house: BssHouse) -> None:
    await house.client.check_credentials()
    house.store.tokens.revoke()
    await asyncio.gather(*(house.client.accounts.get(some_account(house)) for _ in range(20)))
    assert house.calls(*GRANT) == 2


@pytest.mark.parametrize(("lifetime", "renewed_after"), [(1200, 1140), (100, 80)])
async def test_a_token_is_renewed_before_it_ends(
    house: BssHouse, monkeypatch: pytest.MonkeyPatch, lifetime: int, renewed_after: int
) -> None:
    house.modes.token_seconds = lifetime
    started = clock.lasting_seconds()
    await house.client.check_credentials()
    for passed, grants in [(renewed_after - 2, 1), (renewed_after + 2, 2)]:
        monkeypatch.setattr(clock, "lasting_seconds", lambda passed=passed: started + passed)
        await house.client.check_credentials()
        assert house.calls(*GRANT) == grants
    assert house.calls("GET", "/accounts") == 3


async def test_a_token_without_an_end_is_kept_until_it_is_refused(house: BssHouse) -> None:
    house.modes.tell_expiry = False
    for _ in range(3):
        await house.client.check_credentials()
    assert house.calls(*GRANT) == 1
    house.store.tokens.revoke()
    await house.client.check_credentials()
    assert house.calls(*GRANT) == 2


async def test_a_refused_new_token_puts_the_system_on_hold(house: BssHouse) -> None:
    house.modes.token_seconds = 0
    with pytest.raises(errors.AuthenticationRefused, match="BSS refused the credentials"):
        await house.client.check_credentials()
    assert (house.calls(*GRANT), house.calls(*LIST)) == (2, 2)
    with pytest.raises(errors.SystemOnHold):
        await house.client.check_credentials()


@pytest.mark.parametrize("name", ["username", "password", "client_key", "client_secret"])
async def test_wrong_credentials_are_told_and_not_shown(house: BssHouse, name: str) -> None:
    async with open_bss(house.box.bss_url, **{name: "wrong-and-secret"}) as client:
        with pytest.raises(errors.AuthenticationRefused) as refused:
            await client.check_credentials()
    assert "incorrect" in refused.value.detail
    assert "wrong-and-secret" not in f"{refused.value} {refused.value.remedy}"
    assert house.calls(*LIST) == 0


async def test_a_lost_answer_to_the_grant_is_no_lost_write(house: BssHouse) -> None:
    house.fault("lose", path="/oauth/token", times=2)
    await house.client.check_credentials()
    assert house.calls(*GRANT) == 3


async def test_no_repr_shows_credentials(house: BssHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    send = Transport.send

    async def watched(transport: Transport, request: Request[Any]) -> Any:
        answer = await send(transport, request)
        shown.extend([repr(request), repr(answer)])
        return answer

    monkeypatch.setattr(Transport, "send", watched)
    await house.client.contacts.create({"firstName": "Ada", "accountId": some_account(house)})
    text = " ".join([*shown, repr(house.client)])
    token = next(iter(house.store.tokens._ends))
    assert len(shown) == 4
    for secret in (credentials.BSS_CLIENT_SECRET, "demo+bss", "Basic ", token):
        assert secret not in text


async def test_an_unknown_version_is_told(house: BssHouse) -> None:
    async with open_bss(house.box.bss_url, api_version="9") as client:
        with pytest.raises(errors.RequestRefused, match="The version '9' of the API is not available"):
            await client.check_credentials()


# Refusals and faults


async def test_the_rate_limit_is_waited_out_and_a_create_happens_once(
    house: BssHouse, short_pauses: None
) -> None:
    house.fault("throttle", method="POST", path="/contacts", times=4)
    made = await house.client.contacts.create({"firstName": "Ada", "accountId": some_account(house)})
    assert [write.id for write in house.store.writes] == [made]
    assert house.calls("POST", "/contacts") == 5


@pytest.mark.parametrize(
    ("switches", "call"),
    [
        ({"forbidden": ["accounts"]}, lambda client: client.accounts.find()),
        ({"write_access": False}, lambda client: client.accounts.create({"name": "X"})),
    ],
)
async def test_403_to_the_end_names_both_reasons(
    house: BssHouse, short_pauses: None, switches: dict[str, Any], call: Any
) -> None:
    for name, value in switches.items():
        setattr(house.modes, name, value)
    with pytest.raises(errors.PermissionRefused) as refused:
        await call(house.client)
    assert "permission" in refused.value.cause
    assert "rate limit" in refused.value.cause
    assert "CWBRIDGE_BSS__RATE_LIMIT" in refused.value.remedy
    assert sum(status == 403 for call in house.box.bss_calls.recent for status in [call.status]) == 5


def test_the_pauses_after_403_are_those_of_the_contract() -> None:
    assert assumptions.FORBIDDEN_PAUSES == (1.0, 2.0, 4.0, 8.0)


async def test_another_403_pause_keeps_no_other_call_waiting(
    house: BssHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing permission of one collection must not stop the others."""
    monkeypatch.setattr(assumptions, "FORBIDDEN_PAUSES", (60.0,))
    house.modes.forbidden = ["contacts"]
    forbidden = asyncio.create_task(house.client.contacts.find())
    await until(lambda: house.calls("GET", "/contacts"), what="contacts are asked for")
    async with asyncio.timeout(10):
        assert await house.client.accounts.find()
    forbidden.cancel()


async def test_a_refused_value_is_told_in_the_words_of_the_server(house: BssHouse) -> None:
    with pytest.raises(refusals.RequestInvalid, match="There is no country 'Atlantis'"):
        await house.client.accounts.create({"name": "X", "address": {"country": "Atlantis"}})
    with pytest.raises(refusals.RequestInvalid, match=r"not supported in \$filter"):
        await house.client.accounts.find(filters.equals("phone", "1"))
    assert house.store.writes == []


async def test_a_missing_record_is_not_found(house: BssHouse) -> None:
    with pytest.raises(errors.NotFound, match="There is no account 999999"):
        await house.client.accounts.get(999_999)


@pytest.mark.parametrize("action", ["lose", "half", "garble"])
@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_a_write_with_a_lost_answer_happens_exactly_once(
    house: BssHouse, action: str, method: str
) -> None:
    await house.client.check_credentials()
    house.modes.patch_answer = "object"
    house.fault(action, method=method, path="/accounts*")
    accounts = house.client.accounts
    write = (
        accounts.create({"name": "Once"})
        if method == "POST"
        else accounts.patch(some_account(house), replace("/phone", "1"))
    )
    with pytest.raises(errors.OutcomeUnknown):
        await write
    assert [write.method for write in house.store.writes] == [method]


@pytest.mark.parametrize("rule", [{"action": "fail", "status": 503}, {"action": "fail", "html": True}])
async def test_a_failing_server_is_read_again_and_never_written_again(
    house: BssHouse, rule: dict[str, Any]
) -> None:
    house.fault(**rule, path="/accounts*", times=2)
    assert (await house.client.accounts.get(some_account(house))).id == some_account(house)
    house.fault(**rule, path="/accounts*")
    with pytest.raises(errors.ServerFailed):
        await house.client.accounts.find()
    with pytest.raises(errors.OutcomeUnknown):
        await house.client.accounts.create({"name": "Once"})
    assert house.calls("POST", "/accounts") == 1


# Reading


STYLES = list(
    itertools.product(
        ["camel", "pascal", "mixed"],
        ["number", "text"],
        ["explicit", "omit", "empty"],
        ["transactionCurrency", "currency"],
    )
)


async def test_every_style_of_answers_reads_the_same(house: BssHouse) -> None:
    client = house.client

    async def everything() -> list[Any]:
        accounts, contacts = await client.accounts.find(), await client.contacts.find()
        one = await client.accounts.get(some_account(house))
        told = [
            (msgspec.structs.replace(row, currency=None, transactionCurrency=None), row.currency_code)
            for row in [*accounts, one]
        ]
        return [told, contacts, await client.account_types()]

    expected = await everything()
    assert len(expected[0]) > 10
    for names, numbers, nulls, currency_field in STYLES:
        house.modes.names, house.modes.numbers = names, numbers  # type: ignore[assignment]
        house.modes.nulls, house.modes.currency_field = nulls, currency_field  # type: ignore[assignment]
        assert await everything() == expected, (names, numbers, nulls, currency_field)


async def test_an_account_is_read_with_what_the_mapping_needs(house: BssHouse) -> None:
    row = next(
        row
        for row in house.store.rows("accounts").values()
        if row["typeId"] and row["currencyCode"] and any(a["isBilling"] for a in row["addresses"])
    )
    account = await house.client.accounts.get(row["id"])
    stored = next(address for address in row["addresses"] if address["isBilling"])
    assert account.billing_address is not None
    assert (account.name, account.code, account.currency_code) == (
        row["name"],
        row["code"],
        row["currencyCode"],
    )
    assert msgspec.structs.asdict(account.billing_address) == {
        name: stored[name] for name in type(account.billing_address).__struct_fields__
    }
    assert account.type is not None
    assert (account.type.id, account.updatedAt) == (row["typeId"], row["updatedAt"].astimezone(UTC))


async def test_rows_of_brief_lists_lack_addresses_and_the_account_has_them(house: BssHouse) -> None:
    house.modes.brief_lists = True
    assert {row.addresses for row in await house.client.accounts.find()} == {None}
    assert (await house.client.accounts.get(some_account(house))).addresses


@pytest.mark.parametrize("digits", [0, 3, 7])
@pytest.mark.parametrize("zone", ["UTC", "Europe/Athens", "America/New_York"])
@pytest.mark.parametrize("offsets", [True, False])
async def test_times_are_moments_in_every_zone(*, zone: str, offsets: bool, digits: int) -> None:
    async with open_house(time_zone=None if offsets else zone) as house:
        house.modes.time_zone, house.modes.offsets, house.modes.time_digits = zone, offsets, digits
        for account in await house.client.accounts.find():
            stored = house.store.rows("accounts")[account.id]["updatedAt"]
            assert account.updatedAt is not None
            assert account.updatedAt.tzinfo is UTC
            assert (
                timedelta(0)
                <= stored - account.updatedAt
                < timedelta(seconds=0 if digits else 1) + timedelta(milliseconds=1)
            )
        assert not house.client.times.are_uncertain


async def test_times_without_an_offset_are_uncertain_until_the_zone_is_set(house: BssHouse) -> None:
    house.modes.offsets = False
    await house.client.check_credentials()
    assert house.client.times.are_uncertain


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "Europe/Athens", "America/New_York"])
@pytest.mark.parametrize("is_set", [True, False])
async def test_a_filter_by_time_misses_nothing(*, zone: str, is_set: bool) -> None:
    async with open_house(time_zone=zone if is_set else None) as house:
        house.modes.time_zone = zone
        await house.client.check_credentials()
        changes = [row["updatedAt"] for row in house.store.rows("accounts").values()]
        for since in sorted(changes)[::7]:
            found = await house.client.accounts.find(filters.updated_after(since))
            expected = {
                row["id"] for row in house.store.rows("accounts").values() if row["updatedAt"] > since
            }
            assert expected <= {row.id for row in found}
            assert all(row.updatedAt and row.updatedAt > since - timedelta(hours=3) for row in found)


@pytest.mark.parametrize(
    "text", ["O'Neil & Söhne", "100% 'quoted'", "a eq 'b' or 1 eq 1", "+#?/=&", "日本 🎉", "\\'"]
)
async def test_text_in_a_filter_is_text(house: BssHouse, text: str) -> None:
    made = await house.client.accounts.create({"name": text, "code": text})
    for name in ("name", "code"):
        assert [row.id for row in await house.client.accounts.find(filters.equals(name, text))] == [made]
    assert [row.name for row in await house.client.accounts.find(filters.equals("id", made))] == [text]


# Pages


@pytest.mark.parametrize(
    "switches",
    [{}, {"next_link": False}, {"page_limit": 7, "long_page": "clamp"}],
    ids=["links", "no links", "clamped"],
)
async def test_a_list_longer_than_a_page_comes_whole(switches: dict[str, Any]) -> None:
    async with open_house(page_size=10) as house:
        for name, value in switches.items():
            setattr(house.modes, name, value)
        rows = await house.client.accounts.find()
        assert [row.id for row in rows] == sorted(house.store.rows("accounts"))
        size = min(10, switches.get("page_limit", 10))
        assert house.calls(*LIST) == -(-len(rows) // size)


async def test_a_list_that_lost_a_row_to_a_page_read_already_is_read_again() -> None:
    async with open_house(page_size=10) as house:
        await house.client.check_credentials()
        house.box.bss_calls.clear()
        house.fault("hold_before", path="/accounts", after=1, times=1)
        reading = asyncio.create_task(house.client.accounts.find())
        await until(lambda: house.box.bss_faults.waiting("hold_before"), what="a page is held")
        house.store.remove("accounts", some_account(house))
        house.box.bss_faults.release("hold_before")
        assert {row.id for row in await reading} >= set(house.store.rows("accounts"))


def rows(*numbers: int) -> list[dict[str, Any]]:
    return [{"id": number, "name": f"Account {number}"} for number in numbers]


@pytest.fixture
async def scripted(peer: Any) -> AsyncIterator[BssClient]:
    """A client of a scripted peer that has granted a token."""
    peer.will(peer.reply(200, msgspec.json.encode({"access_token": "t"})))
    async with open_bss(peer.url, page_size=10) as client:
        yield client


async def test_the_address_of_the_next_page_is_never_called(scripted: BssClient, peer: Any) -> None:
    elsewhere = {"data": rows(1), "links": {"next": "https://elsewhere.example/api/accounts?pageIndex=9"}}
    peer.will(
        peer.reply(200, msgspec.json.encode(elsewhere)),
        peer.reply(200, msgspec.json.encode({"data": rows(2)})),
    )
    assert [row.id for row in await scripted.accounts.find()] == [1, 2]
    assert [call.target for call in peer.seen[1:]] == [
        "/api/accounts?pageIndex=1&pageSize=10",
        "/api/accounts?pageIndex=2&pageSize=10",
    ]


async def test_a_list_that_keeps_moving_is_told(scripted: BssClient, peer: Any) -> None:
    moving = {"data": rows(1, 2), "paging": {"totalRecords": 3, "totalPages": 1}}
    peer.otherwise = lambda _seen: peer.reply(200, msgspec.json.encode(moving))
    with pytest.raises(errors.Unsettled, match="kept changing"):
        await scripted.accounts.find()
    assert len(peer.seen) == 4


async def test_one_odd_row_hides_no_other(scripted: BssClient, peer: Any) -> None:
    odd = [*rows(1), {"id": 2, "updatedAt": "yesterday", "phone": ["1"]}]
    peer.will(peer.reply(200, msgspec.json.encode({"data": odd})))
    first, second = await scripted.accounts.find()
    assert (first.name, second.id) == ("Account 1", 2)
    with pytest.raises(errors.Malformed, match="updatedAt"):
        _ = second.updatedAt


async def test_a_time_that_is_not_set_is_none(scripted: BssClient, peer: Any) -> None:
    unset = [
        {"id": 1, "updatedAt": "0001-01-01T00:00:00"},
        {"id": 2, "updatedAt": "0001-01-01T00:00:00+02:00"},
    ]
    peer.will(peer.reply(200, msgspec.json.encode({"data": unset})))
    assert [row.updatedAt for row in await scripted.accounts.find()] == [None, None]


@pytest.mark.parametrize("body", ['"not JSON of an object"', "plain words", "", '{"message": "words"}'])
async def test_a_refusal_of_any_form_is_a_refusal(scripted: BssClient, peer: Any, body: str) -> None:
    peer.will(peer.reply(400, body, {"Content-Type": "text/plain"}))
    with pytest.raises(refusals.RequestInvalid) as refused:
        await scripted.accounts.find()
    assert not body or "words" in refused.value.detail or "not JSON" in refused.value.detail


async def test_a_page_instead_of_a_refusal_is_tried_again(scripted: BssClient, peer: Any) -> None:
    page = peer.reply(404, "<html><title>Not here</title></html>", {"Content-Type": "text/html"})
    peer.will(page, peer.reply(200, msgspec.json.encode({"data": rows(1)})))
    assert [row.id for row in await scripted.accounts.find()] == [1]


# Writing


@pytest.mark.parametrize("body", ["42", '"42"', '{"Id": 42, "Name": "X"}', '{"id": "42"}'])
async def test_the_id_of_a_new_record_is_read_in_every_form(
    scripted: BssClient, peer: Any, body: str
) -> None:
    peer.will(peer.reply(201, body))
    assert await scripted.accounts.create({"name": "X"}) == 42


@pytest.mark.parametrize("body", ["", "null", '"made"', "{}", "[42]"])
async def test_an_answer_that_names_no_record_leaves_the_outcome_unknown(
    scripted: BssClient, peer: Any, body: str
) -> None:
    peer.will(peer.reply(201, body))
    with pytest.raises(errors.OutcomeUnknown):
        await scripted.accounts.create({"name": "X"})


@pytest.mark.parametrize("answer", ["empty", "id", "object"])
async def test_an_account_and_a_contact_are_made_and_changed(house: BssHouse, answer: str) -> None:
    house.modes.patch_answer = answer  # type: ignore[assignment]
    accounts, contacts = house.client.accounts, house.client.contacts
    (customer, *_) = [kind.id for kind in await house.client.account_types() if kind.name == "Customer"]
    made = await accounts.create(
        {
            "name": "New",
            "code": "N-1",
            "typeId": customer,
            "currencyCode": "EUR",
            "address": {"city": "Patras"},
        }
    )
    await accounts.patch(
        made, replace("/phone", "1"), replace("/address/city", "Athens"), replace("/code", None)
    )
    account = await accounts.get(made)
    assert account.billing_address is not None
    assert (account.name, account.code, account.phone) == ("New", None, "1")
    assert (account.billing_address.city, account.currency_code) == ("Athens", "EUR")
    person = await contacts.create({"firstName": "Ada", "email": "ada@new.example", "accountId": made})
    await contacts.patch(person, replace("/lastName", "Byron"))
    contact = await contacts.get(person)
    assert contact.account is not None
    assert (contact.firstName, contact.lastName, contact.account.id) == ("Ada", "Byron", made)
    assert await contacts.find(filters.equals("accountId", made)) == [contact]
    assert await contacts.find(filters.equals("email", "ada@new.example")) == [contact]


async def test_a_patch_holds_as_a_whole_or_not_at_all(house: BssHouse) -> None:
    with pytest.raises(refusals.RequestInvalid):
        await house.client.accounts.patch(
            some_account(house), replace("/phone", "1"), replace("/no/such/field", "1")
        )
    assert house.store.writes == []


async def test_what_the_world_holds_at_a_moment_can_be_asked_for(house: BssHouse) -> None:
    house.store.edit("accounts", some_account(house), phone="1")
    since = datetime.now(UTC) - timedelta(minutes=5)
    found = await house.client.accounts.find(filters.updated_after(since))
    assert [row.phone for row in found] == ["1"]
