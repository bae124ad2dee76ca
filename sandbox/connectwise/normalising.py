"""Normalises written text the way the server of the tenant does, when a mode says so."""

from __future__ import annotations

import re
from typing import Any

from sandbox.connectwise.modes import Modes

PHONES = frozenset({"phoneNumber", "faxNumber", "phoneNumberExt"})


def normalised(modes: Modes, name: str, value: Any) -> Any:
    """Return a value as the server keeps it; a second time changes nothing."""
    if not isinstance(value, str):
        return value
    if modes.trim_text:
        value = " ".join(value.split())
    return phone(modes, value) if name in PHONES else value


def phone(modes: Modes, text: str) -> str:
    """Return the digits of a number, or a text without any as it is."""
    return re.sub(r"\D", "", text) or text if modes.format_phones else text
