import pytest

from evergrant.model.json import Json, at, text_at

# The document and the pointers of RFC 6901, section 5.
DOCUMENT: Json = {
    "foo": ["bar", "baz"],
    "": 0,
    "a/b": 1,
    "c%d": 2,
    "e^f": 3,
    "g|h": 4,
    "i\\j": 5,
    'k"l': 6,
    " ": 7,
    "m~n": 8,
}


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("", DOCUMENT),
        ("/foo", ["bar", "baz"]),
        ("/foo/0", "bar"),
        ("/", 0),
        ("/a~1b", 1),
        ("/c%d", 2),
        ("/e^f", 3),
        ("/g|h", 4),
        ("/i\\j", 5),
        ('/k"l', 6),
        ("/ ", 7),
        ("/m~0n", 8),
    ],
)
def test_pointers_read_as_rfc_6901_says(pointer: str, value: Json) -> None:
    assert at(DOCUMENT, pointer) == value


def test_an_escaped_tilde_is_not_unescaped_twice() -> None:
    assert at({"~1": "tilde one", "/": "slash"}, "/~01") == "tilde one"


@pytest.mark.parametrize(
    "pointer",
    [
        "/none",
        "/foo/2",
        "/foo/-1",
        "/foo/-",
        "/foo/00",
        "/foo/01",
        "/foo/\u0661",
        "/foo/\xb2",
        "/foo/" + "9" * 5000,
        "/foo/bar",
        "/foo/0/0",
        "/ /x",
    ],
)
def test_a_pointer_to_nothing_gives_none(pointer: str) -> None:
    assert at(DOCUMENT, pointer) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("word", "word"),
        ("", ""),
        (7, "7"),
        (12345678901234567890, "12345678901234567890"),
        (1.5, "1.5"),
        (True, None),
        (None, None),
        ([], None),
        ({}, None),
    ],
)
def test_only_texts_and_numbers_are_text(value: Json, text: str | None) -> None:
    assert text_at({"x": value}, "/x") == text
