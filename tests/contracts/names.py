"""The names in a body's template that its schema does not know."""

from collections.abc import Callable, Iterator, Mapping

from tests.contracts.operation import Schema

from evergrant.catalog.template import call_of, reference
from evergrant.model.json import Json, JsonObject, at

Below = Callable[[Json, Schema], Iterator[str]]


def strangers(template: Json, schema: Schema, inputs: Mapping[str, JsonObject]) -> Iterator[str]:
    """Pointers to them; `inputs` are the schemas of what `$name` stands for."""
    match template:
        case str() if (found := reference(template)) and not found[1]:
            yield from _of_input(inputs.get(found[0], {}), schema)
        case dict() if call_of(template) is not None:
            yield from _of_call(template, schema, inputs)
        case dict():
            yield from _of_members(template, schema, lambda value, part: strangers(value, part, inputs))
        case list():
            for value in template:
                yield from strangers(value, schema.element(), inputs)
        case _:
            return


def _of_call(template: JsonObject, schema: Schema, inputs: Mapping[str, JsonObject]) -> Iterator[str]:
    name = call_of(template)
    given = template[f"${name}"]
    match name:
        case "each":
            yield from strangers(at(given, "/put"), schema.element(), inputs)
        case "merge" | "first" if isinstance(given, list):
            for part in given:
                yield from strangers(part, schema, inputs)
        case "case" if isinstance(given, Mapping):
            for key, part in given.items():
                yield from strangers(part if key != "of" else None, schema, inputs)
        case _:
            return


def _of_input(given: Json, schema: Schema) -> Iterator[str]:
    """As a template's, for an input that is passed on as it is: its own JSON Schema names the members."""
    if isinstance(members := at(given, "/properties"), Mapping):
        yield from _of_members(members, schema, _of_input)
    elif items := at(given, "/items"):
        yield from _of_input(items, schema.element())


def _of_members(members: JsonObject, schema: Schema, below: Below) -> Iterator[str]:
    there = schema.members()
    for name, value in members.items():
        if name.isdigit() and schema.is_list():
            # A form numbers the elements of a list.
            yield from (f"/{name}{pointer}" for pointer in below(value, schema.element()))
        elif there is not None and name not in there:
            yield f"/{name}"
        elif there is not None:
            yield from (f"/{name}{pointer}" for pointer in below(value, there[name]))
