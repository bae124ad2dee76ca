"""The fields of a new row, by collection."""

from __future__ import annotations

from typing import Any, Final

from sandbox.bss.collections import Row


def _blank(names: str, **values: Any) -> Row:
    return {**dict.fromkeys(names.split()), **values}


BLANKS: Final = {
    "accounts": _blank(
        "name code phone fax webSite email typeId currencyCode parentAccountId integrationId",
        addresses=[],
        isTaxable=True,
    ),
    "contacts": _blank("firstName lastName jobTitle email phone mobilePhone fax accountId", isPrimary=False),
    "products": _blank(
        "code name fullDescription productType unitOfMeasure sellPrice costPrice",
        isTaxable=True,
        isActivated=True,
    ),
    "orders": _blank(
        "code accountId billToAccountId contact status orderDate dueDate description responsibleUser currency totalAmount",
        items=[],
    ),
    "invoices": _blank(
        "code accountId billingAccountId billingAccountName date dueDate description paymentMethod currency",
        stage="Draft",
        type="Debit",
        totalAmount=0,
        taxAmount=0,
        items=[],
    ),
    "payments": _blank("accountId invoiceId paymentMethod paymentDate amount transactionId"),
    "subscriptions": _blank(
        "name accountId product quantity unit sellPrice costPrice startDate endDate cancelledDate",
        status="Active",
    ),
    "organization/accounttypes": _blank("name"),
}
