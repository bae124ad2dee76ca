"""Discover where the API of a company lives: `/{code base}/apis/3.0`, asked for once and again when it moved.

Cloud servers change the code base with their releases. Source: ConnectWise developer guide (company info).
"""

from __future__ import annotations

import asyncio
import re
from urllib.parse import quote

import msgspec

from cwbridge import clock, errors
from cwbridge.connectors.calls import Address, Request
from cwbridge.connectors.connectwise import refusals
from cwbridge.connectors.reading import Reader
from cwbridge.connectors.transport import Transport

_ENDPOINT = "/login/companyinfo/{companyId}"
_SEGMENT = re.compile(r"[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*")
_MOMENT_SECONDS = 0.5
_PAUSE_SECONDS = 60.0


class CompanyInfo(msgspec.Struct, frozen=True):
    """The server's answer about a company id; `Codebase` ends with a slash."""

    Codebase: str


# An unknown company id is answered with null.
_read: Reader[CompanyInfo | None] = Reader(CompanyInfo | None)


class Codebase:
    """The address of the API, discovered on first use; one discovery at a time, however many callers wait."""

    def __init__(self, transport: Transport, *, host: str, company_id: str) -> None:
        self._transport = transport
        self._host = Address.parse(host)
        self._path = f"/login/companyinfo/{quote(company_id, safe='')}"
        self._known: Address | None = None
        self._asked = 0.0
        self._one_at_a_time = asyncio.Lock()

    async def address(self) -> Address:
        return self._known or await self._after(None)

    async def moved_from(self, used: Address) -> Address | None:
        """The new address when the API no longer lives at `used`, else None; asks at most once a minute."""
        found = await self._after(used)
        return found if found != used else None

    @property
    def just_confirmed(self) -> bool:
        """Whether the server has named the address in this moment, so that a missing path has another reason."""
        return clock.lasting_seconds() - self._asked < _MOMENT_SECONDS

    async def _after(self, used: Address | None) -> Address:
        async with self._one_at_a_time:
            unknown = self._known is None
            if unknown or (self._known == used and clock.lasting_seconds() - self._asked >= _PAUSE_SECONDS):
                self._known = await self._discovered()
                # The first discovery does not count: a 404 right after it may well mean that it moved meanwhile.
                self._asked = float("-inf") if unknown else clock.lasting_seconds()
            assert self._known is not None  # noqa: S101 - set above
            return self._known

    async def _discovered(self) -> Address:
        request = Request(
            "GET", self._host, _ENDPOINT, self._path, _read, headers={"Accept": "application/json"}
        )
        try:
            info = (await self._transport.send(request)).value
        except refusals.EndpointMissing as missing:
            if missing.page:
                raise refusals.page_instead(missing, writes=False) from missing
            raise
        if info is None:
            raise errors.MappingRefused(
                "CWBRIDGE_CONNECTWISE__COMPANY_ID names a company that ConnectWise does not know",
                remedy="Correct it: it is the company of ConnectWise's login screen.",
            )
        segment = info.Codebase.strip("/")
        if _SEGMENT.fullmatch(segment) is None or ".." in segment:
            raise errors.Malformed(
                "ConnectWise named a code base that is no path", detail=repr(info.Codebase[:80])
            )
        return self._host.below(f"{segment}/apis/3.0")
