"""The settings of documents as rules."""

from __future__ import annotations

from typing import Any

import pydantic
import pytest

from tests.support.configured import configured
from worker.billing.document_rules import DocumentRules, ProductPlace
from worker.billing.settings import BillingSettings


def rules(**billing: Any) -> DocumentRules:
    return DocumentRules.of(configured(billing=billing).of(BillingSettings))


def test_an_addition_is_not_billed_beside_pushed_invoices() -> None:
    assert rules(push=["invoice", "subscription"]).subscriptions.billable == "DoNotBill"
    assert rules(push=["subscription"]).subscriptions.billable == "Billable"
    assert rules(push=["subscription"], billable_option="NoCharge").subscriptions.billable == "NoCharge"
    chosen = rules(push=["invoice", "subscription"], addition_billable_option="Billable")
    assert chosen.subscriptions.billable == "Billable"


@pytest.mark.parametrize(
    ("method_id", "method_name", "expected"),
    [
        ("7", "Visa", "Card"),
        ("8", " cards ", "Transfer"),
        ("8", "Bank", "Check"),
        ("", "", "Check"),
    ],
)
def test_the_type_of_a_payment_follows_its_method(method_id: str, method_name: str, expected: str) -> None:
    chosen = rules(
        credit_card_method="7", credit_card_payment_type="Card", payment_methods={"Cards": "Transfer"}
    )
    assert chosen.payments.type_of(method_id, method_name) == expected


def test_a_credit_card_method_may_be_named() -> None:
    assert rules(credit_card_method="Credit Card").payments.type_of("9", "credit card") == "CreditCard"
    assert rules().payments.type_of("", "") == "Check"


def test_a_product_belongs_where_its_type_says_and_the_rest_is_the_default() -> None:
    chosen = rules(
        product_types={"SaaS": {"subcategory": "Apps"}}, units_of_measure={"User": "Seat"}
    ).products
    assert chosen.place_of("saas") == ProductPlace(category="BSS", subcategory="Apps", type="Cloud Services")
    assert chosen.place_of("Hardware") == chosen.place
    assert (chosen.unit_of("USER"), chosen.unit_of("Box")) == ("Seat", "Each")


def test_a_place_of_products_has_three_names_only() -> None:
    with pytest.raises(pydantic.ValidationError, match="unit"):
        rules(product_types={"SaaS": {"unit": "Seat"}})


def test_only_the_default_tax_code_is_a_row() -> None:
    assert rules().tax_code is None
    assert rules(tax_codes={"*": "WA"}).tax_code == "WA"


def test_what_is_not_pushed_is_told() -> None:
    assert rules(push=["order"]).reason_not_pushed("order") == ""
    assert rules(push=["order"]).reason_not_pushed("payment") == (
        "payments are not pushed: billing.push does not name payment"
    )
