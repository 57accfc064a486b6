"""Values that fit a reduced schema: the document's own where they do, else made up."""

# pyright: reportUnknownMemberType=false
# (jsonschema's stubs leave these out)

from collections.abc import Mapping, Sequence

from jsonschema import Draft202012Validator

from evergrant.making.parts import listed, mapping, text, texts
from evergrant.model.json import Json

SAMPLES: Mapping[str, str] = {
    "date-time": "2026-01-31T09:00:00Z",
    "date": "2026-01-31",
    "time": "09:00:00Z",
    "email": "ada@example.com",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "hostname": "example.com",
}
LONGEST = 200


def fits(schema: Mapping[str, Json], value: Json) -> bool:
    """Whether a value fits a schema, and is short enough to be shown."""
    return len(str(value)) <= LONGEST and Draft202012Validator(dict(schema)).is_valid(value)


def given_examples(found: Mapping[str, Json]) -> Sequence[Json]:
    """The examples that a document has for a schema, most telling first."""
    several = found.get("examples")
    of_names = [mapping(each).get("value") for each in mapping(several).values()]
    every = [found.get("example"), *listed(several), *of_names, found.get("default")]
    return [each for each in every if each is not None]


def example(schema: Mapping[str, Json], own: Sequence[Json] = ()) -> Json:
    """A value that fits the schema; the first of `own` that does."""
    return next((each for each in own if each not in ("", [], {}) and fits(schema, each)), _made(schema))


def _made(schema: Mapping[str, Json]) -> Json:
    if values := listed(schema.get("enum")):
        return values[0]
    variants = listed(schema.get("anyOf"))
    return _made(mapping(variants[0])) if variants else _of_kind(schema)


def _of_kind(schema: Mapping[str, Json]) -> Json:
    match schema.get("type"):
        case "integer" | "number":
            return _number(schema)
        case "boolean":
            return True
        case "array":
            return [_made(mapping(schema.get("items")))]
        case "object":
            members = mapping(schema.get("properties"))
            return {name: _made(mapping(members.get(name))) for name in texts(schema.get("required"))}
        case _:
            return _text(schema)


def _number(schema: Mapping[str, Json]) -> Json:
    """One where it may be, else a bound; the bounds of a whole number may be fractions."""
    least, most = schema.get("minimum"), schema.get("maximum")
    if isinstance(least, int | float) and least > 1:
        return int(least) + (least > int(least)) if schema.get("type") == "integer" else least
    if isinstance(most, int | float) and most < 1:
        return int(most) - (most < int(most)) if schema.get("type") == "integer" else most
    return 1


def _text(schema: Mapping[str, Json]) -> str:
    made = SAMPLES.get(text(schema.get("format")), "abc")
    least, most = schema.get("minLength"), schema.get("maxLength")
    if isinstance(least, int) and len(made) < least:
        made += "x" * (least - len(made))
    return made[:most] if isinstance(most, int) else made


def without_idle_pattern(schema: Mapping[str, Json], own: Sequence[Json]) -> dict[str, Json]:
    """The schema without a pattern or length that no example is known to fit."""
    if fits(schema, example(schema, own)):
        return dict(schema)
    kept = {key: value for key, value in schema.items() if key not in ("pattern", "minLength", "maxLength")}
    if fits(kept, example(kept, own)):
        return kept
    return {key: kept[key] for key in ("description",) if key in kept}
