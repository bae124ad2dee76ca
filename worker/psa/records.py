"""The desired records of ConnectWise, of whatever source: plain data, names instead of ids.

An `identity` is the link identity of a record with its source, such as `jetbuilt:client:8801`: two sources never share one.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

Billable = Literal["Billable", "DoNotBill", "NoCharge"]
_CENT = Decimal("0.01")


class PostalAddress(msgspec.Struct, frozen=True, kw_only=True):
    line1: str = ""
    line2: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    country: str = ""


class DesiredCompany(msgspec.Struct, frozen=True, kw_only=True):
    """A company: found by link or exact name, else created."""

    identity: str
    name: str
    as_written: str = ""
    """The name as the source spells it, where that is not `name`: ConnectWise may hold the same spelling."""
    address: PostalAddress = PostalAddress()
    phone: str = ""
    website: str = ""
    parent: DesiredCompany | None = None


class DesiredContact(msgspec.Struct, frozen=True, kw_only=True):
    """A contact of a company: found by e-mail within the company, else by name."""

    identity: str
    """The identity without the company; the link is kept under `{identity}@{company id}`."""
    first_name: str
    last_name: str = ""
    email: str = ""
    title: str = ""
    phones: tuple[str, ...] = ()
    stand_in: bool = False
    """The source names no contact: the default contact of the company is taken where there is one."""


class DesiredSite(msgspec.Struct, frozen=True, kw_only=True):
    """A site of a company, found by name within the company, else created."""

    identity: str
    """The identity without the company; the link is kept under `{identity}@{company id}`."""
    name: str
    address: PostalAddress = PostalAddress()


class DesiredMember(msgspec.Struct, frozen=True, kw_only=True):
    """A person who works at the tenant: only matched, never created."""

    full_name: str = ""
    email: str = ""


class DesiredProduct(msgspec.Struct, frozen=True, kw_only=True):
    """A catalog item as it is looked up, and as it is created when it is missing."""

    identifier: str
    qualified: str
    """The identifier taken when `identifier` belongs to another manufacturer."""
    kind: str
    """What kind of product it is, in the words of the flow whose placement rule reads it."""
    description: str
    as_written: str = ""
    """The identifier as the source spells it, where that is not `identifier`: ConnectWise may hold the same spelling."""
    manufacturer: str = ""
    item_type: str = ""
    """The source's own name of a group of products, for the placement rule."""
    unit: str = ""
    """The source's own name of the unit in which it is sold, for the placement rule."""
    identity: str = ""
    """The link identity of the product, where the source has products of their own, such as `bss:product:12`."""
    locked_subcategory: str = ""
    """The only sub-category in which an item fits this product; "" when any does."""
    part_number: str = ""
    customer_description: str = ""
    price: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)
    taxable: bool = True


class DesiredLine(msgspec.Struct, frozen=True, kw_only=True):
    """One product item of a parent record: `key` says which line of the source it is, the rest what it should hold."""

    key: str
    product: DesiredProduct
    quantity: Decimal
    price: Decimal
    cost: Decimal
    description: str
    customer_description: str
    internal_notes: str = ""
    vendor_sku: str = ""
    billable: Billable = "Billable"
    taxable: bool | None = True
    """None: what the catalog item says."""

    @property
    def total_price(self) -> Decimal:
        """Quantity times price, in cents."""
        return (self.quantity * self.price).quantize(_CENT, rounding="ROUND_HALF_UP")
