"""How the server refuses: the documented bodies, and the exception that carries one to the door."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """One thing wrong with a record: an inner error of the answer."""

    code: str
    message: str
    field: str = ""


def missing(name: str) -> Problem:
    return Problem("MissingRequiredField", f"The {name} field is required.", name)


class Refusal(Exception):
    """An answer other than success: `status` with a body of the documented shape."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(body)
        self.status = status
        self.body = body


def refusal(status: int, code: str, message: str) -> Refusal:
    return Refusal(status, {"code": code, "message": message})


def invalid(resource: str, problems: Sequence[Problem]) -> Refusal:
    """A record that cannot be stored: 400 InvalidObject with one inner error per problem."""
    errors = [
        {"code": p.code, "message": p.message, "resource": resource, "field": p.field} for p in problems
    ]
    return Refusal(
        400, {"code": "InvalidObject", "message": f"{resource} object is invalid", "errors": errors}
    )


def bad_condition(message: str) -> Refusal:
    return refusal(400, "ApiFindCondition", message)


def bad_request(message: str) -> Refusal:
    return refusal(400, "InvalidRequest", message)


def not_found(noun: str, number: int) -> Refusal:
    return refusal(404, "NotFound", f"{noun} {number} not found")


def no_endpoint() -> Refusal:
    return refusal(404, "ConnectWiseApi", "The endpoint does not exist.")


def conflict(message: str) -> Refusal:
    return refusal(409, "Conflict", message)
