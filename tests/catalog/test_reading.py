from pathlib import Path

import pytest
from pydantic import TypeAdapter

from evergrant.catalog.declaration import Declaration, DeclarationError
from evergrant.catalog.reading import parse, read
from evergrant.model.json import Json


class Inner(Declaration):
    port: int
    names: tuple[str, ...] = ()


class Outer(Declaration):
    title: str
    inner: Inner


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "some.yaml"


def value_of(file: Path, text: str) -> Json:
    file.write_text(f"key: {text}\n")
    return read(file)["key"]


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22",
        "2026-11-22T10:00:00Z",
        "no",
        "yes",
        "on",
        "off",
        "y",
        "True",
        "FALSE",
        "Null",
        "~",
        "010",
        "0o10",
        "0x1F",
        "1_000",
        "1e3",
        ".5",
        ".inf",
        ".nan",
        "12:30:45",
        "+1",
        "<<",
        "=",
    ],
)
def test_what_yaml_would_guess_at_stays_text(file: Path, text: str) -> None:
    assert value_of(file, text) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("", None),
        ("0", 0),
        ("-12", -12),
        ("1.10", 1.1),
        ("-0.5e-3", -0.0005),
        ('"1.10"', "1.10"),
        ("[a, 1]", ["a", 1]),
        ("{a: 1}", {"a": 1}),
    ],
)
def test_json_is_read_as_json(file: Path, text: str, value: Json) -> None:
    found = value_of(file, text)
    assert found == value
    assert type(found) is type(value)


def test_aliases_repeat_a_value(file: Path) -> None:
    file.write_text("a: &x {b: 1}\nc: *x\n")
    assert read(file) == {"a": {"b": 1}, "c": {"b": 1}}


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "repeated"),
        ("a: 1\nb:\n  c: 1\n  c: 1\n", 4, "repeated"),
        ("a: 1\nb: [\n", 3, "did not find"),
        ("a: 1\nb: *nothing\n", 2, "alias"),
        ("a: 1\nb: !!str 2\n", 2, "tags"),
        ("a: 1\n---\nb: 1\n", 2, "second document"),
        ("a: 1\n? [b]\n: 1\n", 2, "a key is a text"),
        ("a: &x {b: *x}\n", 1, "alias"),
        ("a: 1\nb: !!python/name:os.system x\n", 2, "tag"),
        ("- a\n", 1, "mapping"),
        ("", 1, "mapping"),
        ("a: 1\n---\nb: 2\n", 2, "document"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_its_line(file: Path, text: str, line: int, word: str) -> None:
    file.write_text(text)
    with pytest.raises(DeclarationError, match=word) as caught:
        read(file)
    assert str(caught.value).startswith(f"{file}:{line}: ")


def test_a_file_that_is_missing_or_no_text_is_named(file: Path) -> None:
    with pytest.raises(DeclarationError, match=r"some\.yaml: cannot be read: No such file"):
        read(file)
    file.write_bytes(b"a: \xff\xfe\n")
    with pytest.raises(DeclarationError, match=r"some\.yaml"):
        read(file)


def outer(file: Path, text: str) -> Outer:
    file.write_text(text)
    return parse(TypeAdapter(Outer), read(file), file)


def test_a_file_becomes_its_declaration(file: Path) -> None:
    found = outer(file, "title: x\ninner: {port: 1, names: [a]}\n")
    assert found == Outer(title="x", inner=Inner(port=1, names=("a",)))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("title: x\ninner:\n  port: many\n", "3: inner.port: "),
        ("title: x\ninner:\n  port: 1\n  prot: 2\n", "4: inner.prot: Extra inputs"),
        ("title: x\ninner:\n  names: []\n", "2: inner.port: Field required"),
        ("title: x\ninner:\n  port: 1\n  names:\n    - a\n    - 7\n", "6: inner.names.1: "),
        ("title: 1.10\ninner: {port: 1}\n", "1: title: "),
        ('title: x\ninner:\n  port: "1"\n', "3: inner.port: "),
        ("title: x\ninner:\n  port: 1.0\n", "3: inner.port: "),
        ("title: x\ninner:\n  port: true\n", "3: inner.port: "),
    ],
)
def test_a_fault_is_named_with_file_line_and_key(file: Path, text: str, fault: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        outer(file, text)
    assert str(caught.value).startswith(f"{file}:{fault}")


def test_every_fault_is_named_at_once(file: Path) -> None:
    with pytest.raises(DeclarationError) as caught:
        outer(file, "title: 1\ninner: {port: x, more: 1}\n")
    assert len(str(caught.value).splitlines()) == 3
