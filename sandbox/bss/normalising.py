"""Normalises written text the way the server of the tenant does, when a mode says so."""

from __future__ import annotations

import re
from typing import Any

from sandbox.bss.modes import Modes

PHONES = frozenset({"phone", "fax", "mobilePhone"})


def normalised(modes: Modes, name: str, value: Any) -> Any:
    """Return a value as the server keeps it; a second time changes nothing."""
    if not isinstance(value, str):
        return value
    if modes.trim_text:
        value = " ".join(value.split())
    if modes.format_phones and name in PHONES:
        value = _phone(value)
    return value


def _phone(text: str) -> str:
    """Return `+302101234567` for an international number, `206-555-0100` for one of ten digits."""
    digits = re.sub(r"\D", "", text)
    if text.lstrip().startswith("+") or digits.startswith("00"):
        number = digits.lstrip("0")
        return f"+{number}" if number else text
    return f"{digits[:3]}-{digits[3:6]}-{digits[6:]}" if len(digits) == 10 else digits or text
