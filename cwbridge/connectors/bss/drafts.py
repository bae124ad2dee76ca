"""What goes to BSS: drafts of new accounts and contacts, and JSON Patch operations on existing ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

_encode = msgspec.json.Encoder(decimal_format="number").encode


class PatchOperation(msgspec.Struct, frozen=True):
    """One step of a JSON Patch (RFC 6902): `path` such as `/phone` or `/address/city`; `remove` empties the field.

    `add` and `replace` act alike in BSS. Source: the vendor's page on updating via patch document.
    """

    op: Literal["replace", "remove"]
    path: str
    value: Any = None


def replace(path: str, value: Any) -> PatchOperation:
    """Give the field at `path` this value; None empties it."""
    return PatchOperation("remove", path) if value is None else PatchOperation("replace", path, value)


def draft_body(draft: Mapping[str, Any]) -> bytes:
    """A draft as JSON."""
    return _encode(draft)


def patch_body(operations: Sequence[PatchOperation]) -> bytes:
    """The JSON array that PATCH takes."""
    return _encode(
        [
            {"op": step.op, "path": step.path} | ({} if step.op == "remove" else {"value": step.value})
            for step in operations
        ]
    )
