"""Repairs JSON that escapes half a character: a name that was cut in the middle of an emoji must not make a whole list unreadable."""

from __future__ import annotations

import re

_MAY_HOLD_ONE = re.compile(rb"\\u[dD]")
# A pair and any other escape are taken as a whole, so that what is left is half a character, and `\\ud800` stays a text.
_ESCAPE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
    rb"|\\.",
    re.DOTALL,
)
_REPLACEMENT = b"\\ufffd"


def replaced(body: bytes) -> bytes:
    """The body with U+FFFD for each lone surrogate that it escapes; the same object when it has none."""
    if _MAY_HOLD_ONE.search(body) is None:
        return body
    return _ESCAPE.sub(lambda found: _REPLACEMENT if found["half"] else found[0], body)
