"""The routes of the pages, who may see them, and the headers of every answer.

GET  /                  the status page
GET  /objects/{key}     the page of an object; with ?now=1 what a run would do now as well
POST /login, /logout    begin and end a session, where a token is demanded
GET  /page.css, /page.js, /icon.svg
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from importlib import resources
from urllib.parse import unquote

import redis.exceptions
import structlog
from aiohttp import hdrs, web

from console import explanation, flows
from console.command import Bridge
from console.page import overview, rendering
from console.page.access import SESSION_SECONDS, Access, TooManyFailures
from console.page.overview import Overview
from console.page.rehearsals import Rehearsals
from cwbridge import clock, errors
from cwbridge import web as web_module
from cwbridge.cache import CachedValue
from cwbridge.ledger.links import Links
from cwbridge.queue.queue import Queue
from cwbridge.redis import Redis
from cwbridge.settings import Settings

log = structlog.get_logger(__name__)
_CACHE_SECONDS = 1.0
_IDLE_SHARE = 10
"""A view that takes long to read is kept ten times as long, so that readers take a tenth of the time of this process at most."""
_READ_SECONDS = 8.0
_OBJECTS = "/objects/"
_FILES = {
    "/page.css": "text/css",
    "/page.js": "text/javascript",
    "/icon.svg": "image/svg+xml",
}
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Server": "cwbridge",
}
_WITHOUT_TOKEN = frozenset({*_FILES, "/login"})
_OTHER_NAMES = (
    "Open the page as http://127.0.0.1 or http://localhost with its port; "
    "with CWBRIDGE_HTTP__TOKEN set it is served under other names as well."
)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def installer(settings: Settings) -> Callable[[Redis], web_module.Install]:
    """What adds the pages to an application, given its Redis; raises SettingsError when they would be open to other machines."""
    access = Access(settings)

    def over(store: Redis) -> web_module.Install:
        bridge = Bridge(
            settings=settings,
            redis=store,
            flows=flows.registered(),
            queue=Queue(store, namespace=settings.namespace, settings=settings.queue),
            links=Links(store, namespace=settings.namespace),
        )
        return Pages(bridge, access).install

    return over


class Pages:
    """The handlers over one store."""

    def __init__(self, bridge: Bridge, access: Access) -> None:
        self._bridge = bridge
        self._access = access
        self._overview: CachedValue[Overview] = CachedValue(self._gathered, ttl=_CACHE_SECONDS)
        self._took_seconds = 0.0
        self._rehearsals = Rehearsals()
        self._render = rendering.renderer(
            rendering.environment(),
            namespace=bridge.settings.namespace,
            has_session=access.demands_token,
        )

    def install(self, app: web.Application) -> None:
        """Add the routes, the check before each of them and the headers after it."""
        app.middlewares.append(self._guard)
        app.on_response_prepare.append(_add_headers)
        app.router.add_get("/", self._show_status)
        app.router.add_get("/objects/{key:.+}", self._show_object)
        app.router.add_get("/login", self._show_login)
        app.router.add_post("/login", self._log_in)
        app.router.add_post("/logout", self._log_out)
        for path, kind in _FILES.items():
            app.router.add_get(path, _file(path, kind))

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse unknown host names and callers without a token; say so when Redis stays away."""
        if request.path in web_module.OPEN_PATHS:
            return await handler(request)
        if not self._access.knows_host(request):
            return self._notice(421, "This host name is not served here", _OTHER_NAMES)
        try:
            if request.path in _WITHOUT_TOKEN or self._access.admits(request):
                return await handler(request)
        except TooManyFailures as refusal:
            return self._login_form(request, 429, refused_for=refusal.seconds)
        except (redis.exceptions.RedisError, errors.StoreUnavailable, OSError) as error:
            log.warning("page_unavailable", error=type(error).__name__)
            return self._notice(503, "Redis does not answer", errors.StoreUnavailable.remedy_by_default)
        return self._login_form(request, 401)

    async def _show_status(self, _request: web.Request) -> web.StreamResponse:
        async with asyncio.timeout(_READ_SECONDS):
            found = await self._overview.get(max_age=max(_CACHE_SECONDS, _IDLE_SHARE * self._took_seconds))
        return _page(self._render("status", page=found, status=found.status, at_ms=found.at_ms))

    async def _show_object(self, request: web.Request) -> web.StreamResponse:
        key = request.match_info["key"]
        try:
            self._bridge.flows.of_key(key)
        except errors.Refused as refusal:
            return self._notice(404, refusal.cause, refusal.remedy)
        async with asyncio.timeout(_READ_SECONDS):
            stored = await explanation.explain(self._bridge, key, now=False)
        now = await self._rehearsals.told(key) if _asks_for_now(request) else None
        text = self._render("object", known=stored.known, pages=stored.pages, now=now, at_ms=clock.now_ms())
        return _page(text, status=404 if stored.known.is_unknown else 200)

    async def _show_login(self, _request: web.Request) -> web.StreamResponse:
        return _redirect("/")

    async def _log_in(self, request: web.Request) -> web.StreamResponse:
        if not self._access.demands_token:
            raise web.HTTPNotFound
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
            return self._notice(
                403, "Another site has sent this form", "Open the status page itself and log in there."
            )
        form = await request.post()
        token, path = form.get("token"), form.get("path")
        if not isinstance(token, str) or not self._access.is_token(request, token):
            return self._login_form(request, 401, path=path)
        answer = _redirect(self._own_path(path))
        answer.set_cookie(
            self._access.cookie,
            self._access.session(),
            max_age=SESSION_SECONDS,
            httponly=True,
            samesite="Strict",
            secure=request.secure or request.headers.get("X-Forwarded-Proto") == "https",
        )
        return answer

    async def _log_out(self, _request: web.Request) -> web.StreamResponse:
        answer = _redirect("/")
        answer.del_cookie(self._access.cookie, httponly=True, samesite="Strict")
        return answer

    async def _gathered(self) -> Overview:
        began = clock.lasting_seconds()
        found = await overview.gather(self._bridge)
        self._took_seconds = clock.lasting_seconds() - began
        return found

    def _own_path(self, path: object) -> str:
        """Where a log-in leads to: the page of an object or the status page, never an address that a form names."""
        if not isinstance(path, str) or not path.startswith(_OBJECTS):
            return "/"
        key = unquote(path.removeprefix(_OBJECTS))
        try:
            self._bridge.flows.of_key(key)
        except errors.Refused:
            return "/"
        return rendering.object_path(key)

    def _login_form(
        self, request: web.Request, status: int, *, path: object = None, refused_for: int = 0
    ) -> web.Response:
        """The form in place of the page that was asked for, or for `path`."""
        if refused_for:
            said = f"Several wrong tokens: try again in {refused_for} s."
        else:
            wrong = request.method == hdrs.METH_POST or hdrs.AUTHORIZATION in request.headers
            said = "The token is wrong." if wrong else ""
        answer = _page(
            self._render("login", said=said, path=self._own_path(path or request.path)), status=status
        )
        answer.headers[hdrs.WWW_AUTHENTICATE] = 'Bearer realm="cwbridge"'
        if refused_for:
            answer.headers[hdrs.RETRY_AFTER] = str(refused_for)
        return answer

    def _notice(self, status: int, cause: str, remedy: str) -> web.Response:
        return _page(self._render("notice", cause=cause, remedy=remedy), status=status)


def _asks_for_now(request: web.Request) -> bool:
    """Whether a run shall be rehearsed: it costs calls, so a link or picture on a page of others does not count."""
    own = request.headers.get("Sec-Fetch-Site", "same-origin") in {"same-origin", "none"}
    return own and request.query.get("now") == "1"


def _page(text: str, *, status: int = 200) -> web.Response:
    return web.Response(text=text, status=status, content_type="text/html")


def _redirect(path: str) -> web.Response:
    return web.Response(status=303, headers={hdrs.LOCATION: path})


def _file(path: str, kind: str) -> Handler:
    """A handler for a file of this package."""
    body = (resources.files("console.page") / "static" / path.removeprefix("/")).read_bytes()

    async def send(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, content_type=kind, charset="utf-8")

    return send


async def _add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)
