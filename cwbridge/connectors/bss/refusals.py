"""Map a refusal of BSS to an exception.

Documented are the statuses alone, 403 as "forbidden or rate limit reached". Bodies were seen as `{"Type": ..., "Message": ...}`; any other
text is shown as well. OAuth 2 (RFC 6749, section 5.2) says how the token endpoint refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cwbridge import errors
from cwbridge.connectors import answers

# These say that cwbridge asks in the wrong way; every other refusal of a token is about the credentials.
_WRONG_QUESTIONS = frozenset({"invalid_request", "unsupported_grant_type", "invalid_scope"})
_MESSAGES = ("message", "error_description", "error", "title", "detail")
_ADDRESS_REMEDY = "Check CWBRIDGE_BSS__URL: it is the address of BSS without /api."


class TokenRefused(errors.Refused):
    """401 to a call with an access token: it has ended or was revoked, or the credentials no longer hold."""


class Forbidden(errors.PermissionRefused):
    """403: the application user lacks a permission, or the rate limit is reached; BSS does not say which."""

    remedy_by_default = (
        "Give the application user of the API credentials access in BSS; if it has access, lower CWBRIDGE_BSS__RATE_LIMIT. "
        "Then requeue."
    )


class RequestInvalid(errors.RequestRefused):
    """400: BSS does not take a value or a question."""

    remedy_by_default = "Correct the value that BSS names, then requeue."


def classify(status: int, headers: Mapping[str, str], body: bytes) -> errors.WorkError | None:
    """The exception for a refusal of the API; None when a gateway or proxy answered instead of BSS."""
    if _is_gateway(status, headers, body):
        return None
    said = _said(headers, body)
    match status:
        case 400:
            return RequestInvalid("BSS refused a request as invalid", detail=said)
        case 401:
            return TokenRefused("BSS refused the access token", detail=said)
        case 403:
            return Forbidden(
                "BSS answers 403: a permission is missing, or its rate limit is reached", detail=said
            )
        case 404:
            return errors.NotFound("BSS has no such record", detail=said)
    return errors.RequestRefused(f"BSS refused a request (status {status})", detail=said)


def classify_grant(status: int, headers: Mapping[str, str], body: bytes) -> errors.WorkError | None:
    """The exception for a refused access token; None when a gateway or proxy answered instead of BSS."""
    if status in {400, 401} and not _is_gateway(status, headers, body):
        said = _said(headers, body)
        if _member(answers.parsed(body), "error") not in _WRONG_QUESTIONS:
            return errors.AuthenticationRefused("BSS refused the credentials", detail=said)
        return errors.RequestRefused("BSS refused the form of a request for an access token", detail=said)
    error = classify(status, headers, body)
    if isinstance(error, errors.NotFound):
        return errors.RequestRefused(
            "BSS has no token endpoint at this address", detail=error.detail, remedy=_ADDRESS_REMEDY
        )
    return error


def _is_gateway(status: int, headers: Mapping[str, str], body: bytes) -> bool:
    """The form of refusals is not documented, so only a page is not taken for one."""
    return status < 400 or status == 407 or answers.is_html(headers, body)


def _said(headers: Mapping[str, str], body: bytes) -> str:
    """The message of a refusal on one line."""
    content = answers.parsed(body)
    message = next((text for name in _MESSAGES if (text := _member(content, name))), None)
    return answers.shortened(message) if message is not None else answers.text_of(headers, body)


def _member(content: Any, name: str) -> str | None:
    """The text of a member of an object, its name in any case."""
    if not isinstance(content, dict):
        return None
    return next(
        (value for known, value in content.items() if known.lower() == name and isinstance(value, str)), None
    )
