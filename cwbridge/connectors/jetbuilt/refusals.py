"""Map a refusal of Jetbuilt to an exception. Source: Jetbuilt API documentation, errors; the form of bodies is not documented."""

from __future__ import annotations

from collections.abc import Mapping

from cwbridge import errors
from cwbridge.connectors import answers


def classify(status: int, headers: Mapping[str, str], body: bytes) -> errors.WorkError | None:
    """The exception for a refusal; None when a gateway or proxy answered instead of Jetbuilt."""
    if answers.is_gateway_refusal(status, headers, body):
        return None
    said = answers.text_of(headers, body)
    match status:
        case 401:
            return errors.AuthenticationRefused("Jetbuilt refused the credentials", detail=said)
        case 403:
            return errors.PermissionRefused(
                "Jetbuilt does not let the API key read this",
                detail=said,
                remedy="Give the user of the API key access to it in Jetbuilt, then requeue.",
            )
        case 404:
            return errors.NotFound("Jetbuilt has no such record", detail=said)
    return errors.RequestRefused(f"Jetbuilt refused a request (status {status})", detail=said)
