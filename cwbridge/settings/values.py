"""Kinds of values in the settings: rates, durations, addresses, time zones, templates; each refuses what it cannot be, with its form."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pydantic
from pydantic import AfterValidator, BeforeValidator

from cwbridge import duration
from cwbridge.limits.rate import Rate


def _rate(value: object) -> object:
    return Rate.parse(value) if isinstance(value, str) else value


def _duration(value: object) -> object:
    return value if isinstance(value, timedelta) else duration.parse(str(value))


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


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("a time zone is named like Europe/Athens or UTC") from error
    return value


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
TimeZone = Annotated[str, AfterValidator(_time_zone)]
