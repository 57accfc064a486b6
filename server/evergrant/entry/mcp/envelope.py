"""What goes around a result's data on its way to an agent: whose it is, which part, and how to go on."""

from collections.abc import Mapping
from typing import cast

from pydantic import JsonValue

from evergrant.model.json import Json, JsonObject
from evergrant.model.outcome import Result
from evergrant.service.result_pages import ResultPage

DATA, UNEXPECTED, PART, FAILED = "data", "unexpected_data", "json_part", "code"
FORMS = (DATA, UNEXPECTED, PART, FAILED)
"""One of these is there, and no other: what the tool declares; what came though it declares something else; a piece of
the JSON of what came; what went wrong."""
TEXTS = ("account", "as", PART, "note", "result_id", "shown", "next_cursor", FAILED)
NOT_AS_DECLARED = "The answer is not of the form that this tool declares; here is what came."
REST = "call get_result_page with result_id and cursor set to next_cursor."
NO_REST = (
    "The rest could not be kept: ask for less, by a smaller page, fewer fields or a narrower search. A write is done: "
    "do not repeat it."
)
PIECE = "json_part is a piece of the JSON text: put the pieces together before you read them as JSON."


def schema(data: JsonObject) -> dict[str, JsonValue]:
    """The JSON Schema of everything that a tool may give as structured content, `data` being its own part."""
    texts: dict[str, Json] = {name: {"type": "string"} for name in TEXTS}
    return cast(
        "dict[str, JsonValue]",
        {
            "type": "object",
            "properties": {**texts, "truncated": {"type": "boolean"}, DATA: dict(data), UNEXPECTED: {}},
            "oneOf": [{"required": [name]} for name in FORMS],
        },
    )


def whole(result: Result, data: Json, *, declared: bool) -> JsonObject:
    """All of a result; `declared` says whether its data is of the tool's form."""
    if declared:
        return {**_whose(result), DATA: data, **_note(result.note)}
    return {**_whose(result), UNEXPECTED: data, **_note(NOT_AS_DECLARED, result.note)}


def part(page: ResultPage, *, declared: bool) -> JsonObject:
    """One page of a result; what tells how to go on comes before the data, which may be cut off by a client."""
    cut, form = page.cut, DATA
    if not cut.is_data:
        form = PART
    elif not declared:
        form = UNEXPECTED
    return {**_whose(page.result), **_way(page, form), form: cut.value}


def _whose(result: Result) -> JsonObject:
    return {"account": result.account, "as": result.label}


def _way(page: ResultPage, form: str) -> Mapping[str, Json]:
    piece = (PIECE,) if form == PART else ()
    other = (NOT_AS_DECLARED,) if form == UNEXPECTED else ()
    if page.cut.cursor is None:
        return {"shown": page.cut.shown, **_note(*piece, *other, page.result.note)}
    shown: JsonObject = {"truncated": True, "shown": page.cut.shown}
    only = f"This is a part: {page.cut.shown}."
    if page.id is None:
        return {**shown, **_note(only, NO_REST, *piece, *other)}
    note = _note(f"{only} For the rest {REST}", *piece, *other)
    return {**shown, "result_id": page.id, "next_cursor": page.cut.cursor, **note}


def _note(*said: str | None) -> JsonObject:
    note = " ".join(each for each in said if each)
    return {"note": note} if note else {}
