"""Inputs of tools: few, described, closed, and in the part of JSON Schema that every model's provider takes."""

import json
import re
from collections.abc import Iterator, Mapping

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from evergrant.catalog.tool import Tool
from evergrant.lint.finding import Fault
from evergrant.model.json import Json

MOST_INPUTS = 10
MOST_TOKENS = 600
TAKEN = frozenset(
    [
        "type",
        "description",
        "enum",
        "const",
        "default",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "anyOf",
        "pattern",
        "format",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "minProperties",
        "maxProperties",
        "uniqueItems",
        "multipleOf",
    ]
)
"""The keywords that a schema may have: what OpenAI's strict mode and Gemini read, or pass over."""
AN_ID = re.compile(r"(?:^|_)ids?$")
WHERE_FROM = re.compile(r"\bfrom\b|\baddress\b")
CHARACTERS_OF_A_TOKEN = 4


def input_faults(name: str, tool: Tool) -> Iterator[Fault]:
    """Faults of each input, and of their number."""
    if len(tool.input) > MOST_INPUTS:
        do = f"Keep {MOST_INPUTS}; put rare ones into one object, or make a second tool."
        yield Fault("inputs", (name, "input"), f"It takes {len(tool.input)} inputs.", do)
    for each, schema in tool.input.items():
        at = (name, "input", each)
        yield from _schema_faults(at, schema)
        description = schema.get("description")
        if not isinstance(description, str) or not description.strip():
            yield Fault("inputs", at, "It is not described.", "Say what it is, and of what form.")
        elif AN_ID.search(each) and "enum" not in schema and not WHERE_FROM.search(description):
            do = 'Say which tool gives it: "Id from ..._search_...".'
            yield Fault("inputs", at, "Nobody knows where to take this id from.", do)
        if _needs_default(tool, each, schema):
            do = 'Give it a default, or say what happens: "left out, ...".'
            yield Fault("inputs", at, "What holds where it is left out is not said.", do)


def _needs_default(tool: Tool, name: str, schema: Mapping[str, Json]) -> bool:
    told = "default" in schema or "left out" in str(schema.get("description", ""))
    return "enum" in schema and name not in tool.required and not told


def _schema_faults(at: tuple[str, ...], schema: Mapping[str, Json]) -> Iterator[Fault]:
    try:
        Draft202012Validator.check_schema(dict(schema))
    except SchemaError as error:
        yield Fault("schema", at, f"It is no JSON Schema (2020-12): {error.message[:200]}.", "Correct it.")
        return
    for place, part in _subschemas(at, schema):
        if strange := sorted(set(part) - TAKEN):
            do = f"Models' providers take these only: {', '.join(sorted(TAKEN))}."
            yield Fault("schema", place, f"It has {', '.join(strange)}.", do)
        if part.get("type") == "object" and "additionalProperties" not in part:
            yield Fault("schema", place, "It does not say what else may be in it.", "Add additionalProperties: false.")
        if part.get("type") == "array" and "items" not in part:
            yield Fault("schema", place, "It does not say what it is a list of.", "Add items.")


def _subschemas(
    at: tuple[str, ...], schema: Mapping[str, Json]
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Json]]]:
    yield at, schema
    properties = schema.get("properties")
    below: list[tuple[tuple[str, ...], Json]] = [(("items",), schema.get("items"))]
    if isinstance(properties, Mapping):
        below += [(("properties", key), part) for key, part in properties.items()]
    any_of = schema.get("anyOf")
    if isinstance(any_of, list):
        below += [(("anyOf", str(number)), part) for number, part in enumerate(any_of)]
    for path, part in below:
        if isinstance(part, Mapping):
            yield from _subschemas((*at, *path), part)


def size_faults(name: str, tool: Tool) -> Iterator[Fault]:
    """What a tool costs whoever lists it."""
    if (size := tokens(name, tool)) > MOST_TOKENS:
        do = f"Keep below {MOST_TOKENS}: shorter descriptions, fewer inputs."
        yield Fault("size", (name,), f"A model reads about {size} tokens of it.", do)


def tokens(name: str, tool: Tool) -> int:
    """About how many tokens name, description and input schema are: four characters make one."""
    text = json.dumps({"name": name, "description": tool.description, "inputSchema": tool.input_schema})
    return len(text) // CHARACTERS_OF_A_TOKEN
