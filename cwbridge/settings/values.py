"""Types of values in the settings: rates, durations, addresses, time zones, templates; each refuses an invalid value and shows its form."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pydantic
from pydantic import AfterValidator, BeforeValidator, SecretStr

from cwbridge import duration
from cwbridge.limits.rate import Rate
from cwbridge.text import folded

T = TypeVar("T")
PollPace = Literal["learned", "even"]
_MIN_TOKEN = 16
"""A shorter token could be guessed."""


def _rate(value: object) -> object:
    return Rate.parse(value) if isinstance(value, str) else value


def _duration(value: object) -> object:
    return value if isinstance(value, timedelta) else duration.parse(str(value))


def _listen(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ValueError("an address is written HOST:PORT, like 127.0.0.1:8480 (port 0 takes any free one)")
    return value


def _http_url(given: str) -> str:
    value = _one_line(given)
    if not value.startswith(("https://", "http://")):
        raise ValueError("an address starts with https:// (or http:// on this machine)")
    host = value.split("://", 1)[1].split("/", 1)[0].rsplit("@", 1)[-1]
    if value.startswith("http://") and not host.startswith(("127.", "localhost", "[::1]")):
        raise ValueError("credentials are only sent over https://; http:// is taken for this machine alone")
    return value.rstrip("/")


def _one_line(value: str) -> str:
    """The value without the blanks around it, such as the line break at the end of a file."""
    stripped = value.strip()
    if any(ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0 for char in stripped):
        raise ValueError("it holds a line break or another control character")
    return stripped


def _header_text(value: str) -> str:
    """Text that can go out in a header of HTTP; the message never holds the value, which may be secret."""
    stripped = _one_line(value)
    if any(ord(char) > 0xFF for char in stripped):
        raise ValueError("it holds a character that no HTTP header takes")
    return stripped


def _secret(value: SecretStr) -> SecretStr:
    return SecretStr(_one_line(value.get_secret_value()))


def _credential(value: SecretStr) -> SecretStr:
    return SecretStr(_header_text(value.get_secret_value()))


def _access_token(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < _MIN_TOKEN:
        raise ValueError(f"it has fewer than {_MIN_TOKEN} characters; make one with: openssl rand -hex 32")
    return value


def named_once(values: dict[str, T]) -> dict[str, T]:
    """Names are compared without case and needless blanks, so two that only differ in these would hide one another."""
    seen: dict[str, str] = {}
    for name in values:
        other = seen.setdefault(folded(name), name)
        if other != name:
            raise ValueError(f"{other!r} and {name!r} are the same name")
    return values


def _field_values(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _field_value(name, value) for name, value in values.items()}


def _field_value(key: str, value: Any) -> Any:
    """A value as ConnectWise can be sent it: numbers exact, a day as its first moment in UTC."""
    match value:
        case None | bool() | int() | str():
            return value
        case Decimal() | float():
            number = Decimal(str(value))
            if not number.is_finite():
                raise ValueError(f"{key} = {value} is not a finite number")
            return number
        case datetime():
            if value.tzinfo is None:
                raise ValueError(f"{key} = {value} is a time without its zone; add one, such as Z")
            return value
        case date():
            return datetime.combine(value, time(), UTC)
        case Mapping():
            return {name: _field_value(f"{key}.{name}", entry) for name, entry in value.items()}
        case list():
            return [_field_value(f"{key}[{index}]", entry) for index, entry in enumerate(value)]
    raise ValueError(f"{key} = {value} is a {type(value).__name__}, which no field takes; write it as a text")


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
Secret = Annotated[SecretStr, AfterValidator(_secret)]
Credential = Annotated[SecretStr, AfterValidator(_credential)]
AccessToken = Annotated[Credential, AfterValidator(_access_token)]
HeaderText = Annotated[str, AfterValidator(_header_text)]
ByName = Annotated[dict[str, T], AfterValidator(named_once)]
FieldValues = Annotated[dict[str, Any], AfterValidator(_field_values)]
