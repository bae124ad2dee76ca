"""How the API refuses: documented statuses, each with a JSON body, and the dialect of faults."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from aiohttp import web

from sandbox.faults import Dialect

BASE = "/api"
SENTENCES = {
    400: "The request is invalid.",
    401: "The API key is missing or wrong.",
    403: "This API key has no access to the resource.",
    404: "The resource was not found.",
    405: "The resource does not know this method.",
    406: "The requested format or version is not supported.",
    422: "The record could not be saved.",
    429: "Too many requests.",
    500: "The server failed.",
    503: "The service is down for maintenance.",
}


class Refusal(Exception):
    """An answer other than success."""

    def __init__(
        self, status: int, sentence: str = "", *, errors: Mapping[str, list[str]] | None = None
    ) -> None:
        super().__init__(sentence or SENTENCES.get(status, ""))
        self.status = status
        self.errors = errors

    def response(self) -> web.Response:
        body: dict[str, object] = {"error": str(self)}
        if self.errors is not None:
            body["errors"] = self.errors
        return _json(self.status, body)


def bad_request(sentence: str) -> Refusal:
    return Refusal(400, sentence)


def missing() -> Refusal:
    return Refusal(404)


def locked() -> Refusal:
    """The documents say that a locked project takes no edits, not with which status it refuses."""
    return Refusal(422, "The project is locked.", errors={"base": ["Project is locked"]})


def unprocessable(**errors: str) -> Refusal:
    return Refusal(422, errors={field: [text] for field, text in errors.items()})


def answer(status: int) -> web.Response:
    """Return the plain body of a status."""
    return _json(status, {"error": SENTENCES.get(status, f"Status {status}.")})


def throttled(_retry_after: int = 0) -> web.Response:
    """Return the refusal of the rate limit; no header tells when it ends."""
    return answer(429)


def _json(status: int, body: Mapping[str, object]) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(body), content_type="application/json")


DIALECT = Dialect(below=lambda path: path.removeprefix(BASE), failure=answer, throttled=throttled)
