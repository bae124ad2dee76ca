"""Any text is harmless when it is shown, JSON keeps its values, and half a character is replaced and nothing else."""

from __future__ import annotations

import json
import re

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from console.page import address
from cwbridge import surrogates
from cwbridge.text import encodable, json_shown, shown, shown_lines

anything = st.text(st.characters())
"""With lone surrogates, control characters and every direction."""
tricky = st.text(st.sampled_from('\\uUdDaAcC80"\ud83d\udea4\n\U0001f3a4'), max_size=40)


@given(anything | tricky)
@example("\x1b[2J\x9b\u202e\u2028\ud800")
def test_a_shown_text_is_one_printable_line_with_the_printable_characters(text: str) -> None:
    line = shown(text)
    assert line.isprintable()
    assert line == "".join(char if char.isprintable() else " " for char in text)


@given(st.text(min_size=1, max_size=9), st.integers(2_001, 12_000))
def test_a_long_text_is_cut_and_says_how_much_is_left_out(text: str, length: int) -> None:
    long = (text * length)[:length]
    line = shown(long)
    assert line.endswith(f"\u2026 ({length - 2_000} more characters)")
    assert shown(long[:2_000]) == line[:2_000]


@given(anything)
def test_lines_stay_lines(text: str) -> None:
    lines = shown_lines(text).split("\n")
    assert lines == [shown(line) for line in text.split("\n")]


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_json_that_is_shown_has_the_same_values(value: object) -> None:
    document = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    escaped = json_shown(document)
    assert json.loads(escaped) == value
    assert all(char.isprintable() or char == "\n" for char in escaped)


@given(anything | tricky)
def test_every_text_can_be_encoded(text: str) -> None:
    encoded = encodable(text)
    assert encoded.encode().decode() == encoded
    if not re.search("[\ud800-\udfff]", text):
        assert encoded == text


@given(anything | tricky)
@example("\\ud800 and \\\ud800")
@example("\ud83d\ud83d\udea4\udea4")
def test_half_a_character_in_json_is_replaced_and_nothing_else(text: str) -> None:
    """Python escapes and reads lone surrogates, so it says what the text should be."""
    body = json.dumps({"name": text}).encode()
    whole = json.loads(body)["name"]
    expected = re.sub("[\ud800-\udfff]", "\ufffd", whole)
    assert msgspec.json.decode(surrogates.replaced(body))["name"] == expected
    if expected == text:
        assert surrogates.replaced(body) == body


@pytest.mark.parametrize(
    ("given", "host", "is_loopback"),
    [
        ("127.0.0.1:8480", "127.0.0.1", True),
        ("localhost", "localhost", True),
        ("LocalHost.:80", "localhost", True),
        ("[::1]:8480", "::1", True),
        ("::1", "::1", True),
        ("127.5.6.7", "127.5.6.7", True),
        ("[::ffff:10.0.0.1]:1", "::ffff:10.0.0.1", False),
        ("0.0.0.0:8480", "0.0.0.0", False),
        ("[::]:8480", "::", False),
        ("localhost.evil.example", "localhost.evil.example", False),
        ("127.0.0.1.evil.example:80", "127.0.0.1.evil.example", False),
        ("evil.example:127", "evil.example", False),
        ("0x7f000001", "0x7f000001", False),
        ("", "", False),
    ],
)
def test_only_addresses_of_this_machine_are_its_own(given: str, host: str, *, is_loopback: bool) -> None:
    assert address.host_of(given) == host
    assert address.is_loopback(host) == is_loopback
