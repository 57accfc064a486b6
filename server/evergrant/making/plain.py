"""Schemas of four dialects as one: OpenAPI 3.0 and 3.1, Swagger 2 and Google Discovery, with their parts put together.

What comes out says `type` once, has no reference, no `allOf` and no null. It is not cut yet: `schema.py` does that.
"""

import re
from collections.abc import Mapping, Sequence

from evergrant.making.parts import listed, mapping, text, texts
from evergrant.making.references import References
from evergrant.model.json import Json

DEEPEST = 8
"""Parts within parts; a schema that is a part of itself ends here."""
MOST_VARIANTS = 12
OUTPUT_ONLY = re.compile(r"\W*(?:output|read)[ -]only\b", re.IGNORECASE)


def plain(references: References, node: Json, depth: int = 0) -> dict[str, Json]:
    """The schema at a node, put together; empty where nothing is known of it."""
    found = dict(references.follow(node))
    if depth > DEEPEST:
        return {}
    for part in listed(found.pop("allOf", None)):
        found = merged(plain(references, part, depth + 1), found)
    kinds, nullable = _kinds(found.pop("type", None))
    variants = [*listed(found.pop("oneOf", None)), *listed(found.pop("anyOf", None))][:MOST_VARIANTS]
    given = [plain(references, each, depth + 1) for each in variants]
    found = _chosen(found, [each for each in given if not _is_null(each)])
    if len(kinds) == 1:
        found["type"] = kinds[0]
    elif "type" not in found and "anyOf" not in found and (guessed := _guessed(found)):
        found["type"] = guessed
    elif len(kinds) > 1:
        found.setdefault("anyOf", [{"type": kind} for kind in kinds])
    if nullable or any(map(_is_null, given)):
        found["nullable"] = True
    return found


def is_read_only(name: str, found: Mapping[str, Json]) -> bool:
    """Whether a member is only ever told by the service, as far as its document says; Google says it in words."""
    said = OUTPUT_ONLY.match(text(found.get("description"))) is not None
    is_googles = name == "etag" or (name == "kind" and "#" in text(found.get("default")))
    return found.get("readOnly") is True or said or is_googles


def merged(first: Mapping[str, Json], over: Mapping[str, Json]) -> dict[str, Json]:
    """Both schemas at once; where they say different things, the second counts."""
    both = {**first, **over}
    properties = {**mapping(first.get("properties")), **mapping(over.get("properties"))}
    required = [*texts(first.get("required")), *texts(over.get("required"))]
    if properties:
        both["properties"] = properties
    if required:
        both["required"] = list(dict.fromkeys(required))
    return both


def _chosen(found: dict[str, Json], variants: Sequence[Mapping[str, Json]]) -> dict[str, Json]:
    """One variant is the schema, objects are taken together, and others stay a choice."""
    if not variants:
        return found
    if len(variants) == 1:
        return merged(variants[0], found)
    if all(each.get("type") == "object" for each in variants):
        return merged(_together(variants), found)
    return {**found, "anyOf": [dict(each) for each in variants]}


def _together(variants: Sequence[Mapping[str, Json]]) -> dict[str, Json]:
    """What fits any of some objects: all of their members, and as required those that all of them require."""
    properties: dict[str, Json] = {}
    for each in variants:
        for name, schema in mapping(each.get("properties")).items():
            properties.setdefault(name, schema)
    needed = [texts(each.get("required")) for each in variants]
    required = [name for name in properties if all(name in each for each in needed)]
    return {"type": "object", "properties": properties, **({"required": list(required)} if required else {})}


def _kinds(given: Json) -> tuple[list[str], bool]:
    """The types that a schema names, and whether null is among them."""
    kinds = [given] if isinstance(given, str) else list(texts(given))
    known = [kind for kind in kinds if kind in ("string", "number", "integer", "boolean", "object", "array")]
    if "file" in kinds:  # Swagger 2
        known.append("string")
    return known, "null" in kinds and bool(known)


def _guessed(found: Mapping[str, Json]) -> str | None:
    if mapping(found.get("properties")) or "additionalProperties" in found:
        return "object"
    return "array" if "items" in found else None


def _is_null(schema: Mapping[str, Json]) -> bool:
    values = listed(schema.get("enum"))
    only_null = bool(values) and all(value is None for value in values)
    return only_null or (not schema.keys() - {"nullable", "description"} and schema.get("nullable") is True)
