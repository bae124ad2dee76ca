"""The last section of docs/mapping.md: every case as a row, what is given beside what is expected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from tests.conformance import text_table
from tests.conformance.case import FILES, Case, Expected, Given

PAGE = Path(__file__).parents[2] / "docs" / "mapping.md"
HEADING = "## Cases"
_INTRODUCTION = """\
Each row is a case of the conformance suite (`tests/conformance/cases`), played against stand-ins of both systems. A case lists
only what differs from the small standard project in `tests/conformance/standard.toml`, and only what it lists is compared; `…`
stands for any text, `¶` for the end of a line. Numbered parts are steps: what changes, and what follows. `python -m tests.conformance`
writes this section."""
_BREAK = "<br>"


def renewed(page: str) -> str:
    """The page with its last section as the cases are now."""
    return page.partition(HEADING)[0] + section()


def section() -> str:
    """The whole section."""
    cases = FILES.all_cases()
    parts = [HEADING, "", _INTRODUCTION, ""]
    for point, title in FILES.titles().items():
        rows = [_row(case) for case in cases if case.point == point]
        parts += [f"### {title}", "", "| case | given | expected |", "| --- | --- | --- |", *rows, ""]
    return "\n".join(parts).rstrip() + "\n"


def _row(case: Case) -> str:
    name = case.name if not case.fails else f"{case.name} (not yet: {case.fails})"
    steps = [(case.given, case.expect, None), *((step.change, step.expect, step.by) for step in case.then)]
    many = len(steps) > 1
    given = [
        _numbered(place, _given(told, by, scheduled=place > 1), many)
        for place, (told, _, by) in enumerate(steps, start=1)
    ]
    expected = [_numbered(place, _expected(told), many) for place, (_, told, _) in enumerate(steps, start=1)]
    cells = (name, _BREAK.join(given), _BREAK.join(expected))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _numbered(place: int, lines: list[str], many: bool) -> str:
    text = _BREAK.join(line.replace("|", "/") for line in lines)
    return f"{place}. {text}" if many else text


def numbered(steps: list[list[str]]) -> str:
    """The lines of each step as one cell; several steps are numbered."""
    return _BREAK.join(_numbered(place, lines, len(steps) > 1) for place, lines in enumerate(steps, start=1))


def _given(given: Given, by: str | None, *, scheduled: bool) -> list[str]:
    noticed = [f"noticed by: {by}"] if by is not None else []
    lines = [*noticed, *told(given, Given())]
    return lines or ["nothing changes" if scheduled else "the standard project"]


def _expected(expected: Expected) -> list[str]:
    return list(told(expected, Expected()))


def told(part: msgspec.Struct, usual: msgspec.Struct) -> Iterator[str]:
    """Every field that is not as usual, in the order of the file format."""
    for name in part.__struct_fields__:
        value = getattr(part, name)
        if value != getattr(usual, name):
            yield from _field(name.replace("_", " "), value)


def _field(name: str, value: Any) -> Iterator[str]:
    match value:
        case msgspec.Struct():
            yield from (f"{name}: {line}" for line in told(value, type(value)()))
        case str() if "|" in value or "\n" in value.strip() or value.strip() == "line":
            rows = text_table.read(value)
            yield from (_table_row(name, row) for row in rows)
            if not rows:
                yield f"{name}: none"
        case str():
            yield f"{name}: {_cell(value) or 'none'}"
        case Mapping():
            yield from _mapping(name, value)
        case list() | tuple():
            yield f"{name}: {', '.join(_cell(entry) for entry in value) or 'none'}"
        case bool():
            yield name if value else f"not {name}"
        case _:
            yield f"{name}: {value}"


def _mapping(name: str, value: Mapping[str, Any]) -> Iterator[str]:
    for key, entry in value.items():
        if isinstance(entry, Mapping):
            yield from (f"{name}: {line}" if name != "settings" else line for line in _setting(key, entry))
        elif isinstance(entry, msgspec.Struct):
            yield from _field(f"{name} {key}", entry)
        else:
            yield f"{name}: {key} = {_cell(entry)}"


def _setting(path: str, value: Mapping[str, Any]) -> Iterator[str]:
    for key, entry in value.items():
        if isinstance(entry, Mapping):
            yield from _setting(f"{path}.{key}", entry)
        else:
            yield f"`{path}.{key}` = {_cell(entry)}"


def _table_row(name: str, row: Mapping[str, str]) -> str:
    """`item 1: model MXA920, quantity 2`; empty cells are left out."""
    (first, value), *others = row.items()
    head = value if value.startswith(f"{first} ") or first in {"line", "place"} else f"{first} {value}"
    told = ", ".join(f"{column} {_cell(cell)}" for column, cell in others if cell)
    return f"{name}: {head}: {told}" if told else f"{name}: {head}"


def _cell(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return ", ".join(_cell(entry) for entry in value) or "none"
        case Mapping():
            return " ".join(f"{key} {_cell(entry)}" for key, entry in value.items())
    return text_table.folded(str(value))
