"""Text is cleaned and shortened the same way every time."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from cwbridge import text

anything = st.text(max_size=300)


def utf16_units(value: str) -> int:
    return len(value.encode("utf-16-le", errors="surrogatepass")) // 2


@given(anything, st.integers(12, 100))
def test_shortened_text_fits_and_fitting_text_stays(value, limit):
    short = text.shorten(text.one_line(value), limit)

    assert utf16_units(short) <= limit
    if utf16_units(text.one_line(value)) <= limit:
        assert short == text.one_line(value)


@given(st.text(alphabet="abc", min_size=60, max_size=90), st.text(alphabet="abc", min_size=60, max_size=90))
def test_different_long_texts_stay_different(one, other):
    assume(one != other)

    assert text.shorten(one, 40) != text.shorten(other, 40)


@given(anything, st.integers(2, 60))
def test_clipped_text_fits(value, limit):
    assert utf16_units(text.clip(text.one_line(value), limit)) <= limit


@given(anything)
def test_one_line_is_one_line_and_cleaning_twice_changes_nothing(value):
    line = text.one_line(value)

    assert "\n" not in line
    assert "\r" not in line
    assert line == line.strip()
    assert text.one_line(line) == line


def test_unseen_characters_and_blanks_do_not_make_names_differ():
    assert text.folded("ACME\u200b  Corp\u00a0Ltd\n") == text.folded("acme corp ltd")


def test_an_emoji_is_never_cut_in_half():
    assert text.clip("ab\N{MUSICAL NOTE}" * 3 + "\U0001f3a4" * 10, 13).encode("utf-8")


def test_line_breaks_survive_where_they_may():
    assert text.many_lines("first \r\n\r\n second\x00") == "first\n\nsecond"


@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_plain_ascii_is_cleaned_as_all_other_text_is(value):
    assert text.one_line(value) == text.one_line(value + " \u00ad")
