"""Keys and link identities of the billing flow."""

from __future__ import annotations

from typing import get_args

import pytest

from cwbridge import errors
from worker.billing import keys
from worker.billing.definition import Billing
from worker.billing.keys import BillingKey, DocumentNoun

GUID = "5f0c2a1e-7d44-4b0e-9d57-2f6a41c08b93"
DOCUMENTS = get_args(DocumentNoun)


@pytest.mark.parametrize(
    ("text", "kind", "identity"),
    [
        ("bss/account/42", "company", "bss:account:42"),
        ("bss/contact/7", "contact", "bss:contact:7"),
        (f"bss/product/{GUID}", "catalog_item", f"bss:product:{GUID}"),
        (f"bss/order/{GUID}", "order", f"bss:order:{GUID}"),
        ("bss/invoice/12", "invoice", "bss:invoice:12"),
        (f"bss/payment/{GUID}", "payment", f"bss:payment:{GUID}"),
        (f"bss/subscription/{GUID}", "addition", f"bss:subscription:{GUID}"),
    ],
)
def test_a_key_its_link_and_back(text: str, kind: str, identity: str) -> None:
    key = BillingKey.parse(text)
    assert (str(key), key.kind, key.identity) == (text, kind, identity)
    assert keys.of_identity(identity) == key
    flow = Billing()
    assert flow.link_of(text) == key.link == flow.link_name(identity)
    assert flow.key_of_link(key.link) == text
    assert key.kind in {one.name for one in flow.link_kinds}


def test_ids_are_numbers_for_pairs_and_texts_for_documents() -> None:
    assert BillingKey.parse("bss/account/42").id == BillingKey.parse("bss/account/42").number == 42
    assert BillingKey.parse("bss/invoice/42").id == "42"
    assert [BillingKey.parse(f"bss/{noun}/{GUID}").document for noun in DOCUMENTS] == list(DOCUMENTS)
    assert BillingKey.parse("connectwise/company/5").document is None


@pytest.mark.parametrize(
    "text",
    [
        f"bss/account/{GUID}",
        f"bss/product/{GUID.upper()}",
        f"bss/product/{GUID}0",
        "bss/product/0",
        "connectwise/invoice/5",
        "bss/catalog_item/5",
    ],
)
def test_anything_else_is_no_key(text: str) -> None:
    with pytest.raises(errors.Refused, match="is not a key of the billing flow"):
        BillingKey.parse(text)
    assert keys.of_identity(text.replace("/", ":")) is None
