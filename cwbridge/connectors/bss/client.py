"""The BSS client: every collection of one tenant that is read or written, over one transport and one access token."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar
from zoneinfo import ZoneInfo

import msgspec

from cwbridge import errors, settings
from cwbridge.connectors.bss import assumptions, documents, models, refusals
from cwbridge.connectors.bss.collection import Collection, ListPage, Tally, WritableCollection
from cwbridge.connectors.bss.settings import BssSettings
from cwbridge.connectors.bss.times import ServerTimes
from cwbridge.connectors.bss.tokens import AccessTokens, SecretHeaders
from cwbridge.connectors.calls import Address, Answer, Method, Request
from cwbridge.connectors.profile import Bounds, Profile
from cwbridge.connectors.reading import Reader
from cwbridge.connectors.session import open_session
from cwbridge.connectors.transport import Limits, OpenTransport, Transport

__all__ = ["BssClient", "Collection", "ListPage", "Tally", "WritableCollection", "open_client"]

Read = TypeVar("Read")

BSS = Profile("bss", "BSS", refusals.classify, throttle_seconds=10.0)
_GRANTS = Profile("bss", "BSS", refusals.classify_grant, throttle_seconds=10.0)


class BssClient:
    """Typed access to one tenant; raises errors of the tree only.

    `times` knows how the server shows and reads moments.
    """

    def __init__(
        self,
        transport: Transport,
        tokens: AccessTokens,
        configured: BssSettings,
        times: ServerTimes,
    ) -> None:
        self._transport = transport
        self._tokens = tokens
        self._base = Address.parse(configured.url or "")
        self.times = times
        size = configured.page_size
        self.accounts = WritableCollection(self, "/api/accounts", models.Account, times=times, page_size=size)
        self.contacts = WritableCollection(self, "/api/contacts", models.Contact, times=times, page_size=size)
        self.products = Collection(self, "/api/products", documents.Product, times=times, page_size=size)
        self.orders = Collection(self, "/api/orders", documents.Order, times=times, page_size=size)
        self.invoices = Collection(self, "/api/invoices", documents.Invoice, times=times, page_size=size)
        self.payments = Collection(self, "/api/payments", documents.Payment, times=times, page_size=size)
        self.subscriptions = Collection(
            self, "/api/subscriptions", documents.Subscription, times=times, page_size=size
        )
        self._account_types = Collection(
            self, assumptions.ACCOUNT_TYPES, models.AccountType, times=times, page_size=size
        )

    def __repr__(self) -> str:
        return f"BssClient({self._transport!r})"

    async def account_types(self) -> list[models.AccountType]:
        """Every kind of account that the tenant has."""
        return await self._account_types.find()

    async def check_credentials(self) -> None:
        """Prove that the credentials may read accounts; raises AuthenticationRefused, PermissionRefused or what else is wrong."""
        await self.accounts.page(assumptions.FIRST_PAGE, size=1)

    async def about(self) -> str:
        """The version of the API that is asked for."""
        return f"API version {self._tokens.api_version}"

    async def call(
        self,
        method: Method,
        endpoint: str,
        path: str,
        decode: Reader[Read],
        *,
        query: str = "",
        body: bytes | None = None,
        content_type: str = "",
    ) -> Answer[Read]:
        """Send one call; a 403 is repeated after growing pauses, also of a write, because BSS has not executed it."""
        headers = {"Content-Type": content_type} if content_type else None
        request = Request(method, self._base, endpoint, path, decode, query, headers, body)
        for pause in assumptions.FORBIDDEN_PAUSES:
            try:
                return await self._send(request)
            except refusals.Forbidden:
                await asyncio.sleep(pause)
        return await self._send(request)

    async def _send(self, request: Request[Read]) -> Answer[Read]:
        """Send with the token of this process, and once more with a new one; raises AuthenticationRefused when that is refused too."""
        token = await self._tokens.current()
        try:
            return await self._transport.send(_with(request, token.headers))
        except refusals.TokenRefused:
            token = await self._tokens.after(token)
        try:
            return await self._transport.send(_with(request, token.headers))
        except refusals.TokenRefused as refused:
            await self._transport.hold_for_credentials()
            raise errors.AuthenticationRefused(
                "BSS refused the credentials",
                detail=f"a new access token is refused as well: {refused.detail}",
            ) from refused


def _with(request: Request[Read], headers: SecretHeaders) -> Request[Read]:
    return msgspec.structs.replace(request, headers=SecretHeaders({**headers, **(request.headers or {})}))


@asynccontextmanager
async def open_client(
    configured: settings.Settings, limiter: Limits, transports: OpenTransport | None = None
) -> AsyncIterator[BssClient]:
    """A client by the settings (their required values have been asked for), closed at the end; `transports` makes its transport."""
    bss = configured.of(BssSettings)
    times = ServerTimes(ZoneInfo(bss.time_zone) if bss.time_zone else None)
    bounds = Bounds(configured.http.timeout.total_seconds(), configured.http.max_response_bytes)
    async with open_session(headers={"Accept": "application/json"}) as session:
        grants = Transport(_GRANTS, session=session, limiter=limiter, bounds=bounds)
        transport = (transports or Transport)(BSS, session=session, limiter=limiter, bounds=bounds)
        yield BssClient(transport, AccessTokens(grants, bss, times), bss, times)
