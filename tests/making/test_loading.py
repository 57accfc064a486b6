"""Texts of documents: JSON and YAML, bounded, and without what no file can hold."""

import pytest

from evergrant.making.document import BadDocument
from evergrant.making.loading import DEEPEST, LARGEST, load

LAUGHS = "\n".join(["a: &a [x, x, x, x, x, x, x, x, x, x]"] + [
    f"{here}: &{here} [{', '.join([f'*{before}'] * 10)}]" for before, here in zip("abcdefg", "bcdefgh", strict=True)
])  # fmt: skip


def test_yaml_is_read_as_its_core_schema_says() -> None:
    text = b"a: yes\nb: 2026-01-01\nc: true\nd: 010\ne: ~\nf: 1.5\n200: x\ng: &g {h: 1}\ni: {<<: *g}\n"
    assert load(text) == {
        "a": "yes", "b": "2026-01-01", "c": True, "d": "010", "e": None, "f": 1.5, "200": "x", "g": {"h": 1},
        "i": {"h": 1},
    }  # fmt: skip


def test_half_a_character_is_replaced() -> None:
    assert load(b'{"a": "\\ud800"}') == {"a": "\ufffd"}


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"{", "It is not JSON"),
        (b'{"a": NaN}', "NaN is no JSON number"),
        (b'{"a": ' + b"9" * 5000 + b"}", "It is not JSON"),
        (b"[1]", "It is not an object"),
        (b"a: [", "neither JSON nor YAML: line 2"),
        (b"a: !!python/object:os.system x", "neither JSON nor YAML"),
        (b"\xff\xfe", "It is not UTF-8"),
        (b"[" * 100_000, "nested deeper"),
        (b'{"a":' * (DEEPEST + 5) + b"1" + b"}" * (DEEPEST + 5), "nested deeper"),
        (LAUGHS.encode(), "values. Cut out"),
        (b"a: &a [*a]", "nested deeper"),
        (b" " * (LARGEST + 1), "larger than 64 MiB"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(raw: bytes, words: str) -> None:
    with pytest.raises(BadDocument, match=words):
        load(raw, most_nodes=10_000)
