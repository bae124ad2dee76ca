"""The rights that the billing flow needs. `billing.push` and `billing.pull` say which of them are used."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from cwbridge.access import Access, Verb
from cwbridge.connectors.bss.system import BSS
from worker.psa import access as psa

if TYPE_CHECKING:
    from cwbridge.connectors.bss.client import BssClient


def _collection(name: str) -> Callable[[BssClient], Awaitable[bool]]:
    async def probe(client: BssClient) -> bool:
        await getattr(client, name).page(1, size=10)
        return True

    return probe


async def _account_types(client: BssClient) -> bool:
    await client.account_types()
    return True


def _of_bss(name: str, *verbs: Verb, why: str, proof: str = "") -> Access:
    return Access(
        system=BSS, endpoint=f"/api/{name}", verbs=verbs, why=why, proof=proof, probe=_collection(name)
    )


ACCESS: Final = (
    Access(system=BSS, endpoint="/oauth/token", verbs=("POST",), why="an access token; nothing is changed"),
    _of_bss(
        "accounts",
        "GET",
        "POST",
        "PATCH",
        why="accounts, and companies that are pulled",
        proof="the first company that is pulled",
    ),
    _of_bss(
        "contacts",
        "GET",
        "POST",
        "PATCH",
        why="contacts, and those that are pulled",
        proof="the first contact that is pulled",
    ),
    Access(
        system=BSS,
        endpoint="/api/organization/accounttypes",
        verbs=("GET",),
        why="the types of accounts",
        probe=_account_types,
    ),
    *(
        _of_bss(name, "GET", why=f"{name}, which are only read")
        for name in ("products", "orders", "invoices", "payments", "subscriptions")
    ),
    *psa.COMMON,
    psa.collection(
        "companies",
        "/company/companies",
        "PATCH",
        why="changed fields of companies",
        proof="the first account that changes",
    ),
    psa.collection(
        "contacts",
        "/company/contacts",
        "PATCH",
        why="changed fields of contacts",
        proof="the first contact that changes",
    ),
    psa.collection(
        "company_types", "/company/companies/types", "GET", why="types of companies, by the settings"
    ),
    psa.collection(
        "company_statuses", "/company/companies/statuses", "GET", why="the status of new companies"
    ),
    psa.children(
        "companies",
        "type_associations",
        "/company/companies/{parentId}/typeAssociations",
        "GET",
        "POST",
        why="the types of a company",
        proof="the first account whose company lacks its type",
    ),
    psa.children(
        "contacts",
        "communications",
        "/company/contacts/{parentId}/communications",
        "GET",
        "POST",
        "PATCH",
        "DELETE",
        why="e-mail addresses and phone numbers of a contact",
        proof="the first phone number that changes",
    ),
    psa.collection(
        "communication_types",
        "/company/communicationTypes",
        "GET",
        why="kinds of e-mail addresses and phone numbers",
    ),
    psa.collection(
        "orders",
        "/sales/orders",
        "GET",
        "POST",
        "PATCH",
        why="sales orders",
        proof="the first order that is pushed",
    ),
    psa.collection(
        "order_statuses", "/sales/orders/statuses", "GET", why="names in the settings; which are closed"
    ),
    psa.collection(
        "invoices",
        "/finance/invoices",
        "GET",
        "POST",
        "PATCH",
        why="invoices and credit memos",
        proof="the first invoice that is pushed",
    ),
    psa.collection(
        "invoice_statuses", "/finance/billingStatuses", "GET", why="names in the settings; which are closed"
    ),
    psa.children(
        "invoices",
        "payments_of",
        "/finance/invoices/{parentId}/payments",
        "GET",
        "POST",
        "PATCH",
        why="payments",
        proof="the first payment that is pushed",
    ),
    psa.collection(
        "agreements",
        "/finance/agreements",
        "GET",
        "POST",
        why="agreements that take subscriptions; created with billing.create_agreements only",
        proof="the first subscription whose company has no agreement",
    ),
    psa.collection("agreement_types", "/finance/agreements/types", "GET", why="names in the settings"),
    psa.children(
        "agreements",
        "additions_of",
        "/finance/agreements/{parentId}/additions",
        "GET",
        "POST",
        "PATCH",
        why="the additions of subscriptions",
        proof="the first subscription that is pushed",
    ),
    psa.collection("billing_terms", "/finance/billingTerms", "GET", why="names in the settings"),
    psa.collection("tax_codes", "/finance/taxCodes", "GET", why="names in the settings"),
)
