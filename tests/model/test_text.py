import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergrant.model.text import plain


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Bad request.", "Bad request."),
        ("two\r\nlines\tand  more\u00a0\u2028", "two lines and more"),
        ("\x1b[31;1mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text\x1b]8;;http://x\x1b\\link", "textlink"),
        ("\x1bcreset", "reset"),
        ("\x00\x07\x7f\x9bbell", "bell"),
        ("zero\u200bwidth\u200d\u2060\ufeff", "zerowidth"),
        ("\u202egnp.exe\u202c \u2066x\u2069\u061c", "gnp.exe x"),
        ("tags\U000e0041\U000e0042 marks\ufe0f\U000e0100", "tags marks"),
        ("\ud800half", "half"),
        ("Grüße, 日本語, \U0001f600", "Grüße, 日本語, \U0001f600"),
        ("\u200b\x00", ""),
        ("", ""),
    ],
)
def test_only_what_can_be_seen_is_kept(text: str, seen: str) -> None:
    assert plain(text, 100) == seen


@given(text=st.text(alphabet=st.characters(), max_size=200), longest=st.integers(1, 20))
def test_it_is_one_short_printable_line(text: str, longest: int) -> None:
    seen = plain(text, longest)
    assert len(seen) <= longest
    assert seen.isprintable()
    assert seen.encode().decode() == seen


def test_a_very_long_text_is_not_read_to_its_end() -> None:
    assert plain("x" * 10_000_000, 300) == "x" * 300
    assert plain("\x1b[" * 5_000_000, 300) == ""
