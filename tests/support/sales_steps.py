"""What can happen to the sales of an account: edits by users of BSS, syncs, kills and losses, and histories of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

import msgspec
from hypothesis import strategies as st

from tests.support.sales import Document, Sales


class ItemAdded(msgspec.Struct, frozen=True):
    """A further item; without a quantity it counts the first subscription."""

    document: Document
    product: Literal[0, 1]
    quantity: Decimal | None
    price: Decimal


class ItemChanged(msgspec.Struct, frozen=True):
    """Another product, quantity, price or total of an item; a total alone is a prorated one."""

    document: Document
    place: int
    field: Literal["quantity", "finalPrice", "finalTotal"]
    value: Decimal


class ItemRemoved(msgspec.Struct, frozen=True):
    """An item goes."""

    document: Document
    place: int


class Described(msgspec.Struct, frozen=True):
    """Another description of a document."""

    document: Document
    text: str


class Advanced(msgspec.Struct, frozen=True):
    """An invoice reaches its next stage: Draft, Unpaid, Paid."""

    invoice: Literal["invoice", "draft"]


class Paid(msgspec.Struct, frozen=True):
    """A further payment."""

    invoice: Literal["invoice", "draft"]
    amount: str


class Changed(msgspec.Struct, frozen=True):
    """Another value in a product, a payment or a subscription."""

    collection: Literal["products", "payments", "subscriptions"]
    place: Literal[0, 1]
    fields: dict[str, Any]


class Subscribed(msgspec.Struct, frozen=True):
    """A further subscription."""


class Synced(msgspec.Struct, frozen=True):
    """Everything is synced, while so many answers to writes are lost."""

    lost: int = 0


class Polled(msgspec.Struct, frozen=True):
    """The polls and the jobs that they enqueue."""


class Killed(msgspec.Struct, frozen=True):
    """A sync is broken off after so many calls."""

    calls: int
    full: bool


class KilledInWrite(msgspec.Struct, frozen=True):
    """A sync is broken off when so many writes of a method were answered and the next one took effect, before its answer arrives."""

    method: Literal["POST", "PATCH", "DELETE"]
    writes: int
    path: str = "/[cfps]*"


class Wiped(msgspec.Struct, frozen=True):
    """Redis loses everything."""


Edit = ItemAdded | ItemChanged | ItemRemoved | Described | Advanced | Paid | Changed | Subscribed
Step = Edit | Synced | Polled | Killed | KilledInWrite | Wiped
DOCUMENTS: st.SearchStrategy[Document] = st.sampled_from(["order", "invoice", "draft"])
BILLED: st.SearchStrategy[Literal["invoice", "draft"]] = st.sampled_from(["invoice", "draft"])
PLACES: st.SearchStrategy[Literal[0, 1]] = st.sampled_from([0, 1])
# No product of these lies on half a cent: which way BSS rounds such a one nobody has told.
QUANTITIES = st.sampled_from([Decimal(number) for number in ("1", "3", "12", "0.5")])
PRICES = st.sampled_from([Decimal(price) for price in ("0", "0.333", "4.20", "5.00", "18.02")])
AMOUNTS = st.sampled_from(["3.00", "4.20", "16.80"])
TEXTS = st.sampled_from(["One", "Another", "A third"])
EDITS: st.SearchStrategy[Edit] = st.one_of(
    st.builds(ItemAdded, document=DOCUMENTS, product=PLACES, quantity=st.none() | QUANTITIES, price=PRICES),
    st.builds(
        ItemChanged,
        document=DOCUMENTS,
        place=st.integers(0, 2),
        field=st.sampled_from(["quantity", "finalPrice", "finalTotal"]),
        value=st.sampled_from([Decimal(value) for value in ("1", "3", "4.20", "18.02")]),
    ),
    st.builds(ItemRemoved, document=DOCUMENTS, place=st.integers(0, 2)),
    st.builds(Described, document=DOCUMENTS, text=TEXTS),
    st.builds(Advanced, invoice=BILLED),
    st.builds(Paid, invoice=BILLED, amount=AMOUNTS),
    st.builds(
        Changed,
        collection=st.just("payments"),
        place=PLACES,
        fields=st.fixed_dictionaries({"amount": AMOUNTS.map(Decimal)}),
    ),
    st.builds(
        Changed,
        collection=st.just("products"),
        place=PLACES,
        fields=st.fixed_dictionaries({"name": TEXTS}) | st.fixed_dictionaries({"sellPrice": PRICES}),
    ),
    *[
        st.builds(Changed, collection=st.just("subscriptions"), place=PLACES, fields=fields)
        for fields in (
            st.fixed_dictionaries({"quantity": QUANTITIES}),
            st.fixed_dictionaries({"sellPrice": PRICES}),
            st.fixed_dictionaries({"unit": st.sampled_from(["Month", "Annual"])}),
            st.sampled_from(
                [
                    {"status": "Cancelled", "cancelledDate": "2026-06-30"},
                    {"status": "In-Active", "cancelledDate": "2026-07-31"},
                    {"status": "Active", "cancelledDate": None},
                ]
            ),
        )
    ],
    st.just(Subscribed()),
)
CREATES = (
    "/procurement/catalog",
    "/procurement/products",
    "/sales/orders",
    "/finance/invoices",
    "/finance/invoices/*/payments",
    "/finance/agreements/*/additions",
)
TROUBLES: st.SearchStrategy[Step] = st.one_of(
    st.builds(Synced, lost=st.integers(0, 3)),
    st.just(Polled()),
    st.builds(Killed, calls=st.integers(1, 60), full=st.booleans()),
    st.builds(
        KilledInWrite, method=st.sampled_from(["POST", "POST", "PATCH", "DELETE"]), writes=st.integers(0, 6)
    ),
    st.builds(KilledInWrite, method=st.just("POST"), writes=st.integers(0, 1), path=st.sampled_from(CREATES)),
    st.just(Wiped()),
)
HISTORIES: st.SearchStrategy[list[Step]] = st.lists(EDITS | EDITS | TROUBLES, min_size=6, max_size=20)


def edit(sales: Sales, step: Edit) -> None:
    """Let a user of BSS do it."""
    match step:
        case ItemAdded():
            sales.add_item(step.document, step.product, step.quantity, step.price)
        case ItemChanged():
            sales.edit_item(step.document, step.place, **{step.field: step.value})
        case ItemRemoved():
            sales.remove_item(step.document, step.place)
        case Described():
            sales.edit(step.document, description=step.text)
        case Advanced():
            sales.advance(step.invoice)
        case Paid():
            sales.pay(step.invoice, step.amount)
        case Changed():
            sales.edit_nth(step.collection, step.place, **step.fields)
        case Subscribed():
            sales.subscribe()
