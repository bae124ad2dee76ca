"""Addresses: whether one is of this machine alone, and which Host headers a browser of this machine sends."""

from __future__ import annotations

import ipaddress

_THIS_MACHINE = "localhost"


def host_of(address: str) -> str:
    """The host of `HOST:PORT`, of a host alone, or of an IPv6 address in brackets; in lower case."""
    if address.startswith("["):
        return address[1:].partition("]")[0].lower()
    host, colon, port = address.rpartition(":")
    return (host if colon and port.isdecimal() and ":" not in host else address).lower().rstrip(".")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`; a name other than localhost may lead anywhere."""
    if host == _THIS_MACHINE:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
