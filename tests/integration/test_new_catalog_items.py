"""New catalog items are looked up together: each costs its own create and no more."""

from __future__ import annotations

from tests.support.bench import Bench

CATALOG = "/procurement/catalog"
LINES = 120


async def test_a_line_with_a_new_catalog_item_costs_two_calls(bench: Bench) -> None:
    await bench.settled()
    bench.box.jetbuilt.add_plain_project(lines=LINES, name="All new", distinct_products=True)
    items = len(bench.books.rows("procurement/catalog"))
    calls = bench.box.connectwise_calls
    calls.clear()
    await bench.settled()
    created = len(bench.books.rows("procurement/catalog")) - items
    assert created == LINES
    assert calls.count("POST", CATALOG) == LINES
    assert calls.count("POST", "/procurement/products") == LINES
    looks = calls.count("GET", CATALOG)
    assert looks <= 12, "one look for all identifiers and one under the locks, split by length of address"
