"""The integrator itself: company, users and products."""

from __future__ import annotations

from sandbox.jetbuilt import wire
from sandbox.jetbuilt.wire import Json
from sandbox.world.model import Company, Office, Product, User


def company(item: Company) -> Json:
    return {
        "id": item.id,
        "name": item.name,
        "created_at": wire.moment(item.created_at),
        "updated_at": wire.moment(item.updated_at),
        "locations": [_office(office) for office in item.offices],
    }


def user(item: User) -> Json:
    return {
        "id": item.id,
        "full_name": item.full_name,
        "email": item.email,
        "created_at": wire.moment(item.created_at),
        "updated_at": wire.moment(item.updated_at),
    }


def product(item: Product) -> Json:
    """Return a product; of the physical properties, which nobody here reads, only the warranty is shown."""
    return {
        "id": item.id,
        "model": item.model,
        "currency_code": item.currency_code,
        "product_id": item.product_id,
        "cost": wire.number(item.cost),
        "price": wire.number(item.price),
        "short_description": item.short_description,
        "msrp": wire.number(item.msrp),
        "mapp": None,
        "image_url": None,
        "phase_id": None,
        "shipping_cost": "0.0",
        "shipping_price": wire.number(item.shipping_price),
        "discontinued": item.discontinued,
        "notes": "",
        "warranty_value": None,
        "warranty_unit": None,
        "manufacturer": {"id": item.manufacturer.id, "name": item.manufacturer.name},
        "custom": item.custom,
        "direct_pricing": False,
        "tax_equipment": True,
        "tax_labor": False,
        "tax_shipping": False,
        "favorite": False,
        "created_at": wire.moment(item.created_at),
        "updated_at": wire.moment(item.updated_at),
    }


def _office(item: Office) -> Json:
    return {
        "id": item.id,
        "name": item.name,
        "time_zone": item.time_zone,
        "product_database_id": item.product_database_id,
        "created_at": wire.moment(item.created_at),
        "updated_at": wire.moment(item.updated_at),
        "address": item.address.street,
        "city": item.address.city,
        "state": item.address.state,
        "zipcode": item.address.zipcode,
        "country": item.address.country,
    }
