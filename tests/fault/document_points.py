"""The named points of documents: one for each kind of write."""

from __future__ import annotations

from collections.abc import Callable

from tests.fault.document_aimed_edits import AimedDocumentEditor as Editor
from tests.fault.points import Method, Point


def _point(
    name: str, method: Method, path: str, edit: Callable[[Editor], object], *, after: int = 0
) -> Point:
    return Point(name=name, method=method, path=path, edit=edit, after=after, editor=Editor)


_CATALOG, _LINES = "/procurement/catalog", "/procurement/products"
_ORDERS, _INVOICES, _AGREEMENTS = "/sales/orders", "/finance/invoices", "/finance/agreements"

POINTS = (
    _point("catalog item", "POST", _CATALOG, Editor.begin_product),
    _point("catalog item changed", "PATCH", f"{_CATALOG}/*", Editor.reprice_product),
    _point("order", "POST", _ORDERS, Editor.begin_placed_order),
    _point("order changed", "PATCH", f"{_ORDERS}/*", Editor.change_pushed_order),
    _point("order closed", "PATCH", f"{_ORDERS}/*", Editor.finish_order),
    _point("invoice", "POST", _INVOICES, Editor.begin_sent_invoice),
    _point("invoice changed", "PATCH", f"{_INVOICES}/*", Editor.change_pushed_invoice),
    _point("line of an invoice", "POST", _LINES, Editor.change_pushed_item),
    _point("line of an order", "POST", _LINES, Editor.change_pushed_order_item),
    _point("later line", "POST", _LINES, Editor.begin_sent_invoice, after=2),
    _point("line deleted", "DELETE", f"{_LINES}/*", Editor.change_pushed_item),
    _point("payment", "POST", f"{_INVOICES}/*/payments", Editor.begin_payment_of_pushed),
    _point("equal payments", "POST", f"{_INVOICES}/*/payments", Editor.begin_equal_payments),
    _point("payment changed", "PATCH", f"{_INVOICES}/*/payments/*", Editor.change_pushed_payment),
    _point("agreement", "POST", _AGREEMENTS, Editor.begin_customer),
    _point("addition", "POST", f"{_AGREEMENTS}/*/additions", Editor.begin_subscription),
    _point("addition changed", "PATCH", f"{_AGREEMENTS}/*/additions/*", Editor.change_subscription),
    _point("addition ended", "PATCH", f"{_AGREEMENTS}/*/additions/*", Editor.swap_unit),
)
PAYMENTS = tuple(point for point in POINTS if "payment" in point.name)
