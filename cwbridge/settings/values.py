"""Kinds of values in the settings: rates, durations, addresses, templates; each refuses what it cannot be, with its form."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Annotated

import pydantic
from pydantic import AfterValidator, BeforeValidator

from cwbridge.limits.rate import Rate

_SECONDS_OF = {
    "ms": Decimal("0.001"),
    "s": Decimal(1),
    "m": Decimal(60),
    "h": Decimal(3600),
    "d": Decimal(86400),
}


def _rate(value: object) -> object:
    return Rate.parse(value) if isinstance(value, str) else value


def _duration(value: object) -> object:
    """`250ms`, `10s`, `5m`, `6h`, `30d`; a bare number is refused because its unit would be a guess."""
    if isinstance(value, timedelta):
        return value
    text = str(value).strip().lower()
    unit = next((unit for unit in ("ms", "s", "m", "h", "d") if text.endswith(unit)), None)
    number = text.removesuffix(unit).strip() if unit else ""
    if unit is None or not number.replace(".", "", 1).isdecimal():
        raise ValueError("a duration is written with its unit, like 250ms, 10s, 5m, 6h or 30d")
    return timedelta(seconds=float(Decimal(number) * _SECONDS_OF[unit]))


def _listen(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ValueError("an address is written HOST:PORT, like 127.0.0.1:8480 (port 0 takes any free one)")
    return value


def _http_url(value: str) -> str:
    if not value.startswith(("https://", "http://")):
        raise ValueError("an address starts with https:// (or http:// on this machine)")
    host = value.split("://", 1)[1].split("/", 1)[0].rsplit("@", 1)[-1]
    if value.startswith("http://") and not host.startswith(("127.", "localhost", "[::1]")):
        raise ValueError("keys are only sent over https://; http:// is taken for this machine alone")
    return value.rstrip("/")


def fillable(template: str, *places: str) -> str:
    try:
        template.format(**dict.fromkeys(places, ""))
    except (KeyError, IndexError, ValueError) as error:
        named = ", ".join(f"{{{place}}}" for place in places)
        raise ValueError(f"the places of this template are {named}") from error
    return template


RateSetting = Annotated[pydantic.InstanceOf[Rate], BeforeValidator(_rate)]
Duration = Annotated[timedelta, BeforeValidator(_duration)]
Listen = Annotated[str, AfterValidator(_listen)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
