"""The last section of docs/mapping-bss.md: every case of the billing side as a row."""

from __future__ import annotations

from pathlib import Path

from tests.conformance import page
from tests.conformance.pair_case import FILES, Case, Expected, Given

PAGE = Path(__file__).parents[2] / "docs" / "mapping-bss.md"
_INTRODUCTION = """\
Each row is a case of the conformance suite (`tests/conformance/billing_cases`), played against stand-ins of both systems with pollers and
worker. A case tells only what differs from the standard account and contact in `tests/conformance/pair_rows.py`, and only what is
told is compared; `…` stands for any text. Numbered parts are steps. This section is written by `python -m tests.conformance`."""


def renewed(text: str) -> str:
    """The page with its last section as the cases are now."""
    return text.partition(page.HEADING)[0] + section()


def section() -> str:
    """The whole section."""
    cases = FILES.all_cases()
    parts = [page.HEADING, "", _INTRODUCTION, ""]
    for point, title in FILES.titles().items():
        rows = [_row(case) for case in cases if case.point == point]
        parts += [f"### {title}", "", "| case | given | expected |", "| --- | --- | --- |", *rows, ""]
    return "\n".join(parts).rstrip() + "\n"


def _row(case: Case) -> str:
    steps = [(case.given, case.expect), *((step.change, step.expect) for step in case.then)]
    given = [list(page.told(change, Given())) or ["nothing changes"] for change, _ in steps]
    expected = [list(page.told(expect, Expected())) for _, expect in steps]
    if len(steps) == 1 and case.given == Given():
        given = [["the standard account"]]
    cells = (case.name, page.numbered(given), page.numbered(expected))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
