"""How the API refuses: a status with `{"Type": ..., "Message": ...}`, and the dialect of faults."""

from __future__ import annotations

import msgspec
from aiohttp import web

from sandbox import calls
from sandbox.bss.modes import Modes
from sandbox.faults import Dialect

BASE = "/api"
JSON = "application/json"
SENTENCES = {
    401: ("Unauthorized", "Authorization has been denied for this request."),
    403: ("Forbidden", "Access is denied."),
    404: ("NotFound", "The requested resource was not found."),
    405: ("MethodNotAllowed", "The requested resource does not support this method."),
    413: ("PayloadTooLarge", "The request is too large."),
    415: ("UnsupportedMediaType", "The media type of the request is not supported."),
    429: ("TooManyRequests", "The API calls quota is exceeded."),
    500: ("InternalServerError", "An error has occurred."),
    503: ("ServiceUnavailable", "The service is unavailable."),
}


class Refusal(Exception):
    """An answer other than success."""

    def __init__(self, status: int, kind: str = "", message: str = "") -> None:
        usual = SENTENCES.get(status, ("Error", f"Status {status}."))
        super().__init__(message or usual[1])
        self.status = status
        self.kind = kind or usual[0]

    def response(self) -> web.Response:
        return json_answer(self.status, {"Type": self.kind, "Message": str(self)})


class GrantRefusal(Exception):
    """A refusal of the token endpoint, in the form that OAuth 2 gives it."""

    def __init__(self, error: str, description: str, *, status: int = 400) -> None:
        super().__init__(description)
        self.status = status
        self.error = error

    def response(self) -> web.Response:
        return json_answer(self.status, {"error": self.error, "error_description": str(self)})


def bad_query(message: str) -> Refusal:
    """A `$filter`, `$orderby` or paging parameter that the server does not take."""
    return Refusal(400, "InvalidQuery", message)


def invalid(message: str) -> Refusal:
    """A body that cannot be stored."""
    return Refusal(400, "ValidationError", message)


def missing(noun: str, number: object) -> Refusal:
    return Refusal(404, message=f"There is no {noun} {number}.")


def json_answer(status: int, value: object) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(value), content_type=JSON)


def throttled(modes: Modes) -> web.Response:
    """Return the refusal of the rate limit; neither header nor body tells when it ends."""
    calls.current().refused = True
    return Refusal(modes.throttle_status).response()


def dialect(modes: Modes) -> Dialect:
    """Return how BSS words its failures, for the faults."""
    return Dialect(
        below=lambda path: path.removeprefix(BASE).lower(),
        failure=lambda status: Refusal(status).response(),
        throttled=lambda _retry_after: throttled(modes),
    )
