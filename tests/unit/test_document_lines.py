"""External ids of the product items of orders and invoices."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from cwbridge import errors
from cwbridge.connectors.bss import documents
from cwbridge.connectors.bss.reading import DocumentId
from worker.billing.document_lines import is_own, line_key, line_product, planned, product_key
from worker.psa.line_plan import ActualLine
from worker.psa.records import DesiredLine

GUID = "5f0c2a1e-7d44-4b0e-9d57-2f6a41c08b93"
PRODUCT = documents.ProductLink(DocumentId(GUID), code="M365-E3", name="Microsoft 365 E3")


def line(item: str = GUID, **fields: Any) -> DesiredLine:
    given = {
        "key": line_key(item),
        "product": line_product(PRODUCT),
        "quantity": Decimal(3),
        "price": Decimal("36.00"),
        "cost": Decimal("28.80"),
        "description": "Microsoft 365 E3",
        "customer_description": "Microsoft 365 E3",
    }
    return DesiredLine(**{**given, **fields})


def external_id(desired: DesiredLine) -> str:
    (only,) = planned([desired])
    return only.external_id


@pytest.mark.parametrize("item", [GUID, "7", "x" * 60])
def test_an_external_id_fits_and_leads_back_to_its_line(item: str) -> None:
    given = external_id(line(item))
    assert len(given) <= 50
    assert is_own(given)
    assert ActualLine(id=1, external_id=given).key == line_key(item)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cwbridge",
        "item:5@abcdefghij",
        f"bss:{GUID}",
        f"bss:{GUID}@",
        "bss:a b@abcdefgh",
        "bss:5@ABCDEFGH",
    ],
)
def test_other_external_ids_are_those_of_others(text: str) -> None:
    assert not is_own(text)


@pytest.mark.parametrize(
    "changed",
    [
        {"price": Decimal("36.01")},
        {"quantity": Decimal(4)},
        {"description": "Other"},
        {"billable": "NoCharge"},
    ],
)
def test_what_is_written_makes_the_version(changed: dict[str, Any]) -> None:
    assert external_id(line(**changed)) != external_id(line())
    assert external_id(line(**changed)).startswith(f"bss:{GUID}@")


def test_a_product_of_another_name_is_the_same_product() -> None:
    renamed = line_product(documents.ProductLink(DocumentId(GUID), code="NEW", name="New"))
    assert external_id(line(product=renamed)) == external_id(line())
    other = line_product(msgspec.structs.replace(PRODUCT, id=DocumentId("7")))
    assert external_id(line(product=other)) != external_id(line())


def test_lines_keep_their_order() -> None:
    assert [one.position for one in planned([line("1"), line("2"), line("3")])] == [1, 2, 3]


def test_an_item_without_a_product_is_refused() -> None:
    assert str(product_key(line_product(PRODUCT))) == f"bss/product/{GUID}"
    with pytest.raises(errors.Refused, match="An item has no product in BSS"):
        product_key(line_product(None))
