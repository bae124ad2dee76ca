"""Kubernetes puts the addresses of the services of a namespace into the environment of every pod ("service links").

A service `cwbridge` gives CWBRIDGE_PORT and CWBRIDGE_SERVICE_HOST, a service `cwbridge-redis` CWBRIDGE_REDIS_PORT_6379_TCP_ADDR
and more. They are no settings and no typing mistakes. Name and value both have to have the form that Kubernetes gives them, so
that CWBRIDGE_REDIS_PORT=6379 is still refused.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

_TRANSPORTS = frozenset({"tcp", "udp", "sctp"})


def _is_address(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True


def _is_url(value: str) -> bool:
    scheme, separator, rest = value.partition("://")
    return scheme in _TRANSPORTS and bool(separator) and bool(rest)


def _is_transport(value: str) -> bool:
    return value.lower() in _TRANSPORTS


_FORMS: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("SERVICE_HOST", _is_address),
    ("SERVICE_PORT(_[A-Z0-9_]+)?", str.isdecimal),
    ("PORT", _is_url),
    ("PORT_[0-9]+_(TCP|UDP|SCTP)", _is_url),
    ("PORT_[0-9]+_(TCP|UDP|SCTP)_PROTO", _is_transport),
    ("PORT_[0-9]+_(TCP|UDP|SCTP)_PORT", str.isdecimal),
    ("PORT_[0-9]+_(TCP|UDP|SCTP)_ADDR", _is_address),
)


def is_service_link(name: str, value: str) -> bool:
    """Whether the variable `name` is one that Kubernetes sets for a service; `name` is given without the prefix."""
    return any(
        re.fullmatch(f"([A-Z0-9_]+_)?{form}", name) is not None and fits(value) for form, fits in _FORMS
    )
