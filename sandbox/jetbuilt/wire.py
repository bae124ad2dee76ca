"""How values travel: decimal strings with a point, times with milliseconds and the company's offset, plain dates."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import msgspec
from aiohttp import web

SUMMER = timezone(timedelta(hours=-7))
WINTER = timezone(timedelta(hours=-8))
SUMMER_MONTHS = range(4, 11)

Json = dict[str, object]
_encoder = msgspec.json.Encoder()


def number(value: Decimal) -> str:
    """Return a decimal without needless zeros, but with at least one place: `433.38`, `20.0`."""
    if not value:
        return "0.0"
    text = format(value, "f")
    if "." not in text:
        return f"{text}.0"
    text = text.rstrip("0")
    return f"{text}0" if text.endswith(".") else text


def money(value: Decimal) -> str:
    """Return the few amounts that are always shown with two places."""
    return f"{value:.2f}"


def optional(value: Decimal | None) -> str | None:
    return None if value is None else number(value)


def moment(at: datetime) -> str:
    """Return a time in the company's zone; its offset changes with the season (here: by the month)."""
    zone = SUMMER if at.month in SUMMER_MONTHS else WINTER
    return at.astimezone(zone).isoformat(timespec="milliseconds")


def day(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


def encode(value: object) -> bytes:
    return _encoder.encode(value)


def answer(body: bytes, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(status=status, body=body, headers=headers, content_type="application/json")
