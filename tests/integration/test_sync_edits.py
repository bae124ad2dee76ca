"""An edit in Jetbuilt, and what it costs: the same opportunity, its lines replaced, no call too many."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from sandbox.faults import FaultRule
from tests.support.bench import Bench
from tests.support.expected import Expected

CONSTANT = 12
"""Design, section 9: a constant under 12; two calls more open the client, which a daemon does once in its life."""
OPENING = 2
CREATE, DELETE, PATCH = (
    ("POST", "/procurement/products", 201),
    ("DELETE", "/procurement/products/{id}", 204),
    ("PATCH", "/sales/opportunities/{id}", 200),
)


def plain(bench: Bench, lines: int) -> int:
    """A project of so many equipment lines and nothing that is calculated from them."""
    return bench.box.jetbuilt.add_plain_project(lines=lines, distinct_products=True).id


async def enqueued(bench: Bench, family: int) -> Expected:
    return (await bench.expected())[f"jetbuilt:{family}"]


async def test_an_edit_replaces_every_line_of_the_same_opportunity(bench: Bench) -> None:
    family = bench.families()[0]
    external_id = f"jetbuilt:{family}"
    await bench.settled()
    opportunity, before = bench.books.opportunity(external_id), bench.books.product_ids(external_id)
    others = {row["id"] for row in bench.books.rows("procurement/products")} - before
    await bench.jetbuilt.add_a_piece(family)
    summary = await bench.settled()
    after = bench.books.product_ids(external_id)
    assert (summary.seen, summary.settled) == (1, 1)
    assert (summary.lines_created, summary.lines_deleted) == (len(after), len(before))
    assert bench.books.opportunity(external_id)["id"] == opportunity["id"]
    assert after.isdisjoint(before)
    assert {row["id"] for row in bench.books.rows("procurement/products")} == others | after
    bench.books.assert_hold(await enqueued(bench, family))
    bench.books.assert_nothing_doubled()


async def test_with_the_strategy_changed_only_the_edited_line_is_replaced(bench: Bench) -> None:
    bench.changes = {"opportunity": {"line_strategy": "changed"}}
    family = plain(bench, 20)
    external_id = f"jetbuilt:{family}"
    await bench.settled()
    before = {row["integrationXRef"].split("@")[0]: row["id"] for row in bench.books.products(external_id)}
    edited = await bench.jetbuilt.add_a_piece(family)
    bench.forget_calls()
    await bench.settled()
    after = {row["integrationXRef"].split("@")[0]: row["id"] for row in bench.books.products(external_id)}
    assert {key for key in after if after[key] != before[key]} == {f"item:{edited['id']}"}
    bench.books.assert_hold(await enqueued(bench, family))
    calls = bench.box.connectwise_calls
    assert (calls.counts[CREATE], calls.counts[DELETE]) == (1, 1)
    assert calls.total <= 2 * 1 + CONSTANT + OPENING


async def test_an_old_line_stays_until_the_new_one_is_seen_when_its_create_got_no_answer(
    bench: Bench,
) -> None:
    bench.changes = {"opportunity": {"line_strategy": "changed"}}
    family = plain(bench, 20)
    await bench.settled()
    await bench.jetbuilt.add_a_piece(family)
    written = len(bench.box.connectwise.writes)
    bench.box.connectwise_faults.add(
        FaultRule(name="failing", action="fail", method="POST", path="/procurement/products", times=1)
    )
    await bench.settled()
    writes = [one for one in bench.box.connectwise.writes[written:] if "procurement/products" in one.path]
    assert [one.method for one in writes] == ["POST", "DELETE"]


async def test_what_is_calculated_from_the_edited_line_is_replaced_with_it(bench: Bench) -> None:
    bench.changes = {"opportunity": {"line_strategy": "changed"}}
    family = bench.families()[0]
    external_id = f"jetbuilt:{family}"
    await bench.settled()
    was = (await enqueued(bench, family)).lines
    before = {row["integrationXRef"].split("@")[0]: row["id"] for row in bench.books.products(external_id)}
    edited = await bench.jetbuilt.add_a_piece(family)
    await bench.settled()
    now = await enqueued(bench, family)
    after = {row["integrationXRef"].split("@")[0]: row["id"] for row in bench.books.products(external_id)}
    bench.books.assert_hold(now)
    replaced = {key for key in after if after[key] != before.get(key)}
    assert replaced == {key for key in now.lines if now.lines[key] != was.get(key)}
    assert {f"item:{edited['id']}"} < replaced < now.lines.keys()


async def test_the_calls_for_an_edit_are_creates_deletes_and_a_constant(bench: Bench) -> None:
    family = plain(bench, 60)
    await bench.settled()
    await bench.jetbuilt.add_a_piece(family)
    bench.forget_calls()
    await bench.settled()
    calls = bench.box.connectwise_calls
    assert (calls.counts[CREATE], calls.counts[DELETE]) == (60, 60)
    assert calls.total < 60 + 60 + CONSTANT + OPENING


async def test_an_added_product_costs_one_look_up_and_its_catalog_item(bench: Bench) -> None:
    family = plain(bench, 30)
    await bench.settled()
    await bench.jetbuilt.post(
        f"/projects/{family}/items",
        manufacturer_name="Acme",
        model="Never seen before",
        quantity_per_room="2",
        price="10.55",
    )
    bench.forget_calls()
    await bench.settled()
    calls = bench.box.connectwise_calls
    bench.books.assert_hold(await enqueued(bench, family))
    assert (calls.counts[CREATE], calls.counts[DELETE]) == (31, 30)
    assert calls.count("POST", "/procurement/catalog") == 1
    assert calls.count("GET", "/procurement/catalog") <= 2


async def test_a_removed_line_goes_and_an_added_one_comes(bench: Bench) -> None:
    bench.changes = {"opportunity": {"line_strategy": "changed"}}
    family = plain(bench, 5)
    external_id = f"jetbuilt:{family}"
    await bench.settled()
    before = bench.books.lines(external_id)
    gone = await bench.jetbuilt.first_line(family)
    await bench.jetbuilt.delete(f"/projects/{family}/items/{gone['id']}")
    await bench.settled()
    assert bench.books.lines(external_id).keys() == before.keys() - {f"item:{gone['id']}"}


async def test_a_changed_name_alone_is_one_patch_of_the_opportunity_when_lines_are_kept(bench: Bench) -> None:
    bench.changes = {"opportunity": {"line_strategy": "changed"}}
    family = bench.families()[2]
    await bench.settled()
    lines = bench.books.product_ids(f"jetbuilt:{family}")
    await bench.jetbuilt.patch(f"/projects/{family}", name="Renamed by the client")
    bench.forget_calls()
    await bench.settled()
    assert bench.books.opportunity(f"jetbuilt:{family}")["name"].endswith("Renamed by the client")
    assert bench.books.product_ids(f"jetbuilt:{family}") == lines
    writes = {call: n for call, n in bench.box.connectwise_calls.counts.items() if call[0] != "GET"}
    assert writes == {PATCH: 1}


@pytest.mark.parametrize(
    ("changes", "price", "cost"),
    [
        ({"price": Decimal("0.005")}, "0.005", None),
        ({"price": Decimal("1234567.89"), "project_cost": Decimal("0.01")}, "1234567.89", "0.01"),
        ({"owner_furnished": True}, "0", "0"),
    ],
)
async def test_odd_amounts_arrive_as_they_are(
    bench: Bench, changes: dict[str, Any], price: str, cost: str | None
) -> None:
    family = plain(bench, 3)
    await bench.settled()
    line = await bench.jetbuilt.first_line(family)
    bench.box.jetbuilt.edit_line(family, line["id"], **changes)
    await bench.settled()
    bench.books.assert_hold(await enqueued(bench, family))
    held = bench.books.line(f"jetbuilt:{family}", f"item:{line['id']}")
    assert held.price == Decimal(price)
    assert cost is None or held.cost == Decimal(cost)


async def test_a_hundred_saves_in_a_row_become_few_runs(bench: Bench) -> None:
    bench.changes = {"queue": {"debounce": "200ms"}}
    family = bench.families()[1]
    await bench.settled()
    line = await bench.jetbuilt.first_line(family)
    for pieces in range(2, 27):
        await bench.jetbuilt.patch(f"/projects/{family}/items/{line['id']}", quantity_per_room=str(pieces))
    summary = await bench.settled()
    assert summary.settled == 1
    bench.books.assert_hold(await enqueued(bench, family))
