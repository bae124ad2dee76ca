"""Products of BSS become catalog items of ConnectWise, once each, and what another user made is left as it is."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from cwbridge import errors
from cwbridge.redis import Redis
from sandbox.bss.collections import Row
from sandbox.faults import FaultRule
from tests.support import specification
from tests.support.linking import relink
from tests.support.pairs import Pairs
from tests.support.recorder import RecordedSandbox

CATALOG = "procurement/catalog"


class Products:
    """Products in BSS and their catalog items, as users see them."""

    def __init__(self, pairs: Pairs) -> None:
        self.pairs = pairs
        pairs.choose(push=["account", "contact", "product"])

    def add(self, code: str | None = "M365-E3", **fields: Any) -> str:
        """Another user of BSS makes a product; the answer is its id."""
        given = {"name": "Microsoft 365 E3", "sellPrice": Decimal("36.00"), "costPrice": Decimal("28.80")}
        number: str = self.pairs.bss.add("products", code=code, **{**given, **fields})["id"]
        return number

    def edit(self, product: str, **fields: Any) -> None:
        self.pairs.bss.edit("products", product, **fields)

    def item(self, identifier: str = "M365-E3", **fields: Any) -> int:
        """Another member of ConnectWise makes a catalog item."""
        (known, *_) = self.pairs.connectwise.table(CATALOG)
        return self.pairs.bench.box.connectwise_user.add(
            CATALOG,
            {
                "identifier": identifier,
                "description": "Theirs",
                "customerDescription": "Theirs",
                "subcategory": {"id": known["subcategory"]["id"]},
                "type": {"id": known["type"]["id"]},
                **fields,
            },
        )

    def items(self, code: str = "M365-E3") -> list[Row]:
        """Every catalog item whose identifier begins with the code."""
        return [row for row in self.pairs.connectwise.table(CATALOG) if row["identifier"].startswith(code)]

    async def of(self, product: str) -> Row:
        """The catalog item that a product is linked to."""
        link = await self.pairs.links.get("catalog_item", f"bss:product:{product}")
        assert link is not None, f"product {product} is not linked"
        row: Row | None = self.pairs.connectwise.table(CATALOG).get(link.target)
        assert row is not None
        return row

    def name(self, table: str, reference: Row) -> str:
        row: Row | None = self.pairs.connectwise.table(table).get(reference["id"])
        assert row is not None
        return str(row["name"])


def key(product: str) -> str:
    return f"bss/product/{product}"


@pytest.fixture
def products(pairs: Pairs) -> Products:
    return Products(pairs)


async def test_a_new_product_becomes_a_catalog_item_with_every_field(products: Products) -> None:
    product = products.add(
        fullDescription="Everything in one plan.\nPer user.",
        productType={"id": 1, "name": "Software"},
        unitOfMeasure={"name": "User"},
        isTaxable=False,
    )
    await products.pairs.settle(key(product))
    item = await products.of(product)
    assert {
        name: item.get(name)
        for name in ("identifier", "description", "customerDescription", "price", "cost", "integrationXRef")
    } == {
        "identifier": "M365-E3",
        "description": "Microsoft 365 E3",
        "customerDescription": "Everything in one plan.\nPer user.",
        "price": Decimal(36),
        "cost": Decimal("28.8"),
        "integrationXRef": f"bss:{product}",
    }
    assert (item["taxableFlag"], item.get("inactiveFlag", False)) == (False, False)
    placed = {
        name: products.name(f"procurement/{table}", item[name])
        for name, table in (
            ("category", "categories"),
            ("subcategory", "subcategories"),
            ("type", "types"),
            ("unitOfMeasure", "unitOfMeasures"),
        )
    }
    assert placed == {
        "category": "BSS",
        "subcategory": "Cloud Services",
        "type": "Cloud Services",
        "unitOfMeasure": "Each",
    }
    (event, *_) = await products.pairs.bench.history(key(product))
    assert (event.what, event.target) == ("created", item["id"])
    await products.pairs.assert_quiet(key(product))


async def test_the_tables_of_the_settings_place_a_product(products: Products) -> None:
    products.pairs.choose(
        product_types={"software": {"subcategory": "Licenses", "type": "Software"}},
        units_of_measure={"User": "Seat"},
    )
    product = products.add(productType={"name": " Software "}, unitOfMeasure={"name": "user"})
    await products.pairs.settle(key(product))
    item = await products.of(product)
    assert products.name("procurement/categories", item["category"]) == "BSS"
    assert products.name("procurement/subcategories", item["subcategory"]) == "Licenses"
    assert products.name("procurement/types", item["type"]) == "Software"
    assert products.name("procurement/unitOfMeasures", item["unitOfMeasure"]) == "Seat"


async def test_a_change_in_bss_goes_to_the_item_and_its_code_never_does(products: Products) -> None:
    product = products.add(fullDescription="Old words")
    await products.pairs.settle(key(product))
    products.edit(product, code="M365-E5", name="Renamed", fullDescription=None, sellPrice=Decimal("41.5"))
    await products.pairs.settle(key(product))
    item = await products.of(product)
    assert (item["identifier"], item["description"], item["customerDescription"], item["price"]) == (
        "M365-E3",
        "Renamed",
        "Renamed",
        Decimal("41.5"),
    )
    event = await products.pairs.last(key(product))
    assert (event.what, event.cause) == ("updated", "to ConnectWise: description, customerDescription, price")
    await products.pairs.assert_quiet(key(product))


async def test_a_cleared_price_becomes_zero_and_an_empty_one_is_not_sent(products: Products) -> None:
    product = products.add(costPrice=None)
    await products.pairs.settle(key(product))
    item = await products.of(product)
    products.pairs.bench.box.connectwise_user.edit(CATALOG, item["id"], {"cost": Decimal(7)})
    products.edit(product, sellPrice=None)
    await products.pairs.settle(key(product))
    item = await products.of(product)
    assert (item["price"], item["cost"]) == (0, 7)
    await products.pairs.assert_quiet(key(product))


async def test_what_another_user_changed_stays_until_it_changes_in_bss(products: Products) -> None:
    product = products.add()
    await products.pairs.settle(key(product))
    item = await products.of(product)
    theirs = {"price": Decimal(99), "description": "Their words", "notes": "Theirs"}
    products.pairs.bench.box.connectwise_user.edit(CATALOG, item["id"], theirs)
    products.edit(product, costPrice=Decimal(30))
    await products.pairs.settle(key(product))
    item = await products.of(product)
    assert (item["price"], item["cost"], item["description"]) == (Decimal(99), Decimal(30), "Their words")
    products.edit(product, sellPrice=Decimal(40))
    await products.pairs.settle(key(product))
    item = await products.of(product)
    assert (item["price"], item["description"], item["notes"]) == (Decimal(40), "Their words", "Theirs")


async def test_an_inactive_product_is_an_inactive_item(products: Products) -> None:
    product = products.add(isActivated=False)
    await products.pairs.settle(key(product))
    assert (await products.of(product))["inactiveFlag"] is True
    products.edit(product, isActivated=True)
    await products.pairs.settle(key(product))
    assert (await products.of(product))["inactiveFlag"] is False


async def test_an_item_of_that_code_is_linked_and_left_as_it_is(products: Products) -> None:
    item, product = products.item("m365-e3", price=Decimal(1), integrationXRef="theirs"), products.add()
    before = dict(products.items("m365")[0])
    await products.pairs.settle(key(product))
    assert (await products.of(product))["id"] == item
    products.edit(product, sellPrice=Decimal(50))
    await products.pairs.settle(key(product))
    assert products.items("m365") == [before]
    assert products.items() == []
    assert [event.what for event in await products.pairs.bench.history(key(product))] == ["linked"]


async def test_an_active_item_of_that_code_is_taken_before_an_inactive_one(products: Products) -> None:
    products.item(inactiveFlag=True)
    living = products.item("ANOTHER")
    row = products.pairs.connectwise.table(CATALOG).get(living)
    assert row is not None
    products.pairs.connectwise.put(CATALOG, row | {"identifier": "M365-E3"})
    product = products.add()
    await products.pairs.settle(key(product))
    assert (await products.of(product))["id"] == living


@pytest.mark.parametrize("is_found", [False, True])
async def test_the_second_product_of_a_code_is_refused_and_names_the_first(
    products: Products, *, is_found: bool
) -> None:
    if is_found:
        products.item()
    first = products.add()
    await products.pairs.settle(key(first))
    second = products.add("m365-e3", name="Another")
    told = await products.pairs.failure(key(second))
    assert "Two products of BSS have one code" in told
    assert key(first) in told
    assert f"cwbridge links relink bss:product:{second}" in told
    assert len(products.items()) == 1
    products.edit(second, code="OTHER")
    await products.pairs.settle(key(second))
    assert (await products.of(second))["identifier"] == "OTHER"


async def test_two_products_of_a_code_at_once_make_one_item(products: Products) -> None:
    both = [products.add(), products.add()]
    await products.pairs.bench.sync(*map(key, both))
    assert len(products.items()) == 1
    failed = [await products.pairs.bench.job(key(product)) for product in both]
    assert sum(job is not None for job in failed) == 1


async def test_a_product_without_a_code_has_its_id_as_identifier(products: Products) -> None:
    product = products.add(None, name=None)
    await products.pairs.settle(key(product))
    item = await products.of(product)
    assert (item["identifier"], item["description"], item["customerDescription"]) == (product,) * 3


async def test_a_long_code_is_shortened_and_found_again(products: Products) -> None:
    product = products.add("L" * 80)
    await products.pairs.settle(key(product))
    item = await products.of(product)
    assert len(item["identifier"]) == 75
    await products.pairs.wipe()
    await products.pairs.settle(key(product))
    assert (await products.of(product))["id"] == item["id"]
    assert len(products.items("L" * 20)) == 1


@pytest.mark.parametrize("action", ["lose", "half", "garble"])
async def test_a_lost_answer_makes_no_second_item(products: Products, action: Any) -> None:
    product = products.add()
    products.pairs.bench.box.connectwise_faults.add(
        FaultRule(name="lost", action=action, method="POST", path="/procurement/catalog", times=1)
    )
    await products.pairs.settle(key(product))
    assert [row["id"] for row in products.items()] == [(await products.of(product))["id"]]
    await products.pairs.assert_quiet(key(product))


async def test_an_item_that_was_made_and_not_linked_is_found_and_brought_up_to_date(
    products: Products,
) -> None:
    product = products.add()
    await products.pairs.settle(key(product))
    (item,) = products.items()
    await products.pairs.wipe()
    products.edit(product, sellPrice=Decimal("39.99"), code="CHANGED")
    await products.pairs.settle(key(product))
    assert (await products.of(product))["id"] == item["id"]
    assert (await products.of(product))["price"] == Decimal("39.99")
    assert products.items("CHANGED") == []
    assert (await products.pairs.last(key(product))).what == "linked"
    await products.pairs.assert_quiet(key(product))


async def test_a_copy_that_was_made_and_not_linked_is_undone(products: Products) -> None:
    """A run that died between the create and the look at its answer: ConnectWise had stored a copy suffix."""
    theirs, product = products.item(), products.add()
    products.item("M365-E3Copy0", integrationXRef=f"bss:{product}")
    await products.pairs.settle(key(product))
    assert [row["id"] for row in products.items()] == [theirs]
    assert (await products.of(product))["id"] == theirs


@pytest.mark.parametrize("duplicates", ["copy", "error"])
async def test_an_item_made_since_the_look_is_linked(products: Products, duplicates: Any) -> None:
    """ConnectWise lists the item late, so that the code looks free: the create is a duplicate."""
    products.pairs.connectwise.modes.catalog_duplicates = duplicates
    theirs, product = products.item(), products.add()
    products.pairs.bench.box.connectwise_faults.add(
        FaultRule(
            name="unseen",
            action="alter",
            method="GET",
            path="/procurement/catalog",
            times=2,
            fields={"identifier": "another"},
        )
    )
    await products.pairs.settle(key(product))
    assert [row["id"] for row in products.items()] == [theirs]
    assert (await products.of(product))["id"] == theirs


async def test_a_price_of_many_decimals_is_written_once(products: Products) -> None:
    product = products.add(sellPrice=Decimal("0.012345678901234567"), costPrice=Decimal("1234567.890123"))
    await products.pairs.settle(key(product))
    item = await products.of(product)
    assert (item["price"], item["cost"]) == (Decimal("0.0123456789012346"), Decimal("1234567.890123"))
    await products.pairs.assert_quiet(key(product))


async def test_a_row_of_a_set_up_table_that_is_gone_is_made_again(products: Products) -> None:
    first = products.add("ONE")
    await products.pairs.settle(key(first))
    item = await products.of(first)
    products.pairs.connectwise.remove(CATALOG, item["id"])
    products.pairs.connectwise.remove("procurement/types", item["type"]["id"])
    second = products.add("TWO")
    await products.pairs.settle(key(second))
    assert products.name("procurement/types", (await products.of(second))["type"]) == "Cloud Services"


async def test_what_disappears_is_reported_and_nothing_is_made_again(products: Products) -> None:
    lost, deleted = products.add("LOST"), products.add("DELETED")
    await products.pairs.settle(key(lost), key(deleted))
    products.pairs.bss.remove("products", lost)
    products.pairs.connectwise.remove(CATALOG, (await products.of(deleted))["id"])
    await products.pairs.settle(key(lost), key(deleted))
    assert "no longer exists in BSS" in (await products.pairs.last(key(lost))).discrepancies[0]
    assert "was deleted in ConnectWise" in (await products.pairs.last(key(deleted))).discrepancies[0]
    assert products.items("DELETED") == []
    assert len(products.items("LOST")) == 1


async def test_an_item_that_a_person_chooses_is_linked_and_left_as_it_is(products: Products) -> None:
    for name in ("M365-E3", "m365-e3 "):
        row = products.pairs.connectwise.table(CATALOG).get(products.item(f"OTHER {name}"))
        assert row is not None
        products.pairs.connectwise.put(CATALOG, row | {"identifier": name})
    first, second = sorted(row["id"] for row in products.pairs.connectwise.table(CATALOG))[-2:]
    product = products.add()
    told = await products.pairs.failure(key(product))
    assert "Several catalog items have the code of a product" in told
    assert f"{first} 'M365-E3', {second} 'm365-e3 '" in told
    relinked = await relink(products.pairs.bench, f"bss:product:{product}", second)
    assert (relinked.title, relinked.kind, relinked.enqueued) == ("m365-e3 ", "catalog_item", [key(product)])
    await products.pairs.settle(key(product))
    assert (await products.of(product))["id"] == second
    assert (await products.of(product))["description"] == "Theirs"
    with pytest.raises(errors.Refused, match="ConnectWise has no catalog item 99999"):
        await relink(products.pairs.bench, f"bss:product:{product}", 99999)


async def test_products_are_skipped_where_they_are_not_pushed(pairs: Pairs) -> None:
    products = Products(pairs)
    pairs.choose(push=["account", "contact"])
    product = products.add()
    await pairs.settle(key(product))
    assert "billing.push does not name product" in (await pairs.last(key(product))).cause
    assert products.items() == []


async def test_every_product_of_a_tenant_becomes_one_item_and_the_next_poll_asks_once(
    products: Products,
) -> None:
    pairs = products.pairs
    made = [products.add(f"CODE-{number}", name=f"Product {number}") for number in range(12)]
    summary = await pairs.bench.settled()
    assert summary.records["catalog items"] == len(made)
    assert len({(await products.of(product))["id"] for product in made}) == len(made)
    assert len(products.items("CODE-")) == len(made)
    pairs.bench.box.bss_calls.clear()
    pairs.bench.box.connectwise_calls.clear()
    await pairs.bench.settled()
    asked = {
        route: count
        for (_, route, _), count in pairs.bench.box.bss_calls.counts.items()
        if "product" in route
    }
    assert asked == {"/products": 2}, "one to find out how to ask, one to ask"
    assert not [route for (_, route, _) in pairs.bench.box.connectwise_calls.counts if "procurement" in route]


@specification.needed
async def test_what_is_sent_is_within_the_specification(redis: Redis, redis_url: str, namespace: str) -> None:
    async with Pairs.opened(redis, redis_url, namespace, kind=RecordedSandbox) as pairs:
        products = Products(pairs)
        product = products.add("C" * 90, fullDescription="Words\n" * 2000, name="N" * 90, isActivated=False)
        await pairs.settle(key(product))
        products.edit(product, name="Other", isActivated=True, sellPrice=None)
        await pairs.settle(key(product))
        assert isinstance(pairs.bench.box, RecordedSandbox)
        calls = [call for call in pairs.bench.box.exchanges if "/procurement/catalog" in call.path]
        assert {"GET", "POST", "PATCH"} <= {call.method for call in calls}
        assert specification.errors_(pairs.bench.box.exchanges) == []
