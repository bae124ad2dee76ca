"""What a refusal of Jetbuilt means. Source: Jetbuilt API documentation, errors; the form of bodies is not documented."""

from __future__ import annotations

from collections.abc import Mapping

from cwbridge import errors
from cwbridge.connectors import answers


def classify(status: int, headers: Mapping[str, str], body: bytes) -> errors.WorkError:
    """The error that a refusal is."""
    said = answers.text_of(headers, body)
    match status:
        case 401:
            return errors.AuthenticationRefused("Jetbuilt refused our keys", detail=said)
        case 403:
            return errors.PermissionRefused(
                "Jetbuilt does not let our key read this",
                detail=said,
                remedy="Give the key's user access to it in Jetbuilt, then requeue.",
            )
        case 404:
            return errors.NotFound("Jetbuilt has no such record", detail=said)
        case _ if status < 400:
            return errors.RequestRefused(
                "Jetbuilt answered with a redirect",
                detail=said,
                remedy="Name the address that answers itself in CWBRIDGE_JETBUILT__URL.",
            )
    return errors.RequestRefused(f"Jetbuilt refused a request (status {status})", detail=said)
