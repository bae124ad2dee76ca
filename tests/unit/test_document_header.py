"""Who may write a header field: BSS where it changed something, other users everywhere else."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from cwbridge.connectors.connectwise.finance import Invoice
from cwbridge.connectors.connectwise.models import Reference
from cwbridge.ledger.agreements import Agreed
from worker.billing import document_header as header
from worker.billing.document_header import HeaderField
from worker.billing.merge import Master


def written(
    text: str, stored: str, agreed: Agreed | None, master: Master = "bss", *, is_required: bool = False
) -> list[Any]:
    """What is written of a comment."""
    desired = {"topComment": header.words(text, 100, is_required=is_required)}
    known = {} if agreed is None else {"topComment": agreed}
    record = Invoice(id=1, topComment=stored)
    return [change.value for change in header.changes(record, desired, known, master)]


@pytest.mark.parametrize(
    ("text", "stored", "agreed", "expected"),
    [
        ("A", "A", None, []),
        ("A", "", None, ["A"]),
        ("A", "theirs", None, ["A"]),
        ("", "theirs", None, []),
        ("A", "theirs", Agreed("A", "A"), []),
        ("B", "theirs", Agreed("A", "A"), ["B"]),
        ("B", "a", Agreed("A", "a"), ["B"]),
        ("", "A", Agreed("A", "A"), [""]),
        ("", "theirs", Agreed("", ""), []),
    ],
)
def test_only_what_bss_changed_is_written(
    text: str, stored: str, agreed: Agreed | None, expected: list[str]
) -> None:
    assert written(text, stored, agreed) == expected


def test_of_two_different_values_at_the_first_link_that_of_the_master_stays() -> None:
    assert written("A", "theirs", None, "connectwise") == []
    assert written("A", "", None, "connectwise") == ["A"]
    assert written("B", "theirs", Agreed("A", "A"), "connectwise") == ["B"]


def test_a_required_field_is_never_emptied() -> None:
    assert written("", "A", Agreed("A", "A"), is_required=True) == []


@pytest.mark.parametrize(
    ("stored", "before", "names", "expected"),
    [
        ("A", None, [], Agreed("A", "A")),
        ("theirs", None, [], Agreed("A", "theirs")),
        ("a", Agreed("B", "B"), ["topComment"], Agreed("A", "a")),
        ("theirs", Agreed("A", "A"), [], Agreed("A", "A")),
        ("A", Agreed("A", "a"), [], Agreed("A", "A")),
    ],
)
def test_what_is_agreed_on_keeps_an_edit_a_difference(
    stored: str, before: Agreed | None, names: list[str], expected: Agreed
) -> None:
    known = {} if before is None else {"topComment": before}
    record = Invoice(id=1, topComment=stored)
    after = header.agreed_after(record, {"topComment": header.words("A", 100)}, known, names)
    assert after == {"topComment": expected}


def test_days_references_and_ids_are_compared_as_what_they_are() -> None:
    record = Invoice(
        id=1,
        date=datetime(2026, 4, 30, tzinfo=UTC),
        currency=Reference(5, "USD"),
        locationId=3,
        topComment="a\r\nb",
    )
    desired: dict[str, HeaderField] = {
        "date": header.day(date(2026, 4, 30)),
        "currency": header.reference(5),
        "locationId": header.bare_id(3),
        "topComment": header.words("a\nb ", 100),
        "taxCode": header.reference(None),
        "dueDate": header.day(None),
    }
    assert header.changes(record, desired, {}, "bss") == ()
    assert header.draft(desired) == {
        "date": datetime(2026, 4, 30, tzinfo=UTC),
        "currency": {"id": 5},
        "locationId": 3,
        "topComment": "a\nb",
    }
    assert header.agreed_at_create(header.sent_fields(desired))["date"] == Agreed("2026-04-30", "2026-04-30")
