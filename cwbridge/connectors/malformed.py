"""Map an answer of another form than documented to an exception: failures group by field and still name the record."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from cwbridge import errors
from cwbridge.connectors import answers

_PLACE = re.compile(r"^(?P<problem>.*?)(?: - at `(?:key in )?\$(?P<place>[^`]*)`)?$", re.DOTALL)
_SOMEWHERE = " - at `"
_STEP = re.compile(r"\.(?P<name>[^.\[\]]+)|\[(?P<index>\d+)\]")


def as_a_whole(error: msgspec.ValidationError) -> bool:
    """Whether it is no field but the answer itself: then a gateway may have answered, and the next answer may be right."""
    return _SOMEWHERE not in str(error)


def error(title: str, endpoint: str, error: msgspec.ValidationError, body: bytes) -> errors.Malformed:
    """`cause` names endpoint and field, `detail` the record in the answer and what is wrong with it."""
    found = _PLACE.match(str(error))
    place = (found["place"] if found else None) or ""
    field = re.sub(r"\[\d+\]", "[]", place).lstrip(".") or "the answer itself"
    record = _record_id(answers.parsed(body), place)
    what = answers.shortened(found["problem"] if found else str(error))
    return errors.Malformed(
        f"{title} answered {endpoint} in another form than documented: {field}",
        detail=f"{what}{f'; record {record}' if record is not None else ''}",
    )


def _record_id(content: Any, place: str) -> object:
    """The id of the innermost record on the way to `place`."""
    found = content.get("id") if isinstance(content, dict) else None
    for step in _STEP.finditer(place):
        if step["index"] is not None and isinstance(content, list) and int(step["index"]) < len(content):
            content = content[int(step["index"])]
        elif step["name"] is not None and isinstance(content, dict):
            content = content.get(step["name"])
        else:
            break
        if isinstance(content, dict):
            found = content.get("id", found)
    return found
