"""The BSS client reads products, orders, invoices, payments and subscriptions of the stand-in, whatever the style of the tenant."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cwbridge import errors
from cwbridge.connectors.bss import filters
from cwbridge.connectors.bss.client import Collection
from tests.contract.bss_house import BssHouse, open_house

DOCUMENTS = ("products", "orders", "invoices", "payments", "subscriptions")
STYLES = [
    *itertools.product(("camel", "pascal", "mixed"), ("number", "text"), ("explicit",), ("midnight",)),
    *itertools.product(("camel",), ("text",), ("omit", "empty"), ("day", "offset")),
]


@pytest.fixture
async def house() -> AsyncIterator[BssHouse]:
    async with open_house() as opened:
        yield opened


def collection(house: BssHouse, name: str) -> Collection[Any]:
    found: Collection[Any] = getattr(house.client, name)
    return found


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_every_style_of_answers_reads_the_same(house: BssHouse, name: str) -> None:
    documents = collection(house, name)
    expected = await documents.find()
    assert {row.id for row in expected} == set(house.store.rows(name))
    assert await documents.get(expected[0].id) == expected[0]
    for names, numbers, nulls, days in STYLES:
        house.modes.names, house.modes.numbers = names, numbers  # type: ignore[assignment]
        house.modes.nulls, house.modes.day_form = nulls, days  # type: ignore[assignment]
        assert await documents.find() == expected, (names, numbers, nulls, days)


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata"])
async def test_a_day_stays_its_day_in_every_zone(house: BssHouse, zone: str) -> None:
    before = [(row.date, row.dueDate) for row in await house.client.invoices.find()]
    house.modes.time_zone = zone
    for form in ("midnight", "day", "offset"):
        house.modes.day_form = form
        assert [(row.date, row.dueDate) for row in await house.client.invoices.find()] == before
    assert {type(day) for day, _ in before} == {date}


async def test_amounts_are_those_of_the_tenant_to_the_last_digit(house: BssHouse) -> None:
    for name, fields in (
        ("products", ("sellPrice", "costPrice")),
        ("invoices", ("taxAmount",)),
        ("payments", ("amount",)),
        ("subscriptions", ("sellPrice", "costPrice", "quantity")),
    ):
        rows = house.store.rows(name)
        for document in await collection(house, name).find():
            for field in fields:
                stored = rows[document.id][field]
                assert getattr(document, field) == (None if stored is None else Decimal(str(stored)))


async def test_items_come_with_their_products_and_subscriptions(house: BssHouse) -> None:
    invoices = await house.client.invoices.find()
    items = [item for invoice in invoices for item in invoice.items or ()]
    assert len(items) > 10
    products = {product.id for product in await house.client.products.find()}
    assert {item.product.id for item in items if item.product is not None} <= products
    assert any(item.quantity is None and item.subscriptions for item in items)
    orders = await house.client.orders.find()
    assert all(order.items and order.account is not None and order.status is not None for order in orders)


@pytest.mark.parametrize("name", ["orders", "invoices"])
async def test_rows_of_brief_lists_lack_items_and_the_document_has_them(house: BssHouse, name: str) -> None:
    house.modes.brief_lists = True
    (row, *_) = await collection(house, name).find()
    assert row.items is None
    assert (await collection(house, name).get(row.id)).items


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_what_changed_since_a_moment_is_found(house: BssHouse, name: str) -> None:
    rows = house.store.rows(name)
    moments: list[datetime] = [row["updatedAt"] for row in rows.values()]
    number = next(iter(rows))
    house.store.edit(name, number)
    since = max(moments) + timedelta(milliseconds=1)
    assert [row.id for row in await collection(house, name).find(filters.updated_after(since))] == [number]


@pytest.mark.parametrize("record_id", ["00000000-0000-4000-8000-000000000000", "7", "../accounts"])
async def test_a_document_that_does_not_exist_is_told(house: BssHouse, record_id: str) -> None:
    with pytest.raises(errors.NotFound):
        await house.client.invoices.get(record_id)
