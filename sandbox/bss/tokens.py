"""The token grant: client key and secret in the Basic header, user name and password in the form."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import time
from collections.abc import Callable
from urllib.parse import parse_qs

from aiohttp import web

from sandbox import credentials
from sandbox.bss.modes import Modes
from sandbox.bss.problems import GrantRefusal, json_answer

FORM = "application/x-www-form-urlencoded"
IN_HEADER_ONLY = frozenset({"client_id", "client_secret", "client_key"})


class Tokens:
    """Grants access tokens and knows which of them are valid; `granted` counts the grants."""

    def __init__(self, modes: Modes, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._modes = modes
        self._clock = clock
        self._ends: dict[str, float] = {}
        self.granted = 0

    def grant(self, content_type: str, authorization: str, form: bytes) -> web.Response:
        """Answer a request for a token; raise GrantRefusal for one that is not as documented."""
        given = _read_form(content_type, form)
        if not _is_client(authorization):
            raise GrantRefusal("invalid_client", "The client key or secret is incorrect.", status=401)
        if IN_HEADER_ONLY & given.keys():
            raise GrantRefusal("invalid_request", "Client key and secret are accepted in the header only.")
        if given.get("grant_type") != "password":
            raise GrantRefusal("unsupported_grant_type", "The grant type is not supported.")
        if not _is_user(given):
            raise GrantRefusal("invalid_grant", "The user name or password is incorrect.")
        return json_answer(200, self._granted())

    def admits(self, authorization: str) -> bool:
        """Tell whether the header of a call carries a token that is still valid."""
        scheme, _, token = authorization.partition(" ")
        end = self._ends.get(token) if scheme.lower() == "bearer" else None
        return end is not None and self._clock() < end

    def revoke(self) -> None:
        """End every token at once, as an administrator does who renews the credentials."""
        self._ends.clear()

    def _granted(self) -> dict[str, object]:
        now = self._clock()
        self._ends = (
            {} if self._modes.single_token else {t: end for t, end in self._ends.items() if end > now}
        )
        token = secrets.token_urlsafe(32)
        self._ends[token] = now + self._modes.token_seconds
        self.granted += 1
        answer: dict[str, object] = {"access_token": token, "token_type": "bearer"}
        return answer | ({"expires_in": self._modes.token_seconds} if self._modes.tell_expiry else {})


def _read_form(content_type: str, form: bytes) -> dict[str, str]:
    if content_type != FORM:
        raise GrantRefusal("invalid_request", "The body must be form-encoded.")
    fields = parse_qs(form.decode(errors="replace"), keep_blank_values=True)
    twice = [name for name, values in fields.items() if len(values) > 1]
    if twice:
        raise GrantRefusal("invalid_request", f"The parameter {twice[0]} is given more than once.")
    return {name: value for name, (value,) in fields.items()}


def _is_client(authorization: str) -> bool:
    scheme, _, encoded = authorization.partition(" ")
    try:
        given = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return False
    expected = f"{credentials.BSS_CLIENT_KEY}:{credentials.BSS_CLIENT_SECRET}".encode()
    return scheme.lower() == "basic" and hmac.compare_digest(given, expected)


def _is_user(given: dict[str, str]) -> bool:
    user = hmac.compare_digest(given.get("username", "").encode(), credentials.BSS_USERNAME.encode())
    password = hmac.compare_digest(given.get("password", "").encode(), credentials.BSS_PASSWORD.encode())
    return user and password
