"""Conditions: whatever the text, the server reads back what was meant."""

from __future__ import annotations

import itertools
import string
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwbridge.connectors.connectwise import text
from cwbridge.connectors.connectwise.conditions import Value, batches, encoded, field, literal

KEPT = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\t\n\"\\'%+&#[]()é漢🙂, "))
UNRESERVED = set(string.ascii_letters + string.digits + "-._~")


def read_text(source: str, start: int = 0) -> tuple[str, int]:
    """A reader of one double-quoted text, written from the guide alone: value and the position behind it."""
    assert source[start] == '"', source
    value, position = "", start + 1
    while source[position] != '"':
        if source[position] == "\\":
            position += 1
            assert source[position] in '\\"', "only these two are escaped"
        value += source[position]
        position += 1
    return value, position + 1


def read_list(source: str) -> list[str]:
    """The texts between the parentheses of `name in ("a","b")`."""
    position = source.index("(") + 1
    values = []
    while True:
        value, position = read_text(source, position)
        values.append(value)
        if source[position] == ")":
            assert position == len(source) - 1
            return values
        assert source[position] == ","
        position += 1


@given(KEPT)
def test_any_text_survives_quoting_and_encoding(value: str) -> None:
    condition = field("identifier").equals(value)
    assert set(condition.encode()) <= UNRESERVED | {"%"}
    arrived = unquote(condition.encode(), errors="strict")
    assert arrived.startswith("identifier=")
    read, end = read_text(arrived, len("identifier="))
    assert read == value
    assert end == len(arrived), "nothing after the text, whatever it holds"


@given(st.text(st.characters() | st.characters(categories=["Cs", "Cc"])))
def test_what_cannot_be_kept_is_left_out_and_nothing_else(value: str) -> None:
    read, _ = read_text(literal(value))
    assert read == text.kept(value)
    assert unquote(encoded(read)) == read, "what is kept has a UTF-8 form"
    lost = set(value) - set(read)
    assert all(ord(char) < 32 or ord(char) == 127 or 0xD800 <= ord(char) <= 0xDFFF for char in lost)
    assert not lost & {"\t", "\n"}


@pytest.mark.parametrize(
    ("char", "code"),
    [
        ("&", "%26"),
        ("+", "%2B"),
        ('"', "%22"),
        ("'", "%27"),
        ("%", "%25"),
        ("#", "%23"),
        ("[", "%5B"),
        ("]", "%5D"),
        (" ", "%20"),
        ("/", "%2F"),
        ("é", "%C3%A9"),
        ("漢", "%E6%BC%A2"),
        ("🙂", "%F0%9F%99%82"),
        ("*", "%2A"),
    ],
)
def test_percent_encoding_is_exact(char: str, code: str) -> None:
    assert encoded(char) == code


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (-12, "-12"),
        (Decimal("22257.98"), "22257.98"),
        (Decimal("1E+3"), "1000"),
        (Decimal("0.0000001"), "0.0000001"),
        (datetime(2026, 11, 21, 22, 18, tzinfo=UTC), "[2026-11-21T22:18:00Z]"),
        (datetime(2026, 11, 21, 22, 18, tzinfo=timezone(timedelta(hours=-7))), "[2026-11-22T05:18:00Z]"),
        ("", '""'),
        ("true", '"true"'),
        ('19" rack \\ "', '"19\\" rack \\\\ \\""'),
    ],
)
def test_values_are_written_by_their_type(value: Value, written: str) -> None:
    assert field("x").equals(value).render() == f"x={written}"


def test_comparisons_read_as_the_guide_writes_them() -> None:
    x = field("company/id")
    assert [
        x.equals(1).render(),
        x.at_least(1).render(),
        x.one_of([1, "2"]).render(),
        field("name").like("Ac%me").render(),
    ] == [
        "company/id=1",
        "company/id>=1",
        'company/id in (1,"2")',
        'name like "Ac%me"',
    ]


@pytest.mark.parametrize("name", ["", "a b", "a=1 or b", "a/", "/a", 'a"', "a;b", "ä"])
def test_what_is_no_field_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not the name of a field"):
        field(name)


@pytest.mark.parametrize("value", [0.1, b"x", ["a"]])
def test_values_of_other_types_are_refused(value: object) -> None:
    with pytest.raises(TypeError):
        field("x").equals(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["NaN", "Infinity"])
def test_no_number_is_no_value(value: str) -> None:
    with pytest.raises(ValueError, match="not a number"):
        literal(Decimal(value))


def test_an_empty_list_is_no_question() -> None:
    with pytest.raises(ValueError, match="at least one"):
        field("x").one_of([])
    assert list(batches("x", [], budget=100)) == []


@given(st.lists(KEPT, max_size=60), st.integers(min_value=30, max_value=1_500))
def test_batches_keep_the_budget_and_lose_nothing(values: list[str], budget: int) -> None:
    cut = list(batches("identifier", values, budget=budget))
    assert [value for batch, _ in cut for value in batch] == list(dict.fromkeys(values))
    for batch, condition in cut:
        assert read_list(condition.render()) == batch
        assert len(condition.encode()) <= budget or len(batch) == 1


@given(st.lists(st.text(string.ascii_letters, min_size=1, max_size=20), min_size=1, max_size=80, unique=True))
def test_batches_are_as_full_as_the_budget_allows(values: list[str]) -> None:
    budget = 300
    cut = [batch for batch, _ in batches("identifier", values, budget=budget)]
    for batch, after in itertools.pairwise(cut):
        assert len(field("identifier").one_of([*batch, after[0]]).encode()) > budget


@pytest.mark.parametrize("budget", range(60, 140))
def test_no_budget_is_exceeded_by_a_single_character(budget: int) -> None:
    values = [f"AB-{number}" for number in range(10, 30)]
    assert all(len(condition.encode()) <= budget for _, condition in batches("sku", values, budget=budget))
