"""Headers that all tools have alike stand once, in the connector's file."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from evergrant.catalog.tool import Tool
from evergrant.making.parts import mapping
from evergrant.making.tools import Made
from evergrant.model.json import Json


def shared_headers(tools: Sequence[Made]) -> dict[str, Json]:
    """The headers with one value that every tool has; none where there is but one tool."""
    if len(tools) < 2:
        return {}
    first, *others = (mapping(each.keys.get("headers")) for each in tools)
    return {
        name: value
        for name, value in first.items()
        if name != "Content-Type" and _is_literal(value) and all(each.get(name) == value for each in others)
    }


def without_headers(made: Made, names: Mapping[str, Json]) -> Made:
    """The tool without those."""
    left = {name: value for name, value in mapping(made.keys.get("headers")).items() if name not in names}
    keys = {key: left if key == "headers" else value for key, value in made.keys.items() if key != "headers" or left}
    return replace(made, keys=keys, tool=Tool.model_validate(keys))


def _is_literal(value: Json) -> bool:
    return isinstance(value, str) and not value.startswith("$")
