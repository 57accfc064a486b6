"""Whether a value is of the form that a small JSON Schema describes: types, members, items.

Forms of results say no more, and a result is looked at on its way to the agent: a general validator takes 12 ms for a
list of a hundred rows, this a hundredth of it. A schema that says more goes to the general one.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# (jsonschema's stubs leave these out)

import json
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from evergrant.model.json import Json, JsonObject

Fits = Callable[[Json], bool]
KNOWN = frozenset({"type", "properties", "required", "items", "description", "title"})
ELSEWHERE = ("$ref", "$dynamicRef", "$id")
"""What changes its meaning when a schema becomes a part of another one."""
TYPES: Mapping[str, Fits] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "integer": lambda value: (
        (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, float) and value.is_integer())
    ),
}


def form_of(schema: JsonObject) -> Fits | None:
    """Tells whether a value fits; None for what is no JSON Schema (2020-12), or refers to a place outside itself."""
    if is_small(schema):
        return _fits(schema)
    whole = dict(schema)
    if any(f'"{word}"' in json.dumps(whole) for word in ELSEWHERE):
        return None
    from jsonschema import Draft202012Validator  # noqa: PLC0415  (few schemas need it, and it makes a start longer)
    from jsonschema.exceptions import SchemaError  # noqa: PLC0415  (as above)

    try:
        Draft202012Validator.check_schema(whole)
    except SchemaError:
        return None
    validator = Draft202012Validator(whole)
    return validator.is_valid


def is_small(schema: Json) -> bool:
    """Whether a schema says no more than a form does."""
    if not isinstance(schema, Mapping) or not schema.keys() <= KNOWN:
        return False
    members = schema.get("properties", {})
    return (
        all(isinstance(schema.get(words, ""), str) for words in ("description", "title"))
        and ("type" not in schema or _are_types(schema["type"]))
        and _are_names(schema.get("required", []))
        and isinstance(members, Mapping)
        and all(map(is_small, members.values()))
        and ("items" not in schema or is_small(schema["items"]))
    )


def _are_types(given: Json) -> bool:
    named = [given] if isinstance(given, str) else given
    return _are_names(named) and bool(named) and set(cast("list[str]", named)) <= TYPES.keys()


def _are_names(given: Json) -> bool:
    return isinstance(given, list) and all(isinstance(name, str) for name in given) and len(set(given)) == len(given)


def _fits(schema: JsonObject) -> Fits:
    """For a small schema."""
    checks: list[Fits] = []
    named = schema.get("type")
    kinds = [TYPES[name] for name in ([named] if isinstance(named, str) else cast("Sequence[str]", named or ()))]
    if len(kinds) == 1:
        checks.append(kinds[0])
    elif kinds:
        checks.append(lambda value: any(is_kind(value) for is_kind in kinds))
    checks += [*_of_object(schema), *_of_items(schema)]
    return checks[0] if len(checks) == 1 else lambda value: all(check(value) for check in checks)


def _of_object(schema: JsonObject) -> list[Fits]:
    required = frozenset(cast("Sequence[str]", schema.get("required", ())))
    properties = cast("Mapping[str, JsonObject]", schema.get("properties", {}))
    members = [(name, _fits(each)) for name, each in properties.items() if _says(each)]
    if not required and not members:
        return []

    def fits(value: Json) -> bool:
        if not isinstance(value, dict):
            return True
        if not required <= value.keys():
            return False
        return all(check(value[name]) for name, check in members if name in value)

    return [fits]


def _of_items(schema: JsonObject) -> list[Fits]:
    items = cast("JsonObject", schema.get("items", {}))
    if not _says(items):
        return []
    check = _fits(items)
    return [lambda value: not isinstance(value, list) or all(map(check, value))]


def _says(schema: JsonObject) -> bool:
    """Whether there is anything that does not fit it."""
    return bool(schema.keys() - {"description", "title"})
