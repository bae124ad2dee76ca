"""Who may see the pages: everyone on this machine, or those who know `http.token`."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections import OrderedDict, deque

from aiohttp import web

from console.page import address
from cwbridge import errors
from cwbridge import settings as settings_module
from cwbridge.settings import Settings

SESSION_SECONDS = 12 * 3600
_FAILURES = 5
_FAILURE_SECONDS = 60.0
_ADDRESSES = 1_024
_SCHEME = "bearer "


class Access:
    """Checks the token of a request, in the `Authorization` header or as the signed cookie that a log-in sets.

    Raises SettingsError when other machines can reach the pages and no token protects them.
    """

    def __init__(self, settings: Settings) -> None:
        host = address.host_of(settings.http.listen)
        token = settings.http.token
        if token is None and not address.is_loopback(host):
            variable = settings_module.variable("http", "token")
            raise errors.SettingsError(
                f"{settings_module.variable('http', 'listen')} {settings.http.listen} shows the status page to other machines, "
                f"and {variable} is missing",
                remedy=f"Set {variable} or a secret file of that name (make one with: openssl rand -hex 32), or listen on 127.0.0.1.",
            )
        self._token = None if token is None else token.get_secret_value().encode()
        self._name = settings.namespace
        self.cookie = f"cwbridge_session_{settings.namespace}"
        """Cookies are shared by all ports of a host, so daemons of several namespaces have one each."""
        self.failures = FailedLogins()

    @property
    def demands_token(self) -> bool:
        return self._token is not None

    def knows_host(self, request: web.Request) -> bool:
        """Whether the request names this machine.

        Without a token, a page of another site could have its own name lead to this machine and read what is here (DNS rebinding).
        With one, such a page has no session.
        """
        return self.demands_token or address.is_loopback(address.host_of(request.headers.get("Host", "")))

    def admits(self, request: web.Request) -> bool:
        """Whether the request carries a session or the token; raises TooManyFailures after several wrong tokens."""
        if self._token is None or self._is_session(request.cookies.get(self.cookie, "")):
            return True
        given = request.headers.get("Authorization", "")
        return given[: len(_SCHEME)].lower() == _SCHEME and self.is_token(request, given[len(_SCHEME) :])

    def is_token(self, request: web.Request, given: str) -> bool:
        """Compare a token in constant time; raises TooManyFailures without a comparison after several wrong ones."""
        peer = request.remote or ""
        self.failures.check(peer)
        known = self._token is not None and hmac.compare_digest(
            _digest(given.strip().encode("utf-8", "replace")), _digest(self._token)
        )
        if not known:
            self.failures.note(peer)
        return known

    def session(self) -> str:
        """The value of the cookie: it holds no token, ends by itself, and ends when the token is changed."""
        expires = str(int(time.time()) + SESSION_SECONDS)
        return f"{expires}.{self._signature(expires)}"

    def _is_session(self, value: str) -> bool:
        expires, _, signature = value.partition(".")
        if not (expires.isascii() and expires.isdecimal() and signature.isascii() and len(expires) < 19):
            return False
        return hmac.compare_digest(signature, self._signature(expires)) and int(expires) > time.time()

    def _signature(self, expires: str) -> str:
        signed = f"session|{self._name}|{expires}".encode()
        return hmac.new(self._token or b"", signed, hashlib.sha256).hexdigest()


class TooManyFailures(Exception):
    """An address has sent several wrong tokens; `seconds` until the next one is looked at."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = max(1, round(seconds))


class FailedLogins:
    """Wrong tokens of the last minute by address; of a bounded number of addresses, the longest silent is forgotten."""

    def __init__(self) -> None:
        self._by_peer: OrderedDict[str, deque[float]] = OrderedDict()

    def check(self, peer: str) -> None:
        """Raise TooManyFailures when this address has to wait."""
        failed = self._by_peer.get(peer)
        if failed is not None and len(failed) >= _FAILURES:
            left = failed[0] + _FAILURE_SECONDS - time.monotonic()
            if left > 0:
                raise TooManyFailures(left)

    def note(self, peer: str) -> None:
        """Count a wrong token."""
        failed = self._by_peer.setdefault(peer, deque(maxlen=_FAILURES))
        failed.append(time.monotonic())
        self._by_peer.move_to_end(peer)
        if len(self._by_peer) > _ADDRESSES:
            self._by_peer.popitem(last=False)


def _digest(token: bytes) -> bytes:
    """Digests have one length, so that a comparison does not show that of the token."""
    return hashlib.sha256(token).digest()
