"""The HTTP face of the ConnectWise stand-in: code base, keys, throttle, and the way to the handlers."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import time
import uuid
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web

from sandbox import calls, credentials
from sandbox.calls import CallLog, Handler
from sandbox.connectwise.errors import Refusal, no_endpoint, refusal
from sandbox.connectwise.modes import Modes
from sandbox.connectwise.routes import Asked, Routes, template_of
from sandbox.connectwise.store import ConnectWiseStore
from sandbox.control import Control
from sandbox.faults import Dialect, Faults
from sandbox.window import SlidingWindow

BASE = "apis/3.0/"
COMPANY_INFO = "/login/companyinfo/"
ON_PREMISES = "v4_6_release/"
LARGEST_BODY = 4 * 1024 * 1024
JSON = "application/json"

_ENCODER = msgspec.json.Encoder(decimal_format="number")


def build_app(store: ConnectWiseStore, *, log: CallLog, faults: Faults, control: Control) -> web.Application:
    """Return the stand-in as an application.

    The order: call log, control, faults, authentication, rate limit, handler.
    """
    door = _Door(store)
    app = web.Application(
        middlewares=[log.middleware, control.middleware, faults.middleware, door.authenticate, door.throttle],
        client_max_size=LARGEST_BODY,
    )
    app.router.add_route("*", "/{path:.*}", _Desk(store).answer)
    return app


class _Door:
    """Who may come in, and how often."""

    def __init__(self, store: ConnectWiseStore) -> None:
        self._modes = store.modes
        self._window = SlidingWindow(store.modes.rate_limit, store.modes.rate_seconds)
        keys = f"{credentials.CONNECTWISE_PUBLIC_KEY}:{credentials.CONNECTWISE_PRIVATE_KEY}"
        self._keys = f"{store.modes.company_id}+{keys}".encode()
        self._known = ""

    @web.middleware
    async def authenticate(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        raw = request.raw_path
        if len(raw) > self._modes.url_limit:
            return _too_long(self._modes)
        if raw.startswith(COMPANY_INFO):
            return await handler(request)
        if not self._right_keys(request.headers.get("Authorization", "")):
            if self._modes.wrong_keys == "404":
                return _json(404, no_endpoint().body)
            return _json(401, {"code": "Unauthorized", "message": "User is not authenticated."})
        if not request.headers.get("clientId"):
            return _json(403, {"code": "Security", "message": "A clientId header is required."})
        return await handler(request)

    @web.middleware
    async def throttle(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        modes, window = self._modes, self._window
        if modes.rate_limit:
            window.limit, window.seconds, window.count_refused = (
                modes.rate_limit,
                modes.rate_seconds,
                modes.count_refused,
            )
            wait = window.admit(time.monotonic())
            if wait:
                return _throttled(max(1, -int(-wait // 1)))
        if modes.latency_ms:
            await asyncio.sleep(modes.latency_ms / 1000)
        return await handler(request)

    def _right_keys(self, header: str) -> bool:
        if header and header == self._known:
            return True
        scheme, _, encoded = header.partition(" ")
        try:
            given = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            return False
        if scheme.lower() != "basic" or not hmac.compare_digest(given, self._keys):
            return False
        self._known = header
        return True


class _Desk:
    """Finds the handler of a request and writes down its answer."""

    def __init__(self, store: ConnectWiseStore) -> None:
        self._store = store
        self._routes = Routes(store)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        call = calls.current()
        if request.path.startswith(COMPANY_INFO):
            call.route = COMPANY_INFO + "{id}"
            return self._company_info(request.path.removeprefix(COMPANY_INFO))
        body = await request.read() if request.body_exists else b""
        try:
            return self._dispatch(request, call, body)
        except Refusal as refused:
            return _json(refused.status, refused.body)

    def _dispatch(self, request: web.Request, call: calls.Call, body: bytes) -> web.Response:
        path = self._below_base(request.path)
        template, ids = template_of(path)
        handler = self._routes.handler(request.method, template)
        call.route = "/" + template.replace("{}", "{id}")
        if body and request.content_type != JSON:
            raise refusal(
                415, "UnsupportedMediaType", f"The content type {request.content_type} is not supported."
            )
        query = dict(parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True))
        answer = handler(
            Asked(
                method=request.method,
                path="/" + path.strip("/"),
                address=f"{self._store.base_url}{request.path}",
                ids=ids,
                given=query,
                query={name.lower(): value for name, value in query.items()},
                forward=request.headers.get("pagination-type", "").lower() == "forward-only",
                body=body,
            )
        )
        response = _json(answer.status, answer.value)
        if answer.link:
            response.headers["Link"] = answer.link
        return response

    def _below_base(self, path: str) -> str:
        modes = self._store.modes
        codebase, found, below = path.removeprefix("/").partition(BASE)
        if not found or (codebase != modes.codebase and (modes.cloud or codebase != ON_PREMISES)):
            raise no_endpoint()
        return below

    def _company_info(self, company: str) -> web.Response:
        modes = self._store.modes
        if company.casefold() != modes.company_id.casefold():
            return _json(200, None, has_body=True)
        version = modes.codebase.strip("v/").replace("_", ".")
        info = {
            "CompanyName": "Demo AV Integrator",
            "Codebase": modes.codebase,
            "VersionCode": f"v{version}",
            "VersionNumber": f"v{version}.12345",
            "CompanyID": modes.company_id,
            "IsCloud": modes.cloud,
        }
        return _json(200, info)


def _json(status: int, value: object, *, has_body: bool = False) -> web.Response:
    headers = {
        "api-current-version": "2025.1",
        "x-cw-request-id": str(uuid.uuid4()),
        "x-server-name": "SANDBOX",
        "Content-Type": "application/json; charset=utf-8",
    }
    if value is None and not has_body:
        del headers["Content-Type"]
        return web.Response(status=status, headers=headers)
    return web.Response(status=status, body=_ENCODER.encode(value), headers=headers)


def _throttled(seconds: int) -> web.Response:
    text = f"Too many requests. Please try again in {seconds} seconds."
    response = _json(429, {"error": "ConnectWiseAPI", "message": text})
    response.headers["Retry-After"] = str(seconds)
    return response


def _too_long(modes: Modes) -> web.Response:
    calls.current().route = "(url too long)"
    if modes.long_url == "414":
        return web.Response(status=414, text="URI Too Long")
    page = "<!DOCTYPE html><html><head><title>404 - File or directory not found.</title></head><body></body></html>"
    return web.Response(status=404, text=page, content_type="text/html")


DIALECT = Dialect(
    below=lambda path: "/" + path.partition(BASE)[2] if BASE in path else path,
    failure=lambda status: _json(status, {"code": "InternalServerError", "message": "An error occurred."}),
    throttled=_throttled,
)
"""How ConnectWise words its failures, for the faults."""
