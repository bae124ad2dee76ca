"""A transport that sends reads only: writes go into an overlay, which the reads that follow see."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import aiohttp
import msgspec

from cwbridge import errors
from cwbridge.connectors import overlay
from cwbridge.connectors.calls import Answer, Call, Request
from cwbridge.connectors.overlay import Overlay
from cwbridge.connectors.profile import Bounds, Profile
from cwbridge.connectors.reading import Reader
from cwbridge.connectors.retry import CallFailure
from cwbridge.connectors.transport import Limits, OpenTransport, Throttle, Transport

T = TypeVar("T")

_read_anything: Reader[Any] = Reader(Any)


class RehearsedTransport(Transport):
    """Sends what changes nothing, under the limits like any other call; no write gets out."""

    def __init__(
        self,
        system: Profile,
        *,
        session: aiohttp.ClientSession,
        limiter: Limits,
        bounds: Bounds | None = None,
        kept: Overlay,
    ) -> None:
        super().__init__(system, session=session, limiter=limiter, bounds=bounds)
        self._kept = kept

    async def _in_turn(self, request: Request[T], number: int) -> Answer[T] | Throttle | CallFailure:
        if not request.writes:
            return await self._read(request, number)
        match request.method:
            case "POST":
                content: Any = self._kept.create(request.path, overlay.decode(request.body or b"{}"))
            case "PATCH":
                record = await self._read(_of_the_record(request), number)
                if not isinstance(record, Answer):
                    return record
                content = self._kept.change(request.path, record.value, overlay.decode(request.body or b"[]"))
            case "DELETE":
                self._kept.delete(request.path)
                content = None
            case _:
                raise errors.RequestRefused(f"a {request.method} cannot be rehearsed")
        return self._answer(request, content)

    async def _read(self, request: Request[T], number: int) -> Answer[T] | Throttle | CallFailure:
        try:
            own = self._kept.answer(request.path, _query(request))
        except KeyError:
            raise errors.NotFound(
                f"{self.system.title} would not have this record", detail=f"{request.method} {request.path}"
            ) from None
        return await super()._in_turn(request, number) if own is None else self._answer(request, own)

    async def _body(self, request: Request[T], response: aiohttp.ClientResponse) -> bytes | CallFailure:
        """The body of a good answer with the writes so far."""
        body = await super()._body(request, response)
        if not isinstance(body, bytes) or response.status >= 300:
            return body
        try:
            content = overlay.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return body
        changed = self._kept.seen(request.path, _query(request), content)
        return body if changed is None else overlay.encode(changed)

    def _answer(self, request: Request[T], content: Any) -> Answer[T]:
        body = b"" if content is None else overlay.encode(content)
        return Answer(200, {}, {}, self._value(request, body, Call(1)), "")


def transports(kept: Overlay) -> OpenTransport:
    """Makes transports whose writes go into `kept`."""
    return functools.partial(RehearsedTransport, kept=kept)


def _of_the_record(request: Request[Any]) -> Request[Any]:
    """The read of the record that a PATCH changes."""
    return msgspec.structs.replace(request, method="GET", body=None, decode=_read_anything)


def _query(request: Request[Any]) -> Mapping[str, str]:
    return dict(parse_qsl(request.query))
