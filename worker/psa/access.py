"""The rights in ConnectWise that every flow needs, and how a right to read is proven."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from cwbridge.access import Access, Verb
from cwbridge.connectors.connectwise.system import CONNECTWISE

if TYPE_CHECKING:
    from cwbridge.connectors.connectwise.client import ConnectWiseClient


def _collection(name: str) -> Callable[[ConnectWiseClient], Awaitable[bool]]:
    async def probe(client: ConnectWiseClient) -> bool:
        await getattr(client, name).find(fields=("id",), limit=1)
        return True

    return probe


def _children(parents: str, name: str) -> Callable[[ConnectWiseClient], Awaitable[bool]]:
    async def probe(client: ConnectWiseClient) -> bool:
        for parent in await getattr(client, parents).find(fields=("id",), limit=1):
            await getattr(client, name)(parent.id).find(fields=("id",), limit=1)
            return True
        return False

    return probe


def collection(name: str, endpoint: str, *verbs: Verb, why: str, proof: str = "") -> Access:
    """Access to a collection; `name` is the client's name of it."""
    return Access(
        system=CONNECTWISE, endpoint=endpoint, verbs=verbs, why=why, proof=proof, probe=_collection(name)
    )


def children(parents: str, name: str, endpoint: str, *verbs: Verb, why: str, proof: str = "") -> Access:
    """Access to a collection below each record of the collection `parents`."""
    return Access(
        system=CONNECTWISE,
        endpoint=endpoint,
        verbs=verbs,
        why=why,
        proof=proof,
        probe=_children(parents, name),
    )


COMMON: Final = (
    Access(
        system=CONNECTWISE,
        endpoint="/login/companyinfo/{companyId}",
        verbs=("GET",),
        why="the code base of the company; asked without credentials",
    ),
    collection("stages", "/sales/stages", "GET", why="proves the credentials; names of stages"),
    collection(
        "companies",
        "/company/companies",
        "GET",
        "POST",
        why="companies are matched, else created",
        proof="the first object whose company is not in ConnectWise",
    ),
    collection(
        "contacts",
        "/company/contacts",
        "GET",
        "POST",
        why="contacts are matched, else created",
        proof="the first object whose contact is not in ConnectWise",
    ),
    collection("countries", "/company/countries", "GET", why="countries of addresses"),
    collection("states", "/company/states", "GET", why="states of addresses"),
    collection("members", "/system/members", "GET", why="sales representatives"),
    collection("locations", "/system/locations", "GET", why="names in the settings"),
    collection("departments", "/system/departments", "GET", why="names in the settings"),
    collection("currencies", "/finance/currencies", "GET", why="currencies by their ISO code"),
    collection(
        "user_defined_fields", "/system/userDefinedFields", "GET", why="custom fields by their caption"
    ),
    collection(
        "products",
        "/procurement/products",
        "GET",
        "POST",
        "DELETE",
        why="the lines of opportunities, orders and invoices",
        proof="the first line that is new; DELETE at the first line that changes",
    ),
    collection(
        "catalog",
        "/procurement/catalog",
        "GET",
        "POST",
        "PATCH",
        "DELETE",
        why="catalog items are matched, else created; DELETE only for a copy that ConnectWise made of a create",
        proof="the first line whose model is not in the catalog",
    ),
    *(
        collection(
            name,
            endpoint,
            "GET",
            "POST",
            why="places catalog items; a missing name is created",
            proof=f"the first catalog item whose {noun} is not in ConnectWise",
        )
        for name, endpoint, noun in (
            ("categories", "/procurement/categories", "category"),
            ("subcategories", "/procurement/subcategories/", "sub-category"),
            ("product_types", "/procurement/types", "product type"),
            ("units_of_measure", "/procurement/unitOfMeasures", "unit of measure"),
            ("manufacturers", "/procurement/manufacturers", "manufacturer"),
        )
    ),
    collection(
        "warehouses",
        "/procurement/warehouses",
        "GET",
        why="signs of inventory auditing, for `cwbridge doctor` only",
    ),
)
