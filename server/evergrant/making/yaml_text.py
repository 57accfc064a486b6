"""Values as YAML that reads like the files that were written by hand, and that the strict reader reads back."""

import re
import textwrap
from collections.abc import Iterator, Mapping

from evergrant.model.json import Json

WIDTH = 116
PLAIN = re.compile(r"[A-Za-z/($][^\"\\#,\[\]{}?]*")
"""Texts that need no quotes within braces, as far as their first two letters and their signs tell."""
IN_BLOCK = re.compile(r"[A-Za-z/($][^\"\\#]*")
"""The same at the end of a line of its own."""
WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n", "~"})
SPREAD = frozenset({"steps"})
"""Lists whose mappings stand on lines of their own."""
Path = tuple[str, ...]
ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
BLOCKS = frozenset(
    {"oauth", "grant", "identity", "registration", "errors", "account", "auth", "steps", "rules", "token", "api"}
)
"""What stands on lines of its own in a connector's file, however short it is."""


def scalar(value: Json, plain: re.Pattern[str] = PLAIN) -> str:
    """One value on one line; `plain` is what needs no quotes where it stands."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return _number(value)
        case str():
            return value if plain.fullmatch(value) and _is_safe(value) else quoted(value)
        case _:
            return flow(value)


def _is_safe(text: str) -> bool:
    is_word = text.lower() in WORDS or not text.isprintable() or text != text.strip() or "  " in text
    return not (is_word or ": " in text or text.endswith(":"))


def _number(value: float) -> str:
    found = repr(value)
    if "e" in found and "." not in found:
        return found.replace("e", ".0e")
    return found


def quoted(text: str) -> str:
    """A text in quotes: single ones where they save a backslash, else double ones with what is not printed."""
    if ("\\" in text or '"' in text) and "'" not in text and text.isprintable():
        return f"'{text}'"
    return '"' + "".join(ESCAPES.get(each) or _printed(each) for each in text) + '"'


def _printed(character: str) -> str:
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def flow(value: Json) -> str:
    """A value on one line."""
    match value:
        case Mapping():
            return "{" + ", ".join(f"{key_of(key)}: {flow(part)}" for key, part in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(flow, value)) + "]"
        case _:
            return scalar(value)


def key_of(key: str) -> str:
    """A key; one that is very long would need another form, and none of ours is."""
    return key if re.fullmatch(r"[A-Za-z_/$][A-Za-z0-9_/$.-]*", key) and key.lower() not in WORDS else quoted(key)


class Writer:
    """Writes mappings as blocks, and below them on one line what fits there."""

    def __init__(self, comments: Mapping[Path, str] | None = None) -> None:
        self._comments = comments or {}

    def mapping(self, value: Mapping[str, Json], indent: int = 0, at: Path = ()) -> Iterator[str]:
        """The lines of a mapping."""
        for key, part in value.items():
            yield from self._member(key, part, indent, (*at, key))

    def _member(self, key: str, value: Json, indent: int, at: Path) -> Iterator[str]:
        head = f"{' ' * indent}{key_of(key)}:"
        comment = f"  # {self._comments[at]}" if at in self._comments else ""
        is_text = isinstance(value, str)
        one = f"{head} {scalar(value, IN_BLOCK) if is_text else flow(value)}"
        if key == "description" and is_text and len(at) == 2 and foldable(str(value)):
            yield from self._folded(head, str(value), indent)
        elif len(one) <= WIDTH and not (isinstance(value, Mapping | list) and value and _is_block(at)):
            yield one + comment
        elif isinstance(value, str):
            yield from self._folded(head, value, indent) if foldable(value) else iter((one,))
        elif isinstance(value, Mapping) and value:
            yield head + comment
            yield from self.mapping(value, indent + 2, at)
        elif isinstance(value, list | tuple) and value:
            yield head + comment
            for part in value:
                yield from self._element(part, indent + 2, at)
        else:
            yield one + comment

    def _folded(self, head: str, text: str, indent: int) -> Iterator[str]:
        yield f"{head} >-"
        yield from (f"{' ' * (indent + 2)}{line}" for line in folded(text, WIDTH - indent))

    def _element(self, value: Json, indent: int, at: Path) -> Iterator[str]:
        one = f"{' ' * indent}- {scalar(value, IN_BLOCK) if isinstance(value, str) else flow(value)}"
        if (len(one) <= WIDTH and at[-1] not in SPREAD) or not (isinstance(value, Mapping) and value):
            yield one
            return
        lines = list(self.mapping(value, indent + 2, (*at, "-")))
        yield f"{' ' * indent}- {lines[0].lstrip()}"
        yield from lines[1:]


def _is_block(at: Path) -> bool:
    return at[-1] in BLOCKS and (len(at) < 3 or at[-1] == "rules")


def foldable(text: str) -> bool:
    """Whether a folded block gives the text back as it is."""
    return text.isprintable() and "  " not in text and text == text.strip() and bool(text)


def folded(text: str, width: int) -> list[str]:
    """The lines of a folded block."""
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
