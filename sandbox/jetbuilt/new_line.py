"""A line item as a user creates it: from a manufacturer and a model, placed by names."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

from sandbox.jetbuilt.body import Body
from sandbox.jetbuilt.store import JetbuiltStore
from sandbox.world.model import Line, Named, Product, Project

CUSTOM_MAKER = 900
CUSTOM_TYPE = Named(id=1, name="Custom")


class _Placed(Protocol):
    @property
    def id(self) -> int: ...
    @property
    def name(self) -> str: ...


def line_of(store: JetbuiltStore, project: Project, fields: Body) -> Line:
    """Return the wanted line, not yet stored; raise Refusal 422 when something is missing or unknown."""
    fields.require("manufacturer_name", "model")
    room_id = _place(fields, "room_name", project.rooms)
    system_id = _place(fields, "system_name", project.systems)
    quantity = fields.optional_decimal("quantity_per_room")
    product = store.product_named(fields.text("manufacturer_name"), fields.text("model"))
    now = store.now()
    line = Line(
        id=0,
        kind="physical",
        manufacturer=product.manufacturer if product else _maker(fields),
        model=fields.text("model"),
        part_number=product.part_number if product else None,
        short_description=fields.text("short_description") or (product.short_description if product else ""),
        item_type=product.item_type if product else CUSTOM_TYPE,
        created_at=now,
        updated_at=now,
        product_id=product.product_id if product else None,
        custom_product_id=_custom_id(store, product),
        custom=product is None or product.custom,
        room_id=room_id,
        system_id=system_id,
        quantity_per_room=Decimal(1) if quantity is None else quantity,
        price=fields.decimal("price"),
        cost=product.cost if product else Decimal(0),
        project_cost=product.cost if product else Decimal(0),
        msrp=product.msrp if product else Decimal(0),
        currency_iso=fields.text("currency_code") or project.currency,
        shipping_price=fields.decimal("shipping_price"),
        shipping_cost=fields.decimal("shipping_cost"),
        tax_equipment=fields.boolean("tax_equipment") if "tax_equipment" in fields else True,
        tax_shipping=fields.boolean("tax_shipping") if "tax_shipping" in fields else False,
        notes=fields.optional_text("notes"),
        external_notes=fields.optional_text("external_notes"),
        metadata=fields.raw("metadata"),
    )
    fields.check()
    return line


def _maker(fields: Body) -> Named:
    return Named(id=CUSTOM_MAKER, name=fields.text("manufacturer_name"))


def _custom_id(store: JetbuiltStore, product: Product | None) -> int | None:
    if product is None:
        return next(store.numbers.custom_products)
    return product.id if product.custom else None


def _place(fields: Body, field: str, nouns: tuple[_Placed, ...]) -> int | None:
    """Return the id of the named noun, or of the first one when none is named."""
    name = fields.text(field)
    if not name:
        return nouns[0].id if nouns else None
    for noun in nouns:
        if noun.name == name:
            return noun.id
    fields.complain(field, "is not in the project")
    return None
