"""The least rights of the API members as a page, made from what the flows say that they call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cwbridge import access
from cwbridge.access import Access, Verb
from cwbridge.flow import Flow, Flows

_INTRODUCTION = """# The least role of the API members

Every endpoint that cwbridge calls, with the right that it needs and why. Give the security role of the ConnectWise API member (System > Security
Roles) no more than this; a right that is missing is refused with status 403, and `cwbridge doctor` names the endpoint. The four columns are the
four levels of a ConnectWise security role: *inquire* reads (`GET`), *add* creates (`POST`), *edit* changes (`PATCH`), *delete* deletes (`DELETE`).

`cwbridge doctor` reads one record of each endpoint, which proves the right to read. What may be written cannot be asked without a write: the
column *first write* says which act of the daemon proves it. A set-up name that is missing and may not be added is refused with its name;
create it by hand, and the right to add names is not needed.

This page is printed by `cwbridge role`.
"""
_COLUMNS: tuple[tuple[Verb, str], ...] = (
    ("GET", "inquire"),
    ("POST", "add"),
    ("PATCH", "edit"),
    ("DELETE", "delete"),
)


def role_page(flows: Flows) -> str:
    """The whole page as Markdown."""
    return "\n".join([_INTRODUCTION, *_tables(list(flows))])


def _tables(flows: Sequence[Flow]) -> Iterator[str]:
    used_by: dict[tuple[str, str], list[str]] = {}
    for flow in flows:
        for right in flow.access():
            names = used_by.setdefault(right.name, [])
            if flow.name not in names:
                names.append(flow.name)
    rights = access.merged(right for flow in flows for right in flow.access())
    titles = {right.system.name: right.system.title for right in rights}
    for name in sorted(titles, key=lambda name: -sum(right.system.name == name for right in rights)):
        yield f"## {titles[name]}"
        yield ""
        head = ("endpoint", *(column for _, column in _COLUMNS), "why", "first write", "flow")
        yield _row(head)
        yield _row(["---"] * len(head))
        for right in rights:
            if right.system.name == name:
                yield _row(_cells(right, used_by[right.name]))
        yield ""


def _cells(right: Access, flows: Sequence[str]) -> list[str]:
    levels = ["x" if verb in right.verbs else "" for verb, _ in _COLUMNS]
    return [f"`{right.endpoint}`", *levels, right.why, right.proof, ", ".join(flows)]


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
