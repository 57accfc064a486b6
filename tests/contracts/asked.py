"""What a tool asks of a service: every request that a call of it can make, with the names that it sends."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Final

from evergrant.calls.request import unplaced
from evergrant.calls.template import fill
from evergrant.calls.values import Absent
from evergrant.catalog.connector import Connector
from evergrant.catalog.pages import Pages
from evergrant.catalog.request import RequestTemplate
from evergrant.catalog.template import names, reference
from evergrant.catalog.tool import Tool
from evergrant.model.json import Json, JsonObject

SEGMENT: Final = re.compile(r"(/?)\{([a-z_][a-z0-9_]*)((?:/[^{}/\s]+)*)\}")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request; `~` stands where its address has a value."""

    method: str
    address: str
    query: frozenset[str]
    body: Json
    """The template."""
    more: frozenset[str]
    """Members of the body that no template names."""
    graphql: str | None


def asked(connector: Connector, tool: Tool) -> Iterator[Asked]:
    """The steps', the items' and the tool's own; not those that go to an address out of an answer."""
    for step in tool.first.values():
        yield from _asked(connector, tool, step, frozenset())
    if tool.expand:
        yield from _asked(connector, tool, tool.expand, frozenset())
    if not tool.passthrough:
        yield from _asked(connector, tool, tool, frozenset(unplaced(tool)) | _of_pages(tool.pages))


def _of_pages(pages: Pages | None) -> frozenset[str]:
    return frozenset(name for name in (pages.parameter, pages.size) if name) if pages else frozenset()


def _asked(connector: Connector, tool: Tool, template: RequestTemplate, rest: frozenset[str]) -> Iterator[Asked]:
    if template.given_address:
        return
    in_query = template.method in ("GET", "DELETE")
    for address, left_out in _addresses(connector, tool, template):
        yield Asked(
            method=template.method,
            address=address,
            query=_named(_mapping(template.query), left_out) | (rest if in_query else frozenset[str]()),
            body=template.body,
            more=frozenset() if in_query else rest,
            graphql=template.graphql,
        )


def _named(query: JsonObject, left_out: frozenset[str]) -> frozenset[str]:
    """The names of the parameters that are sent where these inputs are not given."""
    return frozenset(name for name, value in query.items() if not _is_absent(value, left_out))


def _is_absent(value: Json, left_out: frozenset[str]) -> bool:
    used = names(value)
    return bool(used & left_out) and isinstance(fill(_whole(value), dict.fromkeys(used - left_out, "~")), Absent)


def _addresses(connector: Connector, tool: Tool, template: RequestTemplate) -> Iterator[tuple[str, frozenset[str]]]:
    """One for each value that an input in the path may have, and for each that may be left out of it."""
    named = sorted({*template.in_path, *(name for slot in template.slots.values() for name in names(slot))})
    for values in product(*(_values_of(tool, name, name in template.in_path) for name in named)):
        given = {name: value for name, value in zip(named, values, strict=True) if value is not None}
        slots = {name: fill(_whole(slot), given) for name, slot in template.slots.items()}
        if not template.reads and any(isinstance(slot, Absent) for slot in slots.values()):
            continue  # then nothing is sent
        filled = slots | given
        path = SEGMENT.sub(partial(_segment, filled), template.path.partition("?")[0])
        address = path if path.startswith("https://") else connector.base_url.rstrip("/") + path
        yield address, frozenset(named) - set(given)


def _values_of(tool: Tool, name: str, in_path: bool) -> list[str | None]:
    schema = tool.input.get(name, {})
    listed = schema.get("enum")
    values: list[str | None] = [*map(str, listed)] if isinstance(listed, list) else ["~"]
    always = in_path or name in tool.required or name in tool.first or "default" in schema
    return values if always else [*values, None]


def _segment(filled: Mapping[str, object], found: re.Match[str]) -> str:
    value = filled.get(found[2])
    return "" if isinstance(value, Absent) else f"{found[1]}{'~' if found[3] or '~' in str(value) else value}"


def _whole(slot: Json) -> Json:
    """The template with whole values where it names parts of them: what a value has inside is not known here."""
    match slot:
        case str():
            found = reference(slot)
            return f"${found[0]}" if found else slot
        case dict():
            return {key: _whole(part) for key, part in slot.items()}
        case list():
            return [_whole(part) for part in slot]
        case _:
            return slot


def _mapping(value: Json) -> JsonObject:
    return value if isinstance(value, Mapping) else {}
