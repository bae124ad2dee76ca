"""The part of products, orders, invoices, payments and subscriptions of the billing flow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from sandbox.server import Sandbox
from tests.fault import document_expected as expected
from tests.fault.billing_part import both_sides
from tests.fault.document_aimed_edits import AimedDocumentEditor
from tests.fault.document_books import DocumentBooks
from tests.fault.document_judge import DocumentJudge
from tests.fault.foreign import Foreign
from tests.fault.part import Part

_PUSH = ("account", "contact", "product", "order", "invoice", "payment", "subscription")


class DocumentPart(Part):
    """What is sold and billed in BSS, and what of it is in ConnectWise; its accounts are not edited here."""

    schedules = (
        "bss_accounts_poll",
        "bss_contacts_poll",
        "bss_products_poll",
        "bss_orders_poll",
        "bss_invoices_poll",
        "bss_payments_poll",
        "bss_subscriptions_poll",
    )

    def __init__(self, box: Sandbox, seed: int, *, keeps_identities: bool) -> None:
        self._box = box
        books, foreign = DocumentBooks(box), Foreign(box, from_start=False)
        self._judge = DocumentJudge(box, books, foreign)
        self._editor = AimedDocumentEditor(
            box,
            seed,
            books=books,
            foreign=foreign,
            is_right=self._judge.is_right,
            keeps_identities=keeps_identities,
        )

    @property
    def editor(self) -> AimedDocumentEditor:
        return self._editor

    @property
    def judge(self) -> DocumentJudge:
        return self._judge

    def settings(self) -> Mapping[str, str]:
        members = self._box.connectwise.table("system/members")
        representative = next(row for row in members if row["licenseClass"] != "A")
        return {
            **both_sides(self._box),
            "BILLING__PUSH": _json(_PUSH),
            "BILLING__SALES_REPRESENTATIVE": representative["identifier"],
            "BILLING__ORDER_STATUSES": _json(expected.ORDER_STATUSES),
            "BILLING__INVOICE_STATUSES": _json(expected.INVOICE_STATUSES),
            "BILLING__PAYMENT_METHODS": _json(expected.PAYMENT_TYPES),
            "BILLING__UNITS": _json(expected.UNITS),
            "BILLING__CREATE_AGREEMENTS": "true",
        }

    def writes(self) -> int:
        """Writes to ConnectWise."""
        return len(self._box.connectwise.writes)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
