"""Subscriptions of BSS become additions of agreements, once each, and follow what BSS says without a user's work being lost."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from sandbox.bss.collections import Row
from sandbox.faults import FaultRule
from tests.support.pairs import Pairs

AGREEMENTS = "finance/agreements"
ADDITIONS = "finance/agreements/additions"
CATALOG = "procurement/catalog"
DEFINITIONS = "system/userDefinedFields"
NEW_ADDITION = "/finance/agreements/*/additions"
UNITS = {"Month": "Subscriptions Monthly", "Annual": "Subscriptions Annual"}


class Subscriptions:
    """An account with a primary contact and two products; its subscriptions and their additions, as users see them."""

    def __init__(self, pairs: Pairs) -> None:
        self.pairs = pairs
        self.user = pairs.bench.box.connectwise_user
        pairs.choose(push=["account", "contact", "product", "invoice", "subscription"], units=UNITS)
        self.account = pairs.account()
        self.person = pairs.person(self.account, isPrimary=True)
        self.products = [
            pairs.bss.add("products", code=code, name=code, sellPrice=Decimal(4), costPrice=Decimal(3))["id"]
            for code in ("MBX-50", "BKP-TB")
        ]

    async def begin(self) -> Subscriptions:
        """Sync the account and its contact."""
        await self.pairs.settle(f"bss/account/{self.account}", f"bss/contact/{self.person}")
        return self

    async def agreement(self, type_: str = "Subscriptions Monthly", **fields: Any) -> int:
        """Another member makes an agreement for the company."""
        company = await self.pairs.company_of(self.account)
        contact = await self.pairs.contact_of(self.person)
        kind = next(
            row["id"] for row in self.pairs.connectwise.table(f"{AGREEMENTS}/types") if row["name"] == type_
        )
        given = {"name": type_, "startDate": "2026-01-01T00:00:00Z", **fields}
        return self.user.add(
            AGREEMENTS,
            {
                "type": {"id": kind},
                "company": {"id": company["id"]},
                "contact": {"id": contact["id"]},
                **given,
            },
        )

    def add(self, **fields: Any) -> str:
        given = {
            "name": "Mailboxes",
            "accountId": self.account,
            "product": {"id": self.products[0]},
            "quantity": Decimal(12),
            "unit": "Month",
            "sellPrice": Decimal("4.20"),
            "costPrice": Decimal("3.10"),
            "startDate": "2026-01-15",
            "status": "Active",
        }
        number: str = self.pairs.bss.add("subscriptions", **{**given, **fields})["id"]
        return number

    def edit(self, subscription: str, **fields: Any) -> None:
        self.pairs.bss.edit("subscriptions", subscription, **fields)

    def additions(self) -> list[Row]:
        return sorted(self.pairs.connectwise.table(ADDITIONS), key=lambda row: int(row["id"]))

    def only(self) -> Row:
        (row,) = self.additions()
        return row

    def break_next(self, action: Any, path: str) -> None:
        self.pairs.bench.box.connectwise_faults.add(
            FaultRule(name="lost", action=action, method="POST", path=path, times=1)
        )

    async def wipe(self) -> None:
        """Redis loses everything; the account and its contact are found again, so that only documents are left to do."""
        await self.pairs.wipe()
        await self.begin()

    def assert_broken(self) -> None:
        assert self.pairs.bench.box.connectwise_faults.hits("lost") == 1

    async def unlink(self, subscription: str) -> None:
        """A run that died between the create and the link."""
        await self.pairs.links.remove("addition", f"bss:subscription:{subscription}")


def key(subscription: str) -> str:
    return f"bss/subscription/{subscription}"


def today() -> str:
    return datetime.now(UTC).date().isoformat()


def last_day(row: Row) -> str:
    return str(row.get("cancelledDate") or "")[:10]


@pytest.fixture
async def subscriptions(pairs: Pairs) -> Subscriptions:
    return await Subscriptions(pairs).begin()


async def test_a_subscription_becomes_an_addition_and_a_second_pass_costs_two_calls(
    subscriptions: Subscriptions,
) -> None:
    agreement, subscription = await subscriptions.agreement(), subscriptions.add()
    await subscriptions.pairs.settle(key(subscription))
    row = subscriptions.only()
    assert (row["agreementId"], row["quantity"], row["unitPrice"], row["unitCost"], row["billCustomer"]) == (
        agreement, 12, Decimal("4.20"), Decimal("3.10"), "DoNotBill",
    )  # fmt: skip
    assert (row["effectiveDate"][:10], row["description"]) == ("2026-01-15", "Mailboxes")
    assert {field["value"] for field in row["customFields"]} == {subscription, "Mailboxes"}
    subscriptions.pairs.bench.box.connectwise_calls.clear()
    await subscriptions.pairs.assert_quiet(key(subscription))
    counts = subscriptions.pairs.bench.box.connectwise_calls.counts
    asked = {route: number for (_, route, _), number in counts.items() if "agreements" in route}
    assert list(asked.values()) == [2], "one in each pass"


async def test_quantity_and_price_change_in_place_and_what_a_user_changed_is_reported_once(
    subscriptions: Subscriptions,
) -> None:
    await subscriptions.agreement()
    subscription = subscriptions.add()
    await subscriptions.pairs.settle(key(subscription))
    number = subscriptions.only()["id"]
    subscriptions.edit(subscription, quantity=Decimal(15), sellPrice=Decimal(4))
    await subscriptions.pairs.settle(key(subscription))
    assert (subscriptions.only()["quantity"], subscriptions.only()["unitPrice"]) == (15, 4)
    subscriptions.user.edit(ADDITIONS, number, {"quantity": 20, "unitPrice": Decimal(9)})
    subscriptions.edit(subscription, costPrice=Decimal(2))
    await subscriptions.pairs.settle(key(subscription))
    row = subscriptions.only()
    assert (row["quantity"], row["unitPrice"], row["unitCost"]) == (20, 9, 2)
    event = await subscriptions.pairs.last(key(subscription))
    assert [told.partition(";")[0] for told in event.discrepancies] == [
        "quantity is 20 in ConnectWise and 15 in BSS",
        "unit price is 9 in ConnectWise and 4 in BSS",
    ]
    await subscriptions.pairs.assert_quiet(key(subscription))
    assert (await subscriptions.pairs.last(key(subscription))) == event
    subscriptions.edit(subscription, quantity=Decimal(16))
    await subscriptions.pairs.settle(key(subscription))
    assert (subscriptions.only()["quantity"], subscriptions.only()["unitPrice"]) == (16, 9)


@pytest.mark.parametrize("is_wiped", [False, True])
@pytest.mark.parametrize("changed", ["unit", "product"])
async def test_another_unit_or_product_ends_the_addition_and_makes_a_new_one(
    subscriptions: Subscriptions, changed: str, *, is_wiped: bool
) -> None:
    await subscriptions.agreement()
    yearly = await subscriptions.agreement("Subscriptions Annual")
    subscription = subscriptions.add()
    await subscriptions.pairs.settle(
        key(subscription), *(f"bss/product/{one}" for one in subscriptions.products)
    )
    if is_wiped:
        await subscriptions.wipe()
    change: Row = {"unit": "Annual"} if changed == "unit" else {"product": {"id": subscriptions.products[1]}}
    subscriptions.edit(subscription, **change)
    await subscriptions.pairs.settle(key(subscription))
    old, new = subscriptions.additions()
    assert (last_day(old), new["effectiveDate"][:10], last_day(new)) == (today(), today(), "")
    assert (new["agreementId"] == yearly) == (changed == "unit")
    assert (new["product"] != old["product"]) == (changed == "product")
    await subscriptions.pairs.assert_quiet(key(subscription))
    await subscriptions.wipe()
    await subscriptions.pairs.settle(key(subscription))
    assert len(subscriptions.additions()) == 2
    await subscriptions.pairs.assert_quiet(key(subscription))


async def test_another_account_ends_the_addition_and_makes_a_new_one_there(
    subscriptions: Subscriptions,
) -> None:
    pairs = subscriptions.pairs
    agreement, subscription = await subscriptions.agreement(), subscriptions.add()
    await pairs.settle(key(subscription))
    subscriptions.account = pairs.account("Lighthouse")
    subscriptions.person = pairs.person(subscriptions.account, first="Grace", isPrimary=True)
    await subscriptions.begin()
    other = await subscriptions.agreement()
    subscriptions.edit(subscription, accountId=subscriptions.account)
    await pairs.settle(key(subscription))
    old, new = subscriptions.additions()
    assert (old["agreementId"], last_day(old)) == (agreement, today())
    assert (new["agreementId"], last_day(new), new["effectiveDate"][:10]) == (other, "", today())
    await pairs.assert_quiet(key(subscription))


async def test_a_lost_answer_while_replacing_makes_no_third_addition(subscriptions: Subscriptions) -> None:
    await subscriptions.agreement()
    subscription = subscriptions.add()
    await subscriptions.pairs.settle(key(subscription))
    subscriptions.break_next("lose", NEW_ADDITION)
    subscriptions.edit(subscription, product={"id": subscriptions.products[1]})
    await subscriptions.pairs.settle(key(subscription))
    subscriptions.assert_broken()
    assert len(subscriptions.additions()) == 2
    await subscriptions.pairs.assert_quiet(key(subscription))


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ({"cancelledDate": "2026-04-20", "endDate": "2026-05-31"}, "2026-04-20"),
        ({"endDate": "2026-05-31"}, "2026-05-31"),
        ({}, today()),
        ({"cancelledDate": "2025-01-01"}, "2026-01-15"),
    ],
)
@pytest.mark.parametrize("status", ["Cancelled", "In-Active"])
async def test_a_cancelled_one_ends_on_its_day_and_goes_on_when_it_is_active_again(
    subscriptions: Subscriptions, status: str, days: Row, expected: str
) -> None:
    await subscriptions.agreement()
    subscription = subscriptions.add()
    await subscriptions.pairs.settle(key(subscription))
    subscriptions.edit(subscription, status=status, **days)
    await subscriptions.pairs.settle(key(subscription))
    assert last_day(subscriptions.only()) == expected
    await subscriptions.pairs.assert_quiet(key(subscription))
    subscriptions.edit(subscription, status="Active", cancelledDate=None, endDate=None)
    await subscriptions.pairs.settle(key(subscription))
    assert last_day(subscriptions.only()) == ""


async def test_one_that_was_cancelled_before_it_came_is_skipped(subscriptions: Subscriptions) -> None:
    await subscriptions.agreement()
    subscription = subscriptions.add(status="Cancelled")
    await subscriptions.pairs.settle(key(subscription))
    assert subscriptions.additions() == []
    assert (await subscriptions.pairs.last(key(subscription))).what == "skipped"


async def test_agreements_that_are_over_do_not_count_and_several_are_refused(
    subscriptions: Subscriptions,
) -> None:
    subscription = subscriptions.add()
    expired = {"startDate": "2025-01-01T00:00:00Z", "endDate": "2025-12-31T00:00:00Z"}
    await subscriptions.agreement(**expired)
    await subscriptions.agreement(cancelledFlag=True)
    told = await subscriptions.pairs.failure(key(subscription))
    assert "no active agreement of the type 'Subscriptions Monthly'" in told
    one, two = await subscriptions.agreement(), await subscriptions.agreement(name="Also")
    told = await subscriptions.pairs.failure(key(subscription))
    assert f"{one} 'Subscriptions Monthly', {two} 'Also'" in told
    assert subscriptions.additions() == []


@pytest.mark.parametrize("action", [None, "lose", "half"])
async def test_a_missing_agreement_is_made_once_for_two_subscriptions_at_once(
    subscriptions: Subscriptions, action: str | None
) -> None:
    subscriptions.pairs.choose(create_agreements=True)
    if action is not None:
        subscriptions.break_next(action, "/finance/agreements")
    both = [subscriptions.add(), subscriptions.add(name="More of them")]
    await subscriptions.pairs.settle(*map(key, both))
    if action is not None:
        subscriptions.assert_broken()
    assert len(subscriptions.pairs.connectwise.table(AGREEMENTS)) == 1
    assert {row["description"] for row in subscriptions.additions()} == {"Mailboxes", "More of them"}
    await subscriptions.pairs.assert_quiet(*map(key, both))


async def test_a_new_agreement_waits_for_the_default_contact(pairs: Pairs) -> None:
    subscriptions = Subscriptions(pairs)
    pairs.choose(create_agreements=True)
    await pairs.settle(f"bss/account/{subscriptions.account}")
    subscription = subscriptions.add()
    await pairs.settle(key(subscription))
    (agreement,) = pairs.connectwise.table(AGREEMENTS)
    assert agreement["contact"]["id"] == (await pairs.contact_of(subscriptions.person))["id"]
    assert len(subscriptions.additions()) == 1


async def test_a_company_without_a_contact_is_refused_an_agreement(pairs: Pairs) -> None:
    subscriptions = Subscriptions(pairs)
    pairs.choose(create_agreements=True)
    pairs.edit_person(subscriptions.person, isPrimary=False)
    told = await pairs.failure(key(subscriptions.add()))
    assert "needs a contact" in told


@pytest.mark.parametrize(("caption", "is_refused"), [("Subscription ID", True), ("Subscription Name", False)])
async def test_a_custom_field_that_the_tenant_does_not_have(
    subscriptions: Subscriptions, caption: str, *, is_refused: bool
) -> None:
    await subscriptions.agreement()
    table = subscriptions.pairs.connectwise.table(DEFINITIONS)
    number = next(row["id"] for row in table if row["caption"] == caption)
    subscriptions.pairs.connectwise.remove(DEFINITIONS, number)
    subscription = subscriptions.add()
    if is_refused:
        told = await subscriptions.pairs.failure(key(subscription))
        assert f"Create a text field with the caption {caption!r}" in told
        assert subscriptions.additions() == []
        return
    await subscriptions.pairs.settle(key(subscription))
    assert "the subscription name is left out" in (await subscriptions.pairs.last(key(subscription))).cause
    assert len(subscriptions.only()["customFields"]) == 1
    await subscriptions.pairs.assert_quiet(key(subscription))


@pytest.mark.parametrize("action", ["lose", "half", "garble"])
async def test_a_lost_answer_makes_no_second_addition(subscriptions: Subscriptions, action: str) -> None:
    await subscriptions.agreement()
    subscription = subscriptions.add()
    subscriptions.break_next(action, NEW_ADDITION)
    await subscriptions.pairs.settle(key(subscription))
    subscriptions.assert_broken()
    assert subscriptions.only()["quantity"] == 12
    await subscriptions.pairs.assert_quiet(key(subscription))


@pytest.mark.parametrize("is_wiped", [False, True])
async def test_an_addition_that_was_made_and_not_linked_is_found(
    subscriptions: Subscriptions, *, is_wiped: bool
) -> None:
    await subscriptions.agreement()
    subscription = subscriptions.add()
    await subscriptions.pairs.settle(key(subscription))
    await (subscriptions.wipe() if is_wiped else subscriptions.unlink(subscription))
    subscriptions.edit(subscription, quantity=Decimal(13))
    await subscriptions.pairs.settle(key(subscription))
    assert subscriptions.only()["quantity"] == 13
    assert (await subscriptions.pairs.last(key(subscription))).what == "linked"
    await subscriptions.pairs.assert_quiet(key(subscription))


async def test_a_cancelled_one_is_found_after_a_wipe(subscriptions: Subscriptions) -> None:
    await subscriptions.agreement()
    subscription = subscriptions.add()
    await subscriptions.pairs.settle(key(subscription))
    await subscriptions.wipe()
    subscriptions.edit(subscription, status="Cancelled", cancelledDate="2026-04-20")
    await subscriptions.pairs.settle(key(subscription))
    assert last_day(subscriptions.only()) == "2026-04-20"


async def test_two_subscriptions_of_one_product_are_two_additions(subscriptions: Subscriptions) -> None:
    await subscriptions.agreement()
    both = [subscriptions.add(), subscriptions.add()]
    await subscriptions.pairs.settle(*map(key, both))
    values = {field["value"] for row in subscriptions.additions() for field in row["customFields"]}
    assert values == {*both, "Mailboxes"}
    assert len(subscriptions.additions()) == 2


async def test_what_disappears_is_reported_and_nothing_is_made_again(subscriptions: Subscriptions) -> None:
    await subscriptions.agreement()
    lost, deleted = subscriptions.add(name="Lost"), subscriptions.add(name="Deleted")
    await subscriptions.pairs.settle(key(lost), key(deleted))
    subscriptions.pairs.bss.remove("subscriptions", lost)
    gone = next(row for row in subscriptions.additions() if row["description"] == "Deleted")
    subscriptions.pairs.connectwise.remove(ADDITIONS, gone["id"])
    await subscriptions.pairs.settle(key(lost), key(deleted))
    assert "no longer exists in BSS" in (await subscriptions.pairs.last(key(lost))).discrepancies[0]
    assert "was deleted in ConnectWise" in (await subscriptions.pairs.last(key(deleted))).discrepancies[0]
    assert [row["description"] for row in subscriptions.additions()] == ["Lost"]


async def test_nothing_is_ended_while_the_new_agreement_is_missing(subscriptions: Subscriptions) -> None:
    await subscriptions.agreement()
    subscription = subscriptions.add()
    await subscriptions.pairs.settle(key(subscription))
    subscriptions.edit(subscription, unit="Annual")
    told = await subscriptions.pairs.failure(key(subscription))
    assert "no active agreement of the type 'Subscriptions Annual'" in told
    assert last_day(subscriptions.only()) == ""


async def test_a_replacement_that_was_broken_off_is_taken_back_when_bss_changes_back(
    subscriptions: Subscriptions,
) -> None:
    await subscriptions.agreement()
    subscription = subscriptions.add()
    await subscriptions.pairs.settle(key(subscription))
    subscriptions.pairs.bench.box.connectwise_faults.add(
        FaultRule(name="lost", action="fail", status=400, method="POST", path=NEW_ADDITION)
    )
    subscriptions.edit(subscription, product={"id": subscriptions.products[1]})
    await subscriptions.pairs.failure(key(subscription))
    assert last_day(subscriptions.only()) == today()
    subscriptions.edit(subscription, product={"id": subscriptions.products[0]})
    await subscriptions.pairs.settle(key(subscription))
    assert last_day(subscriptions.only()) == ""
    await subscriptions.pairs.assert_quiet(key(subscription))
