"""The last section of docs/mapping-documents.md: every case of documents as a row, what is given beside what is expected."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.conformance import page
from tests.conformance.document_case import FILES, Case, Expected, Given

PAGE = Path(__file__).parents[2] / "docs" / "mapping-documents.md"
_INTRODUCTION = """\
Each row is a case of the conformance suite (`tests/conformance/document_cases`), played against stand-ins of both systems with pollers
and worker. A case tells only what differs from the usual, which `tests/conformance/document_cases/README.md` describes, and only what
is told is compared; `…` stands for any text. Numbered parts are steps. This section is written by `python -m tests.conformance`."""


def renewed(text: str) -> str:
    """The page with its last section as the cases are now."""
    section = "\n".join([page.HEADING, "", _INTRODUCTION, "", tables(FILES.all_cases())])
    return text.partition(page.HEADING)[0] + section.rstrip() + "\n"


def tables(cases: Sequence[Case]) -> str:
    """A table for each file that has some of the cases, under its title."""
    parts: list[str] = []
    for point, title in FILES.titles().items():
        rows = [_row(case) for case in cases if case.point == point]
        if rows:
            parts += [f"### {title}", "", "| case | given | expected |", "| --- | --- | --- |", *rows, ""]
    return "\n".join(parts)


def _row(case: Case) -> str:
    steps = [(case.given, case.expect), *((step.change, step.expect) for step in case.then)]
    given = [list(page.told(change, Given())) or ["nothing changes"] for change, _ in steps]
    expected = [list(page.told(expect, Expected())) for _, expect in steps]
    if len(steps) == 1 and case.given == Given():
        given = [["the usual products"]]
    cells = (case.name, page.numbered(given), page.numbered(expected))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
