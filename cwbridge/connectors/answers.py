"""Reads answers of every form: JSON of several shapes, the page of a gateway, paging headers."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import msgspec
from yarl import URL

_MAX_TEXT = 300
# A server refuses these before it looks for the API, and trying again does not help.
_ABOUT_THE_SIZE = frozenset({413, 414, 431})
_TAGS = re.compile(r"<(?:script|style)\b.*?</(?:script|style)>|<[^>]*>", re.IGNORECASE | re.DOTALL)
_TITLE = re.compile(r"<title[^>]*>(?P<title>.*?)</title>", re.IGNORECASE | re.DOTALL)


def parsed(body: bytes) -> Any:
    """The JSON of a body, or None for a body of another form."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def is_html(headers: Mapping[str, str], body: bytes) -> bool:
    return "html" in headers.get("Content-Type", "").lower() or body.lstrip()[:1] == b"<"


def is_page(headers: Mapping[str, str], body: bytes) -> bool:
    """Whether a good answer is the page of a gateway; APIs answer JSON or nothing."""
    return bool(body.strip()) and is_html(headers, body)


def is_gateway_refusal(status: int, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether a refusal has not the form of an API, so that a gateway or proxy in front of it must have answered.

    APIs refuse with a JSON object. Refused credentials may also come without one, as frameworks answer 401 before the API
    itself is asked: with nothing, or with a text and the scheme that they expect.
    """
    if status < 400 or status == 407:
        return True
    if status in _ABOUT_THE_SIZE or isinstance(parsed(body), dict):
        return False
    if status == 401:
        return bool(body.strip()) and (is_html(headers, body) or "WWW-Authenticate" not in headers)
    return True


def text_of(headers: Mapping[str, str], body: bytes) -> str:
    """What a refusal says in words, on one line and never long."""
    content = parsed(body)
    if isinstance(content, dict):
        said = next((content[name] for name in ("message", "error", "errors") if content.get(name)), "")
        return shortened(said if isinstance(said, str) else msgspec.json.encode(said).decode())
    text = body[:20_000].decode("utf-8", "replace")
    if is_html(headers, body):
        title = _TITLE.search(text)
        text = html.unescape(title["title"] if title else _TAGS.sub(" ", text))
    return shortened(text)


def shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MAX_TEXT else line[: _MAX_TEXT - 1] + "…"


def links(response: aiohttp.ClientResponse) -> dict[str, dict[str, str]]:
    """The query parameters of each relation of the Link headers (RFC 8288), such as `{"next": {"page": "2"}}`.

    Only the parameters are kept: an address out of an answer is never called, the credentials would go with it.
    """
    if "Link" not in response.headers:
        return {}
    try:
        targets = {relation: link["url"] for relation, link in response.links.items()}
    except ValueError:
        # An address that cannot be parsed names no page.
        return {}
    return {
        relation.lower(): dict(target.query)
        for relation, target in targets.items()
        if isinstance(target, URL)
    }


def whole_number(text: str | None) -> int | None:
    """A count or page number out of a header or a query; None for any other text."""
    return int(text) if text is not None and text.isascii() and text.isdecimal() and len(text) < 19 else None


def http_date(text: str | None) -> datetime | None:
    """The moment of a Date header."""
    if not text:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def retry_after(text: str | None, *, default: float, maximum: float = 3600.0) -> float:
    """Seconds to wait by a Retry-After header; `default` when it is missing or not a number of seconds."""
    try:
        seconds = float(text) if text else default
    except ValueError:
        return default
    return min(max(seconds, 0.0), maximum) if seconds == seconds else default  # noqa: PLR0124 - a NaN differs from itself
