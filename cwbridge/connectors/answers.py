"""What an answer says, whatever its form: JSON of several shapes, an HTML page of a gateway, paging headers."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

_MAX_TEXT = 300
_LINK = re.compile(r"""<(?P<target>[^>]*)>(?P<attributes>(?:\s*;\s*[\w*-]+\s*=\s*(?:"[^"]*"|[^\s;,"]+))*)""")
_RELATION = re.compile(r""";\s*rel\s*=\s*(?:"(?P<quoted>[^"]*)"|(?P<bare>[^\s;,"]+))""", re.IGNORECASE)
_TAGS = re.compile(r"<(?:script|style)\b.*?</(?:script|style)>|<[^>]*>", re.IGNORECASE | re.DOTALL)
_TITLE = re.compile(r"<title[^>]*>(?P<title>.*?)</title>", re.IGNORECASE | re.DOTALL)


def parsed(body: bytes) -> Any:
    """The JSON of a body, or None when it is none."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def is_html(headers: Mapping[str, str], body: bytes) -> bool:
    return "html" in headers.get("Content-Type", "").lower() or body.lstrip()[:1] == b"<"


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


def links(header: str) -> dict[str, dict[str, str]]:
    """The query parameters of each relation of a Link header (RFC 8288), such as `{"next": {"page": "2"}}`.

    Only the parameters are kept: an address out of an answer is never called, the keys would go with it.
    """
    found: dict[str, dict[str, str]] = {}
    for link in _LINK.finditer(header):
        relation = _RELATION.search(link["attributes"])
        if relation is None:
            continue
        query = parse_qs(urlsplit(link["target"]).query, keep_blank_values=True)
        parameters = {name: values[-1] for name, values in query.items()}
        for name in (relation["quoted"] or relation["bare"] or "").lower().split():
            found.setdefault(name, parameters)
    return found


def whole_number(text: str | None) -> int | None:
    """A count or page number out of a header or a query; None when it is none."""
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
