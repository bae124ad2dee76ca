"""Sends HTTP calls: limited, guarded, measured, and repeated only when that is safe."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Literal, Protocol, TypeVar

import aiohttp
import msgspec
from yarl import URL

from cwbridge import concurrency, errors, surrogates
from cwbridge.connectors import answers, malformed, write_guard
from cwbridge.connectors.calls import Answer, Call, Request
from cwbridge.connectors.meter import Meter
from cwbridge.connectors.profile import Bounds, Profile
from cwbridge.connectors.retry import CallFailure, GiveUp, gateway_page
from cwbridge.text import shown

T = TypeVar("T")
E = TypeVar("E", bound=errors.WorkError)

_CONNECT_SECONDS = 10.0
_MAX_REFUSAL_BYTES = 64 * 1024
_MAX_REQUEST_ID = 100
_CREDENTIALS_REFUSED_SECONDS = 60.0
ANSWER_SECONDS = 3.0
"""How long a cancelled caller waits for the answer to a write that was sent; a worker that stops waits a little longer for its runs."""


class Limits(Protocol):
    """What the transport asks of the limiter."""

    def slot(self) -> AbstractAsyncContextManager[object]: ...

    async def hold(self, seconds: float, *, reason: Literal["throttled", "credentials_refused"]) -> None: ...


class OpenTransport(Protocol):
    """Makes the transport of a client; Transport itself, or one that rehearses (cwbridge.connectors.rehearsed)."""

    def __call__(
        self,
        system: Profile,
        *,
        session: aiohttp.ClientSession,
        limiter: Limits,
        bounds: Bounds | None = None,
    ) -> Transport: ...


class Throttle(msgspec.Struct, frozen=True):
    """The system answered 429 and asks for a pause."""

    seconds: float


class Transport:
    """Sends the calls of one system; a refusal is raised as an error of the tree."""

    def __init__(
        self,
        system: Profile,
        *,
        session: aiohttp.ClientSession,
        limiter: Limits,
        bounds: Bounds | None = None,
    ) -> None:
        self.system = system
        self._session = session
        self._limiter = limiter
        self._bounds = bounds if bounds is not None else Bounds()
        self._timeout = aiohttp.ClientTimeout(
            total=self._bounds.timeout_seconds,
            sock_connect=min(_CONNECT_SECONDS, self._bounds.timeout_seconds),
        )
        self._meter = Meter(system.name)

    def __repr__(self) -> str:
        return f"Transport({self.system.name})"

    async def send(self, request: Request[T]) -> Answer[T]:
        """Send a request, wait while throttled, repeat what is safe to repeat; raises errors of the tree only."""
        tries, throttles = 1, 0
        while True:
            outcome = await self._in_turn(request, tries + throttles)
            if isinstance(outcome, Answer):
                return outcome
            if isinstance(outcome, Throttle):
                throttles += 1
                self._still_patient(throttles, outcome)
                continue
            decision = self._bounds.policy.decide(
                outcome, system=self.system.title, writes=request.writes, tries=tries
            )
            if isinstance(decision, GiveUp):
                raise _placed(decision.error, request)
            self._meter.note_repeat(outcome.kind)
            tries += 1
            await asyncio.sleep(decision.pause)

    async def hold_for_credentials(self) -> None:
        """Let no process call this system for a while: it refused the credentials."""
        await self._limiter.hold(_CREDENTIALS_REFUSED_SECONDS, reason="credentials_refused")

    async def _in_turn(self, request: Request[T], number: int) -> Answer[T] | Throttle | CallFailure:
        """One sending under the limits; a pause asked for is announced to all processes before the slot is given back."""
        async with self._limiter.slot():
            if request.writes:
                write_guard.check()
            call = Call(number)
            try:
                if request.writes:
                    # A cancelled caller gives back locks and leases; what they protect must have taken effect by then.
                    outcome = await concurrency.to_the_end(self._sent(request, call), wait=ANSWER_SECONDS)
                else:
                    outcome = await self._sent(request, call)
            except errors.AuthenticationRefused:
                await self.hold_for_credentials()
                raise
            finally:
                # There is no outcome when the caller was cancelled, but the call was made.
                self._meter.note(request, call)
            if isinstance(outcome, Throttle):
                self._meter.note_throttle()
                await self._limiter.hold(outcome.seconds, reason="throttled")
            return outcome

    def _still_patient(self, throttles: int, last: Throttle) -> None:
        if throttles > self._bounds.policy.throttles:
            raise errors.Throttled(f"{self.system.title} keeps throttling", seconds=last.seconds)
        self._meter.note_repeat("throttled")

    async def _sent(self, request: Request[T], call: Call) -> Answer[T] | Throttle | CallFailure:
        """Send once and return the outcome; no exception of aiohttp gets out, because they hold the request headers."""
        try:
            async with self._session.request(
                request.method,
                request.url,
                data=request.body,
                headers=request.headers,
                allow_redirects=False,
                timeout=self._timeout,
            ) as response:
                call.status = response.status
                headers = response.headers
                request_id = headers.get("x-cw-request-id") or headers.get("x-request-id") or ""
                call.request_id = shown(request_id[:_MAX_REQUEST_ID])
                call.date = headers.get("Date") or ""
                body = await self._body(request, response)
                outcome = (
                    body if isinstance(body, CallFailure) else self._judged(request, response, body, call)
                )
        except (aiohttp.ClientError, OSError) as error:
            outcome = _call_failure_of(error)
            call.status = 0
        if isinstance(outcome, CallFailure):
            call.note = outcome.kind
        return outcome

    async def _body(self, request: Request[T], response: aiohttp.ClientResponse) -> bytes | CallFailure:
        """The body up to its limit; of a refusal that is longer, the beginning is enough."""
        good = response.status < 300
        maximum = self._bounds.max_response_bytes
        if not good:
            maximum = min(maximum, _MAX_REFUSAL_BYTES)
        parts: list[bytes] = []
        size = 0
        while chunk := await response.content.readany():
            parts.append(chunk)
            size += len(chunk)
            if size > maximum:
                response.close()
                if good:
                    return self._too_large(request)
                break
        return surrogates.replaced(parts[0] if len(parts) == 1 else b"".join(parts))

    def _too_large(self, request: Request[T]) -> CallFailure:
        cause = f"sent an answer larger than {self._bounds.max_response_bytes} bytes"
        if request.writes:
            return CallFailure("unread", cause)
        remedy = "Raise CWBRIDGE_HTTP__MAX_RESPONSE_BYTES if such answers are expected."
        raise _placed(errors.Malformed(f"{self.system.title} {cause}", remedy=remedy), request)

    def _judged(
        self, request: Request[T], response: aiohttp.ClientResponse, body: bytes, call: Call
    ) -> Answer[T] | Throttle | CallFailure:
        status, headers = call.status, response.headers
        if 200 <= status < 300:
            if answers.is_page(headers, body):
                return gateway_page(status, detail=answers.text_of(headers, body))
            return self._decoded(request, response, body, call)
        if status == 429:
            call.note = "throttled"
            pause = answers.retry_after(headers.get("Retry-After"), default=self.system.throttle_seconds)
            return Throttle(pause)
        if status >= 500 or status == 408:
            return CallFailure("failed", f"answered {status}", detail=answers.text_of(headers, body))
        error = self.system.classify(status, headers, body)
        if error is None:
            return gateway_page(status, detail=_page_detail(headers, body))
        raise _placed(error, request, call)

    def _decoded(
        self, request: Request[T], response: aiohttp.ClientResponse, body: bytes, call: Call
    ) -> Answer[T] | CallFailure:
        try:
            value = self._value(request, body, call)
        except msgspec.ValidationError as error:
            if request.writes or malformed.as_a_whole(error):
                text = answers.shortened(str(error))
                return CallFailure("unread", "sent an answer of an undocumented form", detail=text)
            raise self._malformed(request, body, call, error) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return CallFailure(
                "unread", "sent an answer that cannot be read", detail=answers.shortened(str(error))
            )
        return Answer(call.status, response.headers, answers.links(response), value, call.request_id)

    def _value(self, request: Request[T], body: bytes, call: Call) -> T:
        """The answer as documented, else with unclear fields: only the reading of such a field fails."""
        try:
            return request.decode(body)
        except msgspec.ValidationError as error:
            if malformed.as_a_whole(error):
                raise
            return request.decode.apart(body, functools.partial(self._malformed, request, body, call))

    def _malformed(
        self, request: Request[T], body: bytes, call: Call, error: msgspec.ValidationError
    ) -> errors.Malformed:
        return _placed(malformed.error(self.system.title, request.endpoint, error, body), request, call)


def _page_detail(headers: Mapping[str, str], body: bytes) -> str:
    """The text of the page; for a redirect only the host it leads to."""
    try:
        host = URL(headers.get("Location", "")).host
    except ValueError:
        host = None
    return f"redirect to {host}" if host else answers.text_of(headers, body)


def _placed(error: E, request: Request[T], call: Call | None = None) -> E:
    """The error with the call in its detail; its cause stays the same for every object."""
    where = f"{request.method} {request.path}"
    if call is not None and call.request_id:
        where += f", request {call.request_id}"
    error.detail = f"{error.detail}; {where}" if error.detail else where
    return error


def _call_failure_of(error: aiohttp.ClientError | OSError) -> CallFailure:
    kind = type(error).__name__
    if isinstance(error, (aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError)):
        return CallFailure(
            "unsent",
            "cannot be trusted: the TLS connection failed",
            detail=kind,
            remedy="Check the host in the settings, its certificate and this machine's clock.",
            hopeless=True,
        )
    if isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)):
        return CallFailure("unsent", "cannot be reached", detail=kind)
    if isinstance(error, TimeoutError):
        return CallFailure("lost", "did not answer in time", detail=kind)
    if isinstance(error, aiohttp.ClientPayloadError):
        return CallFailure("unread", "sent half an answer", detail=kind)
    return CallFailure("lost", "closed the connection without an answer", detail=kind)
