"""A client, its subclients and contacts."""

from __future__ import annotations

from sandbox.jetbuilt import wire
from sandbox.jetbuilt.store import JetbuiltStore
from sandbox.jetbuilt.wire import Json
from sandbox.world.model import Client, Contact


def client(store: JetbuiltStore, item: Client) -> Json:
    """Return a client with its contacts and subclients."""
    return {
        **_bare(item),
        "parent_id": item.parent_id,
        "contacts": [_inner_contact(contact) for contact in item.contacts],
        "subclients": [_bare(child) for child in store.clients.children(item.id)],
    }


def contact(item: Contact) -> Json:
    """Return a contact as its own endpoint shows it, with a description."""
    return {**_inner_contact(item), "description": item.description}


def _bare(item: Client) -> Json:
    primary = item.primary_contact
    return {
        "id": item.id,
        "company_name": item.company_name,
        "website": item.website,
        "phone": item.phone,
        "description": item.description,
        "delinquent": item.delinquent,
        "payment_schedule": None,
        "created_at": wire.moment(item.created_at),
        "updated_at": wire.moment(item.updated_at),
        "primary_contact_first_name": primary.first_name if primary else None,
        "primary_contact_last_name": primary.last_name if primary else None,
        "primary_contact_title": primary.title if primary else None,
        "primary_contact_email": primary.email_address if primary else None,
        "primary_contact_phone_number_1": primary.phone_number_1 if primary else None,
        "primary_contact_phone_number_2": primary.phone_number_2 if primary else None,
        "address": item.address.street,
        "city": item.address.city,
        "state": item.address.state or None,
        "zipcode": item.address.zipcode,
        "country": item.address.country,
        "external_ids": dict(item.external_ids) if item.external_ids is not None else None,
    }


def _inner_contact(item: Contact) -> Json:
    return {
        "id": item.id,
        "first_name": item.first_name,
        "last_name": item.last_name,
        "title": item.title,
        "email_address": item.email_address,
        "phone_number_1": item.phone_number_1,
        "phone_number_2": item.phone_number_2,
        "primary": item.primary,
        "created_at": wire.moment(item.created_at),
        "updated_at": wire.moment(item.updated_at),
    }
