"""The named points of the billing side: one for each kind of write, on either system."""

from __future__ import annotations

from collections.abc import Callable

from tests.fault.billing_edits import BillingEditor
from tests.fault.points import Method, Point


def _point(
    name: str, system: str, method: Method, path: str, edit: Callable[[BillingEditor], object]
) -> Point:
    return Point(name=name, method=method, path=path, edit=edit, system=system, editor=BillingEditor)


_COMPANIES, _CONTACTS = "/company/companies", "/company/contacts"
_ITEMS = f"{_CONTACTS}/*/communications"
_PSA, _BSS = "connectwise", "bss"

POINTS = (
    _point("company", _PSA, "POST", _COMPANIES, BillingEditor.begin_account),
    _point("company changed", _PSA, "PATCH", f"{_COMPANIES}/*", BillingEditor.change_account),
    _point("company type", _PSA, "POST", f"{_COMPANIES}/*/typeAssociations", BillingEditor.change_type),
    _point("contact", _PSA, "POST", _CONTACTS, BillingEditor.begin_person),
    _point("contact changed", _PSA, "PATCH", f"{_CONTACTS}/*", BillingEditor.change_person_itself),
    _point("item", _PSA, "POST", _ITEMS, BillingEditor.fill_item),
    _point("item changed", _PSA, "PATCH", f"{_ITEMS}/*", BillingEditor.change_item),
    _point("item deleted", _PSA, "DELETE", f"{_ITEMS}/*", BillingEditor.clear_item),
    _point("account", _BSS, "POST", "/accounts", BillingEditor.begin_company),
    _point("account changed", _BSS, "PATCH", "/accounts/*", BillingEditor.change_company),
    _point("contact of BSS", _BSS, "POST", "/contacts", BillingEditor.begin_contact),
    _point("contact of BSS changed", _BSS, "PATCH", "/contacts/*", BillingEditor.change_contact),
)
