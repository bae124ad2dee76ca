"""The ConnectWise PSA client: every collection the flows use, over one transport."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import msgspec

from cwbridge import concurrency, errors, settings
from cwbridge.connectors.calls import Address, Answer, Method, Request
from cwbridge.connectors.connectwise import conditions, finance, models, refusals
from cwbridge.connectors.connectwise.codebase import Codebase
from cwbridge.connectors.connectwise.pages import MAX_PER_PAGE
from cwbridge.connectors.connectwise.resource import Resource, query_string
from cwbridge.connectors.connectwise.settings import ConnectWiseSettings
from cwbridge.connectors.profile import Bounds, Profile
from cwbridge.connectors.reading import Reader, reader
from cwbridge.connectors.session import open_session
from cwbridge.connectors.transport import Limits, OpenTransport, Transport

__all__ = ["ConnectWiseClient", "Resource", "open_client", "session_headers"]

T = TypeVar("T", bound=models.Tracked)
Read = TypeVar("Read")

MAX_URL_CHARACTERS = 1_999
"""The developer guide wants addresses under 2,000 characters."""
CONNECTWISE = Profile("connectwise", "ConnectWise", refusals.classify, throttle_seconds=30.0)
# Calls of one question under way at once: many jobs ask, and no job may take all slots.
_AT_ONCE = 6
_JSON: Mapping[str, str] = {"Content-Type": "application/json"}
# The specification promises a list; a server that answers the one conversion itself is understood as well.
_read_conversions: Reader[list[Any] | dict[str, Any]] = Reader(list[Any] | dict[str, Any])
_read_stages = reader(list[models.Stage])


class ConnectWiseClient:
    """Typed access to one tenant; raises errors of the tree only."""

    def __init__(self, transport: Transport, configured: ConnectWiseSettings) -> None:
        self._transport = transport
        self._api_version = configured.api_version
        self._codebase = Codebase(
            transport, host=configured.url or "", company_id=configured.company_id or ""
        )
        self.opportunities = Resource(self, "/sales/opportunities", models.Opportunity)
        self.opportunity_types = Resource(self, "/sales/opportunities/types", models.OpportunityType)
        self.opportunity_statuses = Resource(self, "/sales/opportunities/statuses", models.OpportunityStatus)
        self.stages = Resource(self, "/sales/stages", models.Stage)
        self.probabilities = Resource(self, "/sales/probabilities", models.Probability)
        self.products = Resource(self, "/procurement/products", models.ProductItem)
        self.warehouses = Resource(self, "/procurement/warehouses", models.Warehouse)
        self.catalog = Resource(self, "/procurement/catalog", models.CatalogItem)
        self.categories = Resource(self, "/procurement/categories", models.Category)
        self.subcategories = Resource(self, "/procurement/subcategories/", models.SubCategory)
        self.product_types = Resource(self, "/procurement/types", models.ProductType)
        self.units_of_measure = Resource(self, "/procurement/unitOfMeasures", models.UnitOfMeasure)
        self.manufacturers = Resource(self, "/procurement/manufacturers", models.Manufacturer)
        self.companies = Resource(self, "/company/companies", models.Company)
        self.company_types = Resource(self, "/company/companies/types", models.CompanyType)
        self.company_statuses = Resource(self, "/company/companies/statuses", models.CompanyStatus)
        self.contacts = Resource(self, "/company/contacts", models.Contact)
        self.communication_types = Resource(self, "/company/communicationTypes", models.CommunicationType)
        self.countries = Resource(self, "/company/countries", models.Country)
        self.states = Resource(self, "/company/states", models.State)
        self.members = Resource(self, "/system/members", models.Member)
        self.locations = Resource(self, "/system/locations", models.Location)
        self.departments = Resource(self, "/system/departments", models.Department)
        self.user_defined_fields = Resource(self, "/system/userDefinedFields", models.UserDefinedField)
        self.currencies = Resource(self, "/finance/currencies", models.Currency)
        self.orders = Resource(self, "/sales/orders", finance.Order)
        self.order_statuses = Resource(self, "/sales/orders/statuses", finance.OrderStatus)
        self.invoices = Resource(self, "/finance/invoices", finance.Invoice)
        self.invoice_statuses = Resource(self, "/finance/billingStatuses", finance.InvoiceStatus)
        self.agreements = Resource(self, "/finance/agreements", finance.Agreement)
        self.agreement_types = Resource(self, "/finance/agreements/types", finance.AgreementType)
        self.billing_terms = Resource(self, "/finance/billingTerms", finance.BillingTerm)
        self.tax_codes = Resource(self, "/finance/taxCodes", finance.TaxCode)

    def __repr__(self) -> str:
        return f"ConnectWiseClient({self._transport!r})"

    def sites(self, company_id: int) -> Resource[models.Site]:
        return Resource(
            self,
            f"/company/companies/{int(company_id)}/sites",
            models.Site,
            endpoint="/company/companies/{parentId}/sites",
        )

    def type_associations(self, company_id: int) -> Resource[models.TypeAssociation]:
        return Resource(
            self,
            f"/company/companies/{int(company_id)}/typeAssociations",
            models.TypeAssociation,
            endpoint="/company/companies/{parentId}/typeAssociations",
        )

    def communications(self, contact_id: int) -> Resource[models.CommunicationItem]:
        return Resource(
            self,
            f"/company/contacts/{int(contact_id)}/communications",
            models.CommunicationItem,
            endpoint="/company/contacts/{parentId}/communications",
        )

    def notes(self, opportunity_id: int) -> Resource[models.Note]:
        return Resource(
            self,
            f"/sales/opportunities/{int(opportunity_id)}/notes",
            models.Note,
            endpoint="/sales/opportunities/{parentId}/notes",
        )

    def payments_of(self, invoice_id: int) -> Resource[finance.InvoicePayment]:
        return Resource(
            self,
            f"/finance/invoices/{int(invoice_id)}/payments",
            finance.InvoicePayment,
            endpoint="/finance/invoices/{parentId}/payments",
        )

    def additions_of(self, agreement_id: int) -> Resource[finance.Addition]:
        return Resource(
            self,
            f"/finance/agreements/{int(agreement_id)}/additions",
            finance.Addition,
            endpoint="/finance/agreements/{parentId}/additions",
        )

    async def converted(self, opportunity_id: int) -> bool:
        """Whether the opportunity was converted; for one that was not, servers answer an empty list or not found."""
        endpoint = "/sales/opportunities/conversions/{id}"
        path = f"/sales/opportunities/conversions/{int(opportunity_id)}"
        try:
            return bool((await self.call("GET", endpoint, path, _read_conversions)).value)
        except errors.NotFound:
            return False

    async def check_credentials(self) -> None:
        """Prove that the credentials may read; raises AuthenticationRefused, PermissionRefused or another error of the tree.

        The system info may be answered without credentials, so a list of one stage is asked for.
        """
        await self.stages.find(fields=("id",), limit=1)

    async def about(self) -> str:
        """The code base that the server named, and the version of the API that is asked for."""
        code_base = (await self._codebase.address()).prefix.removesuffix("/apis/3.0").strip("/")
        return f"code base {code_base}, API version {self._api_version}"

    async def find_in(
        self,
        resource: Resource[T],
        name: str,
        values: Iterable[str],
        *,
        fields: Sequence[str] = (),
    ) -> list[T]:
        """Records whose field `name` is one of `values`; batches of the longest address allowed go out, a few side by side."""
        listed = ",".join(dict.fromkeys(["id", *fields])) if fields else ""
        parameters = {"conditions": "x", "fields": listed, "pageSize": str(MAX_PER_PAGE)}
        address = await self._codebase.address()
        used = len(str(address.url(resource.path, query_string(parameters))))
        spare_for_next_page = len("&pageId=") + 19
        budget = MAX_URL_CHARACTERS + 1 - used - spare_for_next_page
        lists = await concurrency.gather_limited(
            (
                resource.find(condition, fields=fields)
                for _, condition in conditions.batches(name, values, budget=budget)
            ),
            limit=_AT_ONCE,
        )
        return list({row.id: row for rows in lists for row in rows}.values())

    async def call(
        self,
        method: Method,
        endpoint: str,
        path: str,
        decode: Reader[Read],
        *,
        query: str = "",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer[Read]:
        """Send one call to wherever the API lives; when the code base moved, send the call to the new address.

        That is safe for writes too: the endpoint did not exist, so nothing was executed.
        """
        address = await self._codebase.address()
        extra = _JSON if headers is None and body is not None else headers
        request = Request(method, address, endpoint, path, decode, query, extra, body)
        _refuse_overlong(request)
        try:
            return await self._send(request)
        except refusals.EndpointMissing as missing:
            if missing.page:
                raise refusals.page_instead(missing, writes=request.writes) from missing
            raise

    async def _send(self, request: Request[Read]) -> Answer[Read]:
        """Send the request, and once more when the code base has moved; raises EndpointMissing when it has not."""
        try:
            return await self._transport.send(request)
        except refusals.EndpointMissing as missing:
            moved = await self._codebase.moved_from(request.address)
            if moved is None:
                if self._codebase.just_confirmed and not missing.page:
                    await self._tell_credentials_from_paths(request.address)
                raise
        return await self._transport.send(msgspec.structs.replace(request, address=moved))

    async def _tell_credentials_from_paths(self, address: Address) -> None:
        """Raise AuthenticationRefused when a path that every server has is missing too: the cloud answers wrong credentials with 404."""
        path = self.stages.path
        probe = Request(
            "GET", address, path, path, _read_stages, query_string({"fields": "id", "pageSize": "1"})
        )
        try:
            await self._transport.send(probe)
        except refusals.EndpointMissing as missing:
            if missing.page:
                return
            await self._transport.hold_for_credentials()
            raise errors.AuthenticationRefused(
                "ConnectWise refused the credentials",
                detail="it answers 404 to every path",
                remedy=refusals.EndpointMissing.remedy_by_default,
            ) from missing
        except errors.WorkError:
            return


def _refuse_overlong(request: Request[Read]) -> None:
    length = len(request.query)
    if length < 1_000:
        return
    length = len(str(request.url))
    if length > MAX_URL_CHARACTERS:
        raise errors.RequestRefused(
            f"A question to ConnectWise is longer than the {MAX_URL_CHARACTERS} characters it takes",
            detail=f"{request.method} {request.path}, {length} characters",
            remedy="Shorten the identifier or name in the source that makes it so long, then requeue.",
        )


def session_headers(configured: ConnectWiseSettings) -> dict[str, str]:
    """The default headers of a ConnectWise session; they hold the credentials, so do not log them."""
    public, private, client = (
        secret.get_secret_value() if secret is not None else ""
        for secret in (configured.public_key, configured.private_key, configured.client_id)
    )
    credentials = f"{configured.company_id}+{public}:{private}".encode()
    return {
        "Authorization": f"Basic {base64.b64encode(credentials).decode()}",
        "clientId": client,
        "Accept": f"application/vnd.connectwise.com+json; version={configured.api_version}",
    }


@asynccontextmanager
async def open_client(
    configured: settings.Settings, limiter: Limits, transports: OpenTransport | None = None
) -> AsyncIterator[ConnectWiseClient]:
    """A client by the settings (`settings.require_connectwise` has been asked), closed at the end; `transports` makes its transport."""
    async with open_session(headers=session_headers(configured.of(ConnectWiseSettings))) as session:
        transport = (transports or Transport)(
            CONNECTWISE,
            session=session,
            limiter=limiter,
            bounds=Bounds(configured.http.timeout.total_seconds(), configured.http.max_response_bytes),
        )
        yield ConnectWiseClient(transport, configured.of(ConnectWiseSettings))
