"""Access tokens: one for all jobs of a process, renewed shortly before it ends.

Source: the vendor's page on authorization and authentication. Client key and secret go only into the Basic header, user name and
password into the form.
"""

from __future__ import annotations

import asyncio
import base64
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from pydantic import SecretStr

from cwbridge import clock
from cwbridge.connectors.bss import assumptions
from cwbridge.connectors.bss.reading import BssReader
from cwbridge.connectors.bss.settings import BssSettings
from cwbridge.connectors.bss.times import ServerTimes
from cwbridge.connectors.calls import Address, Request
from cwbridge.connectors.transport import Transport

_PATH = "/oauth/token"
_FORM = "application/x-www-form-urlencoded"


class SecretHeaders(dict[str, str]):
    """Headers that hold credentials; their repr does not show them."""

    def __repr__(self) -> str:
        return "SecretHeaders(...)"


class SecretBody(bytes):
    """A body that holds credentials; its repr does not show them."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "SecretBody(...)"


class Grant(msgspec.Struct, frozen=True):
    """The answer of the token endpoint; `expires_in` counts seconds."""

    access_token: Annotated[str, msgspec.Meta(pattern=r"^[\x21-\x7e]+$")]
    expires_in: int | None = None

    def __repr__(self) -> str:
        return "Grant(...)"


class AccessToken:
    """A token as the headers of a call; `renewal` is when it is due for renewal by `clock.lasting_seconds`, None: when it is refused."""

    def __init__(self, headers: SecretHeaders, renewal: float | None) -> None:
        self.headers = headers
        self._renewal = renewal

    @property
    def is_due(self) -> bool:
        """Whether it is time to ask for another one."""
        return self._renewal is not None and clock.lasting_seconds() >= self._renewal


class AccessTokens:
    """The token of this process; one request for it at a time, however many callers wait."""

    def __init__(self, transport: Transport, configured: BssSettings, times: ServerTimes) -> None:
        self._transport = transport
        self._configured = configured
        self._read: BssReader[Grant] = BssReader(Grant, times)
        self._token: AccessToken | None = None
        self._one_at_a_time = asyncio.Lock()

    @property
    def api_version(self) -> str:
        """The version of the API that calls ask for."""
        return self._configured.api_version

    async def current(self) -> AccessToken:
        """A token that has not ended; raises AuthenticationRefused when BSS grants none."""
        token = self._token
        return await self.after(token) if token is None or token.is_due else token

    async def after(self, refused: AccessToken | None) -> AccessToken:
        """The token that follows `refused`, asked for unless another caller has done so meanwhile."""
        async with self._one_at_a_time:
            if self._token is None or self._token is refused:
                self._token = await self._granted()
            return self._token

    async def _granted(self) -> AccessToken:
        asked_at = clock.lasting_seconds()
        grant = (await self._transport.send(self._request())).value
        headers = SecretHeaders(
            {
                "Authorization": f"Bearer {grant.access_token}",
                "X-Api-Version": self._configured.api_version,
            }
        )
        return AccessToken(headers, _renewal(asked_at, grant.expires_in))

    def _request(self) -> Request[Grant]:
        """A grant changes nothing, so it is repeated like a read."""
        configured = self._configured
        client = f"{_shown(configured.client_key)}:{_shown(configured.client_secret)}".encode()
        form = {
            "grant_type": "password",
            "username": configured.username or "",
            "password": _shown(configured.password),
        }
        return Request(
            "POST",
            Address.parse(configured.url or ""),
            _PATH,
            _PATH,
            self._read,
            headers=SecretHeaders(
                {"Authorization": f"Basic {base64.b64encode(client).decode()}", "Content-Type": _FORM}
            ),
            body=SecretBody(urlencode(form).encode()),
            repeatable=True,
        )


def _renewal(asked_at: float, expires_in: int | None) -> float | None:
    if expires_in is None:
        return None
    early = min(assumptions.RENEWAL_SECONDS, expires_in * assumptions.RENEWAL_SHARE)
    return asked_at + expires_in - early


def _shown(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret is not None else ""
