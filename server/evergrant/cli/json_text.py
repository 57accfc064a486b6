"""Changing one member of a JSON file as text: to parse it and write it back would reformat what belongs to its owner.

`at` is the offset of an object's opening brace, in a text that `checked` has passed.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from evergrant.model.json import Json, JsonObject

_STRING_OR_CONSTANT: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|(NaN|-?Infinity)')
_DECODER: Final = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class _Member:
    key: str
    value: int  # where the value starts
    end: int  # just past it


def checked(data: bytes, key: str) -> str:
    # RFC 8259, and `key` is absent or an object; anything else raises JSONDecodeError.
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode()
        raise json.JSONDecodeError("The file is not UTF-8 text", before, len(before)) from error
    text = text if text.strip(" \t\r\n") else "{}\n"
    json.loads(text)
    for found in _STRING_OR_CONSTANT.finditer(text):
        if found[1]:  # Python reads these, no client does
            raise json.JSONDecodeError(f"{found[1]} is not JSON", text, found.start())
    if text[root := _skip(text, 0)] != "{":
        raise json.JSONDecodeError("The top of the file is not an object", text, root)
    servers = _named(text, root, key)
    if servers and text[servers.value] != "{":
        raise json.JSONDecodeError(f'"{key}" is not an object', text, servers.value)
    return text


def _skip(text: str, at: int) -> int:
    while text[at] in " \t\r\n":
        at += 1
    return at


def _members(text: str, at: int) -> list[_Member]:
    members: list[_Member] = []
    at = _skip(text, at + 1)
    while text[at] != "}":
        key, colon = _DECODER.raw_decode(text, at)
        value = _skip(text, _skip(text, colon) + 1)
        members.append(_Member(key, value, _DECODER.raw_decode(text, value)[1]))
        at = _skip(text, members[-1].end)
        at = _skip(text, at + 1) if text[at] == "," else at
    return members


def _named(text: str, at: int, key: str) -> _Member | None:
    # Where a name stands twice the last one counts, as in the clients' own parsers.
    return next((member for member in reversed(_members(text, at)) if member.key == key), None)


def with_entry(text: str, key: str, name: str, ours: JsonObject) -> str:
    servers = _named(text, _skip(text, 0), key)
    if servers is None:
        return _appended(text, _skip(text, 0), key, {name: ours}, 1)
    present = _named(text, servers.value, name)
    if present is None:
        return _appended(text, servers.value, name, ours, 2)
    old = _DECODER.raw_decode(text, present.value)[0]
    new = _combined(old, ours)
    return text if old == new else text[: present.value] + _rendered(text, new, 2) + text[present.end :]


def _combined(old: Json, ours: JsonObject) -> JsonObject:
    if not isinstance(old, Mapping) or "url" in old:
        return ours
    combined = {**old, **ours}
    added, env = old.get("env"), ours.get("env")
    if isinstance(added, Mapping) and isinstance(env, Mapping):
        combined["env"] = {key: value for key, value in added.items() if key != "EVERGRANT_HOME"} | dict(env)
    return combined


def _appended(text: str, at: int, key: str, value: Json, depth: int) -> str:
    members, margin = _members(text, at), _margin(text, depth)
    item = f"{json.dumps(key, ensure_ascii=False)}: {_rendered(text, value, depth)}"
    if members:
        return text[: members[-1].end] + "," + (margin or " ") + item + text[members[-1].end :]
    return text[: at + 1] + margin + item + _margin(text, depth - 1) + text[_skip(text, at + 1) :]


def without_entry(text: str, key: str, name: str) -> str:
    servers = _named(text, _skip(text, 0), key)
    if servers is None or (entry := _named(text, servers.value, name)) is None:
        return text
    members = _members(text, servers.value)
    place = members.index(entry)
    after = _skip(text, entry.end)
    start = members[place - 1].end if place else servers.value + 1
    end = entry.end if place else after + (text[after] == ",")
    return without_entry(text[:start] + text[end:], key, name)  # again, for a name that stood twice


def _margin(text: str, depth: int) -> str:
    """The line break and indentation of a member at `depth`, in the file's own style; "" in a file on one line."""
    inside = _skip(text, 0) + 1
    first = _skip(text, inside)
    gap = "\n  " if text[first] == "}" else text[inside:first]
    line_break = "\r\n" if "\r\n" in text else "\n"
    return line_break + gap.rpartition("\n")[2] * depth if "\n" in gap else ""


def _rendered(text: str, value: Json, depth: int) -> str:
    indent = _margin(text, 1).lstrip("\r\n") if _margin(text, 1) else None
    return json.dumps(value, ensure_ascii=False, indent=indent).replace("\n", _margin(text, depth))
