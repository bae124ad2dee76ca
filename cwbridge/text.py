"""Text for ConnectWise: cleaned, and shortened so that the same long text always becomes the same short one."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import unicodedata

# Invisible characters that get copied and make equal texts differ (ConnectWise field experience: U+200B..U+200F, U+FEFF).
UNSEEN = dict.fromkeys([0x00AD, 0x200B, 0x200C, 0x200E, 0x200F, 0x2060, 0xFEFF])
_MAX_SHOWN = 2_000
_BLANKS = re.compile(r"\s+")
_DIGEST_LENGTH = 10


def digest(data: bytes) -> str:
    """A digest of `data`: ten lower-case letters and digits (50 bits)."""
    return base64.b32encode(hashlib.blake2b(data, digest_size=8).digest())[:_DIGEST_LENGTH].decode().lower()


def one_line(text: str | None) -> str:
    """`text` without invisible and control characters, every run of blanks as one space."""
    if text is None:
        return ""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    visible = unicodedata.normalize("NFC", text).translate(UNSEEN)
    spaced = "".join(" " if unicodedata.category(char) == "Cc" else char for char in visible)
    return _BLANKS.sub(" ", spaced).strip()


def many_lines(text: str | None) -> str:
    """Like `one_line`, but line breaks stay."""
    visible = (text or "").translate(UNSEEN)
    return "\n".join(one_line(line) for line in visible.splitlines()).strip()


def shorten(text: str, max_length: int) -> str:
    """`text` itself when it fits in `max_length` characters, else its beginning and a digest of the whole.

    ConnectWise counts UTF-16 units (a .NET server); an emoji is two of them.
    """
    if _units(text) <= max_length:
        return text
    tail = f"~{digest(text.encode())}"
    return _cut(text, max_length - len(tail)).rstrip() + tail


def clip(text: str, max_length: int) -> str:
    """`text` cut to `max_length` characters with an ellipsis, where nothing is matched by it."""
    return text if _units(text) <= max_length else _cut(text, max_length - 1).rstrip() + "\u2026"


def shown(text: str) -> str:
    """Text from outside for a person: on one line, at most 2,000 characters and the number of the rest.

    A character that is not printable becomes a space: it could move the cursor of a terminal, reverse the direction of the text
    after it, or (a lone surrogate) have no UTF-8.
    """
    beginning = text[:_MAX_SHOWN]
    if not beginning.isprintable():
        beginning = "".join(char if char.isprintable() else " " for char in beginning)
    left_out = len(text) - _MAX_SHOWN
    return f"{beginning}\u2026 ({left_out} more characters)" if left_out > 0 else beginning


def shown_lines(text: str) -> str:
    """As `shown`, line by line, for text whose line breaks are needed, such as a trace; its length is the caller's."""
    return "\n".join(shown(line) for line in text.split("\n"))


def encodable(text: str) -> str:
    """`text` with an escape for each lone surrogate: headers of HTTP and names of files may hold some, and they have no UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="backslashreplace").decode()
    return text


def json_shown(document: str) -> str:
    """A JSON document with an escape for each character that is not printable: the same values, harmless on a terminal."""
    if document.isprintable():
        return document
    return "".join(
        char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1] for char in document
    )


def folded(text: str | None) -> str:
    """The form in which names are compared: case and blanks do not count."""
    return one_line(text).casefold()


def _units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def _cut(text: str, max_length: int) -> str:
    return text.encode("utf-16-le")[: max_length * 2].decode("utf-16-le", errors="ignore")
