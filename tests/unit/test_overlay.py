"""Writes of a rehearsed run are seen by its later reads, as the systems would show them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from cwbridge.connectors.bss.dialect import BssDialect
from cwbridge.connectors.bss.filters import equals
from cwbridge.connectors.bss.times import ServerTimes
from cwbridge.connectors.connectwise.conditions import Condition, field
from cwbridge.connectors.connectwise.dialect import ConnectWiseDialect
from cwbridge.connectors.overlay import FIRST_NEW_ID, ChangedField, Overlay, Write
from cwbridge.rehearsal.copied_redis import keys_of

COMPANIES = "/company/companies"
NEW = FIRST_NEW_ID + 1


@pytest.fixture
def writes() -> list[Write]:
    return []


@pytest.fixture
def overlay(writes: list[Write]) -> Overlay:
    return Overlay("connectwise", ConnectWiseDialect(), writes)


def asked(condition: Condition) -> dict[str, str]:
    return {"conditions": condition.render(), "pageSize": "1000"}


def test_a_new_record_is_read_by_its_id_and_in_lists_that_would_have_it(overlay: Overlay) -> None:
    made = overlay.create(f"{COMPANIES}/", {"name": 'Say "hi"', "status": {"id": 3}})
    assert made["id"] == NEW
    assert overlay.answer(f"{COMPANIES}/{NEW}", {}) == made
    for condition in (
        field("name").equals('say "HI"'),
        field("status/id").equals(3),
        field("status/id").one_of([7, 3]),
        field("name").one_of(["x", 'Say "hi"']),
        field("deletedFlag").equals(None),
    ):
        assert overlay.seen(COMPANIES, asked(condition), [{"id": 1}]) == [{"id": 1}, made]
    for condition in (field("name").equals("Say hi"), field("name").like("Say%"), field("id").equals(3)):
        assert overlay.seen(COMPANIES, asked(condition), [{"id": 1}]) is None


def test_a_full_page_of_a_list_gets_no_new_record_yet(overlay: Overlay) -> None:
    made = overlay.create(COMPANIES, {"name": "A"})
    assert overlay.seen(COMPANIES, {"pageSize": "2"}, [{"id": 1}, {"id": 2}]) is None
    assert overlay.seen(COMPANIES, {"pageSize": "2"}, [{"id": 3}]) == [{"id": 3}, made]


def test_what_belongs_to_a_new_record_is_asked_of_nobody(overlay: Overlay) -> None:
    overlay.create(COMPANIES, {"name": "A"})
    sites = f"{COMPANIES}/{NEW}/sites"
    assert overlay.answer(sites, {}) == []
    site = overlay.create(sites, {"name": "Main"})
    assert overlay.answer(sites, {}) == [site]
    assert overlay.answer(f"{COMPANIES}/5/sites", {}) is None


def test_a_change_tells_before_and_after_and_is_seen_afterwards(
    overlay: Overlay, writes: list[Write]
) -> None:
    record: dict[str, Any] = {"id": 5, "name": "A", "price": Decimal("1.10"), "Address": {"City": "X"}}
    overlay.change(
        f"{COMPANIES}/5",
        record,
        [
            {"op": "replace", "path": "/name", "value": "B"},
            {"op": "remove", "path": "price"},
            {"op": "replace", "path": "/address/city", "value": "Y"},
        ],
    )
    assert writes[0].fields == (
        ChangedField("name", "A", "B"),
        ChangedField("price", Decimal("1.10"), None),
        ChangedField("address/city", "X", "Y"),
    )
    assert record["name"] == "A"
    after = {"id": 5, "name": "B", "price": None, "Address": {"City": "Y"}}
    assert overlay.seen(f"{COMPANIES}/5", {}, record) == after
    assert overlay.seen(COMPANIES, {}, [{"id": 5, "name": "A"}, {"id": 6}]) == [after, {"id": 6}]


def test_what_is_deleted_is_named_and_gone(overlay: Overlay, writes: list[Write]) -> None:
    overlay.seen("/procurement/products", {}, [{"id": 5, "integrationXRef": "item:1@a"}, {"id": 6}])
    overlay.delete("/procurement/products/5")
    assert (writes[0].action, writes[0].record) == ("delete", "item:1@a")
    assert overlay.seen("/procurement/products", {}, [{"id": 5}, {"id": 6}]) == [{"id": 6}]
    with pytest.raises(KeyError):
        overlay.answer("/procurement/products/5", {})


def test_writes_of_two_systems_are_in_their_order(writes: list[Write]) -> None:
    one = Overlay("connectwise", ConnectWiseDialect(), writes)
    other = Overlay("bss", BssDialect(), writes)
    one.create(COMPANIES, {"name": "A"})
    other.create("/api/accounts", {"name": "A"})
    one.delete(f"{COMPANIES}/5")
    assert [(write.system, write.action) for write in writes] == [
        ("connectwise", "create"),
        ("bss", "create"),
        ("connectwise", "delete"),
    ]


@pytest.mark.parametrize("value", ["O'Hara & Söhne", 7])
def test_a_list_of_bss_has_what_its_filter_asks_for(writes: list[Write], value: str | int) -> None:
    overlay = Overlay("bss", BssDialect(), writes)
    made = overlay.create("/api/accounts", {"Code": value})
    query = {"$filter": equals("code", value).render(ServerTimes(None)), "pageSize": "10"}
    assert overlay.seen("/api/accounts", query, {"data": []}) == {"data": [made]}
    other = {"$filter": equals("code", "other").render(ServerTimes(None)), "pageSize": "10"}
    assert overlay.seen("/api/accounts", other, {"data": []}) is None


@pytest.mark.parametrize(
    ("command", "keys"),
    [
        (("GET", "a"), ["a"]),
        (("HSET", "a", "f", "v"), ["a"]),
        (("DEL", "a", b"b"), ["a", "b"]),
        (("EVALSHA", "sha", 2, "a", b"b", "argument"), ["a", "b"]),
        (("EVAL", "return 1", 0), []),
        (("PING",), []),
        (("TIME",), []),
        (("SCRIPT LOAD", "return 1"), []),
    ],
)
def test_the_keys_that_a_command_names(command: tuple[Any, ...], keys: list[str]) -> None:
    assert keys_of(command) == keys
