"""The writes of a rehearsed run in words; both the terminal and the page show them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from cwbridge.connectors.overlay import FIRST_NEW_ID, Write
from cwbridge.rehearsal import Rehearsal
from cwbridge.text import clip

_LONGEST_VALUE = 80
_NEW = re.compile(rf"\b{str(FIRST_NEW_ID)[0]}\d{{{len(str(FIRST_NEW_ID)) - 1}}}\b")
ENDS_WITH = (
    "It would end with this failure, or go on where only a system knows what it makes of these writes:"
)
SHOWN = 50
"""How many writes are shown; `--json` has them all."""


def summary(found: Rehearsal) -> str:
    """What a run would do, as a sentence."""
    if not found.writes:
        said = "A run now would write nothing"
    else:
        count = len(found.writes)
        said = f"A run now would write {count} time{'s' if count > 1 else ''}"
    return f"{said} ({found.calls} reads were sent to find out)."


def lines(found: Rehearsal) -> Iterator[str]:
    """Each write in one line, the first ones of many."""
    for write in found.writes[:SHOWN]:
        yield line(write)
    if len(found.writes) > SHOWN:
        yield f"and {len(found.writes) - SHOWN} more"


def line(write: Write) -> str:
    """`change connectwise /sales/opportunities/12: name "A" -> "B"`."""
    told = f"{write.action} {write.system} {write.path}"
    if write.action == "create":
        said = ", ".join(f"{field.name} {_value(field.after)}" for field in write.fields)
    elif write.action == "change":
        said = ", ".join(
            f"{field.name} {_value(field.before)} -> {_value(field.after)}" for field in write.fields
        )
    else:
        said = write.record
    return with_new_ids(f"{told}: {said}" if said else told)


def with_new_ids(text: str) -> str:
    """The text with `(new N)` for the number of a record that does not exist yet."""
    return _NEW.sub(lambda found: f"(new {int(found[0]) - FIRST_NEW_ID})", text)


def _value(value: Any) -> str:
    """A value for people: a reference by its name or number, a text in quotes."""
    match value:
        case None | "":
            said = "empty"
        case bool():
            said = "yes" if value else "no"
        case int() | Decimal():
            said = str(value)
        case {"name": str(name)} | {"identifier": str(name)} | str(name):
            said = f'"{clip(" ".join(name.split()), _LONGEST_VALUE)}"'
        case {"id": number}:
            said = str(number)
        case dict():
            said = " ".join(f"{name} {_value(part)}" for name, part in value.items())
        case list():
            said = f"[{', '.join(map(_value, value))}]"
        case _:
            said = clip(str(value), _LONGEST_VALUE)
    return said
